//! The rows of `samples.parquet`, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::results::aggregate::of_case;
use crate::results::evidence::Evidence;
use crate::results::record::{Begin, Repetition, Row};
use crate::results::run::{CaseHeader, Measure, Metric, Run};

/// One measured value.
pub(super) struct Sample<'a> {
    pub scope: &'static str,
    pub host: Option<&'a str>,
    pub node: Option<u32>,
    pub rank: Option<u32>,
    pub case: &'a CaseHeader,
    pub repetition: u32,
    pub interval: Option<u32>,
    pub began_unix_ms: u64,
    pub metric: &'a str,
    pub value: f64,
    pub unit: &'a str,
}

/// Receiver of the rows.
pub(super) type Sink<'a> = dyn FnMut(&Sample) -> io::Result<()> + 'a;

/// Passes every row of a run to the sink, sorted.
///
/// # Errors
/// Errors of the sink.
pub(super) fn each(run: &Run, evidence: &Evidence, sink: &mut Sink) -> io::Result<()> {
    let mut cases: Vec<&CaseHeader> = run.header.planned.iter().collect();
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    for case in &cases {
        let metrics =
            run.derived.cases.iter().find(|result| result.id == case.id).map(|result| &result.metrics);
        if let Some(metrics) = metrics {
            figures(
                Whose { scope: "all", host: None, case },
                &rounds(evidence, case, |_| true),
                metrics,
                sink,
            )?;
        }
    }
    let hosts: BTreeSet<&str> = evidence.begins().iter().map(|begin| begin.host.as_str()).collect();
    for case in &cases {
        for host in &hosts {
            let rounds = rounds(evidence, case, |begin| begin.host == **host);
            let metrics = of_case(case.measure, &rounds);
            figures(Whose { scope: "host", host: Some(host), case }, &rounds, &metrics, sink)?;
        }
    }
    let mut begins: Vec<&Begin> = evidence.begins().iter().collect();
    begins.sort_by(|a, b| (&a.host, a.rank).cmp(&(&b.host, b.rank)));
    for case in &cases {
        for begin in &begins {
            of_rank(case, begin, &rounds(evidence, case, |other| other.rank == begin.rank), sink)?;
        }
    }
    Ok(())
}

/// Returns the rows of the selected ranks, by round.
fn rounds<'a>(
    evidence: &'a Evidence,
    case: &CaseHeader,
    whose: impl Fn(&Begin) -> bool,
) -> Vec<Vec<&'a Row>> {
    let ranks: Vec<usize> =
        (0..).zip(evidence.begins()).filter(|(_, begin)| whose(begin)).map(|(i, _)| i).collect();
    evidence
        .rounds(&case.id)
        .map(|(_, round)| ranks.iter().map(|rank| &round.rows[*rank]).collect())
        .collect()
}

#[derive(Clone, Copy)]
struct Whose<'a> {
    scope: &'static str,
    host: Option<&'a str>,
    case: &'a CaseHeader,
}

/// Passes the figures of several ranks to the sink: one value for each metric and round.
fn figures(
    whose: Whose,
    rounds: &[Vec<&Row>],
    metrics: &BTreeMap<String, Metric>,
    sink: &mut Sink,
) -> io::Result<()> {
    for (place, rows) in rounds.iter().enumerate() {
        let Repetition { round, began_unix_ms, .. } = rows[0].repetition;
        for (name, metric) in metrics {
            let Some(value) = metric.values[place] else { continue };
            sink(&Sample {
                scope: whose.scope,
                host: whose.host,
                node: None,
                rank: None,
                case: whose.case,
                repetition: round,
                interval: None,
                began_unix_ms,
                metric: name,
                value,
                unit: &metric.unit,
            })?;
        }
    }
    Ok(())
}

/// A value with its metric, interval and unit.
type Value<'a> = (&'a str, Option<u32>, f64, &'a str);

