//! The rounds: one repetition after the other, each counted only when every rank has finished it.

use super::equipment::Equipment;
use super::output::Output;
use super::{Progress, repetition};
use crate::comm::{Comm, Stop};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Runs every turn of the plan that `output` does not have yet. Collective.
///
/// # Errors
/// When a rank fails, or when anybody was asked to stop: then everything completed until then is kept.
pub fn run(
    comm: &Comm,
    plan: &Plan,
    equipment: &Equipment,
    output: &mut Output,
    stop: &Stop,
    progress: &mut dyn Progress,
) -> Result<()> {
    let count = plan.turns.len();
    let stopping = || stop.requested().is_some();
    for (index, turn) in plan.turns.iter().enumerate() {
        let case = &plan.cases[turn.case];
        if output.has(&case.id, turn.round) {
            continue;
        }
        let stage = format!("repetition {} of {count} ({}, round {})", index + 1, case.id, turn.round);
        comm.stage(&stage, plan.limits.repetition);
        if comm.world().rank == 0 {
            progress.begin(index, count, &case.id);
        }
        comm.barrier()?;
        let measured = comm.agree(repetition::run(equipment, plan, *turn, &stopping))?;
        if comm.any(stopping())? {
            return Err(stopped(stop, index, count, output));
        }
        comm.stage(&format!("writing down {stage}"), plan.limits.finish);
        output.add(comm, &repetition::record(case, *turn, &measured))?;
    }
    Ok(())
}

fn stopped(stop: &Stop, completed: usize, count: usize, output: &Output) -> Error {
    let directory = output.path().display();
    let by = stop.requested().map_or(String::new(), |signal| format!(" by {signal}"));
    Error::Incomplete(format!(
        "stopped{by}: {completed} of {count} repetitions are done and kept; \
         continue with numamark run --resume {directory}, or look at them with numamark recover {directory}"
    ))
}
