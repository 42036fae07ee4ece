//! The fixed values of a case of `generate`, and the blocks and memory that follow from them.

use std::ops::Range;

use super::design::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};
use crate::generator::{Kernel, Shape, Stores, share};
use crate::slab::{Demand, arena_bytes_needed};

/// Parameters in which one case of `generate` differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Unit of data handed to the consumer, a multiple of 4 KiB.
    pub chunk_bytes: usize,
    /// A worker fills at most this much at a time.
    pub block_bytes: usize,
    /// Chunks that the consumer holds, at least 1.
    pub in_flight: u32,
    /// Code that fills blocks.
    pub kernel: Kernel,
    /// Kind of its stores.
    pub stores: Stores,
    /// Dedup and compression, without the members of the scope.
    pub shape: Shape,
    /// Ranks that share the copies of a unit.
    pub scope: Scope,
    /// Streams beside each other in a chunk, at least 1.
    pub streams: u32,
    /// Use of a block by its consumer.
    pub consumer: Consumer,
    /// Moment at which a block reaches its consumer.
    pub handover: Handover,
    /// Assignment of blocks to workers.
    pub schedule: Schedule,
    /// Source of a block's memory.
    pub memory: Memory,
    /// Lifetime of the workers.
    pub pool: PoolUse,
    /// True when a sample of the data is checked against the asked shape, outside every timed region.
    pub check: bool,
}

impl Parameters {
    /// One plain stream, in the default design.
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
            scope: Scope::Rank,
            streams: 1,
            consumer: Consumer::Discard,
            handover: Handover::Chunk,
            schedule: Schedule::Static,
            memory: Memory::Slab,
            pool: PoolUse::Kept,
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
    ) -> impl ExactSizeIterator<Item = Range<usize>> {
        let part = share(chunk_bytes, worker, workers);
        (0..part.len().div_ceil(self.block_bytes)).map(move |index| self.cut(&part, index))
    }

    /// Block `index` of a worker's part; `None` when the part has fewer blocks.
    pub fn block(
        &self,
        chunk_bytes: usize,
        worker: usize,
        workers: usize,
        index: usize,
    ) -> Option<Range<usize>> {
        let part = share(chunk_bytes, worker, workers);
        (index < part.len().div_ceil(self.block_bytes)).then(|| self.cut(&part, index))
    }

    fn cut(&self, part: &Range<usize>, index: usize) -> Range<usize> {
        let inside = share(part.len(), index, part.len().div_ceil(self.block_bytes));
        part.start + inside.start..part.start + inside.end
    }

    /// Lengths of one worker's blocks between their generation and the end of their consumption. With `chunk`: its part
    /// of the chunks in flight, the youngest of which is being made. With `piece`: the blocks that the consumer keeps,
    /// and the one being made. Their memory is used again after this number of blocks.
    pub fn held_blocks(&self, worker: usize, workers: usize) -> impl Iterator<Item = usize> {
        let of_a_part: Vec<usize> =
            self.blocks(self.chunk_bytes, worker, workers).map(|block| block.len()).collect();
        let in_flight = self.in_flight as usize;
        let count = match self.handover {
            Handover::Chunk => of_a_part.len() * in_flight,
            Handover::Piece => in_flight + 1,
        };
        of_a_part.into_iter().cycle().take(count)
    }

    /// Bytes of an arena in which a rank with this many workers never runs out.
    pub fn arena_bytes(&self, workers: u32) -> u64 {
        let count = workers as usize;
        let blocks = || (0..count).flat_map(|worker| self.blocks(self.chunk_bytes, worker, count));
        let demand = Demand {
            live_per_worker: self.live_per_worker(count),
            bytes_min: blocks().map(|block| block.len()).min().unwrap_or(0) as u64,
            bytes_max: blocks().map(|block| block.len()).max().unwrap_or(0) as u64,
        };
        arena_bytes_needed(workers, demand)
    }

    /// Bytes of buffers that a rank with this many workers takes from the C library, at most; 0 when its blocks are in
    /// the arena.
    pub fn fresh_bytes(&self, workers: u32) -> u64 {
        match self.memory {
            Memory::Slab => 0,
            Memory::Fresh => {
                let largest = self.block_bytes.min(self.chunk_bytes) as u64;
                let count = self.live_per_worker(workers as usize).saturating_mul(u64::from(workers));
                count.saturating_mul(largest)
            }
        }
    }

    /// Blocks of one worker that are allocated and not yet given back, at most.
    fn live_per_worker(&self, workers: usize) -> u64 {
        let of_a_part = self.blocks_of_a_part(workers) as u64;
        let in_flight = u64::from(self.in_flight);
        match self.handover {
            // The chunks in flight, and the one being made.
            Handover::Chunk => of_a_part * (in_flight + 1),
            // The blocks that the consumer keeps, and the one that it reads. If the consumer is late, also the blocks
            // filled since it last took some: the rest of a chunk and all of the next.
            Handover::Piece => 2 * of_a_part + in_flight + 1,
        }
    }

    /// The most blocks that any worker fills of one chunk.
    pub fn blocks_of_a_part(&self, workers: usize) -> usize {
        (0..workers).map(|worker| self.blocks(self.chunk_bytes, worker, workers).len()).max().unwrap_or(0)
    }
}
