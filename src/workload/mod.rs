//! Work inside a timed region.
//!
//! A workload is a session that all workers of a rank enter together and leave together. It takes plain parameters,
//! exchanges nothing with other ranks, and allocates nothing from the heap of the program while the clock runs. It
//! returns a [`Measured`]: durations, counts and histograms of this rank.

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

/// Length of one repetition, and its end.
#[derive(Clone, Copy)]
pub struct Extent<'a> {
    /// Untimed work before, in nanoseconds.
    pub warmup_ns: u64,
    /// Timed work.
    pub amount: Amount,
    /// Division of the timed region into intervals.
    pub division: Division,
    /// Returns true when the run was asked to stop; called once a chunk.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Bound of the timed region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Ends with the first chunk that ends after this many nanoseconds.
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

/// Measurements of one rank in one repetition.
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
    /// CPU time of the workers, from just before the timed region to just after it. Where workers do not stay, with the
    /// CPU time of the thread that wakes or starts them.
    pub cpu_ns: u64,
    /// Workers that did at least one block or operation in the timed region.
    pub busy_workers: u32,
    /// Bytes or operations finished in each interval of the timed region: they sum to `bytes` or `operations`.
    pub intervals: Vec<u64>,
    /// The most bytes of the arena that were in use at once, warm-up included; `None` when the allocator is not ours.
    pub memory_peak_bytes: Option<u64>,
    /// CPU time of the threads that work beside the workers, over their whole life, warm-up included; `None` without
    /// such a thread.
    pub background_cpu_ns: Option<u64>,
    /// Durations of chunks, empty for workloads without.
    pub chunk_ns: Histogram,
    /// Latencies of operations from the times at which they were due; `None` in a closed loop.
    pub latency_ns: Option<Histogram>,
    /// Refills of all workers' caches; `None` when the allocator is not ours.
    pub refills: Option<RefillRecord>,
    /// Digest of this rank's chunks, when the repetition hashes them.
    pub digest: Option<Digest>,
    /// Bytes that consumers read, and their sum, warm-up included.
    pub read: generate::Read,
    /// Other activity on the workers' cores.
    pub noise: Noise,
    /// Cost of measuring all this.
    pub measuring: Measuring,
}

/// Reason why a worker left a session early.
#[derive(Clone, Debug)]
pub enum Ended {
    /// The worker failed, for this reason.
    Because(Error),
    /// Another worker of the rank failed; that worker returns the reason.
    Poisoned,
}

impl From<Poisoned> for Ended {
    fn from(_: Poisoned) -> Ended {
        Ended::Poisoned
    }
}

/// Returns the records of all workers, or, when at least one worker failed, the first reason.
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
