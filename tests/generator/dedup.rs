//! Dedup as a deduplicating store measures it: the tests hash every unit of long prefixes and count equal hashes.

use std::collections::{HashMap, HashSet};
use std::mem::MaybeUninit;

use numamark::generator::{Compression, Dedup, Kernel, Shape, Stores, Stream};
use numamark::hash::hash;

use crate::ratio;

const MIB: u64 = 1 << 20;
/// Ratios below, at and above a whole number, one without a finite decimal, and one above the units of some windows.
const RATIOS: [&str; 8] = ["1.01", "1.5", "2", "10/3", "4", "7.7", "31", "1000"];

/// The hashes of all units of the first `count_bytes`.
fn units(stream: Stream, unit_bytes: u64, count_bytes: u64) -> Vec<u128> {
    let mut piece = vec![MaybeUninit::uninit(); 4 << 20];
    let unit_bytes = usize::try_from(unit_bytes).expect("small");
    let mut hashes = Vec::new();
    for offset in (0..count_bytes).step_by(piece.len()) {
        let data = stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut piece);
        hashes.extend(data.chunks_exact(unit_bytes).map(hash));
    }
    hashes
}

fn distinct(units: &[u128]) -> u64 {
    units.iter().collect::<HashSet<_>>().len() as u64
}

/// The least distance, in units, from a unit to the next equal one.
fn least_distance(units: &[u128]) -> Option<u64> {
    let mut last = HashMap::new();
    let distances =
        units.iter().enumerate().filter_map(|(index, unit)| Some(index - last.insert(unit, index)?));
    distances.min().map(|units| units as u64)
}

fn deduplicated(dedup: Dedup) -> Stream {
    Stream::new(5, 6).shaped(Shape::new(Some(dedup), None).expect("no granules"))
}

/// True when `distinct` of `units` meet the ratio `asked`, to one unit.
fn exact(distinct: u64, units: u64, asked: &str) -> bool {
    let (numerator, denominator) = ratio(asked).parts();
    // |distinct - units / ratio| < 1, without rounding.
    (distinct * numerator).abs_diff(units * denominator) < numerator
}

#[test]
fn every_prefix_of_64_mib_and_every_64_mib_of_it_are_exact_to_one_unit() {
    for unit_bytes in [4 << 10, 64 << 10, MIB, 4 * MIB] {
        for asked in RATIOS {
            let dedup = Dedup::new(ratio(asked), unit_bytes, None).expect("in range");
            let units = units(deduplicated(dedup), unit_bytes, 192 * MIB);
            let per_prefix = usize::try_from(64 * MIB / unit_bytes).expect("small");
            for end in [per_prefix, 2 * per_prefix, 3 * per_prefix] {
                let (prefix, latest) = (&units[..end], &units[end - per_prefix..end]);
                let what = format!("{asked} : 1, unit {unit_bytes}, {end} units");
                assert!(exact(distinct(prefix), end as u64, asked), "{what}: {} distinct", distinct(prefix));
                let new = distinct(latest);
                assert!(exact(new, per_prefix as u64, asked), "{what}: {new} distinct in the last 64 MiB");
            }
        }
    }
}

#[test]
fn copies_are_8_mib_apart_or_as_far_as_64_mib_allow() {
    for unit_bytes in [4 << 10, 64 << 10, 4 * MIB] {
        for asked in RATIOS {
            let dedup = Dedup::new(ratio(asked), unit_bytes, None).expect("in range");
            let units = units(deduplicated(dedup), unit_bytes, 128 * MIB);
            let Some(found) = least_distance(&units).map(|count| count * unit_bytes) else {
                // With so few units the ratio allows no copy.
                assert!((units.len() as f64) * (1.0 - 1.0 / ratio(asked).value()) < 1.0);
                continue;
            };
            let possible = (64.0 * MIB as f64 / ratio(asked).value()) as u64 / unit_bytes * unit_bytes;
            let promised = (8 * MIB).min(possible).max(unit_bytes);
            assert!(dedup.distance_bytes() >= promised, "{asked} : 1, unit {unit_bytes}: {promised}");
            assert!(found >= dedup.distance_bytes(), "{asked} : 1, unit {unit_bytes}: {found} apart");
        }
    }
}

