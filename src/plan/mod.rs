//! Job x seat -> [`Plan`]: every number resolved and checked before anything runs. Pure.
//!
//! All ranks derive the same cases in the same order from the same job; a rank's [`Seat`] decides how many workers
//! it has and how much memory it reserves. Nothing below this floor sees a `Job`, and nothing below checks again
//! what is checked here.

mod arms;
mod case;
mod cases;
mod combinations;
mod expected;
mod generate_cases;
mod layout;
mod memory;
mod miniature;
mod name;
mod order;
mod prediction;
mod resolve;
mod seat;
mod stores;
mod time_limits;

#[cfg(test)]
mod arm_tests;
#[cfg(test)]
mod prediction_tests;
#[cfg(test)]
mod tests;

pub use crate::record::run::Parameter;
pub use case::{Case, Work};
pub use layout::Footprint;
pub use miniature::Miniature;
pub use order::Turn;
pub use prediction::{Prediction, Probed, ProbedCase};
pub use seat::{Complex, Seat};
pub use time_limits::TimeLimits;

use crate::error::Result;
use crate::job::{Job, Stop};
use crate::slab::Design;
use crate::workload::Amount;
use crate::workload::intervals::Division;

/// The work of one rank.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every case, in the order of the job.
    pub cases: Vec<Case>,
    /// Every repetition of every case, in the order they run.
    pub turns: Vec<Turn>,
    /// Repetitions of each case; with a stop rule the most of them.
    pub repetitions: u32,
    /// The rule that may end them earlier.
    pub stop: Option<Stop>,
    /// Rounds that belong together: the run ends after a whole number of them, or after the last round.
    pub stride: u32,
    /// Untimed work before each repetition, in nanoseconds.
    pub warmup_ns: u64,
    /// Timed work of each repetition.
    pub amount: Amount,
    /// The intervals in which each repetition's progress is recorded.
    pub division: Division,
    /// Time for measuring the limit of a case before, and again after, each repetition, in nanoseconds; 0: none.
    pub limit_measuring_ns: u64,
    /// Layout of slabs and caches.
    pub design: Design,
    /// Workers of the rank's pool: the most that any case uses.
    pub workers: u32,
    /// Bytes of the arena; 0 when no case uses the slab allocator.
    pub arena_bytes: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Time after which a rank counts as hung, for each stage.
    pub time_limits: TimeLimits,
}

impl Plan {
    /// Resolves a job for one rank.
    ///
    /// # Errors
    /// When the job asks for more workers than the rank has PUs, for a kernel this CPU cannot run, or for more memory than the
    /// node or the cgroup has; when its arms cannot be compared.
    pub fn new(job: &Job, seat: &Seat) -> Result<Plan> {
        let cases = arms::expand(job, seat)?;
        let arena_bytes = memory::arena_bytes(&cases);
        memory::check(&cases, seat)?;
        let amount = order::amount(job, seat);
        let workers = cases.iter().map(|case| case.workers).max().expect("a job has at least one case");
        let limit_measuring_ns = job.run.limit.0;
        let time_limits = TimeLimits::new(job, &cases, seat.ranks, amount, arena_bytes, limit_measuring_ns);
        Ok(Plan {
            turns: order::turns(job, &cases),
            stride: order::stride(&cases),
            stop: job.run.repetitions.stop(),
            repetitions: job.run.repetitions.at_most(),
            warmup_ns: job.run.warmup.0,
            amount,
            division: order::division(job),
            limit_measuring_ns,
            design: job.slab.design,
            workers,
            arena_bytes,
            seed: job.seed,
            time_limits,
            cases,
        })
    }

    /// The rounds that are whole once this turn is over and belong to no half of a stride: what may end the run. `None`
    /// in the middle of a round.
    pub fn rounds_after(&self, index: usize) -> Option<u32> {
        let mine = self.turns[index].stride_index(self.stride);
        let last = self.turns.get(index + 1).is_none_or(|next| next.stride_index(self.stride) != mine);
        last.then(|| self.repetitions.min((mine + 1) * self.stride))
    }

    /// Limits, warm-up and timed work of all repetitions, as the job asks for them; `None` for a data set, which takes as
    /// long as it takes.
    pub fn asked_ns(&self) -> Option<u64> {
        let Amount::Duration(ns) = self.amount else { return None };
        let mut each = self.turns.iter().map(|turn| {
            let around = self.limit_measuring_ns_of(&self.cases[turn.case]);
            self.warmup_ns.checked_add(ns)?.checked_add(around)
        });
        each.try_fold(0u64, |sum, ns| sum.checked_add(ns?))
    }

    /// Bytes that all ranks generate in all repetitions of a data set; `None` for a duration, in which they generate what
    /// they can.
    pub fn data_set_bytes(&self) -> Option<u64> {
        let Amount::Dataset { bytes, .. } = self.amount else { return None };
        bytes.checked_mul(self.turns.len() as u64)
    }
}
