//! Open loops whose operations were due faster than they were done.

use super::text::{operation_rate, percent, plain};
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Parameter};
use crate::word::Word;

/// An open loop that completed less than this share of what was due fell behind: the operations that are under way at
/// the end of a region are far fewer.
const REACHED: f64 = 0.99;
/// Largest number of cases that are named one by one.
const FEW: usize = 2;
/// The consequence for a reader.
const MEANING: &str = "their latencies include the wait behind the others and grow with the length of a repetition; \
                       lower arrivals";

/// A case that fell behind: operations that were due each second, and that were done.
struct Behind<'a> {
    case: &'a CaseResult,
    due: f64,
    done: f64,
}

/// Lines about the cases that fell behind; named one by one when there are few.
pub(super) fn lines(cases: &[CaseResult]) -> Vec<String> {
    let behind: Vec<Behind<'_>> = cases.iter().filter_map(Behind::of).collect();
    let shares = || behind.iter().map(|behind| behind.done / behind.due);
    match (shares().reduce(f64::min), shares().reduce(f64::max)) {
        (Some(low), Some(high)) if behind.len() > FEW => vec![format!(
            "arrivals: in {} of {} cases only {} to {} of the operations that were due were done: {MEANING}",
            behind.len(),
            cases.len(),
            percent(low),
            percent(high),
        )],
        _ => behind.iter().map(Behind::line).collect(),
    }
}

impl Behind<'_> {
    fn of(case: &CaseResult) -> Option<Behind<'_>> {
        let due = due(case)?;
        let done = case.metrics.get(CaseMetric::OperationsPerS.word())?.value?;
        (done < due * REACHED).then_some(Behind { case, due, done })
    }

    fn line(&self) -> String {
        format!(
            "arrivals of {}: {} were due and only {} were done ({}): {MEANING}",
            plain(&self.case.id),
            operation_rate(self.due),
            operation_rate(self.done),
            percent(self.done / self.due),
        )
    }
}

/// Operations that were due each second at all workers of all ranks; `None` in a closed loop.
fn due(case: &CaseResult) -> Option<f64> {
    let arrivals = case.number("arrivals")?;
    let workers: u64 = match case.parameters.get("workers") {
        Some(Parameter::Number(workers)) => workers * case.per_rank.len() as u64,
        _ => case.per_rank.iter().map(|row| u64::from(row.workers)).sum(),
    };
    Some(arrivals as f64 * workers as f64)
}
