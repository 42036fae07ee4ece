//! From steps to stretches: any offset, any length, segment after segment.

use std::mem::MaybeUninit;

use super::{Kernel, Lanes, STEP_BYTES};
use crate::generator::stores::Stores;

/// Bytes that are generated from one seeding. A stretch that begins inside a segment runs its kernel over the
/// part before it without storing, so cut work at multiples of this.
pub const SEGMENT_BYTES: usize = 64 << 10;

const _: () = assert!(SEGMENT_BYTES.is_multiple_of(STEP_BYTES), "a segment is a whole number of steps");

/// The segment that holds this offset, and how far inside it.
pub(in crate::generator) fn position(offset: u64) -> (u64, usize) {
    let bytes = SEGMENT_BYTES as u64;
    (offset / bytes, usize::try_from(offset % bytes).expect("less than a segment"))
}

impl Kernel {
    /// Fills `out` with the bytes from `offset` on of the stream that has these keys.
    ///
    /// # Panics
    /// When the stretch does not end before 2^64.
    pub(in crate::generator) fn fill(
        self,
        keys: [u64; 2],
        stores: Stores,
        offset: u64,
        out: &mut [MaybeUninit<u8>],
    ) -> &mut [u8] {
        let bytes = out.len();
        assert!(offset.checked_add(bytes as u64).is_some(), "{bytes} bytes from {offset} end after 2^64");
        let mut lanes = Lanes::unseeded();
        let (mut segment, mut inside) = position(offset);
        let mut rest = &mut *out;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at_mut(rest.len().min(SEGMENT_BYTES - inside));
            self.seed(keys, segment, &mut lanes);
            self.fill_piece(&mut lanes, stores, inside, piece);
            (segment, inside, rest) = (segment + 1, 0, later);
        }
        if stores == Stores::NonTemporal {
            Kernel::fence();
        }
        // SAFETY: the pieces are all of `out`, and `fill_piece` writes every byte of its piece.
        unsafe { &mut *(std::ptr::from_mut(out) as *mut [u8]) }
    }

    /// Writes all of `piece`, which begins `inside` bytes after the start of the segment the lanes are seeded for.
    #[inline]
    fn fill_piece(self, lanes: &mut Lanes, stores: Stores, inside: usize, piece: &mut [MaybeUninit<u8>]) {
        self.skip(lanes, inside / STEP_BYTES);
        let from = inside % STEP_BYTES;
        let head_bytes = if from == 0 { 0 } else { piece.len().min(STEP_BYTES - from) };
        let (head, rest) = piece.split_at_mut(head_bytes);
        let (whole, tail) = rest.split_at_mut(rest.len() - rest.len() % STEP_BYTES);
        self.cut_from_a_step(lanes, from, head);
        self.write(lanes, stores, whole);
        self.cut_from_a_step(lanes, 0, tail);
    }

    /// The part of the next step that begins `from` bytes inside it. Takes no step for no bytes.
    fn cut_from_a_step(self, lanes: &mut Lanes, from: usize, out: &mut [MaybeUninit<u8>]) {
        if !out.is_empty() {
            let mut step = [MaybeUninit::uninit(); STEP_BYTES];
            self.write(lanes, Stores::Ordinary, &mut step);
            out.copy_from_slice(&step[from..][..out.len()]);
        }
    }
}
