//! How chunks are made and what becomes of them: the choices of a generator's design, each an arm to compare.

/// What a consumer does with a block before it gives it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consumer {
    /// Nothing.
    #[default]
    Discard,
    /// Reads every byte.
    Checksum,
    /// Reads every byte once and writes it elsewhere, as the path into a file or a socket does.
    Copy,
}

/// When a block reaches its consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handover {
    /// With its chunk.
    #[default]
    Chunk,
    /// As soon as it is filled, while it is still in the L3.
    Piece,
}

/// Which worker fills which block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Each its own part of every chunk.
    #[default]
    Static,
    /// Whoever has nothing to do takes from others.
    Stealing,
}

/// Where a block's memory comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// The rank's slab allocator.
    #[default]
    Slab,
    /// A zeroed buffer for every block.
    Fresh,
}

/// How long the workers live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolUse {
    /// As long as the rank.
    #[default]
    Kept,
    /// As long as a chunk.
    PerChunk,
}

/// Among whose data the copies of a unit lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Each rank's own.
    #[default]
    Rank,
    /// That of all ranks of a host.
    Host,
    /// That of all ranks.
    All,
}
