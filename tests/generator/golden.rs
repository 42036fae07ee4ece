//! Fixed bytes: data sets on disk outlive this code.

use std::mem::MaybeUninit;

use numamark::generator::{Compression, Dedup, Kernel, STREAM_VERSION, Shape, Stores, Stream};
use numamark::hash::hash;

use crate::ratio;

/// Of so many bytes: more than a segment of any shape, and no whole number of anything.
const COUNT: usize = 300_001;

/// Dedup `ratio`, unit, distance in KiB (0: automatic), member/members; compression `ratio`, granule.
type Asked = (Option<(&'static str, u64, u64, (u32, u32))>, Option<(&'static str, u64)>);

const PLAIN: Asked = (None, None);

/// Seed, stream, offset, what is asked, XXH3-128 of the bytes.
const GOLDEN: [(u64, u64, u64, Asked, &str); 20] = [
    (0, 0, 0, PLAIN, ""),
    (0, 1, 0, PLAIN, ""),
    (1, 0, 0, PLAIN, ""),
    (42, 7, 65_535, PLAIN, ""),
    (42, 7, 1 << 60, PLAIN, ""),
    (u64::MAX, u64::MAX, u64::MAX - 300_001, PLAIN, ""),
    (7, 3, 0, (Some(("2", 64 << 10, 0, (0, 1))), None), ""),
    (7, 3, 40 << 20, (Some(("2", 64 << 10, 0, (0, 1))), None), ""),
    (7, 3, (64 << 20) - 100, (Some(("1.5", 4 << 10, 0, (0, 1))), None), ""),
    (7, 3, 1 << 60, (Some(("10/3", 4 << 10, 0, (0, 1))), None), ""),
    (7, 3, 12_345, (Some(("4", 1 << 20, 0, (0, 1))), None), ""),
    (7, 3, 1 << 40, (Some(("1000", 4 << 20, 0, (0, 1))), None), ""),
    (7, 3, 1 << 22, (Some(("2", 16 << 10, 100, (0, 1))), None), ""),
    (7, 3, 1 << 22, (Some(("2", 16 << 10, 0, (5, 8))), None), ""),
    (9, 9, 0, (None, Some(("2", 4 << 10))), ""),
    (9, 9, 131_073, (None, Some(("1.05", 512))), ""),
    (9, 9, 1 << 60, (None, Some(("10/3", 128 << 10))), ""),
    (7, 3, 0, (Some(("1.5", 64 << 10, 0, (0, 1))), Some(("2", 4 << 10))), ""),
    (7, 3, 77 << 20, (Some(("4", 4 << 10, 0, (0, 1))), Some(("4", 4 << 10))), ""),
    (7, 3, 1 << 60, (Some(("3", 1 << 20, 65_536, (1, 2))), Some(("1.5", 32 << 10))), ""),
];

fn shape((dedup, compression): Asked) -> Shape {
    let dedup = dedup.map(|(asked, unit_bytes, distance_kib, (member, members))| {
        let distance = (distance_kib > 0).then_some(distance_kib << 10);
        Dedup::new(ratio(asked), unit_bytes, distance).expect("in range").among(member, members)
    });
    let compression =
        compression.map(|(asked, granule)| Compression::new(ratio(asked), granule, None).expect("in range"));
    Shape::new(dedup, compression).expect("granules fit units")
}

#[test]
fn the_stream_of_this_version_never_changes() {
    let mut changed = Vec::new();
    for (index, (seed, number, offset, asked, golden)) in GOLDEN.into_iter().enumerate() {
        for kernel in Kernel::all() {
            let stream = Stream::new(seed, number).shaped(shape(asked));
            let mut out = vec![MaybeUninit::uninit(); COUNT];
            let found = format!("{:032x}", hash(stream.fill(kernel, Stores::Ordinary, offset, &mut out)));
            if found != golden {
                changed.push(format!("row {index}, kernel {}: {found}", kernel.name()));
            }
        }
    }
    assert!(
        changed.is_empty(),
        "version {STREAM_VERSION} of the stream has other bytes than it had: data sets that were written before would \
         not verify any more. If that is meant, raise STREAM_VERSION in generator/mod.rs, say so in CHANGELOG.md and \
         put these digests into the table; if it is not, the change is a defect.\n{}",
        changed.join("\n")
    );
}

/// The digests above are of this version: a new one needs new digests, not only a new number.
#[test]
fn the_version_is_that_of_the_digests() {
    assert_eq!(STREAM_VERSION, 2);
}
