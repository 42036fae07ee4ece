//! Open loops whose operations were due faster than they were done.

use super::text::{operation_rate, percent, plain};
use crate::aggregate::arrivals::{REACHED, due};
use crate::metric::CaseMetric;
use crate::record::run::CaseResult;
use crate::word::Word;

/// Largest number of cases that are named one by one.
const FEW: usize = 2;
/// The consequence for a reader.
const MEANING: &str = "latencies then include the queue, which grows with the repetition; lower \
                       allocate.arrivals";

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
            "arrivals: {} of {} cases did only {} to {} of the operations due: {MEANING}",
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
            "arrivals of {}: {} due, only {} done ({}): {MEANING}",
            plain(&self.case.id),
            operation_rate(self.due),
            operation_rate(self.done),
            percent(self.done / self.due),
        )
    }
}
