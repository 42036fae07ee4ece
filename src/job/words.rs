//! Closed sets of words that no room below declares.

use crate::word::words;

words! {
    /// `[run] order`: the order of repetitions of different cases. The plan acts on it.
    Order {
        /// Rounds: one repetition of every case, in an order drawn from the seed.
        Interleaved = "interleaved",
    }

    /// `[allocate] workload`: the pattern of allocations.
    Workload {
        /// A worker's 1024 slots; a random one is freed and allocated again with 8 to 128 bytes.
        Larson = "larson",
    }

    /// `[allocate] allocator`: the allocator that serves the workload.
    Allocator {
        /// The rank-local slab allocator.
        Slab = "slab",
        /// The allocator of the C library.
        System = "system",
    }
}
