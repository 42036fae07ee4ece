//! Ratios of the stream by the real compressors: every granule, not the mean of them.
#![cfg(feature = "cli")]

use std::collections::HashSet;
use std::mem::MaybeUninit;

use numamark::generator::calibration::{Calibration, TOLERANCE, granules};
use numamark::generator::compressor::Compressor;
use numamark::generator::{Codec, Compression, Dedup, Kernel, Ratio, Shape, Stores, Stream};
use numamark::hash;
use numamark::word::Word;

fn ratio(value: f64) -> Ratio {
    Ratio::new((value * 1000.0).ceil() as u64, 1000).expect("in range")
}

fn bytes(shape: Shape, stream: u64, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::uninit(); count];
    let stream = Stream::new(0xC0DEC, stream).shaped(shape);
    stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out).to_vec()
}

/// Checks that every granule is within the tolerance. If granules compress to fewer than 100 bytes, a few may be up to
/// one byte below it.
fn assert_met(data: &[u8], granule_bytes: u64, codec: Codec, asked: Ratio) {
    let mut compressor = Compressor::new(codec);
    let target = granule_bytes as f64 / asked.value();
    let granules = data.chunks_exact(usize::try_from(granule_bytes).expect("small"));
    let (count, mut smaller) = (granules.len(), 0);
    for granule in granules {
        let off = compressor.compressed_bytes(granule) as f64 - target;
        let chance = off < -TOLERANCE * target && off + 1.0 >= -TOLERANCE * target && target < 100.0;
        smaller += usize::from(chance);
        let met = off.abs() <= TOLERANCE * target;
        assert!(met || chance, "{} {granule_bytes} {asked}: {off} bytes from {target}", codec.word());
    }
    assert!(smaller <= count / 64, "{} {granule_bytes} {asked}: {smaller} of {count}", codec.word());
}

/// Ratios from just above 1 to the highest possible. Seed and streams differ from those of the calibration.
#[test]
fn every_granule_is_compressed_by_the_ratio_of_its_codec() {
    for &codec in Codec::ALL {
        for granule_bytes in granules() {
            let (least, most) = Calibration::shipped(codec, granule_bytes).ratios();
            let usual = [1.01, 1.02, 1.1, 1.25, 1.5, 1.7, 2.0, 3.0, 4.0, 7.3, 10.0];
            let usual = usual.into_iter().filter(|value| *value >= least && *value <= most);
            for (number, value) in (0..).zip(usual.chain([least + 0.001, most * 0.998])) {
                let asked = ratio(value);
                let compression = Compression::new(asked, granule_bytes, Some(codec)).expect("reachable");
                let shape = Shape::new(None, Some(compression)).expect("no units");
                // A second offset far away, and not on a segment.
                for offset in [0, (1 << 40) + granule_bytes] {
                    let data = bytes(shape, number, offset, (granule_bytes as usize * 8).max(1 << 19));
                    assert_met(&data, granule_bytes, codec, asked);
                }
            }
        }
    }
}

#[test]
fn dedup_and_compression_are_independent() {
    let unit_bytes = 64 << 10;
    let dedup = Dedup::new(ratio(1.5), unit_bytes, Some(1 << 20)).expect("in range");
    let prefix = usize::try_from(2 * dedup.window_bytes()).expect("a few MiB");
    let distinct = |shape| {
        let data = bytes(shape, 9, 0, prefix);
        let units: HashSet<u128> =
            data.chunks_exact(unit_bytes as usize).map(|unit| hash::hash_with_seed(unit, 0)).collect();
        (units.len(), data)
    };
    let (alone, _) = distinct(Shape::new(Some(dedup), None).expect("fits"));
    for &codec in Codec::ALL {
        for granule_bytes in [512, 4096, 65536] {
            let asked = ratio(2.5);
            let compression = Compression::new(asked, granule_bytes, Some(codec)).expect("reachable");
            let (both, data) = distinct(Shape::new(Some(dedup), Some(compression)).expect("fits"));
            assert_eq!(both, alone, "{} {granule_bytes}", codec.word());
            assert_met(&data, granule_bytes, codec, asked);
        }
    }
}

/// Without a codec the share of random bytes follows from the ratio alone, and every codec adds its overhead.
#[test]
fn an_uncalibrated_ratio_is_the_share_of_random_bytes() {
    for (value, granule_bytes) in [(1.5, 4096), (2.0, 4096), (4.0, 4096), (2.0, 65536)] {
        let compression = Compression::new(ratio(value), granule_bytes, None).expect("in range");
        let share = granule_bytes as f64 / compression.random_bytes() as f64;
        assert!((share / value - 1.0).abs() < 0.001, "{share}");
        let data = bytes(Shape::new(None, Some(compression)).expect("no units"), 1, 0, 1 << 20);
        for &codec in Codec::ALL {
            let mut compressor = Compressor::new(codec);
            for granule in data.chunks_exact(granule_bytes as usize) {
                let overhead = compressor.compressed_bytes(granule) - compression.random_bytes();
                assert!((20..300).contains(&overhead), "{} {granule_bytes}: {overhead}", codec.word());
            }
        }
    }
}

/// A file system may store a run of zeros as a hole, and a run of zeros is equal in every granule.
#[test]
fn no_granule_has_a_run_of_zeros_or_the_filler_of_another() {
    let compression = Compression::new(ratio(8.0), 4096, Some(Codec::Lz4)).expect("reachable");
    let data = bytes(Shape::new(None, Some(compression)).expect("no units"), 2, 0, 8 << 20);
    let zeros = data.chunk_by(|a, b| a == b).filter(|run| run[0] == 0).map(<[u8]>::len).max();
    assert!(zeros < Some(8), "{zeros:?} zeros in a row");
    let fillers: HashSet<&[u8]> = data.chunks_exact(4096).map(|granule| &granule[..8]).collect();
    assert_eq!(fillers.len(), data.len() / 4096);
}
