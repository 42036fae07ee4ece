//! Vectors of 256 bits: 16 registers hold 8 lanes and the temporaries of a step, not 32 lanes.
//!
//! Four groups of 8 lanes therefore take turns over a tile of 16 steps: each writes its 64 bytes (one cache line when
//! `out` is aligned) of every step, while the tile, 4 KiB, stays in the L1. The rest is as in the specification.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_blendv_epi8, _mm256_extract_epi64, _mm256_load_si256,
    _mm256_loadu_si256, _mm256_or_si256, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi64,
    _mm256_srli_epi64, _mm256_store_si256, _mm256_storeu_si256, _mm256_stream_si256, _mm256_xor_si256,
};
use std::mem::MaybeUninit;

use super::entries::{ByStores, CacheLine, Entries, steps_of};
use super::granule::Granule;
use super::lanes::{Lanes, STATE_WORDS};
use super::scalar;
use crate::generator::sizes::{LANES, STEP_BYTES};

/// Lanes in one vector.
const WIDTH: usize = 4;
/// Vectors in a group: two chains of 4 words fill half of the registers and hide each other's latency.
const VECTORS: usize = 2;
/// Groups that take turns.
const GROUPS: usize = LANES / (WIDTH * VECTORS);
/// Steps before the next group's turn.
const TILE_BYTES: usize = 16 * STEP_BYTES;

/// Granules in a tile: the smallest have two steps.
const FILLERS: usize = TILE_BYTES / STEP_BYTES;

/// The kernel for CPUs with AVX2.
pub(super) static ENTRIES: Entries = Entries {
    supported: || is_x86_feature_detected!("avx2"),
    seed,
    skip,
    write: ByStores { ordinary: write::<false>, non_temporal: write::<true> },
    write_segment: ByStores { ordinary: write_segment::<false>, non_temporal: write_segment::<true> },
    write_granules: ByStores { ordinary: write_granules::<false>, non_temporal: write_granules::<true> },
    fence: scalar::fence,
};

type Registers = [[__m256i; STATE_WORDS]; VECTORS];

/// The specification's code; the compiler turns four lanes into a vector.
#[target_feature(enable = "avx2")]
fn seed(keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
    scalar::seed(keys, segment, lanes);
}

/// Advances the lanes without writing.
#[target_feature(enable = "avx2")]
fn skip(lanes: &mut Lanes, steps: usize) {
    for group in 0..GROUPS {
        let mut registers = load(lanes, group);
        for _ in 0..steps {
            for vector in &mut registers {
                step(vector);
            }
        }
        store(&registers, lanes, group);
    }
}

/// Writes whole steps.
///
/// # Safety
/// `out` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx2")]
unsafe fn write<const NON_TEMPORAL: bool>(lanes: &mut Lanes, out: &mut [MaybeUninit<u8>]) {
    for tile in out.chunks_mut(TILE_BYTES) {
        for group in 0..GROUPS {
            // SAFETY: a tile is a whole number of steps, and as aligned as `out`, which the caller vouches for.
            unsafe { write_group::<NON_TEMPORAL>(lanes, group, tile) };
        }
    }
}

/// Writes the first steps of a segment.
///
/// # Safety
/// `out` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx2")]
unsafe fn write_segment<const NON_TEMPORAL: bool>(
    keys: [u64; 2],
    segment: u64,
    lanes: &mut Lanes,
    out: &mut [MaybeUninit<u8>],
) {
    seed(keys, segment, lanes);
    // SAFETY: the caller's promise.
    unsafe { write::<NON_TEMPORAL>(lanes, out) };
}

