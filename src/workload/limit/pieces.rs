//! A worker's blocks, cut into pieces that the loops repeat; each loop continues where the one before stopped.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::Loop;
use super::triad::{triad, triad_bytes};

/// The longest piece: a worker reads the clock every quarter of a millisecond at the latest, for any size of blocks.
const PIECE_BYTES: usize = 1 << 20;
/// Bytes between two clock reads, at least: some 20 us, against 20 ns for the read.
const STRIDE_BYTES: usize = 256 << 10;
/// The word that is written. As an `f64` it is 4.8e-4: triad meets no denormal and no NaN, which are slow on some CPUs.
const WORD: u64 = u64::from_ne_bytes([0x3F; 8]);

/// Invariant: all bytes of `pieces[..written]` have been written.
pub(super) struct Pieces<'memory> {
    pieces: Vec<&'memory mut [MaybeUninit<u8>]>,
    next: usize,
    written: usize,
}

impl<'memory> Pieces<'memory> {
    /// Cuts the blocks into pieces.
    pub(super) fn new(blocks: impl IntoIterator<Item = &'memory mut [MaybeUninit<u8>]>) -> Pieces<'memory> {
        let pieces = blocks.into_iter().flat_map(|block| block.chunks_mut(PIECE_BYTES)).collect();
        Pieces { pieces, next: 0, written: 0 }
    }

    /// True when there is no piece.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Runs the loop over the next pieces, as many as make a stride; returns the bytes moved.
    pub(super) fn go_on(&mut self, with: Loop) -> u64 {
        let (mut covered, mut moved) = (0, 0);
        while covered < STRIDE_BYTES {
            let end = match with {
                Loop::Store(_) => self.pieces.len(),
                // Triad reads, so only written pieces are used: all of them, unless the store loops had too little time.
                Loop::Triad => self.written,
            };
            if self.next >= end {
                self.next = 0;
            }
            let Some(piece) = self.pieces[..end].get_mut(self.next) else { break };
            covered += piece.len();
            match with {
                Loop::Store(store_loop) => {
                    store_loop.run(piece, WORD);
                    moved += piece.len() as u64;
                    self.written = self.written.max(self.next + 1);
                }
                Loop::Triad => {
                    let (whole, rest) = piece.split_at_mut(piece.len() & !63);
                    debug_assert!(rest.len() < 64);
                    // SAFETY: by the invariant, `end` being `written`.
                    moved += unsafe { triad_over(whole) };
                }
            }
            self.next += 1;
        }
        moved
    }
}

/// Runs triad with the first third of the memory as `a`, the second as `b`, the last as `c`; returns the bytes moved.
///
/// # Safety
/// Every byte has been written.
unsafe fn triad_over(memory: &mut [MaybeUninit<u8>]) -> u64 {
    // SAFETY: written bytes, as the caller promises, are valid f64 for any values.
    let (_, numbers, _) = unsafe { memory.align_to_mut::<f64>() };
    // Whole cache lines, so that no two of the three arrays share one.
    let third = numbers.len() / 3 / 8 * 8;
    let (a, rest) = numbers.split_at_mut(third);
    let (b, rest) = rest.split_at_mut(third);
    triad(a, b, &rest[..third], 3.0);
    triad_bytes(third as u64)
}

#[cfg(test)]
mod tests {
    use super::super::StoreLoop;
    use super::*;

    /// Blocks of written bytes, each filled with another value.
    fn blocks(lengths: &[usize]) -> Vec<Vec<MaybeUninit<u8>>> {
        (1u8..).zip(lengths).map(|(value, length)| vec![MaybeUninit::new(value); *length]).collect()
    }

    fn pieces(blocks: &mut [Vec<MaybeUninit<u8>>]) -> Pieces<'_> {
        Pieces::new(blocks.iter_mut().map(Vec::as_mut_slice))
    }

    fn bytes(blocks: &[Vec<MaybeUninit<u8>>]) -> Vec<u8> {
        // SAFETY: `blocks` made them of written bytes, and a written byte stays written.
        blocks.iter().flatten().map(|byte| unsafe { byte.assume_init() }).collect()
    }

    #[test]
    fn strides_go_over_every_byte_once_before_they_begin_again() {
        // Shorter than a stride, as long as a piece, and longer without being a multiple of a line.
        for lengths in [&[100usize, 5000][..], &[PIECE_BYTES], &[3 * PIECE_BYTES + 77, 4096, PIECE_BYTES + 1]]
        {
            let mut blocks = blocks(lengths);
            let all: usize = lengths.iter().sum();
            let mut pieces = pieces(&mut blocks);
            let mut moved = 0;
            while moved < all {
                let stride = pieces.go_on(Loop::Store(StoreLoop::Ordinary)) as usize;
                assert!((STRIDE_BYTES..STRIDE_BYTES + PIECE_BYTES).contains(&stride), "{stride} bytes");
                moved += stride;
            }
            assert_eq!(pieces.written, pieces.pieces.len());
            assert!(bytes(&blocks).iter().all(|byte| *byte == 0x3F));
        }
    }

    #[test]
    fn triad_reads_nothing_but_what_was_written() {
        let mut blocks = blocks(&[4 * PIECE_BYTES, 100]);
        let mut pieces = pieces(&mut blocks);
        assert_eq!(pieces.go_on(Loop::Triad), 0, "nothing has been written");
        pieces.go_on(Loop::Store(StoreLoop::Memset));
        assert_eq!(pieces.written, 1, "a piece is longer than a stride");
        for _ in 0..3 {
            let moved = pieces.go_on(Loop::Triad) as usize;
            assert!(moved > PIECE_BYTES - 3 * 64 && moved <= PIECE_BYTES, "{moved} bytes");
        }
        let bytes = bytes(&blocks);
        let (first, rest) = bytes.split_at(PIECE_BYTES);
        let third = PIECE_BYTES / 3 / 64 * 64;
        let (a, others) = first.split_at(third);
        let number = f64::from_bits(WORD);
        let sum = (number + 3.0 * number).to_ne_bytes();
        assert!(a.chunks(8).all(|bytes| bytes == sum), "a is b + 3 c");
        assert!(others.iter().all(|byte| *byte == 0x3F), "b and c stay");
        assert!(rest[..3 * PIECE_BYTES].iter().all(|byte| *byte == 1), "not written, not read");
    }

    #[test]
    fn pieces_too_small_for_three_lines_move_nothing_and_end() {
        let mut blocks = blocks(&[100]);
        let mut pieces = pieces(&mut blocks);
        pieces.go_on(Loop::Store(StoreLoop::NonTemporal));
        assert_eq!(pieces.go_on(Loop::Triad), 0);
        let mut none = Pieces::new([]);
        assert!(none.is_empty());
        assert_eq!(none.go_on(Loop::Store(StoreLoop::Memset)) + none.go_on(Loop::Triad), 0);
    }
}
