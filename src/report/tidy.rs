//! Figures of a run for other programs: CSV, one row for each figure of each case.

use std::collections::BTreeSet;

use super::allocators::Allocators;
use super::sweep;
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, ConfidenceInterval, HistogramSummary, Metric, Run};
use crate::word::Word;

/// Columns before and after those of the parameters.
const BEFORE: [&str; 3] = ["run", "case", "workload"];
const BEHIND: [&str; 10] = [
    "metric",
    "unit",
    "value",
    "repetitions",
    "lowest",
    "highest",
    "interval_low",
    "interval_high",
    "interval_level",
    "reason",
];

/// One figure of a case. Empty cells do not apply to the figure.
#[derive(Default)]
struct Figure {
    metric: String,
    unit: String,
    value: String,
    repetitions: String,
    lowest: String,
    highest: String,
    /// Low, high, level.
    confidence: [String; 3],
    reason: String,
}

/// Every figure of every case, below a header. Values are as precise as in `run.json`.
pub fn csv(run: &Run) -> String {
    let cases = &sweep::naming_arms(&run.derived.cases);
    let parameters: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.parameters.keys()).map(String::as_str).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    rows.push(
        BEFORE.into_iter().chain(parameters.iter().copied()).chain(BEHIND).map(str::to_owned).collect(),
    );
    let allocators = Allocators::of(run);
    for case in cases {
        let values = parameters.iter().map(|name| text(case.parameters.get(*name)));
        let names = [&run.header.name, &case.id, &case.workload].map(String::clone);
        let head: Vec<String> = names.into_iter().chain(values).collect();
        let figures = figures(case).chain(of_contest(allocators.as_ref(), case));
        rows.extend(figures.map(|figure| head.iter().cloned().chain(figure.cells()).collect()));
    }
    written(&rows)
}

fn figures(case: &CaseResult) -> impl Iterator<Item = Figure> {
    let metrics = case.metrics.iter().map(|(name, metric)| Figure::of_metric(name, metric));
    let histograms = case.histograms.iter().flat_map(|(name, summary)| of_histogram(name, summary));
    let locality = Figure {
        metric: CaseMetric::Locality.word().to_owned(),
        unit: "share".to_owned(),
        value: text(case.locality.share),
        reason: case.locality.unverified.clone().unwrap_or_default(),
        ..Figure::default()
    };
    metrics.chain(histograms).chain([locality]).chain(exact(case))
}

/// The rate over that of the fastest allocator of the same workload.
fn of_contest(allocators: Option<&Allocators<'_>>, case: &CaseResult) -> Option<Figure> {
    let (ratio, confidence, reason) = allocators?.figure(case)?;
    Some(Figure {
        metric: "rate_to_fastest_allocator".to_owned(),
        unit: "ratio".to_owned(),
        value: text(ratio),
        confidence: ends(confidence),
        reason: reason.unwrap_or_default(),
        ..Figure::default()
    })
}

/// Total work, and the plan's expectations, as integers.
fn exact(case: &CaseResult) -> Vec<Figure> {
    let total = &case.total;
    let mut figures = vec![
        ("total.bytes", "bytes", Some(total.bytes)),
        ("total.operations", "operations", Some(total.operations)),
        ("total.elapsed_ns", "ns", Some(total.elapsed_ns)),
    ];
    if let Some(plan) = &case.expected {
        figures.extend([
            ("expected.blocks_per_chunk", "blocks", Some(u64::from(plan.blocks_per_chunk))),
            ("expected.busy_workers", "workers", Some(u64::from(plan.busy_workers))),
            ("expected.working_set_bytes", "bytes", Some(plan.working_set_bytes)),
            ("expected.l3_bytes", "bytes", plan.l3_bytes),
            ("expected.memory_bytes_min", "bytes", Some(plan.memory_bytes_min)),
            ("expected.memory_bytes_max", "bytes", Some(plan.memory_bytes_max)),
        ]);
    }
    let figure = |(metric, unit, value): (&str, &str, Option<u64>)| Figure {
        metric: metric.to_owned(),
        unit: unit.to_owned(),
        value: text(value),
        ..Figure::default()
    };
    figures.into_iter().map(figure).collect()
}

impl Figure {
    fn of_metric(name: &str, metric: &Metric) -> Figure {
        let known = || metric.values.iter().copied().flatten();
        Figure {
            metric: name.to_owned(),
            unit: metric.unit.clone(),
            value: text(metric.value),
            repetitions: metric.repetitions.to_string(),
            lowest: text(known().reduce(f64::min)),
            highest: text(known().reduce(f64::max)),
            confidence: ends(metric.confidence),
            reason: metric.reason.clone().unwrap_or_default(),
        }
    }

    fn cells(self) -> [String; 10] {
        let [low, high, level] = self.confidence;
        let (metric, unit, value, repetitions) = (self.metric, self.unit, self.value, self.repetitions);
        [metric, unit, value, repetitions, self.lowest, self.highest, low, high, level, self.reason]
    }
}

fn ends(confidence: Option<ConfidenceInterval>) -> [String; 3] {
    confidence.map_or(Default::default(), |confidence| {
        [confidence.low, confidence.high, confidence.level].map(|end| end.to_string())
    })
}

/// Counts, extremes and quantiles, as `chunk_ns.p99`.
fn of_histogram(name: &str, summary: &HistogramSummary) -> Vec<Figure> {
    let counts = [("count", summary.count), ("timed", summary.timed), ("clamped", summary.clamped)];
    let times = [
        ("min", summary.min),
        ("p50", summary.p50),
        ("p90", summary.p90),
        ("p99", summary.p99),
        ("p999", summary.p999),
        ("max", summary.max),
    ];
    let figure = |what: &str, unit: &str, value: String| Figure {
        metric: format!("{name}.{what}"),
        unit: unit.to_owned(),
        confidence: ends(summary.confidence_intervals.get(what).copied()),
        value,
        ..Figure::default()
    };
    let counts = counts.into_iter().map(|(what, count)| figure(what, "events", count.to_string()));
    counts.chain(times.into_iter().map(|(what, time)| figure(what, "ns", text(time)))).collect()
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn written(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("rows of one width, into memory");
    }
    let bytes = writer.into_inner().expect("memory does not refuse");
    String::from_utf8(bytes).expect("made of strings")
}
