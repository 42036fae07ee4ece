//! Golden bytes: data sets on disk outlive this code.

use std::mem::MaybeUninit;

use numamark::generator::{Codec, Compression, Dedup, Kernel, STREAM_VERSION, Shape, Stores, Stream};
use numamark::hash::hash;

use crate::ratio;

/// Bytes that each row hashes: more than a segment of any shape, and no multiple of any size of the stream.
const COUNT: usize = 300_001;

/// Dedup `ratio`, unit, distance in KiB (0: automatic), (member, members); compression `ratio`, granule, codec.
type Asked = (Option<(&'static str, u64, u64, (u32, u32))>, Option<(&'static str, u64, Option<Codec>)>);

const PLAIN: Asked = (None, None);

/// Seed, stream, offset, shape, XXH3-128 of the bytes.
const GOLDEN: [(u64, u64, u64, Asked, &str); 20] = [
    (0, 0, 0, PLAIN, "9e51a2ceb71c8565b295be2c8d71d792"),
    (0, 1, 0, PLAIN, "1da7ab63e9b04c00ac84b9ffcfc5f118"),
    (1, 0, 0, PLAIN, "35faa8714b4d1a1c0b249e618b8b003e"),
    (42, 7, 65_535, PLAIN, "851f6e0496d6c7c1adf99ce438f7a988"),
    (42, 7, 1 << 60, PLAIN, "4af955ea6726cf612b7e3c7809f0c266"),
    (u64::MAX, u64::MAX, u64::MAX - 300_001, PLAIN, "ab8e001a9e197dec26d2a662e4e757f5"),
    (7, 3, 0, (Some(("2", 64 << 10, 0, (0, 1))), None), "46ea609e2b137cda5debb8518cbdffb6"),
    (7, 3, 40 << 20, (Some(("2", 64 << 10, 0, (0, 1))), None), "aee4e9755c360f9da7d30d2eb4806af9"),
    (7, 3, (64 << 20) - 100, (Some(("1.5", 4 << 10, 0, (0, 1))), None), "988483bdec63ce75fa99d16a81571fe7"),
    (7, 3, 1 << 60, (Some(("10/3", 4 << 10, 0, (0, 1))), None), "fbd1f67f0989e77406cfea603523af61"),
    (7, 3, 12_345, (Some(("4", 1 << 20, 0, (0, 1))), None), "3e17988bbf81fe25cf8691b2ae03eda2"),
    (7, 3, 1 << 40, (Some(("1000", 4 << 20, 0, (0, 1))), None), "863426a5cfa6e2f4d739ed3e0f8cea4e"),
    (7, 3, 1 << 22, (Some(("2", 16 << 10, 100, (0, 1))), None), "db62dd34b65e28c26d14397747f7d8a4"),
    (7, 3, 1 << 22, (Some(("2", 16 << 10, 0, (5, 8))), None), "b9f6e92f5cb6a76477b44456b3e9f7ac"),
    (9, 9, 0, (None, Some(("2", 4 << 10, None))), "ade1f10aae609eff8e76982a52c82804"),
    (9, 9, 131_073, (None, Some(("1.05", 512, None))), "a610c7a4f5e2ab8ce53eb4a50d5369e4"),
    (
        9,
        9,
        1 << 60,
        (None, Some(("10/3", 128 << 10, Some(Codec::Zstd3)))),
        "c4c6270882f2c77e9299e43605d39a51",
    ),
    (
        7,
        3,
        0,
        (Some(("1.5", 64 << 10, 0, (0, 1))), Some(("2", 4 << 10, Some(Codec::Lz4)))),
        "016a7a3b965b45e719f253747ab54870",
    ),
    (
        7,
        3,
        77 << 20,
        (Some(("4", 4 << 10, 0, (0, 1))), Some(("4", 4 << 10, Some(Codec::Zstd1)))),
        "eaceb095b494ffa89ec72c45f57f756d",
    ),
    (
        7,
        3,
        1 << 60,
        (Some(("3", 1 << 20, 65_536, (1, 2))), Some(("1.5", 32 << 10, None))),
        "3d25a19139d9c35bb12f590061c8f287",
    ),
];

fn shape((dedup, compression): Asked) -> Shape {
    let dedup = dedup.map(|(asked, unit_bytes, distance_kib, (member, members))| {
        let distance = (distance_kib > 0).then_some(distance_kib << 10);
        Dedup::new(ratio(asked), unit_bytes, distance).expect("in range").among(member, members)
    });
    let compression = compression
        .map(|(asked, granule, codec)| Compression::new(ratio(asked), granule, codec).expect("within reach"));
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
         put these digests into the table; if it is not, the change is a defect. Where only rows with a codec are \
         named, its calibration has changed, and so have the bytes that its ratios stand for: the same holds.\n{}",
        changed.join("\n")
    );
}

/// The digests above belong to this version: a new version needs new digests, not only a new number.
#[test]
fn the_version_is_that_of_the_digests() {
    assert_eq!(STREAM_VERSION, 2);
}
