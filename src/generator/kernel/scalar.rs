//! The specification: every other kernel equals it byte for byte.

use std::mem::MaybeUninit;

use super::entries::{ByStores, Entries};
use super::granule::Granule;
use super::lanes::Lanes;
use crate::generator::sizes::{LANES, STEP_BYTES};
use crate::mix::{GOLDEN_GAMMA, mix64};

/// A word of output.
type Word = [MaybeUninit<u8>; size_of::<u64>()];

/// The kernel that every CPU runs.
pub(super) static ENTRIES: Entries = Entries {
    supported: || true,
    seed,
    skip,
    write: ByStores { ordinary: write::<false>, non_temporal: write::<true> },
    write_segment: ByStores { ordinary: write_segment::<false>, non_temporal: write_segment::<true> },
    write_granules: ByStores { ordinary: write_granules::<false>, non_temporal: write_granules::<true> },
    fence,
};

/// Sets the lanes to the start of a segment. Two words of each lane are the lane's counter, mixed, each from its own start;
/// the other two follow from them. So only half of the state is mixed: with units of 4 KiB, each seeded by itself, seeding
/// takes 15 % of the time instead of 22 %.
///
/// No lane is all zero, the one state that xoshiro256++ cannot leave: words 0 and 2 cannot both be zero. This code
/// vectorises well, so the other kernels inline it.
#[inline(always)]
pub(super) fn seed(keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
    let start = [mix64(keys[0] ^ segment), mix64(keys[1] ^ segment)];
    let [s0, s1, s2, s3] = &mut lanes.words;
    for l in 0..LANES {
        let counter = (l as u64 + 1).wrapping_mul(GOLDEN_GAMMA);
        let (a, b) = (mix64(start[0].wrapping_add(counter)), mix64(start[1].wrapping_add(counter)));
        s0[l] = a;
        s1[l] = b;
        s2[l] = a.rotate_left(32) ^ GOLDEN_GAMMA;
        s3[l] = b.rotate_left(29).wrapping_add(a);
    }
}

/// Advances the lanes without writing.
fn skip(lanes: &mut Lanes, steps: usize) {
    for _ in 0..steps {
        step(lanes);
    }
}

/// Writes whole steps.
fn write<const NON_TEMPORAL: bool>(lanes: &mut Lanes, out: &mut [MaybeUninit<u8>]) {
    write_steps::<NON_TEMPORAL>(lanes, steps_of(out));
}

/// As `write`, into the words of these steps.
#[inline(always)]
fn write_steps<const NON_TEMPORAL: bool>(lanes: &mut Lanes, steps: &mut [[Word; LANES]]) {
    for words in steps {
        let outputs = step(lanes);
        for (lane, word) in words.iter_mut().enumerate() {
            put::<NON_TEMPORAL>(word, outputs[lane]);
        }
    }
}

/// `out`, which is whole steps, as the words of its steps. Arrays of fixed size, for the reason that `entries.rs` gives.
#[inline(always)]
fn steps_of(out: &mut [MaybeUninit<u8>]) -> &mut [[Word; LANES]] {
    let (words, _) = out.as_chunks_mut();
    words.as_chunks_mut().0
}

/// Writes the first steps of a segment.
fn write_segment<const NON_TEMPORAL: bool>(
    keys: [u64; 2],
    segment: u64,
    lanes: &mut Lanes,
    out: &mut [MaybeUninit<u8>],
) {
    seed(keys, segment, lanes);
    write::<NON_TEMPORAL>(lanes, out);
}

/// Writes whole granules: each is its own filler, repeated, then bytes of the lanes.
fn write_granules<const NON_TEMPORAL: bool>(
    lanes: &mut Lanes,
    granule: &Granule,
    out: &mut [MaybeUninit<u8>],
) {
    for bytes in out.chunks_exact_mut(granule.bytes()) {
        let filler = lanes.filler();
        let (repeated, random) = steps_of(bytes).split_at_mut(granule.first_step() / STEP_BYTES);
        let (blended, whole) = random.split_first_mut().expect("a granule has a step of the lanes");
        for step in repeated {
            for word in step {
                put::<NON_TEMPORAL>(word, filler);
            }
        }
        let outputs = step(lanes);
        for (lane, word) in blended.iter_mut().enumerate() {
            let mask = granule.masks()[lane];
            put::<NON_TEMPORAL>(word, outputs[lane] & mask | filler & !mask);
        }
        write_steps::<NON_TEMPORAL>(lanes, whole);
    }
}

/// The next output of every lane: xoshiro256++, as its authors wrote it.
#[inline(always)]
fn step(lanes: &mut Lanes) -> [u64; LANES] {
    let [s0, s1, s2, s3] = &mut lanes.words;
    let mut outputs = [0; LANES];
    for (l, output) in outputs.iter_mut().enumerate() {
        *output = s0[l].wrapping_add(s3[l]).rotate_left(23).wrapping_add(s0[l]);
        let shifted = s1[l] << 17;
        s2[l] ^= s0[l];
        s3[l] ^= s1[l];
        s1[l] ^= s2[l];
        s0[l] ^= s3[l];
        s2[l] ^= shifted;
        s3[l] = s3[l].rotate_left(45);
    }
    outputs
}

#[inline(always)]
fn put<const NON_TEMPORAL: bool>(word: &mut Word, value: u64) {
    if NON_TEMPORAL { store_non_temporal(word, value) } else { store(word, value) }
}

#[inline(always)]
fn store(word: &mut Word, value: u64) {
    // SAFETY: the word is eight writable bytes that we borrow, and an array of bytes needs no alignment.
    unsafe { word.as_mut_ptr().cast::<[u8; 8]>().write(value.to_le_bytes()) };
}

/// `movnti` is part of every x86-64 CPU and asks for no alignment.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn store_non_temporal(word: &mut Word, value: u64) {
    // SAFETY: the word is eight writable bytes that we borrow; the instruction needs no alignment, and
    // Kernel::fence orders the store before the memory is handed over.
    unsafe { std::arch::x86_64::_mm_stream_si64(word.as_mut_ptr().cast(), value.cast_signed()) }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
fn store_non_temporal(word: &mut Word, value: u64) {
    store(word, value);
}

/// Orders non-temporal stores before all later ones.
pub(super) fn fence() {
    // SAFETY: SFENCE touches no memory and is part of SSE, which every x86-64 CPU has.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    unsafe {
        std::arch::x86_64::_mm_sfence()
    };
}