/// One group's lines of every step.
///
/// Not inlined: the optimiser would keep the lanes of all groups live, which needs more registers than there are. A lane
/// that is spilled inside the loop waits at every step for its own store (a fifth slower), or for the store of a line
/// just streamed, if the stack lies a multiple of 4 KiB from that line (5 times slower).
///
/// # Safety
/// `tile` is a whole number of steps and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[inline(never)]
#[target_feature(enable = "avx2")]
unsafe fn write_group<const NON_TEMPORAL: bool>(
    lanes: &mut Lanes,
    group: usize,
    tile: &mut [MaybeUninit<u8>],
) {
    let mut registers = load(lanes, group);
    for lines in steps_of(tile) {
        // SAFETY: if the line must be aligned, it is: `tile` is (the caller's obligation), and it begins a multiple of
        // 64 bytes inside it.
        unsafe { put::<NON_TEMPORAL>(&mut lines[group], [step(&mut registers[0]), step(&mut registers[1])]) };
    }
    store(&registers, lanes, group);
}

/// Writes whole granules: the groups take turns over tiles of a granule, or of several small granules.
///
/// # Safety
/// `out` is a whole number of granules and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[target_feature(enable = "avx2")]
unsafe fn write_granules<const NON_TEMPORAL: bool>(
    lanes: &mut Lanes,
    granule: &Granule,
    out: &mut [MaybeUninit<u8>],
) {
    let mut fillers = [0; FILLERS];
    let (piece_bytes, repeated) = (granule.bytes().min(TILE_BYTES), granule.first_step() / STEP_BYTES);
    let piece_steps = piece_bytes / STEP_BYTES;
    for whole in out.chunks_mut(granule.bytes().max(TILE_BYTES)) {
        let mut before = 0;
        for tile in whole.chunks_mut(TILE_BYTES) {
            let piece = Piece {
                bytes: piece_bytes,
                repeated: repeated.saturating_sub(before).min(piece_steps),
                first: before == 0,
                masks: (before..before + piece_steps).contains(&repeated).then(|| granule.masks()),
            };
            for group in 0..GROUPS {
                // SAFETY: a tile is a whole number of pieces, and as aligned as `out`, which the caller vouches for.
                unsafe { write_group_of_pieces::<NON_TEMPORAL>(lanes, group, &piece, &mut fillers, tile) };
            }
            before += piece_steps;
        }
    }
}

/// A granule, or the part of a granule that fits a tile; a tile holds one or several.
struct Piece<'a> {
    bytes: usize,
    /// Steps of filler at the beginning of the piece.
    repeated: usize,
    /// True when the piece is the beginning of its granule.
    first: bool,
    /// Masks of the step after the filler, if the lanes' bytes begin in that step.
    masks: Option<&'a [u64; LANES]>,
}

/// One group's lines of every piece of a tile. The first group computes the fillers for all groups.
///
/// # Safety
/// `tile` is a whole number of pieces and, if `NON_TEMPORAL`, aligned to 64 bytes.
#[inline(never)]
#[target_feature(enable = "avx2")]
unsafe fn write_group_of_pieces<const NON_TEMPORAL: bool>(
    lanes: &mut Lanes,
    group: usize,
    piece: &Piece<'_>,
    fillers: &mut [u64; FILLERS],
    tile: &mut [MaybeUninit<u8>],
) {
    let mut registers = load(lanes, group);
    for (index, bytes) in tile.chunks_exact_mut(piece.bytes).enumerate() {
        let known = &mut fillers[index];
        if group == 0 && piece.first {
            *known = !_mm256_extract_epi64::<0>(output(&registers[0])).cast_unsigned();
        }
        let filler = _mm256_set1_epi64x(known.cast_signed());
        let (repeated, mut whole) = steps_of(bytes).split_at_mut(piece.repeated);
        // SAFETY: lines of `tile`, which is as aligned as the caller promised; each begins a multiple of 64 bytes inside it.
        unsafe {
            for lines in repeated {
                put::<NON_TEMPORAL>(&mut lines[group], [filler; VECTORS]);
            }
            if let Some(masks) = piece.masks {
                let (blended, later) = whole.split_first_mut().expect("the step of the masks");
                let [low, high] = load_masks(masks, group);
                let low = _mm256_blendv_epi8(filler, step(&mut registers[0]), low);
                let high = _mm256_blendv_epi8(filler, step(&mut registers[1]), high);
                put::<NON_TEMPORAL>(&mut blended[group], [low, high]);
                whole = later;
            }
            for lines in whole {
                put::<NON_TEMPORAL>(&mut lines[group], [step(&mut registers[0]), step(&mut registers[1])]);
            }
        }
    }
    store(&registers, lanes, group);
}

