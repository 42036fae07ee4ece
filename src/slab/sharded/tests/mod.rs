//! Laws of the design as a whole. Each file states one kind; `lockfree.rs` is model-checked under loom.

#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod guards;
#[cfg(not(loom))]
mod handover;
#[cfg(not(loom))]
mod laws;
#[cfg(loom)]
mod lockfree;
#[cfg(not(loom))]
mod misuse;
#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod populator;
// Miri takes minutes to clear the counters of a record, which are reached without unsafe code.
#[cfg(not(any(loom, miri)))]
mod recording;
#[cfg(not(loom))]
mod stress;
#[cfg(not(loom))]
mod stretch;
#[cfg(not(loom))]
mod tenant;

#[cfg(not(loom))]
use crate::measure::Clock;
#[cfg(not(loom))]
use crate::slab::{Arena, Hardening, Heap, HeapOptions, SUPERSLAB_BYTES};

/// A heap over ordinary memory.
#[cfg(not(loom))]
fn heap(superslabs: usize, workers: u32) -> Heap {
    heap_with(superslabs, HeapOptions::new(workers, Clock::start()))
}

#[cfg(not(loom))]
fn heap_with(superslabs: usize, options: HeapOptions) -> Heap {
    let arena = Arena::plain(superslabs * SUPERSLAB_BYTES).expect("memory for a test");
    Heap::new(arena, options).expect("valid options")
}

/// A heap of this hardening.
#[cfg(not(loom))]
fn hardened_heap(superslabs: usize, workers: u32, hardening: Hardening) -> Heap {
    heap_with(superslabs, HeapOptions { hardening, ..HeapOptions::new(workers, Clock::start()) })
}

/// Fewer rounds under Miri, which is about a thousand times slower.
#[cfg(not(loom))]
fn rounds(native: u64, miri: u64) -> u64 {
    if cfg!(miri) { miri } else { native }
}

/// Smaller arenas under Miri: it visits the records of the whole arena wherever a reference to them is passed on.
#[cfg(not(loom))]
fn superslabs(native: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { native }
}
