//! Vectors of 512 bits: all 32 lanes stay in 16 of the 32 registers, so a step loads nothing.
//!
//! Deviations from the specification: two exclusive-ors in a row are one ternary instruction, and a rotation is a single
//! instruction. The lanes are in the order of memory.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_broadcastq_epi64, _mm512_castsi512_si128, _mm512_loadu_si512,
    _mm512_mullo_epi64, _mm512_rol_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_store_si512, _mm512_storeu_si512, _mm512_stream_si512,
    _mm512_ternarylogic_epi64, _mm512_xor_si512,
};
use std::mem::MaybeUninit;

use super::entries::{ByStores, CacheLine, Entries, StepLines, steps_of};
use super::granule::Granule;
use super::lanes::{Lanes, STATE_WORDS};
use super::scalar;
use crate::generator::sizes::{LANES, STEP_BYTES};
use crate::mix::{GOLDEN_GAMMA, MIX_FACTORS, mix64};

/// Lanes in one vector.
const WIDTH: usize = 8;
/// Vectors that hold one word of all lanes: independent chains that hide each other's latency.
const VECTORS: usize = LANES / WIDTH;
/// Truth table of `a ^ b ^ c`.
const XOR3: i32 = 0x96;
/// Truth table of `a ? b : c`, bit by bit.
const CHOOSE: i32 = 0xCA;
/// Truth table of `!a`.
const NOT: i32 = 0x0F;

/// The kernel for CPUs with AVX-512 F and DQ.
pub(super) static ENTRIES: Entries = Entries {
    supported: || is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq"),
    seed,
    skip,
    write: ByStores { ordinary: write::<false>, non_temporal: write::<true> },
    write_segment: ByStores { ordinary: write_segment::<false>, non_temporal: write_segment::<true> },
    write_granules: ByStores { ordinary: write_granules::<false>, non_temporal: write_granules::<true> },
    fence: scalar::fence,
};

type Registers = [[__m512i; STATE_WORDS]; VECTORS];

/// The specification's code; the compiler turns eight lanes into a vector.
#[target_feature(enable = "avx512f,avx512dq")]
fn seed(keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
    scalar::seed(keys, segment, lanes);
}

/// Advances the lanes without writing.
#[target_feature(enable = "avx512f")]
fn skip(lanes: &mut Lanes, steps: usize) {
    let mut registers = load(lanes);
    for _ in 0..steps {
        for vector in &mut registers {
            step(vector);
        }
    }
    store(&registers, lanes);
}

/// Writes the first steps of a segment. Its lanes begin and end in registers: a unit of 4 KiB is 16 steps, and lanes that
/// go through memory would add a tenth to their time.
///
/// # Safety
/// `out` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn write_segment<const NON_TEMPORAL: bool>(
    keys: [u64; 2],
    segment: u64,
    _lanes: &mut Lanes,
    out: &mut [MaybeUninit<u8>],
) {
    let mut registers = seeded(keys, segment);
    // SAFETY: the caller's promise.
    unsafe { write_steps::<NON_TEMPORAL>(&mut registers, steps_of(out)) };
}

/// The lanes that `seed` makes, in registers.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn seeded(keys: [u64; 2], segment: u64) -> Registers {
    /// Counter of each lane.
    const COUNTERS: [u64; LANES] = {
        let mut counters = [0; LANES];
        let mut lane = 0;
        while lane < LANES {
            counters[lane] = (lane as u64 + 1).wrapping_mul(GOLDEN_GAMMA);
            lane += 1;
        }
        counters
    };
    let [start_a, start_b] = [broadcast(mix64(keys[0] ^ segment)), broadcast(mix64(keys[1] ^ segment))];
    let mut registers = zeroed();
    for (vector, words) in registers.iter_mut().enumerate() {
        let counters = load_words(&COUNTERS[vector * WIDTH..]);
        let a = mix(_mm512_add_epi64(start_a, counters));
        let b = mix(_mm512_add_epi64(start_b, counters));
        let turned = _mm512_xor_si512(_mm512_rol_epi64::<32>(a), broadcast(GOLDEN_GAMMA));
        *words = [a, b, turned, _mm512_add_epi64(_mm512_rol_epi64::<29>(b), a)];
    }
    registers
}

/// `mix64` of eight words.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn mix(z: __m512i) -> __m512i {
    let [first, second] = [broadcast(MIX_FACTORS[0]), broadcast(MIX_FACTORS[1])];
    let z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64::<30>(z)), first);
    let z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64::<27>(z)), second);
    _mm512_xor_si512(z, _mm512_srli_epi64::<31>(z))
}

/// Writes whole steps.
///
/// # Safety
/// `out` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx512f")]
unsafe fn write<const NON_TEMPORAL: bool>(lanes: &mut Lanes, out: &mut [MaybeUninit<u8>]) {
    let mut registers = load(lanes);
    // SAFETY: the caller's promise.
    unsafe { write_steps::<NON_TEMPORAL>(&mut registers, steps_of(out)) };
    store(&registers, lanes);
}

