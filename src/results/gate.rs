//! Gates: conditions on figures, and whether they were met.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::{CaseResult, HistogramSummary};
use crate::job;

/// A condition that every case it applies to must meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// `locality`, a metric (`refill_share`), or a figure of a histogram (`refill_ns.p99`).
    pub metric: String,
    /// The bound.
    pub bound: Bound,
    /// What an unmet gate does.
    pub level: Level,
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
    /// Whether it was met, and what follows.
    pub outcome: Outcome,
    /// Why there is no value: a gate that cannot be checked is not met.
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
pub fn evaluate(gates: &[Gate], cases: &[CaseResult]) -> Vec<GateResult> {
    let mut results = Vec::new();
    for gate in gates {
        let before = results.len();
        for case in cases {
            if let Some(figure) = figure(case, &gate.metric) {
                results.push(gate.judge(Some(case.id.clone()), figure));
            }
        }
        if results.len() == before {
            results.push(gate.judge(None, Err(unknown(&gate.metric, cases))));
        }
    }
    results
}

/// The job's word for it.
impl From<&job::Gate> for Gate {
    fn from(gate: &job::Gate) -> Gate {
        let bound = match gate.bound {
            job::Bound::AtLeast(bound) => Bound::AtLeast(bound),
            job::Bound::AtMost(bound) => Bound::AtMost(bound),
        };
        let level = match gate.level {
            job::Level::Fail => Level::Fail,
            job::Level::Warn => Level::Warn,
        };
        Gate { metric: gate.metric.name(), bound, level }
    }
}

impl Gate {
    fn judge(&self, case: Option<String>, figure: Figure) -> GateResult {
        let met = match (&figure, self.bound) {
            (Ok(value), Bound::AtLeast(bound)) => *value >= bound,
            (Ok(value), Bound::AtMost(bound)) => *value <= bound,
            (Err(_), _) => false,
        };
        let outcome = match (met, self.level) {
            (true, _) => Outcome::Pass,
            (false, Level::Warn) => Outcome::Warn,
            (false, Level::Fail) => Outcome::Fail,
        };
        let (metric, bound) = (self.metric.clone(), self.bound);
        GateResult {
            metric,
            bound,
            case,
            value: figure.as_ref().ok().copied(),
            outcome,
            reason: figure.err(),
        }
    }
}

/// `None`: this case does not have such a figure at all.
fn figure(case: &CaseResult, name: &str) -> Option<Figure> {
    if name == "locality" {
        let locality = &case.locality;
        let why = || format!("unverified: {}", locality.unverified.as_deref().unwrap_or("not asked"));
        return Some(locality.share.ok_or_else(why));
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
        "no case has a metric {name}; there are locality, {}, and {} of {}",
        list(metrics),
        FIELDS.map(|field| format!(".{field}")).join(" "),
        list(histograms)
    )
}
