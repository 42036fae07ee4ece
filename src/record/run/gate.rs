//! A gate as it stands in `run.json`: the condition, and its result on each case.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A condition that every case it applies to must meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// `locality`, a metric (`refill_share`), or a figure of a histogram (`refill_ns.p99`).
    pub metric: String,
    /// The bound; with `against` a share of what the stored run has.
    pub bound: Bound,
    /// What an unmet gate does.
    pub level: Level,
    /// The stored run that the bound is a share of; null for a bound in the metric's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// Which side of the bound is accepted; the bound itself is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

/// What an unmet gate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The run ends with exit code 3.
    Fail,
    /// The run warns.
    Warn,
}

/// What became of one gate on one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// As asked for.
    pub metric: String,
    /// As asked for.
    pub bound: Bound,
    /// The case; null when no case has the figure.
    pub case: Option<String>,
    /// The figure found.
    pub value: Option<f64>,
    /// The stored run's figure, which the bound is a share of; null for a bound in the metric's own unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<f64>,
    /// The directory of that run, as the job names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Whether it was met, and what follows.
    pub outcome: Outcome,
    /// Why there is no value, or none to hold it against: a gate that cannot be checked is not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a gate was met, and what follows.
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

/// What a stored run has of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Against {
    /// The run directory, as the job names it.
    pub directory: String,
    /// When that run started.
    pub started: String,
    /// Its figure of each case that has one.
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
    /// The bound as a share of this.
    pub fn of(self, stored: f64) -> Bound {
        match self {
            Bound::AtLeast(share) => Bound::AtLeast(share * stored),
            Bound::AtMost(share) => Bound::AtMost(share * stored),
        }
    }

    /// Whether a figure is on the right side of it, or on it.
    pub fn admits(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(bound) => value >= bound,
            Bound::AtMost(bound) => value <= bound,
        }
    }

    /// The number.
    pub fn number(self) -> f64 {
        let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = self;
        bound
    }
}

impl GateResult {
    /// The bound in the metric's own unit; `None` when it is a share of a figure that the stored run does not have.
    pub fn own_bound(&self) -> Option<Bound> {
        match (&self.against, self.stored) {
            (None, _) => Some(self.bound),
            (Some(_), stored) => stored.map(|stored| self.bound.of(stored)),
        }
    }
}
