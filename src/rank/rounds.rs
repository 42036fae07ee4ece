//! The rounds: one repetition after another, each counted only when every rank has finished it.

use std::time::{Duration, Instant, SystemTime};

use super::ending::{Ending, StopCheck};
use super::equipment::Equipment;
use super::header::measure;
use super::limits::OneAtATime;
use super::output::Output;
use super::{Progress, Step, repetition};
use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::record::When;
use crate::units::Nanoseconds;
use crate::workload::Amount;

/// Runs the turns of the plan that `output` does not have yet, until the run is over or rank 0's `time` is used up.
/// Collective.
///
/// # Errors
/// When a rank fails, when a rank was asked to stop, or when the time is used up. All completed repetitions are kept.
pub fn run(
    comm: &Comm,
    plan: &Plan,
    equipment: &Equipment,
    time: Option<TimeLimit>,
    output: &mut Output,
    progress: &mut dyn Progress,
) -> Result<Ending> {
    let mut watch = StopCheck::new(plan, output);
    let stop = comm.stop().clone();
    let stopping = move || stop.requested().is_some();
    let mut longest = Duration::ZERO;
    let mut alone = OneAtATime::new(comm, equipment, plan, When::Before, &stopping);
    for (index, turn) in plan.turns.iter().enumerate() {
        let case = &plan.cases[turn.case];
        if output.has(&case.id, turn.round) {
            // Rounds the earlier session continued past need no decision; its last one is judged again.
            match goes_on(plan, index, output) {
                true => continue,
                false => match watch.after(comm, plan, index, output)? {
                    Some(ending) => return Ok(ending),
                    None => continue,
                },
            }
        }
        let of = of(plan);
        let stage = format!("repetition {} {of} ({}, round {})", index + 1, case.id, turn.round);
        comm.stage(&stage, plan.time_limits.next_repetition(longest));
        let step = step(plan, index);
        if comm.world().rank == 0 {
            progress.begin(&step);
        }
        output.begin(&case.id, turn.round);
        let mut next = longest.max(step.planned.unwrap_or_default()) + alone.planned_after();
        if turn.is_of_first_round() {
            next += alone.planned(*turn);
        }
        // Rank 0's clock decides for all ranks. The agreement is also a barrier.
        comm.agree(match time.filter(|time| comm.world().rank == 0 && !time.allows(next)) {
            Some(time) => Err(stopped(&format!("--time {}", time.longest), index, plan, output)),
            None => Ok(()),
        })?;
        let limits = if turn.is_of_first_round() { alone.of(*turn)? } else { Vec::new() };
        comm.stage(&stage, plan.time_limits.next_repetition(longest));
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let outcome = repetition::run(comm, equipment, plan, *turn, &stopping)?;
        if let Some(signal) = comm.stop_requested()? {
            return Err(stopped(signal.name(), index, plan, output));
        }
        longest = longest.max(began.elapsed());
        comm.stage(&format!("writing down {stage}"), plan.time_limits.record);
        let mut record = repetition::record(case, *turn, began_at, &outcome);
        record.limits.extend(limits);
        output.add(comm, &record)?;
        if comm.world().rank == 0 {
            progress.end(&step, output.rows(&case.id, turn.round));
        }
        if let Some(ending) = watch.after(comm, plan, index, output)? {
            return Ok(ending);
        }
    }
    unreachable!("the last turn of a plan ends it")
}

/// True when an earlier session has completed the turn after this one.
fn goes_on(plan: &Plan, index: usize, output: &Output) -> bool {
    let next = plan.turns.get(index + 1);
    next.is_some_and(|next| output.has(&plan.cases[next.case].id, next.round))
}

/// Describes turn `index` of the plan for the progress display.
fn step(plan: &Plan, index: usize) -> Step<'_> {
    let turn = plan.turns[index];
    let case = &plan.cases[turn.case];
    let planned = match plan.amount {
        Amount::Duration(timed_ns) => {
            let around_ns = plan.warmup_ns.saturating_add(plan.limit_measuring_ns_of(case));
            Some(Duration::from_nanos(around_ns.saturating_add(timed_ns)))
        }
        Amount::Dataset { .. } => None,
    };
    Step {
        index,
        count: plan.turns.len(),
        at_most: plan.stop.is_some(),
        case: &case.id,
        round: turn.round,
        rounds: plan.repetitions,
        measure: measure(case),
        planned,
    }
}

/// The time limit of a run.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimit {
    /// Start of the program.
    pub started: Instant,
    /// Longest time from the start to the end of the run.
    pub longest: Nanoseconds,
}

impl TimeLimit {
    /// True when work that takes `next` would end in time.
    fn allows(&self, next: Duration) -> bool {
        self.started.elapsed() + next <= Duration::from_nanos(self.longest.0)
    }
}

/// Returns `of 10`, or `of at most 40`.
fn of(plan: &Plan) -> String {
    let at_most = if plan.stop.is_some() { "at most " } else { "" };
    format!("of {at_most}{}", plan.turns.len())
}

fn stopped(by: &str, completed: usize, plan: &Plan, output: &mut Output) -> Error {
    output.stopped_by(by);
    let (directory, of) = (output.path().display(), of(plan));
    let look = match completed {
        0 => String::new(),
        _ => format!(", or look at them with numamark report {directory}"),
    };
    Error::Incomplete(format!(
        "stopped by {by} after {completed} {of} repetitions; continue with numamark run --resume {directory}{look}"
    ))
}
