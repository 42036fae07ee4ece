//! Allocators that can serve a workload: one file each.

mod null;
mod slab;
mod system;

pub use null::{Null, NullObject};
pub use system::{System, SystemObject, Zeroed};

use crate::error::Result;
use crate::slab::{Allocate, Demand, Heap, RefillRecord};

/// Allocator of one worker during one repetition.
///
/// An allocator without an arena and without refills implements `serve` alone. Objects are freed on any worker.
pub trait Peer<'heap>: Allocate<Object: Send> + Sized {
    /// Bytes of an arena in which a rank with this many workers never runs out; 0 when the memory comes from elsewhere.
    fn arena_bytes(_workers: u32, _demand: Demand) -> u64 {
        0
    }

    /// Prepares to serve a worker. `heap` is `Some` when `arena_bytes` is not 0.
    ///
    /// # Errors
    /// When the allocator cannot serve this worker.
    fn serve(worker: u32, demand: Demand, heap: Option<&'heap Heap>) -> Result<Self>;

    /// Counts and times refills from now on.
    fn start_recording(&mut self) {}

    /// Refills since `start_recording`; `None` when the allocator records none. Allocates: not for timed regions.
    fn take_record(&mut self) -> Option<RefillRecord> {
        None
    }

    /// The most bytes of the arena in use at once, by all workers; `None` without an arena.
    fn memory_peak_bytes(&self) -> Option<u64> {
        None
    }
}