#[test]
fn an_asked_distance_is_kept_and_the_ratio_is_exact_after_every_window() {
    for (asked, unit_bytes, distance_bytes) in [
        ("1.5", 4 << 10, 4 << 10),
        ("2", 64 << 10, MIB),
        ("10/3", 16 << 10, 5 * MIB + 1),
        ("4", 64 << 10, 40 * MIB),
        ("2", 4 * MIB, 64 * MIB),
    ] {
        let dedup = Dedup::new(ratio(asked), unit_bytes, Some(distance_bytes)).expect("in range");
        let window_bytes = dedup.window_bytes();
        // The shortest window with this distance.
        assert!(window_bytes as f64 / 2.0 < ratio(asked).value() * (distance_bytes + unit_bytes) as f64);
        let units = units(deduplicated(dedup), unit_bytes, 2 * window_bytes.max(4 * MIB));
        let found = least_distance(&units).expect("copies") * unit_bytes;
        assert!(found >= distance_bytes, "{asked} : 1, unit {unit_bytes}: {found} apart");
        let window_units = usize::try_from(window_bytes / unit_bytes).expect("small");
        let mut before = HashSet::new();
        for (index, window) in units.chunks_exact(window_units).enumerate() {
            let of_window: HashSet<u128> = window.iter().copied().collect();
            assert!(before.is_disjoint(&of_window), "a copy of a unit in another window");
            before.extend(of_window);
            let written = (index as u64 + 1) * window_units as u64;
            assert!(exact(before.len() as u64, written, asked), "{} distinct of {written}", before.len());
        }
    }
}

/// For each unit, the index of the first unit equal to it.
fn pattern(units: &[u128]) -> Vec<usize> {
    let mut first = HashMap::new();
    units.iter().enumerate().map(|(index, unit)| *first.entry(unit).or_insert(index)).collect()
}

#[test]
fn compression_changes_nothing_about_which_unit_is_a_copy_of_which() {
    for (asked, unit_bytes, granule_bytes) in
        [("1.5", 4 << 10, 512), ("4", 64 << 10, 4096), ("10/3", 128 << 10, 128 << 10)]
    {
        let dedup = Dedup::new(ratio(asked), unit_bytes, None).expect("in range");
        let plain = pattern(&units(deduplicated(dedup), unit_bytes, 128 * MIB));
        for compressed in ["1.5", "4", "20"] {
            let compression = Compression::new(ratio(compressed), granule_bytes, None).expect("in range");
            let both = Shape::new(Some(dedup), Some(compression)).expect("granules fit units");
            let units = units(Stream::new(5, 6).shaped(both), unit_bytes, 128 * MIB);
            assert!(pattern(&units) == plain, "dedup {asked}, compression {compressed}");
        }
    }
}

#[test]
fn a_part_of_a_unit_is_a_copy_only_together_with_its_unit() {
    let unit_bytes = 64 << 10;
    let dedup = Dedup::new(ratio("3"), unit_bytes, None).expect("in range");
    let whole = distinct(&units(deduplicated(dedup), unit_bytes, 128 * MIB));
    let records = distinct(&units(deduplicated(dedup), 4 << 10, 128 * MIB));
    assert_eq!(records, whole * (unit_bytes >> 12));
}

#[test]
fn members_share_the_ratio_and_copies_fall_onto_other_members_first() {
    let unit_bytes = 64 << 10;
    for (asked, members) in [("2", 2), ("1.5", 3), ("4", 8), ("10/3", 2), ("8", 4)] {
        let dedup = Dedup::new(ratio(asked), unit_bytes, Some(MIB)).expect("in range");
        // The prefix ends with a window.
        let each_bytes = dedup.window_bytes() * 4;
        let of_member = |member| units(deduplicated(dedup.among(member, members)), unit_bytes, each_bytes);
        let streams: Vec<Vec<u128>> = (0..members).map(of_member).collect();
        let all = streams.concat();
        assert!(exact(distinct(&all), all.len() as u64, asked), "{asked} : 1 among {members}");
        for (member, own) in streams.iter().enumerate() {
            // A member repeats its own units only when there are more copies than members. The count is rounded in each
            // of four windows.
            let least = own.len() as f64 / (ratio(asked).value() / f64::from(members)).max(1.0);
            let found = distinct(own) as f64;
            assert!(
                found >= least - 4.0,
                "{asked} : 1 among {members}: member {member} has {found} of its own"
            );
        }
    }
}

#[test]
fn a_unit_never_occurs_outside_its_scope() {
    let unit_bytes = 4 << 10;
    let dedup = Dedup::new(ratio("4"), unit_bytes, Some(MIB)).expect("in range");
    let shape = Shape::new(Some(dedup), None).expect("no granules");
    // Eight ranks with one stream each, and the same ranks with another seed.
    let streams = (0..8).flat_map(|rank| [Stream::new(42, rank), Stream::new(43, rank)]);
    let found: Vec<HashSet<u128>> = streams
        .map(|stream| units(stream.shaped(shape), unit_bytes, 16 * MIB).into_iter().collect())
        .collect();
    let union: HashSet<u128> = found.iter().flatten().copied().collect();
    assert_eq!(union.len(), found.iter().map(HashSet::len).sum::<usize>());
    assert_eq!(union.len() as u64, 16 * 16 * MIB / unit_bytes / 4);
}
