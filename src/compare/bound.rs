//! `--bound`: the largest accepted slowdown of the candidate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::record::run::Outcome;
use crate::record::run::{Better, Comparison, ConfidenceInterval, Scope, Verdict};
use crate::stats::LEVEL;

/// Outcome of the bound for one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BoundResult {
    /// The case, without its arm.
    pub case: String,
    /// The arm.
    pub candidate: String,
    /// The metric, which is a rate.
    pub metric: String,
    /// The largest loss that is accepted, as a share.
    pub bound: f64,
    /// Candidate over base; null when there is no pair.
    pub ratio: Option<f64>,
    /// Confidence interval of the ratio.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// `fail`: it is slower, and the whole confidence interval lies beyond the bound; `pass`: such a loss is
    /// excluded; `warn`: neither, or too few repetitions for a statement.
    pub outcome: Outcome,
}

/// Checks every rate against the bound.
pub(super) fn bounds(rows: &[Comparison], bound: f64) -> Vec<BoundResult> {
    let rates = rows.iter().filter(|row| row.better == Better::Higher && !row.same);
    let lowest = 1.0 - bound;
    rates
        .map(|row| {
            // One run a side, or a confidence interval that is only the range of a few values, must not
            // decide the exit code.
            let told = row.confidence.filter(|confidence| confidence.level >= LEVEL);
            let speaks_for_others = row.scope != Some(Scope::TheseProcesses);
            let outcome = match told.filter(|_| speaks_for_others) {
                Some(confidence) if confidence.high < lowest && row.verdict == Verdict::Slower => {
                    Outcome::Fail
                }
                Some(confidence) if confidence.low >= lowest => Outcome::Pass,
                _ => Outcome::Warn,
            };
            BoundResult {
                case: row.case.clone(),
                candidate: row.candidate.clone(),
                metric: row.metric.clone(),
                bound,
                ratio: row.ratio,
                confidence: row.confidence,
                outcome,
            }
        })
        .collect()
}