/// Passes one rank's rows to the sink: its measured values, its figures and its progress.
fn of_rank(case: &CaseHeader, begin: &Begin, rounds: &[Vec<&Row>], sink: &mut Sink) -> io::Result<()> {
    let metrics = of_case(case.measure, rounds);
    for (place, rows) in rounds.iter().enumerate() {
        let repetition = &rows[0].repetition;
        let figures = metrics.iter().filter_map(|(name, metric)| {
            Some((name.as_str(), None, metric.values[place]?, metric.unit.as_str()))
        });
        let mut values: Vec<Value> = figures.chain(measured(case.measure, repetition)).collect();
        values.extend(progress(case.measure, repetition));
        values.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for (metric, interval, value, unit) in values {
            sink(&Sample {
                scope: "rank",
                host: Some(&begin.host),
                node: begin.node_index,
                rank: Some(begin.rank),
                case,
                repetition: repetition.round,
                interval,
                began_unix_ms: repetition.began_unix_ms,
                metric,
                value,
                unit,
            })?;
        }
    }
    Ok(())
}

/// Returns the values that stand in the part.
fn measured<'a>(measure: Measure, repetition: &Repetition) -> Vec<Value<'a>> {
    let histogram = |name: &str| repetition.histograms.get(name);
    let refills = |stratum: &str| histogram(&format!("refill_ns.{stratum}"));
    let [slow, fast] = ["slow", "fast"].map(refills);
    let longest_refill = slow.into_iter().chain(fast).filter_map(|record| record.max).max();
    let (amount_name, amount) = amount(measure, repetition);
    // Zero means the CPU clock was unavailable.
    let cpu_ns = (repetition.cpu_ns > 0).then_some(repetition.cpu_ns);
    let (noise, measuring) = (&repetition.noise, &repetition.measuring);
    let values = [
        ("elapsed_ns", Some(repetition.elapsed_ns), "ns"),
        (amount_name, Some(amount), amount_name),
        ("worker_ns", Some(repetition.worker_ns), "ns"),
        ("cpu_ns", cpu_ns, "ns"),
        ("heap_offset_bytes", Some(repetition.heap_offset_bytes), "bytes"),
        ("refills_slow", slow.map(|record| record.count), "refills"),
        ("refills_fast", fast.map(|record| record.count), "refills"),
        ("chunk_ns_max", histogram("chunk_ns").and_then(|record| record.max), "ns"),
        ("refill_ns_max", longest_refill, "ns"),
        ("clock_reads", Some(measuring.clock_reads), "readings"),
        ("records", Some(measuring.records), "records"),
        ("measuring_ns", Some(measuring.cost_ns), "ns"),
        ("voluntary_switches", Some(noise.voluntary_switches), "switches"),
        ("minor_faults", Some(noise.minor_faults), "faults"),
        ("major_faults", Some(noise.major_faults), "faults"),
        ("migrations", noise.migrations, "migrations"),
        ("run_delay_ns", noise.run_delay_ns, "ns"),
        ("steal_ns", noise.steal_ns, "ns"),
        ("throttled_ns", noise.throttled_ns, "ns"),
        ("thermal_throttles", noise.thermal_throttles, "throttles"),
        ("pressure_cpu_ns", noise.pressure_cpu_ns, "ns"),
        ("pressure_memory_ns", noise.pressure_memory_ns, "ns"),
    ];
    let lowest = noise.cpu_share_min.map(|share| ("cpu_share_min", None, share, "share"));
    let values = values.into_iter().filter_map(|(name, value, unit)| Some((name, None, value? as f64, unit)));
    values.chain(lowest).collect()
}

fn amount(measure: Measure, repetition: &Repetition) -> (&'static str, u64) {
    match measure {
        Measure::Bytes => ("bytes", repetition.bytes),
        Measure::Operations => ("operations", repetition.operations),
    }
}

/// Returns the amount finished in each interval.
fn progress<'a>(measure: Measure, repetition: &Repetition) -> Vec<Value<'a>> {
    let (name, unit) = match measure {
        Measure::Bytes => ("interval_bytes", "bytes"),
        Measure::Operations => ("interval_operations", "operations"),
    };
    let numbered = (0..).zip(&repetition.intervals);
    numbered.map(|(interval, value)| (name, Some(interval), *value as f64, unit)).collect()
}
