//! The rank-local slab allocator.
//!
//! From the ground up:
//!
//! | file | owns |
//! |---|---|
//! | `design.rs`, `hardening.rs` | the words of the designs, and of the levels of hardening |
//! | `sync.rs` | the choice of atomics: the standard ones or loom's |
//! | `class.rs` | size classes, and the arithmetic from an address to an object |
//! | `arena.rs` | the memory that holds objects |
//! | `pool.rs` | free superslabs |
//! | `record.rs`, `recorder.rs` | the cost of refills |
//! | `misuse.rs` | errors: no room; pointers that are not live objects |
//! | `object.rs` | an object as a value, and the trait that other allocators share |
//! | `demand.rs` | the arena size that a case needs |
//! | `sharded/` | the only design: heap and caches over all of the above |
//!
//! Nothing above `sharded/` in this table uses it, so that a second design can stand beside it.
//!
//! The arena is cut into superslabs of 2 MiB. A superslab serves 64 slabs of 32 KiB (objects up to 4 KiB), or is one
//! slab itself (up to 1 MiB), or is part of a run (larger).
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
mod class;
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
pub use class::{BATCH_BYTES_MAX, CLASS_COUNT, SHARED_BYTES_MAX, SLAB_BYTES, SUPERSLAB_BYTES};
pub use demand::{Demand, arena_bytes_needed};
pub use design::Design;
pub use hardening::{Cheap, Full, Hardening, Level, Off, Strict};
pub use misuse::{Misuse, OutOfMemory, Violation};
pub use object::{Allocate, Object};
pub use record::{CLASS_ROWS, ClassTotals, RUN_ROW, RefillRecord, Stage, Stratum};
pub use sharded::{BATCH_OBJECTS, Cache, Heap, HeapOptions, Stretch, Usage, WORKERS_MAX};
