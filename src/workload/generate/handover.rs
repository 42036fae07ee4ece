//! Blocks between the worker that fills them and their consumer.
//!
//! Worker `w - 1` consumes the blocks of worker `w`, as the consumer of a real pipeline runs on another core. With
//! `chunk`, blocks wait until `in_flight` chunks later. With `piece`, the consumer takes the waiting blocks whenever it
//! has filled one of its own, reads them at once and keeps the latest `in_flight` of them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use super::written::Written;
use super::{Parameters, lock};

/// Blocks between filling and consumption, by the worker that filled them.
pub(super) struct Handover<'a> {
    in_flight: usize,
    /// `[chunk mod (in_flight + 1)][worker]`: blocks which that worker filled. Under the static schedule a list is
    /// locked once a chunk, by the filling worker or, a barrier later, by the consumer: never by two at a time.
    of_chunks: Vec<Vec<Mutex<Vec<Written<'a>>>>>,
    /// `[worker]`: filled and not yet consumed.
    pieces: Vec<Mutex<VecDeque<Written<'a>>>>,
    /// `[worker]`: consumed and still kept.
    kept: Vec<Mutex<VecDeque<Written<'a>>>>,
}

impl<'a> Handover<'a> {
    /// Empty lists with room for all blocks that can be on their way, so that nothing is allocated later.
    pub(super) fn new(parameters: &Parameters, workers: usize) -> Handover<'a> {
        let in_flight = parameters.in_flight as usize;
        let blocks = parameters.blocks_of_a_part(workers);
        let slot = |_| (0..workers).map(|_| Mutex::new(Vec::with_capacity(blocks))).collect();
        let queues = |room: usize| (0..workers).map(|_| Mutex::new(VecDeque::with_capacity(room))).collect();
        Handover {
            in_flight,
            of_chunks: (0..=in_flight).map(slot).collect(),
            pieces: queues(2 * blocks),
            kept: queues(in_flight + 1),
        }
    }

    /// Blocks of the chunk that the worker has filled.
    pub(super) fn filled(&self, chunk: u64, worker: usize) -> MutexGuard<'_, Vec<Written<'a>>> {
        lock(&self.of_chunks[(chunk % self.of_chunks.len() as u64) as usize][worker])
    }

    /// Blocks of the worker in the chunk that is given back while `chunk` is made; `None` while there is no such chunk.
    pub(super) fn leaving(&self, chunk: u64, worker: usize) -> Option<MutexGuard<'_, Vec<Written<'a>>>> {
        Some(self.filled(chunk.checked_sub(self.in_flight as u64)?, worker))
    }

    /// Hands over one block.
    pub(super) fn put(&self, worker: usize, block: Written<'a>) {
        lock(&self.pieces[worker]).push_back(block);
    }

    /// Calls `read` for every waiting block of the worker, and `give_back` for every block that is no longer kept. One
    /// consumer at a time: a second one returns at once and leaves the blocks to the first.
    pub(super) fn consume_pieces<E>(
        &self,
        worker: usize,
        mut read: impl FnMut(&Written<'a>),
        mut give_back: impl FnMut(Written<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Ok(mut kept) = self.kept[worker].try_lock() else { return Ok(()) };
        // A statement of its own: the queue is not locked while a block is read.
        while let Some(block) = { lock(&self.pieces[worker]).pop_front() } {
            read(&block);
            kept.push_back(block);
            if kept.len() > self.in_flight {
                give_back(kept.pop_front().expect("one was put there"))?;
            }
        }
        Ok(())
    }

    /// All remaining blocks of the worker: those still to be read, and those that its consumer keeps.
    pub(super) fn left(&self, worker: usize) -> (Vec<Written<'a>>, Vec<Written<'a>>) {
        let of_chunks = self.of_chunks.iter().flat_map(|slot| std::mem::take(&mut *lock(&slot[worker])));
        let unread = of_chunks.chain(std::mem::take(&mut *lock(&self.pieces[worker]))).collect();
        (unread, std::mem::take(&mut *lock(&self.kept[worker])).into())
    }
}
