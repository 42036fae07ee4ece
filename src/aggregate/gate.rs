//! Gates: conditions on figures, and their outcomes.

use std::collections::BTreeSet;

use crate::job;
use crate::metric::{CaseMetric, GateMetric, Statistic};
use crate::record::run::{CaseResult, Gate, GateResult, HistogramSummary, Level, Outcome};
use crate::stats::median;
use crate::units::{counted, grouped};
use crate::word::Word;

/// A figure of a case, or the reason why it has no value.
type Figure = Result<f64, String>;

/// Figures of a whole run, which no case has.
#[derive(Clone, Copy)]
pub(crate) struct OfRun {
    /// Nodes that are slower than others of their class.
    pub(crate) stragglers: usize,
    /// Share of the cases that can be believed.
    pub(crate) trustworthy: f64,
}

impl OfRun {
    /// The figure that a gate names; `None` when it is a figure of cases.
    fn figure(self, metric: &str) -> Option<f64> {
        match GateMetric::from_name(metric)? {
            GateMetric::Case(CaseMetric::Stragglers) => Some(self.stragglers as f64),
            GateMetric::Case(CaseMetric::Trustworthy) => Some(self.trustworthy),
            _ => None,
        }
    }
}

/// Checks every gate on every case that has its figure. A gate is not met when no case has its figure, or when the
/// figure is null.
pub(crate) fn evaluate(gates: &[Gate], cases: &[CaseResult], of_run: OfRun) -> Vec<GateResult> {
    let mut results = Vec::new();
    for gate in gates {
        if let Some(figure) = of_run.figure(&gate.metric) {
            results.push(gate.judge(None, Ok(figure)));
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
    pub(crate) fn of(gate: &job::Gate) -> Gate {
        Gate { metric: gate.metric.name(), bound: gate.bound, level: gate.level, against: None }
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

/// Returns the named figure of a case; `None` when the case has no such figure at all.
pub(crate) fn figure(case: &CaseResult, name: &str) -> Option<Figure> {
    let metric = CaseMetric::from_word(name);
    if metric == Some(CaseMetric::Locality) {
        let locality = &case.locality;
        let why = || {
            format!("unverified: {}", locality.unverified.as_deref().unwrap_or("the kernel was not asked"))
        };
        return Some(locality.share.ok_or_else(why));
    }
    if let (Some(CaseMetric::CoreClockChange), Some(metric)) = (metric, case.metrics.get(name)) {
        // The only metric with a sign: a gate bounds its absolute value.
        let sizes: Vec<f64> = metric.values.iter().flatten().map(|change| change.abs()).collect();
        return Some(median(&sizes).ok_or_else(|| metric.reason.clone().unwrap_or_default()));
    }
    if let Some(metric) = case.metrics.get(name) {
        return Some(metric.value.ok_or_else(|| metric.reason.clone().unwrap_or_default()));
    }
    let (histogram, field) = name.rsplit_once('.')?;
    histogram_figure(case.histograms.get(histogram)?, field)
}

fn histogram_figure(histogram: &HistogramSummary, field: &str) -> Option<Figure> {
    let value = match Statistic::from_word(field)? {
        Statistic::Count => Some(histogram.count),
        Statistic::Min => histogram.min,
        Statistic::P50 => histogram.p50,
        Statistic::P90 => histogram.p90,
        Statistic::P99 => histogram.p99,
        Statistic::P999 => histogram.p999,
        Statistic::Max => histogram.max,
        Statistic::Sum => Some(histogram.sum),
    };
    let why = || {
        let count = counted(histogram.count, "value");
        format!("too few for {field}: {} of {count} were timed", grouped(histogram.timed))
    };
    Some(value.map(|value| value as f64).ok_or_else(why))
}

fn unknown(name: &str, cases: &[CaseResult]) -> String {
    let metrics: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.metrics.keys()).map(String::as_str).collect();
    let histograms: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.histograms.keys()).map(String::as_str).collect();
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "no case has the metric {name}; accepted: stragglers, trustworthy, locality, {}, and {} of {}",
        list(metrics),
        Statistic::WORDS.iter().map(|word| format!(".{word}")).collect::<Vec<_>>().join(" "),
        list(histograms)
    )
}
