//! The closed sets of the job file: every word a key accepts, and nothing that this release does not do.

pub use crate::word::Word;
use crate::word::words;
pub use crate::workload::allocate::{Allocator, Workload};

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

    /// `[slab] design`: how slabs and caches are laid out.
    SlabDesign {
        /// One cache a worker, a list of free objects per slab.
        Sharded = "sharded",
    }

    /// `[[gate]] metric`: what a case has one value of.
    CaseMetric {
        /// Bytes generated a second by all ranks.
        ThroughputBytesPerS = "throughput_bytes_per_s",
        /// Bytes generated a second by the slowest rank.
        SlowestRankThroughputBytesPerS = "slowest_rank_throughput_bytes_per_s",
        /// Allocations and frees a second by all ranks.
        OperationsPerS = "operations_per_s",
        /// Allocations and frees a second by the slowest rank.
        SlowestRankOperationsPerS = "slowest_rank_operations_per_s",
        /// CPU time that the workers spend on a GiB of data.
        CoreSecondsPerGib = "core_seconds_per_gib",
        /// CPU time that the workers spend on an operation.
        CoreNsPerOperation = "core_ns_per_operation",
        /// Share of worker time in which the workers had their processors.
        CpuShare = "cpu_share",
        /// Share of worker time spent in refills.
        RefillShare = "refill_share",
        /// Share of the arena's pages that are on the rank's own node.
        Locality = "locality",
        /// Throughput over what the same pages and cores take of plain stores.
        LimitShare = "limit_share",
        /// The same of the slowest rank.
        SlowestRankLimitShare = "slowest_rank_limit_share",
        /// Share of worker time that measuring took.
        MeasuringShare = "measuring_share",
        /// Times that a worker lost its processor to somebody else.
        InvoluntarySwitches = "involuntary_switches",
        /// Share of worker time spent ready and without a processor.
        RunDelayShare = "run_delay_share",
        /// Share of worker time that the hypervisor gave to others.
        StealShare = "steal_share",
        /// The most that a core clock changed over a repetition, up or down.
        CoreClockChange = "core_clock_change",
        /// Workers of the idlest rank that did anything.
        BusyWorkers = "busy_workers",
        /// Units for each that differs, among the ranks of the scope: of what `check` sampled.
        DedupRatio = "dedup_ratio",
        /// Units that differ within their scope for each that differs at all: 1, unless scopes have data in common.
        DedupRatioAcross = "dedup_ratio_across",
        /// Bytes before compression for each after it, by the case's codec: of what `check` sampled.
        CompressionRatio = "compression_ratio",
        /// The same of the granule that compressed least.
        CompressionRatioMin = "compression_ratio_min",
        /// The most bytes of a rank's arena in use at once.
        MemoryPeakBytes = "memory_peak_bytes",
        /// Nodes slower than others of their class: of the run, not of a case.
        Stragglers = "stragglers",
    }

    /// `[[gate]] metric`, before its last point: what a case has a distribution of.
    Histogram {
        /// Durations of chunks.
        Chunk = "chunk_ns",
        /// Durations of refills.
        Refill = "refill_ns",
        /// The stage of a refill that looks for a slab.
        RefillFind = "refill_stage_ns.find",
        /// The stage that takes memory from the arena.
        RefillMap = "refill_stage_ns.map",
        /// The stage that prepares a slab.
        RefillInitialise = "refill_stage_ns.initialise",
        /// The stage that makes objects.
        RefillCarve = "refill_stage_ns.carve",
        /// The stage that takes what other workers freed.
        RefillDrain = "refill_stage_ns.drain",
    }

    /// `[[gate]] metric`, after its last point: a figure of a distribution.
    Figure {
        /// How many there were.
        Count = "count",
        /// The smallest.
        Min = "min",
        /// The median.
        P50 = "p50",
        /// What 90 of 100 stay below.
        P90 = "p90",
        /// What 99 of 100 stay below.
        P99 = "p99",
        /// What 999 of 1000 stay below.
        P999 = "p999",
        /// The largest.
        Max = "max",
        /// All of them together.
        Sum = "sum",
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
        is_a_bijection::<CaseMetric>();
        is_a_bijection::<Histogram>();
        is_a_bijection::<Figure>();
        is_a_bijection::<Level>();
    }
}
