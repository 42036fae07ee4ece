//! The rank-local slab allocator.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `sync.rs` | which atomics: the standard ones or loom's |
//! | `class.rs` | size classes, and the arithmetic from an address to an object |
//! | `arena.rs` | the memory that holds objects |
//! | `list.rs`, `mailbox.rs`, `orphans.rs` | the three linked structures of records |
//! | `slab_record.rs`, `superslab_record.rs`, `table.rs` | metadata of memory, all of it outside the objects |
//! | `slab_own.rs`, `slab_returned.rs` | operations of a slab's owner, and those of other workers |
//! | `pool.rs` | free superslabs |
//! | `record.rs`, `recorder.rs` | the cost of refills |
//! | `misuse.rs` | errors: no room; pointers that are not live objects |
//! | `heap.rs` | state that all workers share |
//! | `cache.rs` | one worker's fast paths; below it `refill.rs`, `settle.rs`, `run.rs`, `foreign.rs`, `handover.rs` |
//! | `object.rs` | an object as a value, and the trait that other allocators share |
//! | `demand.rs` | the arena size that a case needs |
//!
//! The arena is cut into superslabs of 2 MiB. A superslab serves 64 slabs of 32 KiB (objects up to 4 KiB), or is one
//! slab itself (up to 1 MiB), or is part of a run (larger). A slab belongs to one worker and serves one size class.
//! Free objects are linked outside their memory, and a live object's link is its own start. A double free is
//! therefore detected, and nothing is ever written into an object. The owner writes links with plain stores. Another
//! worker sets a bit in a map of returned objects with one atomic operation; the first of them posts the slab to the
//! owner's mailbox.

mod arena;
mod cache;
mod class;
mod demand;
mod design;
mod foreign;
mod handover;
mod heap;
mod list;
mod mailbox;
mod misuse;
mod object;
mod orphans;
mod pool;
mod record;
mod recorder;
mod refill;
mod run;
mod settle;
mod slab_own;
mod slab_record;
mod slab_returned;
mod superslab_record;
mod sync;
mod table;
#[cfg(test)]
mod tests;

pub use arena::Arena;
pub use cache::Cache;
pub use class::{BATCH_BYTES_MAX, CLASS_COUNT, SHARED_BYTES_MAX, SLAB_BYTES, SUPERSLAB_BYTES};
pub use demand::{Demand, arena_bytes_needed};
pub use design::Design;
pub use heap::{BATCH_OBJECTS, Heap, HeapOptions, Stretch, Usage, WORKERS_MAX};
pub use misuse::{Misuse, OutOfMemory, Violation};
pub use object::{Allocate, Object};
pub use record::{CLASS_ROWS, ClassTotals, RUN_ROW, RefillRecord, Stage, Stratum};
