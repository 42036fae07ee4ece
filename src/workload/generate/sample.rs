//! A check of a rank's real data: a sample of its streams, with units hashed and granules compressed. Never in a timed
//! region.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use super::{Parameters, RankPosition, SampleFindings, Streams};
use crate::generator::compressor::Compressor;
use crate::generator::{Codec, Kernel, Stores, Stream};
use crate::hash;
use crate::workload::Amount;

/// Bytes of a stream that are hashed, unless its copies lie in a longer stretch.
const HASHED_BYTES: u64 = 64 << 20;
/// Bytes of a stream that are hashed at most, even then.
const HASHED_BYTES_MAX: u64 = 1 << 30;
/// Bytes that are compressed, of all streams together.
const COMPRESSED_BYTES: u64 = 64 << 20;
/// Streams that are sampled at most.
const STREAMS: u32 = 4;
/// Bytes that a worker fills at a time, unless a unit is longer.
const PIECE_BYTES: u64 = 1 << 20;
/// The unit when the job asks for no dedup: every page must be distinct.
const UNIT_BYTES_PLAIN: u64 = 4 << 10;
/// The granule when the job asks for no compression: a page.
const GRANULE_BYTES_PLAIN: u64 = 4 << 10;
/// The codec when the job names none, where the ratio is the share of random bytes: Zstandard at its default level.
const CODEC_PLAIN: Codec = Codec::Zstd3;
/// The most hashes that one rank sends, and that all ranks send together. A larger set keeps only the hashes that begin
/// with enough zero bits.
const HASHES_MAX: u64 = 1024;
const HASHES_OF_ALL_MAX: u64 = 64 << 10;

/// The sampled stretches: the same beginnings of their streams on every rank.
#[derive(Clone, Debug)]
pub struct Sample {
    streams: Vec<Stream>,
    offset: u64,
    stream_bytes: u64,
    piece_bytes: u64,
    unit_bytes: u64,
    granule_bytes: u64,
    codec: Codec,
    hash_zero_bits: u32,
    kernel: Kernel,
    stores: Stores,
}

/// Findings of one worker.
#[derive(Clone, Debug, Default)]
pub struct WorkerFindings {
    hashes: Vec<u64>,
    granules: u64,
    compressed_bytes: u64,
    compressed_bytes_max: u64,
}

impl Sample {
    /// The sample of this rank's streams; ranks take stretches of a data set one after the other.
    pub fn of(parameters: &Parameters, streams: Streams, amount: Amount, world: RankPosition) -> Sample {
        let (dedup, compression) = (streams.shape.dedup(), streams.shape.compression());
        let unit_bytes = dedup.map_or(UNIT_BYTES_PLAIN, |dedup| dedup.unit_bytes());
        let piece_bytes = PIECE_BYTES.max(unit_bytes);
        let window_bytes = dedup.map_or(0, |dedup| dedup.window_bytes());
        let wanted = window_bytes.clamp(HASHED_BYTES, HASHED_BYTES_MAX);
        let (offset, stream_bytes) = match amount {
            Amount::Duration(_) => (0, wanted),
            Amount::Dataset { bytes, rank, ranks, .. } => {
                let own = (bytes / u64::from(ranks) / piece_bytes * piece_bytes).min(wanted);
                (u64::from(rank) * own, own)
            }
        };
        let count = parameters.streams.clamp(1, STREAMS);
        let units = stream_bytes / unit_bytes * u64::from(count);
        let fewer = |bits: &u32| {
            units >> bits <= HASHES_MAX && (units * u64::from(world.ranks)) >> bits <= HASHES_OF_ALL_MAX
        };
        let named = (0..u64::from(count))
            .map(|number| Stream::new(streams.seed, streams.first + number).shaped(streams.shape));
        Sample {
            streams: named.collect(),
            offset,
            stream_bytes,
            piece_bytes,
            unit_bytes,
            granule_bytes: compression.map_or(GRANULE_BYTES_PLAIN, |asked| asked.granule_bytes() as u64),
            codec: compression.and_then(|asked| asked.codec()).unwrap_or(CODEC_PLAIN),
            hash_zero_bits: (0..u64::BITS).find(fewer).expect("no number has as many bits"),
            kernel: parameters.kernel,
            stores: parameters.stores,
        }
    }

