//! Open loops: the operations that were due, and the share of them that was done.

use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Parameter};
use crate::word::Word;

/// An open loop that completed less than this share of what was due fell behind: the operations that are under way at
/// the end of a region are far fewer.
pub(crate) const REACHED: f64 = 0.99;

/// Share of the operations due that were done; `None` in a closed loop, or without a rate.
pub(crate) fn share_done(case: &CaseResult) -> Option<f64> {
    Some(case.metrics.get(CaseMetric::OperationsPerS.word())?.value? / due(case)?)
}

/// Operations that were due per second at all workers of all ranks; `None` in a closed loop.
pub(crate) fn due(case: &CaseResult) -> Option<f64> {
    let arrivals = case.number("arrivals")?;
    let workers: u64 = match case.parameters.get("workers") {
        Some(Parameter::Number(workers)) => {
            workers.saturating_mul(u64::try_from(case.per_rank.len()).unwrap_or(u64::MAX))
        }
        _ => case.per_rank.iter().map(|row| u64::from(row.workers)).sum(),
    };
    Some(arrivals as f64 * workers as f64)
}
