//! The rank-local slab allocator: each worker has its cache of the rank's heap.

use super::{Peer, Provenance};
use crate::error::Result;
use crate::slab::{Cache, Demand, Heap, Level, RefillRecord, arena_bytes_needed};

impl<'heap, L: Level> Peer<'heap> for Cache<'heap, L> {
    fn provenance() -> Option<Provenance> {
        let version = format!("numamark {}", env!("CARGO_PKG_VERSION"));
        Some(Provenance { version, build: env!("NUMAMARK_BUILD").to_owned() })
    }

    fn arena_bytes(workers: u32, demand: Demand) -> u64 {
        arena_bytes_needed(workers, demand.hardened(L::HARDENING))
    }

    fn serve(worker: u32, _demand: Demand, heap: Option<&'heap Heap>) -> Result<Cache<'heap, L>> {
        heap.expect("an allocator with an arena gets a heap").hardened_cache(worker)
    }

    fn start_recording(&mut self) {
        Cache::start_recording(self);
    }

    fn take_record(&mut self) -> Option<RefillRecord> {
        Some(Cache::take_record(self))
    }

    fn memory_peak_bytes(&self) -> Option<u64> {
        Some(self.heap().usage().peak_bytes as u64)
    }
}
