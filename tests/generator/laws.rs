//! Laws of every shape: every kernel and worker makes the specified bytes, and `verify` finds wrong bytes.

use std::collections::HashSet;
use std::mem::MaybeUninit;

use numamark::generator::{Codec, Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream, share};
use numamark::word::Word;
use proptest::prelude::*;
use proptest::sample::select;

use crate::oracle::{Asked, Units, oracle};
use crate::{bytes, ratio, shape};

/// A shape, and the same for the oracle. Some ratios divide no size evenly, one is far above the number of units in a
/// window. Units and granules of every size.
fn shapes() -> impl Strategy<Value = (Shape, Asked)> {
    let ratios = || select(vec![(1, 1), (3, 2), (2, 1), (10, 3), (101, 100), (7, 1), (31, 1), (20_000, 1)]);
    let distance = prop::option::of(4096u64 << 10..100 << 20);
    let members = (1u32..9).prop_flat_map(|members| (0..members, Just(members)));
    let dedup = prop::option::of((ratios(), 0u32..11, distance, members));
    let codec = prop::option::of(select(Codec::ALL.to_vec()));
    let compression = prop::option::of((ratios(), 0u32..9, codec));
    (dedup, compression).prop_filter_map(
        "granules that fit units and compress so far",
        |(dedup, compression)| {
            let ratio = |(numerator, denominator)| Ratio::new(numerator, denominator).expect("a ratio");
            let mut asked = Asked { units: None, granule: None };
            let dedup = dedup.map(|(of, doublings, distance, (member, members))| {
                let unit = 4096u64 << doublings;
                if of != (1, 1) {
                    asked.units = Some(Units {
                        ratio: (of.0.into(), of.1.into()),
                        bytes: unit.into(),
                        distance: distance.map(u128::from),
                        member: (member.into(), members.into()),
                    });
                }
                Dedup::new(ratio(of), unit, distance).expect("in range").among(member, members)
            });
            let compression = match compression {
                Some((of, doublings, codec)) => {
                    let compression = Compression::new(ratio(of), 512 << doublings, codec).ok()?;
                    let granule = 512usize << doublings;
                    // The oracle takes only the calibrated random bytes from the code under test.
                    let random = match codec {
                        Some(_) => compression.random_bytes(),
                        None => usize::try_from((granule as u64 * of.1 + of.0 / 2) / of.0).expect("small"),
                    };
                    asked.granule = (of != (1, 1)).then_some((granule, random));
                    Some(compression)
                }
                None => None,
            };
            Some((Shape::new(dedup, compression).ok()?, asked))
        },
    )
}

