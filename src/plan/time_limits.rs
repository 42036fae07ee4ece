//! Time limits of the stages of a run: a rank that is 100 times slower than usual is slow, not hung.

use std::time::Duration;

use super::{Case, Work};
use crate::job::Job;
use crate::workload::Amount;
use crate::workload::generate::{Consumer, Memory, PoolUse};

/// Time limits for the watchdog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimits {
    /// From the launcher's start to the first repetition: topology, binding, directory, populating the arena.
    pub set_up: Duration,
    /// One repetition of the slowest case on memory a hundred times slower than any, without what the machine adds.
    pub repetition: Duration,
    /// Measuring the limit of a case once.
    pub limit_measuring: Duration,
    /// Writing down a repetition: one line per rank, and the sums.
    pub record: Duration,
    /// Aggregating and writing the result.
    pub finish: Duration,
}

/// Time that any stage may take for reasons outside this program: an oversubscribed test machine, a slow file system.
const GRACE: Duration = Duration::from_secs(40);
/// The same before the machine is known: an emulated one is thirty times slower than a real one.
const FIRST_GRACE: Duration = Duration::from_secs(100);
/// A stage may exceed what it should take by this many times the most that a stage before it did.
const PATIENCE: u32 = 10;
/// A hundredth of what the slowest memory of today writes, in bytes per second.
const SLOWEST_BYTES_PER_S: u64 = 20 << 20;
/// A hundredth of the speed at which fresh pages are handed out, in bytes per second.
const SLOWEST_POPULATE_BYTES_PER_S: u64 = 10 << 20;

/// A hundred times what starting and pinning a thread takes.
const SLOWEST_START: Duration = Duration::from_millis(5);

/// Bytes that a worker may write after its time is over while it measures a limit: two strides of a piece in each of
/// four loops.
const BEYOND_LIMIT_BYTES: u64 = 16 << 20;

/// A hundred times what one rank's row of one repetition takes in the aggregates and in the files.
const SLOWEST_ROW: Duration = Duration::from_millis(5);

impl TimeLimits {
    pub(super) fn new(
        job: &Job,
        cases: &[Case],
        ranks: u32,
        amount: Amount,
        arena_bytes: u64,
        limit_measuring_ns: u64,
    ) -> TimeLimits {
        let rows = u64::from(ranks) * u64::from(job.run.repetitions.at_most()) * cases.len() as u64;
        let slowest =
            |bytes: Option<u64>| cases.iter().map(|case| slowest(case, bytes)).max().unwrap_or_default();
        let chunk = slowest(None);
        let warmup = Duration::from_nanos(job.run.warmup.0);
        let timed = match amount {
            // A worker looks at the clock after each chunk: the last one may begin just before the end.
            Amount::Duration(ns) => Duration::from_nanos(ns) + 2 * chunk,
            Amount::Dataset { bytes, ranks, .. } => slowest(Some(bytes / u64::from(ranks))) + 2 * chunk,
        };
        let limit_measuring = match limit_measuring_ns {
            0 => Duration::ZERO,
            ns => Duration::from_nanos(ns) + at(BEYOND_LIMIT_BYTES, SLOWEST_BYTES_PER_S),
        };
        TimeLimits {
            set_up: 3 * FIRST_GRACE + at(arena_bytes, SLOWEST_POPULATE_BYTES_PER_S),
            repetition: warmup + timed + 2 * limit_measuring,
            limit_measuring,
            record: FIRST_GRACE,
            finish: 3 * FIRST_GRACE + SLOWEST_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX)),
        }
    }

    /// The time limit of the next repetition, when those before took up to `longest`; zero before the first.
    ///
    /// A machine that was slow once may be again; one that was not is not given the time to hang.
    pub fn next_repetition(&self, longest: Duration) -> Duration {
        let grace = match longest {
            Duration::ZERO => FIRST_GRACE,
            longest => GRACE + PATIENCE * longest.saturating_sub(self.repetition),
        };
        self.repetition + grace
    }

    /// The time limit for measuring limits of one rank at a time; `ranks_on_host` is that of the host with most ranks.
    pub fn one_at_a_time(&self, ranks_on_host: u32) -> Duration {
        FIRST_GRACE + ranks_on_host * self.limit_measuring
    }
}

/// Time of the case for this many bytes, or for one chunk, when everything is a hundred times slower than usual.
fn slowest(case: &Case, bytes: Option<u64>) -> Duration {
    let Work::Generate(parameters) = case.work else { return Duration::ZERO };
    let chunk_bytes = parameters.chunk_bytes as u64;
    let bytes = bytes.unwrap_or(chunk_bytes);
    let filled = at(bytes, SLOWEST_BYTES_PER_S);
    let read = if parameters.consumer == Consumer::Discard { Duration::ZERO } else { filled };
    let populated = match parameters.memory {
        Memory::Slab => Duration::ZERO,
        Memory::Fresh => at(bytes, SLOWEST_POPULATE_BYTES_PER_S),
    };
    let chunks = u32::try_from(bytes.div_ceil(chunk_bytes)).unwrap_or(u32::MAX);
    let started = match parameters.pool {
        PoolUse::Kept => Duration::ZERO,
        PoolUse::PerChunk => SLOWEST_START.saturating_mul(case.workers).saturating_mul(chunks),
    };
    [read, populated, started].into_iter().fold(filled, Duration::saturating_add)
}

fn at(bytes: u64, bytes_per_s: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / bytes_per_s as f64)
}
