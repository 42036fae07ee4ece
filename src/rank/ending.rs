//! The end of the rounds: rank 0 evaluates the stop rule after every whole stride of rounds and tells the other ranks.

use std::time::{Duration, Instant};

use super::output::Output;
use crate::comm::Comm;
use crate::error::Result;
use crate::plan::Plan;
use crate::record::{EndedBy, decode, encode};

/// The number of rounds at the end of a run, and the reason why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Repetitions of each case.
    pub rounds: u32,
    /// The reason for the end.
    pub ended_by: EndedBy,
}

/// Decides after each stride if the run is over. Only rank 0's decision counts.
pub struct StopCheck {
    /// Time limit of the stop rule for all rounds.
    time: Option<Duration>,
    /// Time that earlier sessions of the run spent on rounds that count.
    before: Duration,
    began: Instant,
    /// Start of the current stride.
    stride_began: Instant,
    /// Time of the longest stride so far.
    longest: Duration,
}

impl StopCheck {
    /// Starts the clock; to be called before the first round of this session.
    pub fn new(plan: &Plan, output: &Output) -> StopCheck {
        let (spent_ns, rounds) = output.spent(plan);
        let before = Duration::from_nanos(spent_ns);
        let now = Instant::now();
        StopCheck {
            time: plan.stop.and_then(|stop| stop.time_ns).map(Duration::from_nanos),
            before,
            began: now,
            stride_began: now,
            // For rounds of earlier sessions only the mean is known.
            longest: before * plan.stride / rounds.max(1),
        }
    }

    /// Decides after turn `index` if the run is over, and why. Collective.
    ///
    /// # Errors
    /// When a rank has failed.
    pub fn after(
        &mut self,
        comm: &Comm,
        plan: &Plan,
        index: usize,
        output: &Output,
    ) -> Result<Option<Ending>> {
        let Some(rounds) = plan.rounds_after(index) else { return Ok(None) };
        if plan.stop.is_none() {
            let last = rounds == plan.repetitions;
            return Ok(last.then_some(Ending { rounds, ended_by: EndedBy::Repetitions }));
        }
        let now = Instant::now();
        self.longest = self.longest.max(now - self.stride_began);
        self.stride_began = now;
        // Only rank 0 has the values of all ranks, and its clock decides for all.
        let mut bytes = encode(&output.ended_by(rounds).or_else(|| self.out_of_time(now)));
        comm.broadcast(&mut bytes)?;
        let ended_by: Option<EndedBy> = comm.agree(decode(&bytes))?;
        Ok(ended_by.map(|ended_by| Ending { rounds, ended_by }))
    }

    /// Returns `Time` when the next stride would not end in time, assuming that it takes as long as the longest so far.
    fn out_of_time(&self, now: Instant) -> Option<EndedBy> {
        let spent = self.before + (now - self.began);
        self.time.filter(|time| spent + self.longest > *time).map(|_| EndedBy::Time)
    }
}
