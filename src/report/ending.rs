//! Repetitions of each case, the reason that the run ended, and the work that no figure includes.

use super::text::plain;
use crate::job::Job;
use crate::record::Run;
use crate::record::run::{EndedBy, Stop};
use crate::units::{Nanoseconds, Share};

/// Reason for the number of repetitions in a run with a stop rule.
pub(super) fn stop_rule(run: &Run) -> Option<String> {
    run.header.stop.and_then(|_| repetitions(run))
}

/// Repetitions of a complete run; those of a partial one differ between cases, and the table shows them.
fn repetitions(run: &Run) -> Option<String> {
    let ended_by = run.derived.ended_by.filter(|_| run.complete)?;
    Some(format!("repetitions: {} of each case{}", run.derived.rounds, why(run, ended_by)))
}

/// State of a run that did not reach its end; `None` for a complete one.
pub(super) fn partial(run: &Run) -> Option<String> {
    let shown = if run.repetitions_done() > 0 { "; showing those" } else { "" };
    Some(format!("PARTIAL RESULT: {}{shown}", plain(&run.standing()?)))
}

/// Repetitions and warm-up, one sentence each.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let repetitions = repetitions(run).filter(|_| run.header.stop.is_none());
    // The effective job holds all requested values, including the warm-up.
    let job = Job::parse(&run.header.job, "the job in run.json", &[]).ok();
    let warmup = job.map(|job| match job.run.warmup {
        Nanoseconds(0) => "warm-up: none".to_owned(),
        warmup => format!("warm-up: {warmup} before each repetition, in no figure"),
    });
    repetitions.into_iter().chain(warmup).collect()
}

fn why(run: &Run, ended_by: EndedBy) -> String {
    let Some(Stop { half_width, at_most, time_ns }) = run.header.stop else { return String::new() };
    let compared = run.header.planned.iter().any(|case| case.compared_as.is_some());
    let figure = if compared { "ratio" } else { "rate" };
    let width = plain(&Share(half_width).to_string());
    // The rule adds rounds after the first narrow look, so this text makes no statement about the last confidence
    // interval.
    match ended_by {
        EndedBy::Repetitions => String::new(),
        EndedBy::HalfWidth => {
            format!(" of at most {at_most}: the stop rule found every {figure} known to +-{width}")
        }
        EndedBy::AtMost => {
            format!(", the most that the stop rule allows: not every {figure} is known to +-{width}")
        }
        EndedBy::Time => {
            let time = time_ns.map_or(String::new(), |time| format!(" of {}", Nanoseconds(time)));
            format!(
                " of at most {at_most}: the stop rule's time{time} is over; not every {figure} is known to +-{width}"
            )
        }
    }
}
