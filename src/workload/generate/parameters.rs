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

    /// Block `index` of a worker's part, if there are so many.
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

    /// Lengths of one worker's blocks between their generation and the end of their consumption: its part of the chunks
    /// in flight, of which the youngest is in the making; piece by piece what the consumer keeps, and the one in the
    /// making. Their memory is used again in this rhythm.
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

    /// Bytes of an arena in which a rank with so many workers never runs out.
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

    /// Bytes of buffers that a rank with so many workers asks of the system, at most; 0 when its blocks are the arena's.
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

    /// Blocks of one worker that are allocated and not given back, at most.
    fn live_per_worker(&self, workers: usize) -> u64 {
        let of_a_part = self.blocks_of_a_part(workers) as u64;
        let in_flight = u64::from(self.in_flight);
        match self.handover {
            // The chunks in flight, and the one that is being made.
            Handover::Chunk => of_a_part * (in_flight + 1),
            // What the consumer keeps and the one that it reads; and where it is late, what was filled since it last looked:
            // the rest of a chunk and all of the next.
            Handover::Piece => 2 * of_a_part + in_flight + 1,
        }
    }

    /// The most blocks that any worker fills of one chunk.
    pub fn blocks_of_a_part(&self, workers: usize) -> usize {
        (0..workers).map(|worker| self.blocks(self.chunk_bytes, worker, workers).len()).max().unwrap_or(0)
    }
}
