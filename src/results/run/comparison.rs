//! One row of a comparison in `run.json` and in `numamark compare`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Interval;

/// One metric of one case, between two arms or two sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The case, without its arm.
    pub case: String,
    /// The arm, or the side, that is judged.
    pub candidate: String,
    /// What it is held against.
    pub base: String,
    /// The metric.
    pub metric: String,
    /// Candidate over base: the effect over all pairs; null without a pair.
    pub ratio: Option<f64>,
    /// Of the ratio.
    pub interval: Option<Interval>,
}
