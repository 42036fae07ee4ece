//! One worker's part of a chunk: consuming blocks that leave, filling new ones.

use std::alloc::Layout;
use std::ops::Range;

use super::Parameters;
use super::course::Course;
use super::design::{Handover, Memory};
use super::handover::Handover as Blocks;
use super::reader::Reader;
use super::source::RankStreams;
use super::supply::Block;
use super::written::{Writing, Written};
use crate::error::Error;
use crate::generator::Digest;
use crate::slab::{Allocate, Heap};
use crate::workload::Ended;

/// A chunk that is being made.
pub(super) struct Chunk {
    /// Its number, counted through both phases.
    pub(super) number: u64,
    /// Its place in the stream.
    pub(super) place: Range<u64>,
}

/// State that a worker keeps while it works, on its own part or another's.
pub(super) struct Hands {
    pub(super) reader: Reader,
    pub(super) digest: Digest,
    /// Blocks filled.
    pub(super) blocks: u64,
}

impl Chunk {
    fn bytes(&self) -> usize {
        usize::try_from(self.place.end - self.place.start).expect("no longer than chunk_bytes")
    }
}

/// State that making the parts of a chunk needs, shared by all workers.
pub(super) struct Parts<'a> {
    pub(super) parameters: Parameters,
    pub(super) workers: usize,
    pub(super) source: RankStreams,
    pub(super) heap: &'a Heap,
    pub(super) course: Course<'a>,
    pub(super) handover: Blocks<'a>,
}

impl<'a> Parts<'a> {
    /// Makes the whole part of this worker.
    pub(super) fn part(
        &self,
        chunk: &Chunk,
        worker: usize,
        supply: &mut impl Allocate<Object = Block<'a>>,
        hands: &mut Hands,
    ) -> Result<(), Ended> {
        let blocks = self.parameters.blocks(chunk.bytes(), worker, self.workers);
        match self.parameters.handover {
            Handover::Chunk => {
                if let Some(mut leaving) = self.handover.leaving(chunk.number, self.neighbour(worker)) {
                    for block in leaving.drain(..) {
                        consume(block, supply, hands)?;
                    }
                }
                let mut filled = self.handover.filled(chunk.number, worker);
                for inside in blocks {
                    filled.push(self.fill(chunk, inside, supply, hands)?);
                }
            }
            Handover::Piece => {
                for inside in blocks {
                    self.consume_pieces(worker, supply, hands)?;
                    let block = self.fill(chunk, inside, supply, hands)?;
                    self.handover.put(worker, block);
                }
                self.consume_pieces(worker, supply, hands)?;
            }
        }
        Ok(())
    }

    /// Makes item `index` of the part of `home`, on the worker that has `hands`: one block is consumed and one is
    /// filled. The memory belongs to `home`: a chunk's memory does not depend on the filling worker.
    pub(super) fn item(
        &self,
        chunk: &Chunk,
        (home, index): (usize, usize),
        supply: &mut impl Allocate<Object = Block<'a>>,
        hands: &mut Hands,
    ) -> Result<(), Ended> {
        let is_last = index + 1 == self.items_of(home);
        let neighbour = self.neighbour(home);
        match self.parameters.handover {
            Handover::Chunk => loop {
                let leaving = self.handover.leaving(chunk.number, neighbour);
                let Some(block) = leaving.and_then(|mut leaving| leaving.pop()) else { break };
                consume(block, supply, hands)?;
                // Parts have different numbers of blocks: the last item consumes all remaining blocks.
                if !is_last {
                    break;
                }
            },
            Handover::Piece => self.consume_pieces(home, supply, hands)?,
        }
        // The last chunk of a data set is shorter, and may have more blocks of a part.
        let end = if is_last { usize::MAX } else { index + 1 };
        for index in index..end {
            let Some(inside) = self.parameters.block(chunk.bytes(), home, self.workers, index) else { break };
            let block = self.fill(chunk, inside, supply, hands)?;
            match self.parameters.handover {
                Handover::Chunk => self.handover.filled(chunk.number, home).push(block),
                Handover::Piece => self.handover.put(home, block),
            }
        }
        Ok(())
    }

