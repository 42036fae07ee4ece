//! The sharded design: one cache per worker, and a free list for each slab.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `list.rs`, `mailbox.rs`, `orphans.rs` | the three linked structures of records |
//! | `object_links.rs` | links of free objects, in the objects' first words |
//! | `slab_record.rs`, `returned.rs`, `superslab_record.rs`, `table.rs` | metadata of memory, all of it outside the objects |
//! | `chain.rs` | objects of other workers that wait to be given back |
//! | `guards.rs` | inaccessible pages behind large objects, at the level `full` |
//! | `heap.rs` | state that all workers share |
//! | `populator.rs` | a thread beside the workers that faults in what they take next |
//! | `cache.rs` | one worker's fast paths |
//! | `core.rs` | the cache's state; below it `refill.rs`, `settle.rs`, `run.rs`, `foreign.rs`, `handover.rs`, `inspect.rs` |
//!
//! A slab belongs to one worker and serves one size class. Free objects are linked through their own first words,
//! encoded with a random key. The owner frees with plain stores. Another worker collects the objects that it frees of
//! one slab in a chain and gives the chain back with one atomic operation; the first of them posts the slab to the
//! owner's mailbox.

mod cache;
mod chain;
mod core;
mod foreign;
mod guards;
mod handover;
mod heap;
mod inspect;
mod list;
mod mailbox;
mod object_links;
mod orphans;
mod populator;
mod refill;
mod returned;
mod run;
mod settle;
mod slab_record;
mod superslab_record;
mod table;
#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use heap::{BATCH_OBJECTS, Heap, HeapOptions, Stretch, Usage, WORKERS_MAX};
pub use populator::{Populator, PopulatorReport, with_background};
