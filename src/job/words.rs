//! The closed sets of the job file: every word a key accepts, and nothing that this release does not do.

pub use crate::numa::Bind;
pub use crate::record::run::Level;
pub use crate::slab::Design;
pub use crate::word::Word;
use crate::word::words;
pub use crate::workload::generate::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};

words! {
    /// `[run] order`: the order of repetitions of different cases. The plan acts on it.
    Order {
        /// Rounds: one repetition of every case, in an order drawn from the seed.
        Interleaved = "interleaved",
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
        is_a_bijection::<PoolUse>();
        is_a_bijection::<Workload>();
        is_a_bijection::<Allocator>();
        is_a_bijection::<Design>();
        is_a_bijection::<Level>();
    }
}
