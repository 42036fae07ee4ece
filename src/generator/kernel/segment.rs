//! From steps to stretches: any offset, any length, segment after segment, granule after granule.

use std::mem::MaybeUninit;

use super::Kernel;
use super::granule::{Granule, fill_with};
use super::lanes::Lanes;
use crate::generator::shape::Shape;
use crate::generator::sizes::STEP_BYTES;
use crate::generator::stores::Stores;

impl Kernel {
    /// Fills `out` with the bytes from `offset` on of the stream that has these keys and this shape.
    ///
    /// # Panics
    /// When the stretch does not end before 2^64.
    pub(in crate::generator) fn fill<'a>(
        self,
        keys: [u64; 2],
        shape: &Shape,
        stores: Stores,
        offset: u64,
        out: &'a mut [MaybeUninit<u8>],
    ) -> &'a mut [u8] {
        let bytes = out.len();
        assert!(offset.checked_add(bytes as u64).is_some(), "{bytes} bytes from {offset} end after 2^64");
        let segment_bytes = shape.segment_bytes();
        let mut inside = usize::try_from(offset % segment_bytes as u64).expect("less than a segment");
        let mut segments = shape.segments(offset);
        let granule =
            { shape.compression() }.map(|asked| Granule::new(asked.granule_bytes(), asked.random_bytes()));
        let mut lanes = Lanes::unseeded();
        let mut rest = &mut *out;
        while !rest.is_empty() {
            let segment = segments.next().expect("segments have no end");
            let (piece, later) = rest.split_at_mut(rest.len().min(segment_bytes - inside));
            let whole_steps = inside == 0 && piece.len().is_multiple_of(STEP_BYTES);
            if granule.is_none() && whole_steps {
                self.write_segment(keys, segment, &mut lanes, stores, piece);
            } else {
                self.seed(keys, segment, &mut lanes);
                match &granule {
                    None => self.fill_piece(&mut lanes, stores, inside, piece),
                    Some(granule) => self.fill_granules(&mut lanes, granule, stores, inside, piece),
                }
            }
            (inside, rest) = (0, later);
        }
        if stores == Stores::NonTemporal {
            self.fence();
        }
        // SAFETY: the pieces are all of `out`, and every function that fills a piece writes all of its bytes.
        unsafe { &mut *(std::ptr::from_mut(out) as *mut [u8]) }
    }

    /// As [`Kernel::fill`], over initialised bytes.
    pub(in crate::generator) fn overwrite(
        self,
        keys: [u64; 2],
        shape: &Shape,
        stores: Stores,
        offset: u64,
        out: &mut [u8],
    ) {
        // SAFETY: the same bytes, borrowed for writing; `fill` writes nothing but initialised ones into them.
        let unwritten = unsafe { &mut *(std::ptr::from_mut(out) as *mut [MaybeUninit<u8>]) };
        self.fill(keys, shape, stores, offset, unwritten);
    }

    /// Writes all of `piece`, which begins `inside` bytes after the start of the segment that the lanes are seeded for. The
    /// granules at the ends of `piece` may be cut; those between are written by one call.
    pub(super) fn fill_granules(
        self,
        lanes: &mut Lanes,
        granule: &Granule,
        stores: Stores,
        inside: usize,
        piece: &mut [MaybeUninit<u8>],
    ) {
        let bytes = granule.bytes();
        self.skip(lanes, inside / bytes * granule.steps());
        let from = inside % bytes;
        let head_bytes = if from == 0 { 0 } else { piece.len().min(bytes - from) };
        let (head, rest) = piece.split_at_mut(head_bytes);
        let (whole, tail) = rest.split_at_mut(rest.len() - rest.len() % bytes);
        self.cut_from_a_granule(lanes, granule, stores, from, head);
        self.write_granules(lanes, granule, stores, whole);
        self.cut_from_a_granule(lanes, granule, stores, 0, tail);
    }

    /// Writes the part of the next granule that begins `from` bytes inside it. Takes all steps of the granule if its last
    /// byte is in that part.
    fn cut_from_a_granule(
        self,
        lanes: &mut Lanes,
        granule: &Granule,
        stores: Stores,
        from: usize,
        out: &mut [MaybeUninit<u8>],
    ) {
        let repeated_bytes = out.len().min(granule.first_random().saturating_sub(from));
        let (repeated, random) = out.split_at_mut(repeated_bytes);
        fill_with(lanes.filler(), from, repeated);
        if !random.is_empty() {
            let inside = from.max(granule.first_random()) - granule.first_step();
            self.fill_piece(lanes, stores, inside, random);
        }
    }

    /// Writes all of `piece`, which begins `inside` bytes after the start of the segment that the lanes are seeded for.
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

    /// Writes the part of the next step that begins `from` bytes inside it. Takes no step when `out` is empty.
    fn cut_from_a_step(self, lanes: &mut Lanes, from: usize, out: &mut [MaybeUninit<u8>]) {
        if !out.is_empty() {
            let mut step = [MaybeUninit::uninit(); STEP_BYTES];
            self.write(lanes, Stores::Ordinary, &mut step);
            out.copy_from_slice(&step[from..][..out.len()]);
        }
    }
}