    /// Inspects one worker's share: every `workers`-th piece, made with the case's own kernel and stores.
    pub fn inspect(&self, worker: usize, workers: usize) -> WorkerFindings {
        let size = |bytes: u64| usize::try_from(bytes).expect("a piece fits memory");
        let mut memory = vec![MaybeUninit::uninit(); size(self.piece_bytes)];
        let mut compressor = Compressor::new(self.codec);
        let mut share = WorkerFindings::default();
        let pieces = self.stream_bytes / self.piece_bytes;
        let places = (0..pieces).flat_map(|piece| self.streams.iter().map(move |stream| (piece, stream)));
        for (number, (piece, stream)) in (0u64..).zip(places).skip(worker).step_by(workers) {
            let offset = self.offset + piece * self.piece_bytes;
            let data = &*stream.fill(self.kernel, self.stores, offset, &mut memory);
            share.hashes.extend(data.chunks_exact(size(self.unit_bytes)).map(hash_of));
            if (number + 1) * self.piece_bytes <= COMPRESSED_BYTES {
                for granule in data.chunks_exact(size(self.granule_bytes)) {
                    let left = compressor.compressed_bytes(granule) as u64;
                    share.granules += 1;
                    share.compressed_bytes += left;
                    share.compressed_bytes_max = share.compressed_bytes_max.max(left);
                }
            }
        }
        share
    }

    /// The findings of all workers of the rank together.
    pub fn found(&self, shares: Vec<WorkerFindings>) -> SampleFindings {
        let sum = |of: fn(&WorkerFindings) -> u64| shares.iter().map(of).sum::<u64>();
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for hash in shares.iter().flat_map(|share| &share.hashes) {
            *counts.entry(*hash).or_default() += 1;
        }
        SampleFindings {
            unit_bytes: self.unit_bytes,
            units: counts.values().sum(),
            distinct_units: counts.len() as u64,
            hash_zero_bits: self.hash_zero_bits,
            codec: self.codec,
            granule_bytes: self.granule_bytes,
            granules: sum(|share| share.granules),
            compressed_bytes: sum(|share| share.compressed_bytes),
            compressed_bytes_max: shares.iter().map(|share| share.compressed_bytes_max).max().unwrap_or(0),
            hashes: counts
                .into_iter()
                .filter(|(hash, _)| hash.leading_zeros() >= self.hash_zero_bits)
                .collect(),
        }
    }
}

/// 64 bits are enough: a million units collide with a chance of one in 36 million.
fn hash_of(unit: &[u8]) -> u64 {
    u64::try_from(hash::hash(unit) >> 64).expect("half of it")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::generator::{Compression, Dedup, Ratio, Shape};

    fn found(shape: Shape, streams: u32, world: RankPosition, workers: usize) -> SampleFindings {
        let plain = Parameters::plain(1 << 20, 1 << 20, 1, Kernel::best(), Stores::Ordinary);
        let parameters = Parameters { shape, streams, ..plain };
        let amount = Amount::Duration(1);
        let sample = Sample::of(&parameters, Streams { seed: 4, first: 9, shape }, amount, world);
        sample.found((0..workers).map(|worker| sample.inspect(worker, workers)).collect())
    }

    fn alone() -> RankPosition {
        RankPosition { rank: 0, ranks: 1, host: 0, rank_on_host: 0, ranks_on_host: 1 }
    }

    #[test]
    fn ratios_are_found_as_they_were_asked_for_by_any_number_of_workers() {
        let dedup = Dedup::new(Ratio::parse("1.5").expect("a ratio"), 64 << 10, None).expect("a unit");
        let compression = Compression::new(Ratio::parse("2").expect("a ratio"), 4096, Some(Codec::Lz4));
        let shape = Shape::new(Some(dedup), compression.ok()).expect("it fits");
        let one = found(shape, 1, alone(), 1);
        assert_eq!((one.units, one.distinct_units), (1024, 683));
        assert_eq!(one.granules, COMPRESSED_BYTES / 4096);
        // Few enough to keep all of them.
        assert_eq!((one.hash_zero_bits, one.hashes.len() as u64), (0, one.distinct_units));
        assert!((2 * one.compressed_bytes).abs_diff(one.granules * 4096) < one.granules * 4096 / 1000);
        assert!(one.compressed_bytes_max * 2 <= 4096 * 102 / 100);
        assert_eq!(found(shape, 1, alone(), 3), one);
    }

    #[test]
    fn of_many_hashes_those_of_one_prefix_are_kept_with_their_counts() {
        let dedup = Dedup::new(Ratio::parse("2").expect("a ratio"), 4 << 10, None).expect("a unit");
        let found = found(Shape::new(Some(dedup), None).expect("it fits"), 1, alone(), 2);
        assert_eq!((found.units, found.distinct_units, found.hash_zero_bits), (16384, 8192, 4));
        assert!((400..620).contains(&found.hashes.len()), "{} of 8192, one in 16", found.hashes.len());
        assert!(found.hashes.iter().all(|(hash, count)| hash >> 60 == 0 && *count == 2));
    }

    #[test]
    fn a_plain_sample_has_nothing_twice_and_nothing_to_compress() {
        let found = found(Shape::PLAIN, 9, RankPosition { ranks: 1000, ..alone() }, 2);
        assert_eq!((found.units, found.distinct_units), (4 * 16384, 4 * 16384));
        assert!(found.compressed_bytes > found.granules * 4096);
        assert!(found.hashes.len() < 200, "{} of one of a thousand ranks", found.hashes.len());
    }
}
