//! What a case of `generate` fixes, and what follows from it: blocks, and the memory they take.

use std::ops::Range;

use super::design::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};
use crate::generator::{Kernel, Shape, Stores, share};
use crate::slab::{Demand, arena_bytes_needed};

/// What makes one case of `generate` different from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Unit of data handed to the consumer, a multiple of 4 KiB.
    pub chunk_bytes: usize,
    /// A worker fills at most this much at a time.
    pub block_bytes: usize,
    /// Chunks the consumer holds, at least 1.
    pub in_flight: u32,
    /// What fills.
    pub kernel: Kernel,
    /// How it stores.
    pub stores: Stores,
    /// Dedup and compression, without the members of the scope.
    pub shape: Shape,
    /// Among whose data the copies of a unit lie.
    pub scope: Scope,
    /// Streams beside each other in a chunk, at least 1.
    pub streams: u32,
    /// What becomes of a block.
    pub consumer: Consumer,
    /// When.
    pub handover: Handover,
    /// Who fills which block.
    pub schedule: Schedule,
    /// Where blocks come from.
    pub memory: Memory,
    /// How long the workers live.
    pub pool: PoolUse,
    /// Whether a sample is held against what was asked, outside every timed region.
    pub check: bool,
}

impl Parameters {
    /// One plain stream, in the design that is the default.
    pub fn plain(
        chunk_bytes: usize,
        block_bytes: usize,
        in_flight: u32,
        kernel: Kernel,
        stores: Stores,
    ) -> Parameters {
        Parameters {
            chunk_bytes,
            block_bytes,
            in_flight,
            kernel,
            stores,
            shape: Shape::PLAIN,
            scope: Scope::default(),
            streams: 1,
            consumer: Consumer::default(),
            handover: Handover::default(),
            schedule: Schedule::default(),
            memory: Memory::default(),
            pool: PoolUse::default(),
            check: false,
        }
    }

    /// The part of a chunk that one worker fills, cut into the fewest blocks of at most `block_bytes`: parts are equal,
    /// and so are the blocks of a part, up to 4 KiB, or to a segment where there are many. A chunk smaller than
    /// workers x block is split as evenly as a larger one.
    pub fn blocks(
        &self,
        chunk_bytes: usize,
        worker: usize,
        workers: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let part = share(chunk_bytes, worker, workers);
        let count = part.len().div_ceil(self.block_bytes);
        (0..count).map(move |index| {
            let inside = share(part.len(), index, count);
            part.start + inside.start..part.start + inside.end
        })
    }

    /// Bytes of an arena in which a rank with so many workers never runs out.
    pub fn arena_bytes(&self, workers: u32) -> u64 {
        let count = workers as usize;
        let blocks = || (0..count).flat_map(|worker| self.blocks(self.chunk_bytes, worker, count));
        let chunks = u64::from(self.in_flight) + 1;
        let demand = Demand {
            live_per_worker: self.blocks_of_a_part(count) as u64 * chunks,
            bytes_min: blocks().map(|block| block.len()).min().unwrap_or(0) as u64,
            bytes_max: blocks().map(|block| block.len()).max().unwrap_or(0) as u64,
        };
        arena_bytes_needed(workers, demand)
    }

    /// The most blocks that any worker fills of one chunk.
    pub fn blocks_of_a_part(&self, workers: usize) -> usize {
        (0..workers).map(|worker| self.blocks(self.chunk_bytes, worker, workers).count()).max().unwrap_or(0)
    }
}
