//! What ends the rounds: rank 0 asks the stop rule after every whole stride of rounds, and tells the others.

use std::time::{Duration, Instant};

use super::output::Output;
use crate::comm::Comm;
use crate::error::Result;
use crate::plan::Plan;
use crate::record::{EndedBy, decode, encode};

/// How many rounds there were in the end, and why no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Repetitions of each case.
    pub rounds: u32,
    /// What ended them.
    pub ended_by: EndedBy,
}

/// Watches the rounds go by. What it finds matters on rank 0.
pub struct Watch {
    /// What the stop rule allows for all rounds.
    time: Option<Duration>,
    /// What earlier sessions of the run spent on those that count.
    before: Duration,
    began: Instant,
    /// When the stride that is going on began, and the longest until now.
    stride_began: Instant,
    longest: Duration,
}

impl Watch {
    /// Begins before the first round of this session.
    pub fn new(plan: &Plan, output: &Output) -> Watch {
        let (spent_ns, rounds) = output.spent(plan);
        let before = Duration::from_nanos(spent_ns);
        let now = Instant::now();
        Watch {
            time: plan.stop.and_then(|stop| stop.time).map(|time| Duration::from_nanos(time.0)),
            before,
            began: now,
            stride_began: now,
            // Of rounds that nobody watched the mean is known.
            longest: before * plan.stride / rounds.max(1),
        }
    }

    /// After turn `index`: what ended the run, if it is over. Collective.
    ///
    /// # Errors
    /// When the ranks cannot talk.
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
        // Rank 0 alone has the values of all ranks, and its clock decides for all.
        let mut bytes = encode(&output.ended_by(rounds).or_else(|| self.out_of_time(now)));
        comm.broadcast(&mut bytes)?;
        let ended_by: Option<EndedBy> = comm.agree(decode(&bytes))?;
        Ok(ended_by.map(|ended_by| Ending { rounds, ended_by }))
    }

    /// Whether the next rounds would not end in time, if they took as long as the longest.
    fn out_of_time(&self, now: Instant) -> Option<EndedBy> {
        let spent = self.before + (now - self.began);
        self.time.filter(|time| spent + self.longest > *time).map(|_| EndedBy::Time)
    }
}
