//! Expected values of a case, which follow from its parameters and are compared with the measured ones.

use super::Seat;
use crate::record::run::Expected;
use crate::word::Word;
use crate::workload::generate::{self, Memory};

/// The expected values of a case of `generate` on one rank.
pub(super) fn expected(parameters: &generate::Parameters, workers: u32, seat: &Seat) -> Expected {
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
        stores: Some(parameters.stores.word().to_owned()),
        l3_bytes: Some(seat.l3_bytes).filter(|bytes| *bytes > 0),
        memory_bytes_min: if ours { working_set_bytes } else { 0 },
        memory_bytes_max: if ours { parameters.arena_bytes(workers) } else { 0 },
    }
}
