//! Vectors of 512 bits: all 32 lanes stay in 16 of the 32 registers, so a step is loads-free.
//!
//! Deviations from the specification: two exclusive-ors in a row are one ternary instruction, and rotations
//! are single instructions. The order of the lanes is that of memory.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_load_si512, _mm512_rol_epi64, _mm512_slli_epi64, _mm512_store_si512,
    _mm512_storeu_si512, _mm512_stream_si512, _mm512_ternarylogic_epi64, _mm512_xor_si512,
};
use std::mem::MaybeUninit;

use super::{LANES, Lanes, STATE_WORDS, STEP_BYTES, scalar};

/// Lanes in one vector.
const WIDTH: usize = 8;
/// Vectors that hold one word of all lanes: independent chains that hide the latency of one another.
const VECTORS: usize = LANES / WIDTH;
/// Truth table of `a ^ b ^ c`.
const XOR3: i32 = 0x96;

type Registers = [[__m512i; STATE_WORDS]; VECTORS];

/// As the specification; the compiler makes eight lanes a vector of it.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn seed(keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
    scalar::seed(keys, segment, lanes);
}

/// Advances the lanes without writing.
#[target_feature(enable = "avx512f")]
pub(super) fn skip(lanes: &mut Lanes, steps: usize) {
    let mut registers = load(lanes);
    for _ in 0..steps {
        for vector in &mut registers {
            step(vector);
        }
    }
    store(&registers, lanes);
}

/// Writes whole steps.
///
/// # Safety
/// `out` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn write<const NON_TEMPORAL: bool>(lanes: &mut Lanes, out: &mut [MaybeUninit<u8>]) {
    let mut registers = load(lanes);
    for bytes in out.chunks_exact_mut(STEP_BYTES) {
        for (vector, slot) in registers.iter_mut().zip(bytes.chunks_exact_mut(size_of::<__m512i>())) {
            let output = step(vector);
            let slot: *mut __m512i = slot.as_mut_ptr().cast();
            // SAFETY: the slot is 64 writable bytes that we borrow; aligned to them where it must be, because
            // `out` is (the caller's obligation) and every slot before it is as long.
            unsafe {
                if NON_TEMPORAL {
                    _mm512_stream_si512(slot, output);
                } else {
                    _mm512_storeu_si512(slot, output);
                }
            }
        }
    }
    store(&registers, lanes);
}

/// The next output of eight lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn step(state: &mut [__m512i; STATE_WORDS]) -> __m512i {
    let [s0, s1, s2, s3] = *state;
    let output = _mm512_add_epi64(_mm512_rol_epi64::<23>(_mm512_add_epi64(s0, s3)), s0);
    *state = [
        _mm512_ternarylogic_epi64::<XOR3>(s0, s1, s3),
        _mm512_ternarylogic_epi64::<XOR3>(s0, s1, s2),
        _mm512_ternarylogic_epi64::<XOR3>(s0, s2, _mm512_slli_epi64::<17>(s1)),
        _mm512_rol_epi64::<45>(_mm512_xor_si512(s1, s3)),
    ];
    output
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(lanes: &Lanes) -> Registers {
    std::array::from_fn(|vector| {
        std::array::from_fn(|word| {
            let eight = &lanes.words[word][vector * WIDTH..][..WIDTH];
            // SAFETY: eight words are 64 bytes; Lanes is aligned to 64 and each vector is a multiple of that away.
            unsafe { _mm512_load_si512(eight.as_ptr().cast()) }
        })
    })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(registers: &Registers, lanes: &mut Lanes) {
    for (vector, state) in registers.iter().enumerate() {
        for (word, value) in state.iter().enumerate() {
            let eight = &mut lanes.words[word][vector * WIDTH..][..WIDTH];
            // SAFETY: as in `load`, and we borrow the words for writing.
            unsafe { _mm512_store_si512(eight.as_mut_ptr().cast(), *value) };
        }
    }
}
