//! `--bound`: how much slower the candidate may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::run::Outcome;
use crate::record::run::{Better, Comparison, Interval, Scope, Verdict};
use crate::stats::LEVEL;

/// What became of the bound on one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BoundResult {
    /// The case, without its arm.
    pub case: String,
    /// The arm.
    pub candidate: String,
    /// The metric: a rate.
    pub metric: String,
    /// The largest loss that is accepted, as a share.
    pub bound: f64,
    /// Candidate over base; null when there is no pair.
    pub ratio: Option<f64>,
    /// Of the ratio.
    pub interval: Option<Interval>,
    /// `fail`: it is slower, and the whole interval beyond the bound; `pass`: such a loss is excluded; `warn`: neither, or
    /// nothing that was repeated often enough to tell.
    pub outcome: Outcome,
}

/// Holds every rate against the bound.
pub(super) fn bounds(rows: &[Comparison], bound: f64) -> Vec<BoundResult> {
    let rates = rows.iter().filter(|row| row.better == Better::Higher && !row.same);
    let lowest = 1.0 - bound;
    rates
        .map(|row| {
            // What cannot be told of one run a side, or is the range of a few, decides over no exit code.
            let told = row.interval.filter(|interval| interval.level >= LEVEL);
            let speaks_for_others = row.scope != Some(Scope::TheseProcesses);
            let outcome = match told.filter(|_| speaks_for_others) {
                Some(interval) if interval.high < lowest && row.verdict == Verdict::Slower => Outcome::Fail,
                Some(interval) if interval.low >= lowest => Outcome::Pass,
                _ => Outcome::Warn,
            };
            BoundResult {
                case: row.case.clone(),
                candidate: row.candidate.clone(),
                metric: row.metric.clone(),
                bound,
                ratio: row.ratio,
                interval: row.interval,
                outcome,
            }
        })
        .collect()
}
