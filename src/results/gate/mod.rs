//! Gates: conditions on figures, and whether they were met.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::{CaseResult, HistogramSummary};
use crate::job;
use crate::stats::median;
pub use stored::{Against, resolve as resolve_gates};

mod stored;

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

/// A figure of a case, or why it has no value.
type Figure = Result<f64, String>;

/// Tries every gate on every case that has its figure. A gate that no case has, or whose figure is null, is not met.
///
/// `stragglers` is how many nodes are slower than others of their class: a figure of the run, not of a case.
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
    /// A gate of the job, without what a stored run has.
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
        // A bound that cannot be told is as bad as a figure that is not there.
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

/// The one figure that is of the run.
const STRAGGLERS: &str = "stragglers";
/// The one metric that has a sign: a gate holds its size.
const CORE_CLOCK_CHANGE: &str = "core_clock_change";

/// `None`: this case does not have such a figure at all.
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
