//! The stream, implemented slowly from its specification (`generator/mod.rs`, `dedup.rs`, `compression.rs`):
//! `rand_xoshiro` makes every lane, every segment is made whole, and 128-bit arithmetic computes each position on its
//! own.

use numamark::mix::{GOLDEN_GAMMA, mix_words, mix64};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Parameters of the stream, in the words of a job.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub units: Option<Units>,
    /// Granule and random bytes of each granule, in bytes.
    pub granule: Option<(usize, usize)>,
}

/// Dedup.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// Numerator and denominator.
    pub ratio: (u128, u128),
    pub bytes: u128,
    /// `None`: the largest distance that a window of 64 MiB allows, at most 8 MiB.
    pub distance: Option<u128>,
    /// Number of members.
    pub member: (u128, u128),
}

/// The bytes from `offset` on.
pub fn oracle(seed: u64, stream: u64, asked: Asked, offset: u64, count: usize) -> Vec<u8> {
    let keys = [mix_words(&[seed, stream]), mix_words(&[stream, seed, 1])];
    let segment_bytes = segment_bytes(asked);
    let (mut out, mut position) = (Vec::new(), u128::from(offset));
    while out.len() < count {
        let number = number(asked, position / segment_bytes, segment_bytes);
        let inside = usize::try_from(position % segment_bytes).expect("small");
        let segment = segment(keys, number, asked, usize::try_from(segment_bytes).expect("small"));
        let piece = (count - out.len()).min(segment.len() - inside);
        out.extend_from_slice(&segment[inside..][..piece]);
        position += piece as u128;
    }
    out
}

fn segment_bytes(asked: Asked) -> u128 {
    let whole = asked.granule.map_or(0, |(granule, _)| granule as u128).max(64 << 10);
    asked.units.map_or(whole, |units| whole.min(units.bytes))
}

/// Index of the segment that stands at this position.
fn number(asked: Asked, position: u128, segment_bytes: u128) -> u64 {
    let Some(Units { ratio: (numerator, denominator), bytes: unit, distance, member: (member, members) }) =
        asked.units
    else {
        return u64::try_from(position).expect("64 bits");
    };
    let enough = |distance: u128| {
        // The first power of two with N / ratio >= distance, in units.
        let long = |n: &u128| n * denominator >= distance.div_ceil(unit) * numerator;
        (0..100).map(|power| 1 << power).find(long).expect("2^99 is enough")
    };
    let window = distance.map_or_else(|| enough(8 << 20).min((64 << 20) / unit), enough);
    let per_unit = unit / segment_bytes;
    let (index, inside) = (position / per_unit, position % per_unit);
    let (k, i) = (index / window, index % window);
    let before = |k: u128| (k * window * members * denominator).div_ceil(numerator);
    let distinct = match before(k + 1) - before(k) {
        0 => before(k) - 1,
        different => before(k) + (member * window + i) % different,
    };
    u64::try_from(distinct * per_unit + inside).expect("64 bits")
}

fn segment(keys: [u64; 2], number: u64, asked: Asked, segment_bytes: usize) -> Vec<u8> {
    let start = keys.map(|key| mix64(key ^ number));
    let lane = |l: u64| {
        let counter = (l + 1).wrapping_mul(GOLDEN_GAMMA);
        let [a, b] = start.map(|start| mix64(start.wrapping_add(counter)));
        let state = [a, b, a.rotate_left(32) ^ GOLDEN_GAMMA, b.rotate_left(29).wrapping_add(a)];
        let state: Vec<u8> = state.into_iter().flat_map(u64::to_le_bytes).collect();
        Xoshiro256PlusPlus::from_seed(state.try_into().expect("four words"))
    };
    let mut lanes: Vec<Xoshiro256PlusPlus> = (0..32).map(lane).collect();
    let mut step = || lanes.iter_mut().flat_map(|lane| lane.next_u64().to_le_bytes()).collect::<Vec<u8>>();
    let Some((granule, random)) = asked.granule else {
        return (0..segment_bytes / 256).flat_map(|_| step()).collect();
    };
    let mut out = Vec::new();
    while out.len() < segment_bytes {
        // The granule is first all filler; then the last bytes of the steps overwrite its end.
        let steps: Vec<u8> = (0..random.div_ceil(256)).flat_map(|_| step()).collect();
        let mut bytes: Vec<u8> = (0..granule).map(|p| !steps[p % 8]).collect();
        bytes[granule - random..].copy_from_slice(&steps[steps.len() - random..]);
        out.extend(bytes);
    }
    out
}