/// Writes whole granules; the lanes stay in registers from one to the next, and every line is written once.
///
/// # Safety
/// `out` is a whole number of granules and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx512f")]
unsafe fn write_granules<const NON_TEMPORAL: bool>(
    lanes: &mut Lanes,
    granule: &Granule,
    out: &mut [MaybeUninit<u8>],
) {
    let mut registers = load(lanes);
    for bytes in out.chunks_exact_mut(granule.bytes()) {
        // The complement of lane 0's next output: computed beside the lanes, which do not wait for it.
        let filler = broadcast_complement(output(&registers[0]));
        let (repeated, random) = steps_of(bytes).split_at_mut(granule.first_step() / STEP_BYTES);
        let (blended, whole) = random.split_first_mut().expect("a granule has a step of the lanes");
        // SAFETY: lines of `out`, which is as aligned as the caller promised; each begins a multiple of 64 bytes inside it.
        unsafe {
            for step in repeated {
                for line in step {
                    put::<NON_TEMPORAL>(line, filler);
                }
            }
            for (vector, line) in blended.iter_mut().enumerate() {
                let random = step(&mut registers[vector]);
                let mask = load_words(&granule.masks()[vector * WIDTH..]);
                let word = _mm512_ternarylogic_epi64::<CHOOSE>(mask, random, filler);
                put::<NON_TEMPORAL>(line, word);
            }
            write_steps::<NON_TEMPORAL>(&mut registers, whole);
        }
    }
    store(&registers, lanes);
}

/// # Safety
/// If `NON_TEMPORAL`, the steps are aligned to 64 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn write_steps<const NON_TEMPORAL: bool>(registers: &mut Registers, steps: &mut [StepLines]) {
    for lines in steps {
        for (vector, line) in lines.iter_mut().enumerate() {
            // SAFETY: if the line must be aligned, it is: the steps are (the caller's obligation), and it begins a multiple
            // of 64 bytes inside them.
            unsafe { put::<NON_TEMPORAL>(line, step(&mut registers[vector])) };
        }
    }
}

/// # Safety
/// If `NON_TEMPORAL`, the line is aligned to 64 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn put<const NON_TEMPORAL: bool>(line: &mut CacheLine, value: __m512i) {
    let line: *mut __m512i = line.as_mut_ptr().cast();
    // SAFETY: 64 writable bytes that we borrow; their alignment is the caller's promise.
    unsafe { if NON_TEMPORAL { _mm512_stream_si512(line, value) } else { _mm512_storeu_si512(line, value) } };
}

/// The next output of eight lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn step(state: &mut [__m512i; STATE_WORDS]) -> __m512i {
    let output = output(state);
    let [s0, s1, s2, s3] = *state;
    *state = [
        _mm512_ternarylogic_epi64::<XOR3>(s0, s1, s3),
        _mm512_ternarylogic_epi64::<XOR3>(s0, s1, s2),
        _mm512_ternarylogic_epi64::<XOR3>(s0, s2, _mm512_slli_epi64::<17>(s1)),
        _mm512_rol_epi64::<45>(_mm512_xor_si512(s1, s3)),
    ];
    output
}

/// The output of eight lanes in this state.
#[inline]
#[target_feature(enable = "avx512f")]
fn output(state: &[__m512i; STATE_WORDS]) -> __m512i {
    let [s0, _, _, s3] = *state;
    _mm512_add_epi64(_mm512_rol_epi64::<23>(_mm512_add_epi64(s0, s3)), s0)
}

/// The complement of the lowest word in every place.
#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast_complement(words: __m512i) -> __m512i {
    let lowest = _mm512_broadcastq_epi64(_mm512_castsi512_si128(words));
    _mm512_ternarylogic_epi64::<NOT>(lowest, lowest, lowest)
}

/// This word in every place.
#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn zeroed() -> Registers {
    [[_mm512_setzero_si512(); STATE_WORDS]; VECTORS]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lanes: &Lanes) -> Registers {
    let mut registers = zeroed();
    for (vector, state) in registers.iter_mut().enumerate() {
        for (word, value) in state.iter_mut().enumerate() {
            *value = load_words(&lanes.words[word][vector * WIDTH..]);
        }
    }
    registers
}

/// The first eight of these words.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_words(words: &[u64]) -> __m512i {
    let eight = &words[..WIDTH];
    // SAFETY: eight words are 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(registers: &Registers, lanes: &mut Lanes) {
    for (vector, state) in registers.iter().enumerate() {
        for (word, value) in state.iter().enumerate() {
            let eight = &mut lanes.words[word][vector * WIDTH..][..WIDTH];
            // SAFETY: eight words are 64 bytes that we borrow; Lanes is aligned to 64 and each vector begins a multiple of
            // 64 bytes inside it.
            unsafe { _mm512_store_si512(eight.as_mut_ptr().cast(), *value) };
        }
    }
}
