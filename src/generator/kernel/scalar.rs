//! The specification: every other kernel equals it byte for byte.

use std::mem::MaybeUninit;

use super::entries::{ByStores, Entries};
use super::granule::Granule;
use super::lanes::Lanes;
use crate::generator::sizes::{LANES, STEP_BYTES};
use crate::mix::{GOLDEN_GAMMA, mix64};

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
    for bytes in out.chunks_exact_mut(STEP_BYTES) {
        put::<NON_TEMPORAL>(bytes, step(lanes));
    }
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
        let (repeated, steps) = bytes.split_at_mut(granule.first_step());
        let (blended, random) = steps.split_at_mut(STEP_BYTES);
        let first_step = step(lanes).into_iter().zip(granule.masks());
        let first_step = first_step.map(|(output, mask)| output & mask | filler & !mask);
        put::<NON_TEMPORAL>(repeated, std::iter::repeat(filler));
        put::<NON_TEMPORAL>(blended, first_step);
        write::<NON_TEMPORAL>(lanes, random);
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

/// Writes words until `out` is full.
#[inline(always)]
fn put<const NON_TEMPORAL: bool>(out: &mut [MaybeUninit<u8>], words: impl IntoIterator<Item = u64>) {
    for (slot, word) in out.chunks_exact_mut(size_of::<u64>()).zip(words) {
        let slot = slot.try_into().expect("cut to 8 bytes");
        if NON_TEMPORAL { store_non_temporal(slot, word) } else { store(slot, word) }
    }
}

#[inline(always)]
fn store(slot: &mut [MaybeUninit<u8>; 8], output: u64) {
    // SAFETY: the slot is eight writable bytes that we borrow, and an array of bytes needs no alignment.
    unsafe { slot.as_mut_ptr().cast::<[u8; 8]>().write(output.to_le_bytes()) };
}

/// `movnti` is part of every x86-64 CPU and asks for no alignment.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn store_non_temporal(slot: &mut [MaybeUninit<u8>; 8], output: u64) {
    // SAFETY: the slot is eight writable bytes that we borrow; the instruction needs no alignment, and
    // Kernel::fence orders the store before the memory is handed over.
    unsafe { std::arch::x86_64::_mm_stream_si64(slot.as_mut_ptr().cast(), output.cast_signed()) }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
fn store_non_temporal(slot: &mut [MaybeUninit<u8>; 8], output: u64) {
    store(slot, output);
}

/// Orders non-temporal stores before all later ones.
pub(super) fn fence() {
    // SAFETY: SFENCE touches no memory and is part of SSE, which every x86-64 CPU has.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    unsafe {
        std::arch::x86_64::_mm_sfence()
    };
}
