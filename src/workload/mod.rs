//! What happens inside a timed region.
//!
//! A workload is a session that all workers of a rank enter together and leave together; it takes plain
//! parameters, talks to nobody outside the rank, and allocates nothing from the heap of the program while the
//! clock runs. What it leaves is a [`Measured`]: durations, counts and histograms of this rank.

pub mod allocate;
pub mod barrier;
pub mod generate;
pub mod intervals;
pub mod limit;
mod noise;

use crate::error::Error;
use crate::generator::Digest;
use crate::measure::{Histogram, Measuring, Noise};
use crate::slab::RefillRecord;
use barrier::Poisoned;
use intervals::Division;

/// How much one repetition does.
#[derive(Clone, Copy)]
pub struct Extent<'a> {
    /// Untimed work before, in nanoseconds.
    pub warmup_ns: u64,
    /// Timed work.
    pub amount: Amount,
    /// How the timed region is divided.
    pub division: Division,
    /// Whether the run was asked to stop; asked once a chunk.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What bounds the timed region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Until this many nanoseconds have passed at the end of a chunk.
    Duration(u64),
    /// One data set of all ranks: chunk `i` belongs to rank `i mod ranks`.
    Dataset {
        /// Length of the whole data set.
        bytes: u64,
        /// This rank.
        rank: u32,
        /// All ranks.
        ranks: u32,
        /// Hash every block before it is handed over.
        digest: bool,
    },
}

/// What one rank measured in one repetition.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The timed region: from the last worker's arrival at its start to the last worker's arrival at its end.
    pub elapsed_ns: u64,
    /// Bytes generated.
    pub bytes: u64,
    /// Operations done.
    pub operations: u64,
    /// The timed region summed over the workers.
    pub worker_ns: u64,
    /// CPU time of the workers, from just before the timed region to just after it; of the thread that wakes or starts
    /// them as well, where they do not stay.
    pub cpu_ns: u64,
    /// Workers that did at least one block or operation in the timed region.
    pub busy_workers: u32,
    /// Bytes or operations finished in each interval of the timed region: they sum to `bytes` or `operations`.
    pub intervals: Vec<u64>,
    /// The most bytes of the arena that were in use at once, warm-up included; `None` when the allocator is not ours.
    pub memory_peak_bytes: Option<u64>,
    /// Durations of chunks, empty for workloads without.
    pub chunk_ns: Histogram,
    /// Refills of all workers' caches; `None` when the allocator is not ours.
    pub refills: Option<RefillRecord>,
    /// Digest of this rank's chunks, when asked for.
    pub digest: Option<Digest>,
    /// What consumers read, warm-up included.
    pub read: generate::Read,
    /// What else happened on the workers' cores.
    pub noise: Noise,
    /// What measuring all this cost.
    pub measuring: Measuring,
}

/// Why a worker left a session early.
#[derive(Clone, Debug)]
pub enum Ended {
    /// By itself, for this reason.
    Because(Error),
    /// Another worker of the rank failed; that one has the reason.
    Poisoned,
}

impl From<Poisoned> for Ended {
    fn from(_: Poisoned) -> Ended {
        Ended::Poisoned
    }
}

/// The one reason of a session in which at least one worker failed, or what all workers brought back.
pub fn collect<T>(results: Vec<Result<T, Ended>>) -> Result<Vec<T>, Error> {
    let mut reason = None;
    let mut records = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(record) => records.push(record),
            Err(Ended::Because(error)) => reason = reason.or(Some(error)),
            Err(Ended::Poisoned) => {}
        }
    }
    match reason {
        Some(error) => Err(error),
        None => Ok(records),
    }
}
