//! The design of a generator as closed sets of words: each choice is a key of `[generate]` and an arm to compare.
//!
//! The first word of each set is the default.

use crate::word::words;

words! {
    /// `[generate] consumer`: the use of a block before it is given back.
    Consumer {
        /// None.
        Discard = "discard",
        /// Every byte is read.
        Checksum = "checksum",
        /// Every byte is read once and written elsewhere, as on the way into a file or a socket.
        Copy = "copy",
    }

    /// `[generate] handover`: the moment when a block reaches its consumer.
    Handover {
        /// With its chunk.
        Chunk = "chunk",
        /// As soon as it is filled, while it is still in the L3.
        Piece = "piece",
    }

    /// `[generate] schedule`: the assignment of blocks to workers.
    Schedule {
        /// Each worker fills its own part of every chunk.
        Static = "static",
        /// An idle worker takes blocks from others.
        Stealing = "stealing",
    }

    /// `[generate] memory`: the source of a block's memory.
    Memory {
        /// The rank's slab allocator.
        Slab = "slab",
        /// A zeroed buffer for every block.
        Fresh = "fresh",
    }

    /// `[generate] pool`: the lifetime of the workers.
    PoolUse {
        /// As long as the rank.
        Kept = "kept",
        /// As long as a chunk.
        PerChunk = "per-chunk",
    }

    /// `[generate] scope`: the ranks whose data holds the copies of a unit.
    Scope {
        /// Each rank by itself.
        Rank = "rank",
        /// All ranks of a host.
        Host = "host",
        /// All ranks.
        All = "all",
    }
}
