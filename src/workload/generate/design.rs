//! The choices of a generator's design: how chunks are made and consumed. Each choice is an arm to compare.

/// Use of a block before the consumer gives it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consumer {
    /// The consumer does nothing.
    #[default]
    Discard,
    /// Reads every byte.
    Checksum,
    /// Reads every byte once and writes it elsewhere, as the path into a file or a socket does.
    Copy,
}

/// Moment at which a block reaches its consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handover {
    /// With its chunk.
    #[default]
    Chunk,
    /// As soon as it is filled, while it is still in the L3.
    Piece,
}

/// Assignment of blocks to workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Each worker fills its own part of every chunk.
    #[default]
    Static,
    /// An idle worker takes blocks from others.
    Stealing,
}

/// Source of a block's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// The rank's slab allocator.
    #[default]
    Slab,
    /// A new zeroed buffer for every block.
    Fresh,
}

/// Lifetime of the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolUse {
    /// As long as the rank.
    #[default]
    Kept,
    /// As long as a chunk.
    PerChunk,
}

/// Ranks that share the copies of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Each rank alone.
    #[default]
    Rank,
    /// All ranks of a host.
    Host,
    /// All ranks.
    All,
}
