//! The physical limit of a case: what its own cores and pages take of plain stores, and of triad, in the same run.
//!
//! An absolute figure from another day or another core says nothing on a shared machine, and one over other memory says
//! nothing about this one: so each worker goes over blocks that it allocates as the case does, as many as the case
//! keeps in flight, from a heap over the same stretch of the arena. Two chunks that fit the L3 have the L3's limit.
//!
//! | file | owns |
//! |---|---|
//! | `stores.rs` | the loops that write and do not read; the write-only limit is the best of them |
//! | `triad.rs` | the sum of STREAM: two reads a write |
//! | `pieces.rs` | a worker's blocks, cut so that the clock is looked at often enough |
//! | `session.rs` | all workers at once, each loop for its share of the time |

mod pieces;
mod session;
mod stores;
mod triad;

pub use session::{Session, Timing, WorkerTimings};
pub use stores::StoreLoop;
pub use triad::{triad, triad_bytes};

/// A loop whose speed is a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loop {
    /// Writes only.
    Store(StoreLoop),
    /// Two reads a write.
    Triad,
}

impl Loop {
    /// All of them, in the order in which they run.
    pub const ALL: [Loop; 4] = [
        Loop::Store(StoreLoop::Memset),
        Loop::Store(StoreLoop::Ordinary),
        Loop::Store(StoreLoop::NonTemporal),
        Loop::Triad,
    ];
}
