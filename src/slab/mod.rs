//! The rank-local slab allocator.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `design.rs`, `hardening.rs`, `background.rs` | the words of the designs, of the levels of hardening, and of the work beside the workers |
//! | `sync.rs` | the choice of atomics: the standard ones or loom's |
//! | `class.rs` | size classes, and the arithmetic from an address to an object |
//! | `arena.rs` | the memory that holds objects |
//! | `pool.rs` | free superslabs |
//! | `record.rs`, `recorder.rs` | the cost of refills |
//! | `misuse.rs` | errors: no room; pointers that are not live objects |
//! | `object.rs` | an object as a value, and the trait that other allocators share |
//! | `demand.rs` | the arena size that a case needs |
//! | `sharded/` | the only design: heap and caches over all of the above |
//! | `collection.rs` | a cache as the allocator of collections, with the feature `allocator-api2` |
//!
//! Nothing above `sharded/` in this table uses it, so that a second design can stand beside it.
//!
//! The arena is cut into superslabs of 2 MiB. A superslab serves 64 slabs of 32 KiB (objects up to 4 KiB), or is one
//! slab itself (up to 1 MiB), or is part of a run (larger).
//!
//! # As a library
//!
//! The allocator needs none of the program's features: `default-features = false`. A heap owns an arena; each thread
//! that allocates has a cache of the heap, a worker. Any worker's cache takes any worker's objects back.
//!
//! ```
//! use std::alloc::Layout;
//! use numamark::measure::Clock;
//! use numamark::slab::{Allocate, Arena, Heap, HeapOptions};
//!
//! # fn main() -> numamark::error::Result<()> {
//! let workers = 2;
//! let heap = Heap::new(Arena::plain(8 << 20)?, HeapOptions::new(workers, Clock::start()))?;
//! let layout = Layout::new::<[u64; 6]>();
//!
//! let mut cache = heap.cache(0)?;
//! let mut object = cache.take(layout).expect("an arena of 8 MiB has room for 48 bytes");
//! object.as_mut().fill(std::mem::MaybeUninit::new(7));
//!
//! // Objects can be given back on another thread, by another worker.
//! std::thread::scope(|scope| {
//!     let other = scope.spawn(|| heap.cache(1)?.give_back(object).map_err(|why| numamark::error::Error::Usage(why.to_string())));
//!     other.join().expect("no panic")
//! })?;
//!
//! cache.trim();
//! assert_eq!(heap.violations(), 0);
//! assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
//! # Ok(())
//! # }
//! ```
//!
//! `Allocate` hands out objects as values, which can be given back only once, without `unsafe`. `Cache::allocate` and
//! `Cache::deallocate` are the same on raw pointers. `examples/global.rs` is a global allocator, `examples/collection.rs`
//! has collections whose memory comes from a cache. `docs/allocator.md` tells what each level of hardening finds.
// A truncated number could become a stray pointer, so casts that may truncate are denied.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

mod arena;
mod background;
mod class;
#[cfg(feature = "allocator-api2")]
mod collection;
mod demand;
mod design;
mod hardening;
mod misuse;
mod object;
mod pool;
mod record;
mod recorder;
mod sharded;
mod sync;

pub use arena::Arena;
pub use background::Background;
pub use class::{BATCH_BYTES_MAX, CLASS_COUNT, SHARED_BYTES_MAX, SLAB_BYTES, SUPERSLAB_BYTES};
#[cfg(feature = "allocator-api2")]
pub use collection::CacheAllocator;
pub use demand::{Demand, arena_bytes_needed};
pub use design::Design;
pub use hardening::{Cheap, Full, Hardening, Level, Off, Strict};
pub use misuse::{Misuse, OutOfMemory, Violation};
pub use object::{Allocate, Object};
pub use record::{CLASS_ROWS, ClassTotals, RUN_ROW, RefillRecord, Stage, Stratum};
pub use sharded::{
    BATCH_OBJECTS, Cache, Heap, HeapOptions, Populator, PopulatorReport, Stretch, Usage, WORKERS_MAX,
    with_background,
};
