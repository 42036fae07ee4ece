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
pub use triad::{triad, triad_bytes};

use serde::{Deserialize, Serialize};

/// Loop that measures a limit. Which of the loops that only write is fastest depends on the CPU and the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKernel {
    /// `memset` of the C library, which may choose `rep stosb` or non-temporal stores by itself.
    Memset,
    /// The widest store instructions of this CPU, through the caches.
    Ordinary,
    /// The widest store instructions of this CPU, bypassing the caches.
    NonTemporal,
    /// `a = b + scale * c`: two reads a write.
    Triad,
}

impl LimitKernel {
    /// All loops, in the order in which they run.
    pub const ALL: [LimitKernel; 4] =
        [LimitKernel::Memset, LimitKernel::Ordinary, LimitKernel::NonTemporal, LimitKernel::Triad];
    /// The loops that only write: the write-only limit is the fastest of them.
    pub const STORES: [LimitKernel; 3] =
        [LimitKernel::Memset, LimitKernel::Ordinary, LimitKernel::NonTemporal];
}
