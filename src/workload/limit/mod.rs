//! The limit of a case: bandwidth of plain stores, and of triad, on the case's own cores and pages, in the same run.
//!
//! On a shared machine a limit from another day, core or memory is not comparable. So each worker uses blocks that it
//! allocates as the case does, as many as the case keeps in flight, from a heap over the same stretch of the arena. Two
//! chunks that fit the L3 have the L3's limit.
//!
//! | file | owns |
//! |---|---|
//! | `stores.rs` | the loops that write and do not read; the write-only limit is the best of them |
//! | `triad.rs` | the sum of STREAM: two reads a write |
//! | `pieces.rs` | a worker's blocks, cut so that the clock is read often enough |
//! | `session.rs` | all workers at once, each loop for its share of the time |

mod pieces;
mod session;
mod stores;
mod triad;

pub use session::{Session, Timing, WorkerTimings};
pub use stores::StoreLoop;
pub use triad::{triad, triad_bytes};

/// A loop that measures a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loop {
    /// Writes only.
    Store(StoreLoop),
    /// Two reads a write.
    Triad,
}

impl Loop {
    /// All loops, in the order in which they run.
    pub const ALL: [Loop; 4] = [
        Loop::Store(StoreLoop::Memset),
        Loop::Store(StoreLoop::Ordinary),
        Loop::Store(StoreLoop::NonTemporal),
        Loop::Triad,
    ];
}
