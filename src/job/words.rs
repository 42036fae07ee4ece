//! The closed sets of the job file: every word a key accepts, and nothing that this release does not do.

pub use crate::word::Word;
use crate::word::words;

words! {
    /// `[run] order`: how repetitions of different cases follow each other.
    Order {
        /// Rounds: one repetition of every case, in an order drawn from the seed.
        Interleaved = "interleaved",
    }

    /// `[rank] bind`: what ties a rank to a node.
    Bind {
        /// One node a rank: adopted when the launcher chose one, chosen otherwise.
        Numa = "numa",
        /// Whatever the launcher left: the affinity mask is taken as it is.
        Inherit = "inherit",
        /// Nothing is bound, for comparison.
        None = "none",
    }

    /// `[generate] kernel`: which code fills a block.
    KernelName {
        /// The widest one this CPU runs.
        Auto = "auto",
        /// The definition of the byte stream, without SIMD.
        Scalar = "scalar",
        /// 256-bit vectors.
        Avx2 = "avx2",
        /// 512-bit vectors.
        Avx512 = "avx512",
    }

    /// `[generate] stores`: how a block reaches memory.
    StoresName {
        /// Ordinary while the bytes in flight fit the cache, non-temporal beyond.
        Auto = "auto",
        /// Through the cache.
        Ordinary = "ordinary",
        /// Past the cache.
        NonTemporal = "non-temporal",
    }

    /// `[generate] scope`: among whose data the copies of a unit lie.
    Scope {
        /// Each rank's own.
        Rank = "rank",
        /// That of all ranks of a host.
        Host = "host",
        /// That of all ranks.
        All = "all",
    }

    /// `[generate] codec`: the compressor that a ratio is met with.
    CodecName {
        /// One without any cost of its own: the inverse of the ratio is random.
        None = "none",
        /// Zstandard, level 1.
        Zstd1 = "zstd-1",
        /// Zstandard, level 3.
        Zstd3 = "zstd-3",
        /// LZ4, its fast mode.
        Lz4 = "lz4",
    }

    /// `[generate] consumer`: what becomes of a block.
    Consumer {
        /// Nothing.
        Discard = "discard",
        /// Every byte is read.
        Checksum = "checksum",
        /// Every byte is read once and written elsewhere, as on the way into a file or a socket.
        Copy = "copy",
    }

    /// `[generate] handover`: when a block reaches its consumer.
    Handover {
        /// With its chunk.
        Chunk = "chunk",
        /// As soon as it is filled.
        Piece = "piece",
    }

    /// `[generate] schedule`: who fills which block.
    Schedule {
        /// Each worker its own part of every chunk.
        Static = "static",
        /// Whoever has nothing to do takes from others.
        Stealing = "stealing",
    }

    /// `[generate] memory`: where a block's memory comes from.
    Memory {
        /// The rank's slab allocator.
        Slab = "slab",
        /// A zeroed buffer for every block.
        Fresh = "fresh",
    }

    /// `[generate] pool`: how long the workers live.
    Pool {
        /// As long as the rank.
        Kept = "kept",
        /// As long as a chunk.
        PerChunk = "per-chunk",
    }

    /// `[allocate] workload`: the pattern of allocations.
    Workload {
        /// A worker's 1024 slots; a random one is freed and allocated again with 8 to 128 bytes.
        Larson = "larson",
    }

    /// `[allocate] allocator`: who serves the workload.
    Allocator {
        /// The rank-local slab allocator.
        Slab = "slab",
        /// The allocator of the C library.
        System = "system",
    }

    /// `[slab] design`: how slabs and caches are laid out.
    SlabDesign {
        /// One cache a worker, a list of free objects per slab.
        Sharded = "sharded",
    }

    /// `[[gate]] level`: what a bound that is not met does to the exit code.
    Level {
        /// Exit code 3.
        Fail = "fail",
        /// A line in the report.
        Warn = "warn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_a_bijection<W: Word + std::fmt::Debug>() {
        assert_eq!(W::WORDS.len(), W::ALL.len());
        for (word, value) in W::WORDS.iter().zip(W::ALL) {
            assert_eq!(value.word(), *word);
            assert_eq!(W::from_word(word), Some(*value));
        }
        assert_eq!(W::from_word("no such word"), None);
    }

    #[test]
    fn every_word_stands_for_one_value_and_back() {
        is_a_bijection::<Order>();
        is_a_bijection::<Bind>();
        is_a_bijection::<KernelName>();
        is_a_bijection::<StoresName>();
        is_a_bijection::<Scope>();
        is_a_bijection::<CodecName>();
        is_a_bijection::<Consumer>();
        is_a_bijection::<Handover>();
        is_a_bijection::<Schedule>();
        is_a_bijection::<Memory>();
        is_a_bijection::<Pool>();
        is_a_bijection::<Workload>();
        is_a_bijection::<Allocator>();
        is_a_bijection::<SlabDesign>();
        is_a_bijection::<Level>();
    }
}
