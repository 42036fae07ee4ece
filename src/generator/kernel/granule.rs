//! The layout of a granule for kernels: its number of random bytes, and the place in a step where they begin.

use std::mem::MaybeUninit;

use crate::generator::sizes::{LANES, STEP_BYTES};

/// A stretch that begins with its own filler, repeated, and ends with bytes of the lanes.
///
/// Invariants: `bytes` is a whole number of steps, `1 <= random_bytes <= bytes`. A granule takes [`Granule::steps`]
/// whole steps off the lanes, so that the next granule begins with a fresh step.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(in crate::generator) struct Granule {
    /// For the step in which the random bytes begin: the bits of each word that are the lane's, not the filler's.
    masks: [u64; LANES],
    bytes: usize,
    random_bytes: usize,
}

impl Granule {
    /// # Panics
    /// When the invariants do not hold.
    pub(in crate::generator) fn new(bytes: usize, random_bytes: usize) -> Granule {
        assert!(bytes.is_multiple_of(STEP_BYTES), "a granule of {bytes} bytes is not whole steps");
        assert!((1..=bytes).contains(&random_bytes), "{random_bytes} random bytes in a granule of {bytes}");
        let hidden = random_bytes.next_multiple_of(STEP_BYTES) - random_bytes;
        let masks = std::array::from_fn(|lane| !low_bytes(hidden.saturating_sub(lane * size_of::<u64>())));
        Granule { masks, bytes, random_bytes }
    }

    /// Length of the granule.
    pub(in crate::generator) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Steps that the lanes take for one granule. They are at its end; the first of them is blended with the filler.
    pub(super) fn steps(&self) -> usize {
        self.random_bytes.div_ceil(STEP_BYTES)
    }

    /// For the first step, the bits of each word that are the lane's; the other bits are the filler's.
    pub(super) fn masks(&self) -> &[u64; LANES] {
        &self.masks
    }

    /// Offset of the first step in the granule; before it there are whole steps of filler.
    pub(super) fn first_step(&self) -> usize {
        self.bytes - self.steps() * STEP_BYTES
    }

    /// Offset in the granule of the first random byte: the end of the filler.
    pub(super) fn first_random(&self) -> usize {
        self.bytes - self.random_bytes
    }
}

/// A word with its lowest `count` bytes set.
fn low_bytes(count: usize) -> u64 {
    match u32::try_from(count) {
        Ok(count) if count < u64::BITS / 8 => (1 << (8 * count)) - 1,
        _ => u64::MAX,
    }
}

/// Fills `out`, which begins `inside` bytes after the start of the granule, with the filler: the word's bytes keep their
/// phase from the start of the granule.
pub(super) fn fill_with(filler: u64, inside: usize, out: &mut [MaybeUninit<u8>]) {
    let phase = u32::try_from(inside % size_of::<u64>()).expect("below 8");
    let bytes = filler.rotate_right(8 * phase).to_le_bytes().map(MaybeUninit::new);
    for slot in out.chunks_mut(bytes.len()) {
        slot.copy_from_slice(&bytes[..slot.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masks_hide_of_the_first_step_what_is_more_than_the_random_bytes() {
        for (random_bytes, steps, kept) in
            [(16, 1, 16), (255, 1, 255), (256, 1, 256), (257, 2, 1), (512, 2, 256)]
        {
            let granule = Granule::new(512, random_bytes);
            let ones: u32 = granule.masks().iter().map(|mask| mask.count_ones()).sum();
            assert_eq!((granule.steps(), ones), (steps, kept * 8), "{random_bytes}");
            assert_eq!(granule.first_step(), 512 - steps * STEP_BYTES, "{random_bytes}");
            assert_eq!(granule.first_random(), 512 - random_bytes, "{random_bytes}");
            // Down from the highest byte of the last lane, without a gap.
            let bytes: Vec<u8> = granule.masks().iter().flat_map(|mask| mask.to_le_bytes()).collect();
            let kept = usize::try_from(kept).expect("a small number");
            let (hidden, seen) = bytes.split_at(STEP_BYTES - kept);
            assert!(hidden.iter().all(|byte| *byte == 0), "{random_bytes}");
            assert!(seen.iter().all(|byte| *byte == 0xFF), "{random_bytes}");
        }
    }

    #[test]
    fn the_filler_keeps_its_phase_wherever_it_begins() {
        let word = u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7]);
        for inside in 0..20 {
            for count in [0, 1, 7, 8, 9, 100] {
                let mut out = vec![MaybeUninit::new(0xFF); count];
                fill_with(word, inside, &mut out);
                for (index, byte) in out.into_iter().enumerate() {
                    // SAFETY: the vector was made of written bytes.
                    let byte = unsafe { byte.assume_init() };
                    assert_eq!(usize::from(byte), (inside + index) % 8, "from {inside} on");
                }
            }
        }
    }
}
