//! Expected values of a case, which follow from its parameters and are compared with the measured ones.

use super::Seat;
use crate::generator::Stores;
use crate::workload::generate::{self, Memory};

/// A case of `generate` on one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Blocks that all workers of the rank together fill of one chunk.
    pub blocks_per_chunk: u32,
    /// Workers with at least one of them.
    pub busy_workers: u32,
    /// Bytes between their generation and the end of their consumption: the chunks in flight, of which the youngest is
    /// the one in the making, or the blocks. Memory is used again in this rhythm.
    pub working_set_bytes: u64,
    /// The kind of store its blocks end in, also when the job leaves it open.
    pub stores: Stores,
    /// The L3 caches behind the rank's PUs; `None` when the machine does not say.
    pub l3_bytes: Option<u64>,
    /// The least that the arena's high-water mark can be once as many chunks were made: the working set; 0 for a case
    /// whose blocks are not the arena's.
    pub memory_bytes_min: u64,
    /// The most: the arena that is reserved for the case; 0 likewise.
    pub memory_bytes_max: u64,
}

impl Expected {
    pub(super) fn of(parameters: &generate::Parameters, workers: u32, seat: &Seat) -> Expected {
        let count = workers as usize;
        let blocks = (0..count).map(|worker| parameters.blocks(parameters.chunk_bytes, worker, count).len());
        let blocks: Vec<usize> = blocks.collect();
        let number = |items: usize| u32::try_from(items).expect("a chunk has at most 16 Mi blocks");
        let held = (0..count).flat_map(|worker| parameters.held_blocks(worker, count));
        let working_set_bytes = held.map(|bytes| bytes as u64).sum();
        let ours = parameters.memory == Memory::Slab;
        Expected {
            blocks_per_chunk: number(blocks.iter().sum()),
            busy_workers: number(blocks.iter().filter(|blocks| **blocks > 0).count()),
            working_set_bytes,
            stores: parameters.stores,
            l3_bytes: Some(seat.l3_bytes).filter(|bytes| *bytes > 0),
            memory_bytes_min: if ours { working_set_bytes } else { 0 },
            memory_bytes_max: if ours { parameters.arena_bytes(workers) } else { 0 },
        }
    }
}