/// Bytes that this number of workers make, each its share of the chunk. Neighbours use different stores.
fn filled_by(
    workers: usize,
    stream: Stream,
    kernel: Kernel,
    offset: u64,
    count: usize,
    before: u8,
) -> Vec<u8> {
    let mut chunk = vec![MaybeUninit::new(before); count];
    std::thread::scope(|scope| {
        let mut rest = &mut chunk[..];
        for index in 0..workers {
            let range = share(count, index, workers);
            let (part, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            rest = later;
            let stores = Stores::ALL[index % Stores::ALL.len()];
            scope.spawn(move || stream.fill(kernel, stores, offset + range.start as u64, part).len());
        }
    });
    // SAFETY: every byte was initialised with `before`, and then perhaps overwritten.
    chunk.into_iter().map(|byte| unsafe { byte.assume_init() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_kernel_number_of_workers_and_start_gives_the_bytes_of_the_text(
        (seed, number) in any::<(u64, u64)>(),
        (shape, asked) in shapes(),
        // Near the beginning, where windows begin, and far away.
        offset in prop_oneof![0u64..1 << 28, 0..u64::MAX - (1 << 20)],
        count in 0usize..300_000,
        workers in 1usize..5,
    ) {
        let stream = Stream::new(seed, number).shaped(shape);
        let truth = oracle(seed, number, asked, offset, count);
        for kernel in Kernel::all() {
            for before in [0x00, 0xFF] {
                let chunk = filled_by(workers, stream, kernel, offset, count, before);
                prop_assert!(chunk == truth, "{} over {:#x}", kernel.name(), before);
            }
            prop_assert_eq!(stream.verify(kernel, offset, &truth), Ok(()));
        }
    }

    #[test]
    fn cuts_do_not_change_the_bytes(
        (shape, _) in shapes(),
        start in 0u64..1 << 40,
        cuts in prop::collection::vec(0usize..600_000, 0..8),
    ) {
        let stream = Stream::new(9, 9).shaped(shape);
        let whole = bytes(stream, start, 600_000);
        let mut edges = cuts;
        edges.extend([0, 600_000]);
        edges.sort_unstable();
        let pieces = edges.windows(2).map(|edge| bytes(stream, start + edge[0] as u64, edge[1] - edge[0]));
        prop_assert!(pieces.collect::<Vec<_>>().concat() == whole);
    }

    #[test]
    fn one_flipped_bit_anywhere_is_found_where_it_is(
        (shape, _) in shapes(),
        offset in 0u64..1 << 50,
        (count, wrong) in (1usize..300_000).prop_flat_map(|count| (Just(count), 0..count)),
        bit in 0u32..8,
    ) {
        let stream = Stream::new(1, 1).shaped(shape);
        let mut data = bytes(stream, offset, count);
        data[wrong] ^= 1 << bit;
        let mismatch = stream.verify(Kernel::best(), offset, &data).expect_err("one bit is wrong");
        prop_assert_eq!(mismatch.offset, offset + wrong as u64);
        prop_assert_eq!((mismatch.expected, mismatch.found), (data[wrong] ^ 1 << bit, data[wrong]));
    }

    #[test]
    fn a_granule_is_its_own_filler_and_then_its_own_random_bytes(
        (numerator, denominator) in select(vec![(3, 2), (2, 1), (4, 1), (21, 20), (32, 1)]),
        doublings in 0u32..9,
        start in 0u64..1 << 40,
    ) {
        let asked = Ratio::new(numerator, denominator).expect("a ratio");
        let compression = Compression::new(asked, 512 << doublings, None).expect("a granule");
        let stream = Stream::new(2, 3).shaped(Shape::new(None, Some(compression)).expect("no unit"));
        let (granule_bytes, random_bytes) = (compression.granule_bytes(), compression.random_bytes());
        let kept = granule_bytes as f64 / random_bytes as f64;
        prop_assert!((kept / asked.value() - 1.0).abs() < 0.02, "{} of {}", random_bytes, granule_bytes);
        let data = bytes(stream, start << 17, 1 << 20);
        let (mut fillers, mut ends) = (HashSet::new(), HashSet::new());
        for granule in data.chunks_exact(granule_bytes) {
            let (filler, random) = granule.split_at(granule_bytes - random_bytes);
            let repeats = |p: usize| granule[p] == filler[p % 8];
            prop_assert!((0..filler.len()).all(repeats));
            // Random bytes do not continue the repetition: one byte may by chance, eight do not.
            prop_assert!(!(filler.len()..filler.len() + 8).all(repeats));
            prop_assert!(!(granule_bytes - 8..granule_bytes).all(repeats));
            prop_assert!(fillers.insert(&filler[..8]) && ends.insert(&random[random_bytes - 8..]), "seen before");
        }
    }
}

/// Positions around every place where a stretch can be cut, for a granule of 512 bytes with 341 random ones.
#[test]
fn every_flipped_bit_around_a_granule_a_unit_and_a_window_is_found() {
    let dedup = Dedup::new(ratio("1.5"), 4 << 10, Some(1 << 20)).expect("in range");
    let compression = Compression::new(ratio("1.5"), 512, None).expect("in range");
    let stream = Stream::new(4, 2).shaped(Shape::new(Some(dedup), Some(compression)).expect("granules fit"));
    for edge in [4 << 10, dedup.window_bytes(), 1 << 60] {
        let offset = edge - 600;
        let mut data = bytes(stream, offset, 1200);
        for bit in 0..data.len() * 8 {
            data[bit / 8] ^= 1 << (bit % 8);
            let mismatch = stream.verify(Kernel::best(), offset, &data).expect_err("one bit is wrong");
            assert_eq!(mismatch.offset, offset + bit as u64 / 8);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(stream.verify(Kernel::best(), offset, &data), Ok(()));
    }
}

#[test]
fn the_first_byte_at_2_to_the_60_is_there_at_once() {
    // 2^60 bytes are more than 10^13 segments: a loop over them would not end.
    for shape in [Shape::PLAIN, shape("1", 4096, "2"), shape("3/2", 4096, "1"), shape("10/3", 1 << 16, "4")] {
        let stream = Stream::new(1, 2).shaped(shape);
        let data = bytes(stream, 1 << 60, 100);
        assert_eq!(stream.verify(Kernel::best(), 1 << 60, &data), Ok(()));
        assert_ne!(data, bytes(stream, 0, 100));
    }
}

#[test]
fn there_is_no_run_of_zeros() {
    for shape in [Shape::PLAIN, shape("1", 4096, "4"), shape("4", 4096, "4"), shape("2", 1 << 16, "100")] {
        let data = bytes(Stream::new(1, 2).shaped(shape), 0, 32 << 20);
        let longest = data.split(|byte| *byte != 0).map(<[u8]>::len).max().expect("at least one");
        // By chance: 3 or 4 zeros among 32 Mi bytes.
        assert!(longest < 8, "{longest} zeros in a row");
    }
}
