//! The rows of `samples.parquet`, in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::aggregate::evidence::Evidence;
use crate::aggregate::of_case;
use crate::metric::{Distribution, Measure, Recorded};
use crate::record::line::{Begin, Repetition, Row};
use crate::record::run::{CaseHeader, Metric, Run};
use crate::word::Word;

/// One measured value.
pub(super) struct SampleRow<'a> {
    pub whose: Whose<'a>,
    pub repetition: &'a Repetition,
    pub value: SampleValue<'a>,
}

/// The ranks that a value belongs to, and its case.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    pub scope: &'static str,
    pub host: Option<&'a str>,
    pub node: Option<u32>,
    pub rank: Option<u32>,
    pub case: &'a CaseHeader,
}

/// A value with its metric, interval and unit.
pub(super) type SampleValue<'a> = (&'a str, Option<u32>, f64, &'a str);

/// Receiver of the rows.
pub(super) type Sink<'a> = dyn FnMut(&SampleRow) -> io::Result<()> + 'a;

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
            let whose = Whose { scope: "all", host: None, node: None, rank: None, case };
            figures(whose, &rounds(evidence, case, |_| true), metrics, sink)?;
        }
    }
    let hosts: BTreeSet<&str> = evidence.begins().iter().map(|begin| begin.host.as_str()).collect();
    for case in &cases {
        for host in &hosts {
            let rounds = rounds(evidence, case, |begin| begin.host == **host);
            let metrics = of_case(case.measure, &rounds);
            let whose = Whose { scope: "host", host: Some(host), node: None, rank: None, case };
            figures(whose, &rounds, &metrics, sink)?;
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

/// Passes the figures of several ranks to the sink: one value for each metric and round.
fn figures(
    whose: Whose,
    rounds: &[Vec<&Row>],
    metrics: &BTreeMap<String, Metric>,
    sink: &mut Sink,
) -> io::Result<()> {
    for (place, rows) in rounds.iter().enumerate() {
        for (name, metric) in metrics {
            let Some(value) = metric.values[place] else { continue };
            let value = (name.as_str(), None, value, metric.unit.as_str());
            sink(&SampleRow { whose, repetition: &rows[0].repetition, value })?;
        }
    }
    Ok(())
}

/// Passes one rank's rows to the sink: its measured values, its figures and its progress.
fn of_rank(case: &CaseHeader, begin: &Begin, rounds: &[Vec<&Row>], sink: &mut Sink) -> io::Result<()> {
    let metrics = of_case(case.measure, rounds);
    let (node, rank) = (begin.node_index, Some(begin.rank));
    let whose = Whose { scope: "rank", host: Some(&begin.host), node, rank, case };
    for (place, rows) in rounds.iter().enumerate() {
        let repetition = &rows[0].repetition;
        let figures = metrics.iter().filter_map(|(name, metric)| {
            Some((name.as_str(), None, metric.values[place]?, metric.unit.as_str()))
        });
        let mut values: Vec<SampleValue> = figures.chain(recorded(case.measure, repetition)).collect();
        values.extend(progress(case.measure, repetition));
        values.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        for value in values {
            sink(&SampleRow { whose, repetition, value })?;
        }
    }
    Ok(())
}

/// The values that the part has of a repetition; those that are not known have no row.
fn recorded<'a>(measure: Measure, repetition: &'a Repetition) -> impl Iterator<Item = SampleValue<'a>> {
    Recorded::ALL.iter().filter_map(move |recorded| {
        let value = of_repetition(*recorded, measure, repetition)?;
        Some((recorded.word(), None, value, recorded.facts().unit.word()))
    })
}

fn of_repetition(recorded: Recorded, measure: Measure, repetition: &Repetition) -> Option<f64> {
    let histogram = |name: &str| repetition.histograms.get(name);
    let refills = |stratum: &str| histogram(&format!("{}.{stratum}", Distribution::Refill.word()));
    let (noise, measuring) = (&repetition.noise, &repetition.measuring);
    let count = match recorded {
        Recorded::ElapsedNs => Some(repetition.elapsed_ns),
        Recorded::Bytes => (measure == Measure::Bytes).then_some(repetition.bytes),
        Recorded::Operations => (measure == Measure::Operations).then_some(repetition.operations),
        // Rows of their own: one an interval.
        Recorded::IntervalBytes | Recorded::IntervalOperations => None,
        Recorded::WorkerNs => Some(repetition.worker_ns),
        // Zero means that the CPU clock was unavailable.
        Recorded::CpuNs => (repetition.cpu_ns > 0).then_some(repetition.cpu_ns),
        Recorded::CpuShareMin => return noise.cpu_share_min,
        Recorded::HeapOffsetBytes => Some(repetition.heap_offset_bytes),
        Recorded::RefillsSlow => refills("slow").map(|record| record.count),
        Recorded::RefillsFast => refills("fast").map(|record| record.count),
        Recorded::ChunkNsMax => histogram(Distribution::Chunk.word()).and_then(|record| record.max),
        Recorded::LatencyNsMax => histogram(Distribution::Latency.word()).and_then(|record| record.max),
        Recorded::RefillNsMax => {
            ["slow", "fast"].into_iter().filter_map(refills).filter_map(|record| record.max).max()
        }
        Recorded::ClockReads => Some(measuring.clock_reads),
        Recorded::Records => Some(measuring.records),
        Recorded::MeasuringNs => Some(measuring.cost_ns),
        Recorded::VoluntarySwitches => Some(noise.voluntary_switches),
        Recorded::MinorFaults => Some(noise.minor_faults),
        Recorded::MajorFaults => Some(noise.major_faults),
        Recorded::Migrations => noise.migrations,
        Recorded::RunDelayNs => noise.run_delay_ns,
        Recorded::StealNs => noise.steal_ns,
        Recorded::ThrottledNs => noise.throttled_ns,
        Recorded::ThermalThrottles => noise.thermal_throttles,
        Recorded::PressureCpuNs => noise.pressure_cpu_ns,
        Recorded::PressureMemoryNs => noise.pressure_memory_ns,
    };
    count.map(|count| count as f64)
}

/// Returns the amount finished in each interval.
fn progress<'a>(measure: Measure, repetition: &Repetition) -> Vec<SampleValue<'a>> {
    let recorded = match measure {
        Measure::Bytes => Recorded::IntervalBytes,
        Measure::Operations => Recorded::IntervalOperations,
    };
    let (name, unit) = (recorded.word(), recorded.facts().unit.word());
    let numbered = (0..).zip(&repetition.intervals);
    numbered.map(|(interval, value)| (name, Some(interval), *value as f64, unit)).collect()
}
