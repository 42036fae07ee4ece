//! The sharded design: one cache a worker, and a free list for each slab.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `list.rs`, `mailbox.rs`, `orphans.rs` | the three linked structures of records |
//! | `slab_record.rs`, `superslab_record.rs`, `table.rs` | metadata of memory, all of it outside the objects |
//! | `slab_own.rs`, `slab_returned.rs` | operations of a slab's owner, and those of other workers |
//! | `heap.rs` | state that all workers share |
//! | `cache.rs` | one worker's fast paths; below it `refill.rs`, `settle.rs`, `run.rs`, `foreign.rs`, `handover.rs` |
//!
//! A slab belongs to one worker and serves one size class. Free objects are linked outside their memory, and a live
//! object's link is its own start. A double free is therefore detected, and nothing is ever written into an object.
//! The owner writes links with plain stores. Another worker sets a bit in a map of returned objects with one atomic
//! operation; the first of them posts the slab to the owner's mailbox.

mod cache;
mod foreign;
mod handover;
mod heap;
mod list;
mod mailbox;
mod orphans;
mod refill;
mod run;
mod settle;
mod slab_own;
mod slab_record;
mod slab_returned;
mod superslab_record;
mod table;
#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use heap::{BATCH_OBJECTS, Heap, HeapOptions, Stretch, Usage, WORKERS_MAX};