/// # Safety
/// If `NON_TEMPORAL`, the line is aligned to 64 bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn put<const NON_TEMPORAL: bool>(line: &mut CacheLine, halves: [__m256i; VECTORS]) {
    const { assert!(size_of::<CacheLine>() == VECTORS * size_of::<__m256i>()) };
    let slots: *mut __m256i = line.as_mut_ptr().cast();
    for (index, half) in halves.into_iter().enumerate() {
        // SAFETY: `halves` together are the 64 writable bytes that we borrow; the alignment of the line is the caller's
        // promise, and each half begins a multiple of 32 bytes inside it.
        unsafe {
            let slot = slots.add(index);
            if NON_TEMPORAL { _mm256_stream_si256(slot, half) } else { _mm256_storeu_si256(slot, half) }
        };
    }
}

/// The next output of four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn step(state: &mut [__m256i; STATE_WORDS]) -> __m256i {
    let output = output(state);
    let [s0, s1, s2, s3] = *state;
    let (s2, s3, shifted) = (_mm256_xor_si256(s2, s0), _mm256_xor_si256(s3, s1), _mm256_slli_epi64::<17>(s1));
    *state = [
        _mm256_xor_si256(s0, s3),
        _mm256_xor_si256(s1, s2),
        _mm256_xor_si256(s2, shifted),
        rotate_left::<45, 19>(s3),
    ];
    output
}

/// The output of four lanes in this state.
#[inline]
#[target_feature(enable = "avx2")]
fn output(state: &[__m256i; STATE_WORDS]) -> __m256i {
    let [s0, _, _, s3] = *state;
    _mm256_add_epi64(rotate_left::<23, 41>(_mm256_add_epi64(s0, s3)), s0)
}

/// Rotation by two shifts: AVX2 has no rotation instruction. `LEFT + RIGHT` is 64.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate_left<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    const { assert!(LEFT + RIGHT == 64) };
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(x), _mm256_srli_epi64::<RIGHT>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(lanes: &Lanes, group: usize) -> Registers {
    let mut registers = [[_mm256_setzero_si256(); STATE_WORDS]; VECTORS];
    for (vector, state) in registers.iter_mut().enumerate() {
        for (word, value) in state.iter_mut().enumerate() {
            let four = &lanes.words[word][(group * VECTORS + vector) * WIDTH..][..WIDTH];
            // SAFETY: four words are 32 bytes; Lanes is aligned to 64 and each vector is a multiple of 32 away.
            *value = unsafe { _mm256_load_si256(four.as_ptr().cast()) };
        }
    }
    registers
}

/// A group's part of the masks of a step.
#[inline]
#[target_feature(enable = "avx2")]
fn load_masks(masks: &[u64; LANES], group: usize) -> [__m256i; VECTORS] {
    let mut halves = [_mm256_setzero_si256(); VECTORS];
    for (vector, half) in halves.iter_mut().enumerate() {
        let four = &masks[(group * VECTORS + vector) * WIDTH..][..WIDTH];
        // SAFETY: four words are 32 bytes, and the load asks for no alignment.
        *half = unsafe { _mm256_loadu_si256(four.as_ptr().cast()) };
    }
    halves
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(registers: &Registers, lanes: &mut Lanes, group: usize) {
    for (vector, state) in registers.iter().enumerate() {
        for (word, value) in state.iter().enumerate() {
            let four = &mut lanes.words[word][(group * VECTORS + vector) * WIDTH..][..WIDTH];
            // SAFETY: as in `load`, and we borrow the words for writing.
            unsafe { _mm256_store_si256(four.as_mut_ptr().cast(), *value) };
        }
    }
}