    /// Number of items of a part: one for each block; one for a part without blocks, as it may have blocks to consume.
    pub(super) fn items_of(&self, home: usize) -> usize {
        let chunk_bytes = self.parameters.chunk_bytes;
        self.parameters.blocks(chunk_bytes, home, self.workers).len().max(1)
    }

    /// Reads the blocks that this worker still has to consume, and gives back all that it keeps. All workers have
    /// stopped filling.
    pub(super) fn finish(
        &self,
        worker: usize,
        supply: &mut impl Allocate<Object = Block<'a>>,
        hands: &mut Hands,
    ) -> Result<(), Ended> {
        let (unread, kept) = self.handover.left(self.neighbour(worker));
        for block in kept {
            give_back(block, supply)?;
        }
        for block in unread {
            consume(block, supply, hands)?;
        }
        Ok(())
    }

    fn consume_pieces(
        &self,
        worker: usize,
        supply: &mut impl Allocate<Object = Block<'a>>,
        hands: &mut Hands,
    ) -> Result<(), Ended> {
        let Hands { reader, .. } = hands;
        self.handover.consume_pieces(
            self.neighbour(worker),
            |block| reader.read(block.as_ref()),
            |block| give_back(block, supply),
        )
    }

    /// The worker that fills the blocks this worker consumes.
    fn neighbour(&self, worker: usize) -> usize {
        (worker + 1) % self.workers
    }

    fn fill(
        &self,
        chunk: &Chunk,
        inside: Range<usize>,
        supply: &mut impl Allocate<Object = Block<'a>>,
        hands: &mut Hands,
    ) -> Result<Written<'a>, Ended> {
        let bytes = inside.len();
        let block = supply.take(self.layout(bytes)).map_err(|_| self.exhausted(bytes))?;
        let mut block = Writing::new(block);
        let mut place = chunk.place.start + inside.start as u64;
        for stretch in self.source.stretches(chunk.place.start, inside) {
            block.next(stretch.bytes, |part| {
                let filled =
                    stretch.stream.fill(self.parameters.kernel, self.parameters.stores, stretch.offset, part);
                if self.course.hashes() {
                    hands.digest.add(place, filled);
                }
                filled
            });
            place += stretch.bytes as u64;
        }
        hands.blocks += 1;
        Ok(block.finish())
    }

    /// The layout of a block: aligned to a cache line, as non-temporal stores need. Buffers of the C library have its
    /// own alignment.
    fn layout(&self, bytes: usize) -> Layout {
        let alignment = match self.parameters.memory {
            Memory::Slab => 64,
            Memory::Fresh => 1,
        };
        Layout::from_size_align(bytes, alignment).expect("a block is far smaller than the address space")
    }

    #[cold]
    fn exhausted(&self, bytes: usize) -> Ended {
        let where_ = match self.parameters.memory {
            Memory::Slab => format!("in an arena of {}", self.heap.usage().arena_bytes),
            Memory::Fresh => "in the memory of the system".to_owned(),
        };
        Ended::Because(Error::Failed(format!(
            "no room for a block of {bytes} bytes {where_}: the plan promised room; a bug in numamark"
        )))
    }
}

fn consume<'a>(
    block: Written<'a>,
    supply: &mut impl Allocate<Object = Block<'a>>,
    hands: &mut Hands,
) -> Result<(), Ended> {
    hands.reader.read(block.as_ref());
    give_back(block, supply)
}

fn give_back<'a>(block: Written<'a>, supply: &mut impl Allocate<Object = Block<'a>>) -> Result<(), Ended> {
    let refused =
        |misuse| Error::Failed(format!("a block could not be given back: {misuse}; a bug in numamark"));
    supply.give_back(block.into_block()).map_err(|misuse| Ended::Because(refused(misuse)))
}
