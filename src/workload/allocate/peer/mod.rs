//! Allocators that can serve a workload: one file each.

#[cfg(feature = "peers")]
mod jemalloc;
mod malloc;
#[cfg(feature = "peers")]
mod mimalloc;
mod null;
#[cfg(feature = "peers")]
mod rpmalloc;
mod slab;
#[cfg(feature = "peers")]
mod snmalloc;
mod system;

#[cfg(feature = "peers")]
pub use jemalloc::Jemalloc;
pub use malloc::{Malloc, MallocObject};
#[cfg(feature = "peers")]
pub use mimalloc::Mimalloc;
pub use null::{Null, NullObject};
#[cfg(feature = "peers")]
pub use rpmalloc::Rpmalloc;
#[cfg(feature = "peers")]
pub use snmalloc::Snmalloc;
pub use system::{System, SystemObject, Zeroed};

use crate::error::Result;
use crate::slab::{Allocate, Demand, Heap, RefillRecord};

/// The version of an allocator and its build: two builds of one allocator can differ by a factor of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Version that the library reports, or that of the crate that builds it.
    pub version: String,
    /// Crate, compiler flags and options of the build, as far as they are known.
    pub build: String,
}

/// Allocator of one worker during one repetition.
///
/// An allocator without an arena and without refills implements `provenance` and `serve` alone; one with the interface of
/// `malloc` and `free` implements [`Malloc`]. Objects are freed on any worker.
pub trait Peer<'heap>: Allocate<Object: Send> + Sized {
    /// Version and build of the allocator; `None` when there is no allocator.
    fn provenance() -> Option<Provenance>;

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
