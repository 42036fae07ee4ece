//! The rank-local slab allocator.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `sync.rs` | which atomics: the standard ones or loom's |
//! | `class.rs` | size classes, and the arithmetic from an address to an object |
//! | `arena.rs` | the memory objects live in |
//! | `list.rs`, `mailbox.rs`, `orphans.rs` | the three ways records are strung together |
//! | `slab_record.rs`, `superslab_record.rs`, `table.rs` | what is known about memory, all of it outside the objects |
//! | `slab_own.rs`, `slab_returned.rs` | what a slab's owner does with it, and what the others do |
//! | `pool.rs` | superslabs that belong to nobody |
//! | `record.rs`, `recorder.rs` | what refills cost |
//! | `misuse.rs` | no room; pointers that are not live objects |
//! | `heap.rs` | what workers share |
//! | `cache.rs` | one worker's fast paths; below it `refill.rs`, `settle.rs`, `run.rs`, `foreign.rs`, `handover.rs` |
//! | `object.rs` | an object as a value, and the trait that other allocators share |
//! | `demand.rs` | how large an arena must be |
//!
//! The arena is cut into superslabs of 2 MiB. A superslab serves 64 slabs of 32 KiB (objects up to 4 KiB), or is one
//! slab itself (up to 1 MiB), or is part of a run (larger). A slab belongs to one worker and serves one size class.
//! Free objects are listed by links outside their memory, and a live object's link is its own start: so freeing twice
//! is seen, and nothing is ever written into an object. The owner writes links with plain stores; other workers set
//! bits of a map of returned objects with one atomic operation, and the first of them posts the slab to the owner's
//! mailbox.

mod arena;
mod cache;
mod class;
mod demand;
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
pub use heap::{BATCH_OBJECTS, Heap, HeapOptions, Stretch, Usage, WORKERS_MAX};
pub use misuse::{Misuse, OutOfMemory, Violation};
pub use object::{Allocate, Object};
pub use record::{CLASS_ROWS, ClassTotals, RUN_ROW, RefillRecord, Stage, Stratum};
