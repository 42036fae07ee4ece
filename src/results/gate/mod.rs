//! Gates: conditions on figures, and their outcomes.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::{CaseResult, HistogramSummary};
use crate::job;
use crate::stats::median;
pub use stored::{Against, resolve as resolve_gates};

mod stored;

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

/// Effect of an unmet gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The run ends with exit code 3.
    Fail,
    /// The run warns.
    Warn,
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

/// A figure of a case, or the reason why it has no value.
type Figure = Result<f64, String>;

/// Checks every gate on every case that has its figure. A gate is not met when no case has its figure, or when the
/// figure is null.
///
/// `stragglers` is the number of nodes that are slower than others of their class: a figure of the run, not of a
/// case.
pub(super) fn evaluate(gates: &[Gate], cases: &[CaseResult], stragglers: usize) -> Vec<GateResult> {
    let mut results = Vec::new();
    for gate in gates {
        if gate.metric == STRAGGLERS {
            results.push(gate.judge(None, Ok(stragglers as f64)));
            continue;
        }
        let before = results.len();
        for case in cases {
            if let Some(figure) = figure(case, &gate.metric) {
                results.push(gate.judge(Some(&case.id), figure));
            }
        }
        if results.len() == before {
            results.push(gate.judge(None, Err(unknown(&gate.metric, cases))));
        }
    }
    results
}

impl Gate {
    /// Converts a gate of the job, without figures of a stored run.
    fn of(gate: &job::Gate) -> Gate {
        let bound = match gate.bound {
            job::Bound::AtLeast(bound) => Bound::AtLeast(bound),
            job::Bound::AtMost(bound) => Bound::AtMost(bound),
        };
        let level = match gate.level {
            job::Level::Fail => Level::Fail,
            job::Level::Warn => Level::Warn,
        };
        Gate { metric: gate.metric.name(), bound, level, against: None }
    }

    fn judge(&self, case: Option<&str>, figure: Figure) -> GateResult {
        let stored = match (&self.against, case) {
            (Some(against), Some(case)) => Some(against.value(case)),
            _ => None,
        };
        // An unknown bound fails the gate, like a missing figure.
        let bound = match &stored {
            None => Ok(self.bound),
            Some(stored) => stored.clone().map(|stored| self.bound.of(stored)),
        };
        let met = matches!((&figure, &bound), (Ok(value), Ok(bound)) if bound.admits(*value));
        let outcome = match (met, self.level) {
            (true, _) => Outcome::Pass,
            (false, Level::Warn) => Outcome::Warn,
            (false, Level::Fail) => Outcome::Fail,
        };
        GateResult {
            metric: self.metric.clone(),
            bound: self.bound,
            case: case.map(str::to_owned),
            value: figure.as_ref().ok().copied(),
            stored: stored.and_then(Result::ok),
            against: self.against.as_ref().map(|against| against.directory.clone()),
            outcome,
            reason: figure.err().or(bound.err()),
        }
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

/// The only figure that belongs to the run and not to a case.
const STRAGGLERS: &str = "stragglers";
/// The only metric with a sign; a gate checks its absolute value.
const CORE_CLOCK_CHANGE: &str = "core_clock_change";

/// Returns the named figure of a case; `None` when the case has no such figure at all.
fn figure(case: &CaseResult, name: &str) -> Option<Figure> {
    if name == "locality" {
        let locality = &case.locality;
        let why = || format!("unverified: {}", locality.unverified.as_deref().unwrap_or("not asked"));
        return Some(locality.share.ok_or_else(why));
    }
    if let (CORE_CLOCK_CHANGE, Some(metric)) = (name, case.metrics.get(name)) {
        let sizes: Vec<f64> = metric.values.iter().flatten().map(|change| change.abs()).collect();
        return Some(median(&sizes).ok_or_else(|| metric.reason.clone().unwrap_or_default()));
    }
    if let Some(metric) = case.metrics.get(name) {
        return Some(metric.value.ok_or_else(|| metric.reason.clone().unwrap_or_default()));
    }
    let (histogram, field) = name.rsplit_once('.')?;
    histogram_figure(case.histograms.get(histogram)?, field)
}

const FIELDS: [&str; 8] = ["count", "min", "p50", "p90", "p99", "p999", "max", "sum"];

fn histogram_figure(histogram: &HistogramSummary, field: &str) -> Option<Figure> {
    let value = match field {
        "count" => Some(histogram.count),
        "min" => histogram.min,
        "p50" => histogram.p50,
        "p90" => histogram.p90,
        "p99" => histogram.p99,
        "p999" => histogram.p999,
        "max" => histogram.max,
        "sum" => Some(histogram.sum),
        _ => return None,
    };
    let why = || format!("too few timed values: {} of {}", histogram.timed, histogram.count);
    Some(value.map(|value| value as f64).ok_or_else(why))
}

fn unknown(name: &str, cases: &[CaseResult]) -> String {
    let metrics: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.metrics.keys()).map(String::as_str).collect();
    let histograms: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.histograms.keys()).map(String::as_str).collect();
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "no case has a metric {name}; there are stragglers, locality, {}, and {} of {}",
        list(metrics),
        FIELDS.map(|field| format!(".{field}")).join(" "),
        list(histograms)
    )
}
