//! Dedup of whole prefixes for random ratios, units, distances and members. The first 16 bytes of a unit identify it, so
//! that a prefix costs one seeding per unit. Another law shows that equal beginnings mean equal units.

use std::collections::{HashMap, HashSet};
use std::mem::MaybeUninit;

use numamark::generator::{Dedup, Kernel, Ratio, Shape, Stores, Stream};
use proptest::prelude::*;

use crate::ratio;

const MIB: u64 = 1 << 20;

/// The first bytes of each unit from `offset` on.
fn beginnings(stream: Stream, unit_bytes: u64, offset: u64, count_bytes: u64) -> Vec<u128> {
    let kernel = Kernel::best();
    let beginning = |unit: u64| {
        let mut out = [MaybeUninit::uninit(); 16];
        let bytes = stream.fill(kernel, Stores::Ordinary, offset + unit * unit_bytes, &mut out);
        u128::from_le_bytes(bytes.try_into().expect("16 bytes"))
    };
    (0..count_bytes / unit_bytes).map(beginning).collect()
}

/// The same stretch in the stream of each member.
fn of_members(stream: u64, dedup: Dedup, members: u32, offset: u64, count_bytes: u64) -> Vec<Vec<u128>> {
    let of_member = |member| {
        let shape = Shape::new(Some(dedup.among(member, members)), None).expect("no granules");
        beginnings(Stream::new(11, stream).shaped(shape), dedup.unit_bytes(), offset, count_bytes)
    };
    (0..members).map(of_member).collect()
}

fn distinct<'a>(units: impl IntoIterator<Item = &'a u128>) -> u64 {
    units.into_iter().collect::<HashSet<_>>().len() as u64
}

/// True when `distinct` is `units / ratio` to one unit, without rounding.
fn exact(distinct: u64, units: u64, asked: Ratio) -> bool {
    let (numerator, denominator) = asked.parts();
    (distinct * numerator).abs_diff(units * denominator) < numerator
}

/// Ratios from just above 1 to above the units of a window; most have no finite decimal.
fn ratios() -> impl Strategy<Value = Ratio> {
    let near = (1u64..500, 1u64..500).prop_map(|(more, of)| (of + more, of));
    let barely = (2u64..2000).prop_map(|of| (of + 1, of));
    let high = (20u64..100_000).prop_map(|times| (times, 1));
    prop_oneof![4 => near, 1 => barely, 1 => high]
        .prop_map(|(numerator, denominator)| Ratio::new(numerator, denominator).expect("above 1"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn prefixes_of_64_mib_are_exact_to_one_unit_over_all_members_and_copies_keep_their_distance(
        asked in ratios(),
        doublings in 0u32..11,
        distance in prop::option::of(1u64..8 * MIB),
        members in prop_oneof![Just(1u32), 2u32..7],
        far in any::<bool>(),
    ) {
        let unit_bytes = 4096u64 << doublings;
        let distance = distance.map(|distance| distance.max(unit_bytes));
        let dedup = Dedup::new(asked, unit_bytes, distance).expect("in range");
        // A distance that needs a longer window meets the ratio after each such window.
        let prefix_bytes = dedup.window_bytes().max(64 * MIB);
        prop_assume!(prefix_bytes <= 256 * MIB);
        // A window may have no new unit: a stretch that begins there sees its units for the first time.
        let window_units = dedup.window_bytes() / unit_bytes * u64::from(members);
        let offset = if far && asked.value() <= window_units as f64 { 1 << 60 } else { 0 };
        let per_prefix = usize::try_from(prefix_bytes / unit_bytes).expect("small");
        let streams = of_members(3, dedup, members, offset, 2 * prefix_bytes);
        for end in [per_prefix, 2 * per_prefix] {
            for from in [0, end - per_prefix] {
                let found = distinct(streams.iter().flat_map(|units| &units[from..end]));
                let written = (end - from) as u64 * u64::from(members);
                // A stretch may begin with the last unit of the window before it, which it does not contain.
                if from == 0 || asked.value() <= window_units as f64 {
                    prop_assert!(exact(found, written, asked), "{found} of {written} are distinct: {asked} : 1");
                }
            }
        }
        for units in &streams {
            let mut last = HashMap::new();
            for (index, unit) in (0u64..).zip(units) {
                if let Some(earlier) = last.insert(unit, index) {
                    let apart = (index - earlier) * unit_bytes;
                    prop_assert!(apart >= distance.unwrap_or(unit_bytes), "{} bytes apart", apart);
                    // The least distance is within the window of one member; it grows with the members.
                    prop_assert!(apart >= dedup.distance_bytes(), "{} bytes apart", apart);
                }
            }
        }
    }
}

/// Each host has a stream, and its ranks are the members: `scope = "host"`.
#[test]
fn hosts_keep_the_ratio_among_their_ranks_and_share_nothing_with_one_another() {
    for (asked, ranks) in [("2", 4), ("1.5", 3), ("4", 4), ("10/3", 8)] {
        let dedup = Dedup::new(ratio(asked), 16 << 10, Some(MIB)).expect("in range");
        let hosts: Vec<Vec<Vec<u128>>> =
            (0..3).map(|host| of_members(host, dedup, ranks, 0, 64 * MIB)).collect();
        let mut all = HashSet::new();
        for host in &hosts {
            let own: HashSet<u128> = host.iter().flatten().copied().collect();
            let written = host.iter().map(Vec::len).sum::<usize>() as u64;
            assert!(exact(own.len() as u64, written, ratio(asked)), "{asked} : 1 among {ranks} ranks");
            assert!(all.is_disjoint(&own), "{asked} : 1: a unit of another host");
            // At least as many ranks as copies: each copy is on another rank, and one rank alone has a ratio of 1.00.
            for rank in host {
                assert_eq!(distinct(rank), rank.len() as u64, "{asked} : 1 among {ranks} ranks");
            }
            all.extend(own);
        }
    }
}
