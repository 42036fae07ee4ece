//! A gate as it stands in `run.json`: the condition, and its result on each case.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::word::words;

/// A condition on a figure; every case that has the figure must meet it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// Figure that the gate checks: `locality`, `stragglers`, a metric (`refill_share`), or a figure of a histogram
    /// (`refill_ns.p99`).
    pub metric: String,
    /// Bound; with `against`, a share of the stored run's figure.
    pub bound: Bound,
    /// Effect of an unmet gate.
    pub level: Level,
    /// Stored run with the figures that the bound is a share of; null for a bound in the metric's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// Accepted side of a bound; the bound itself is accepted, too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

words! {
    /// Effect of an unmet gate.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    Level {
        /// The run ends with exit code 3.
        Fail = "fail",
        /// The run warns.
        Warn = "warn",
    }
}

/// Result of one gate on one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// As requested by the gate.
    pub metric: String,
    /// As requested by the gate.
    pub bound: Bound,
    /// The case; null when no case has the figure.
    pub case: Option<String>,
    /// The figure found; null when it has no value.
    pub value: Option<f64>,
    /// Figure of the stored run that the bound is a share of; null for a bound in the metric's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<f64>,
    /// Directory of the stored run, as the job names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Outcome of the gate.
    pub outcome: Outcome,
    /// Reason why there is no value or no stored figure; a gate that cannot be checked is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Outcome of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Met.
    Pass,
    /// Not met, at level `warn`.
    Warn,
    /// Not met, at level `fail`.
    Fail,
}

/// Figures of one metric in a stored run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Against {
    /// The run directory, as the job names it.
    pub directory: String,
    /// Start of that run.
    pub started: String,
    /// Figure of each case of this run that has one, by case id.
    pub values: BTreeMap<String, f64>,
}

impl Against {
    pub(crate) fn value(&self, case: &str) -> std::result::Result<f64, String> {
        self.values
            .get(case)
            .copied()
            .ok_or_else(|| format!("the run in {} has no such figure of this case", self.directory))
    }
}

impl Bound {
    /// Converts a bound that is a share of `stored` to the metric's own unit.
    pub fn of(self, stored: f64) -> Bound {
        match self {
            Bound::AtLeast(share) => Bound::AtLeast(share * stored),
            Bound::AtMost(share) => Bound::AtMost(share * stored),
        }
    }

    /// True when a figure is on the accepted side of the bound, or equal to it.
    pub fn admits(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(bound) => value >= bound,
            Bound::AtMost(bound) => value <= bound,
        }
    }

    /// Returns the number of the bound.
    pub fn number(self) -> f64 {
        let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = self;
        bound
    }
}

impl GateResult {
    /// Returns the bound in the metric's own unit; `None` when it is a share of a figure that the stored run lacks.
    pub fn own_bound(&self) -> Option<Bound> {
        match (&self.against, self.stored) {
            (None, _) => Some(self.bound),
            (Some(_), stored) => stored.map(|stored| self.bound.of(stored)),
        }
    }
}
