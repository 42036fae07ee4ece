//! Figures of a case: one value per repetition, and their median.
//!
//! A rate is the bytes of all ranks over the longest elapsed time of any rank, never a mean of rates.

use std::collections::BTreeMap;

use super::rate::{byte_rate, bytes, operations, rate, share, sum};
use super::{distribution, limits};
use crate::metric::{CaseMetric, Distribution, Measure};
use crate::record::line::{Noise, Row};
use crate::record::run::{ConfidenceInterval, Metric};
use crate::stats::{median, median_confidence_interval};
use crate::word::Word;

const GIB: f64 = (1u64 << 30) as f64;

/// All figures over these rows, either those of all ranks or those of one rank.
pub(crate) fn of_case(measure: Measure, rounds: &[Vec<&Row>]) -> BTreeMap<String, Metric> {
    let mut metrics = BTreeMap::new();
    let mut put = |metric: CaseMetric, value: fn(&[&Row]) -> Result<f64, String>| {
        metrics.insert(metric.word().to_owned(), over_rounds(metric, rounds, value));
    };
    match measure {
        Measure::Bytes => {
            put(measure.rate(), byte_rate);
            put(CaseMetric::CoreSecondsPerGib, |rows| {
                share(cpu_ns(rows)? / 1e9, bytes(rows) / GIB, "no byte was generated")
            });
        }
        Measure::Operations => {
            put(measure.rate(), |rows| rate(rows, "operation", operations(rows)));
            put(CaseMetric::CoreNsPerOperation, |rows| {
                share(cpu_ns(rows)?, operations(rows), "no operation was done")
            });
        }
    }
    put(CaseMetric::CpuShare, |rows| share(cpu_ns(rows)?, worker_ns(rows), NO_WORKER_TIME));
    put(CaseMetric::RefillShare, |rows| {
        let estimate = distribution::sum_estimate(rows, Distribution::Refill.word())?;
        match share(estimate, worker_ns(rows), NO_WORKER_TIME)? {
            // A worker lost its core during one of the few timed refills, so the sample is not representative.
            impossible if impossible > 1.0 => Err(format!(
                "the timed refills would make {:.0} % of the worker time: too few were timed on a machine this busy",
                impossible * 100.0
            )),
            share => Ok(share),
        }
    });
    put(CaseMetric::BusyWorkers, |rows| {
        let fewest = rows.iter().map(|row| row.repetition.busy_workers).min();
        fewest.map(f64::from).ok_or_else(|| "no rank took part".to_owned())
    });
    put(CaseMetric::MemoryPeakBytes, |rows| {
        let peaks = rows.iter().map(|row| row.repetition.memory_peak_bytes.map(|peak| peak as f64));
        let most = peaks.collect::<Option<Vec<f64>>>().and_then(|peaks| peaks.into_iter().reduce(f64::max));
        most.ok_or_else(|| "the memory is not taken from the arena".to_owned())
    });
    put(CaseMetric::MeasuringShare, |rows| {
        share(sum(rows, |row| row.repetition.measuring.cost_ns), worker_ns(rows), NO_WORKER_TIME)
    });
    of_noise(&mut put);
    put(CaseMetric::CoreClockChange, |rows| {
        let changes = rows.iter().filter_map(|row| row.repetition.noise.core_clock_change);
        changes
            .max_by(|a, b| a.abs().total_cmp(&b.abs()))
            .ok_or_else(|| "no core clock was measured".to_owned())
    });
    if rounds.iter().flatten().any(|row| row.repetition.background_cpu_ns.is_some()) {
        put(CaseMetric::BackgroundCpuNs, |rows| {
            let all: Option<Vec<u64>> = rows.iter().map(|row| row.repetition.background_cpu_ns).collect();
            let all = all.ok_or_else(|| "a rank has no thread beside its workers".to_owned())?;
            Ok(all.into_iter().map(u128::from).sum::<u128>() as f64)
        });
    }
    if let Some(kernel) = limits::fastest(rounds) {
        let metric = CaseMetric::LimitShare;
        let share = over_rounds(metric, rounds, |rows| limits::share(rows, kernel));
        metrics.insert(metric.word().to_owned(), share);
    }
    metrics
}

/// Metrics that counters of the kernel give.
fn of_noise(put: &mut impl FnMut(CaseMetric, fn(&[&Row]) -> Result<f64, String>)) {
    put(CaseMetric::InvoluntarySwitches, |rows| {
        Ok(sum(rows, |row| row.repetition.noise.involuntary_switches))
    });
    put(CaseMetric::RunDelayShare, |rows| {
        share(known(rows, "run delay", |noise| noise.run_delay_ns)?, worker_ns(rows), NO_WORKER_TIME)
    });
    put(CaseMetric::StealShare, |rows| {
        share(known(rows, "stolen time", |noise| noise.steal_ns)?, worker_ns(rows), NO_WORKER_TIME)
    });
    put(CaseMetric::QuotaShare, |rows| {
        share(
            known(rows, "time in a CPU quota", |noise| noise.throttled_ns)?,
            worker_ns(rows),
            NO_WORKER_TIME,
        )
    });
}

const NO_WORKER_TIME: &str = "no worker time was measured";

/// A noise counter summed over the rows; `Err` unless all rows have it.
fn known(rows: &[&Row], what: &str, of: fn(&Noise) -> Option<u64>) -> Result<f64, String> {
    let all: Option<Vec<u64>> = rows.iter().map(|row| of(&row.repetition.noise)).collect();
    let all = all.ok_or_else(|| format!("{what} is not counted on every rank's machine"))?;
    Ok(all.into_iter().map(u128::from).sum::<u128>() as f64)
}

fn over_rounds(
    metric: CaseMetric,
    rounds: &[Vec<&Row>],
    value: impl Fn(&[&Row]) -> Result<f64, String>,
) -> Metric {
    let all: Vec<Result<f64, String>> = rounds.iter().map(|rows| value(rows)).collect();
    let known: Vec<f64> = all.iter().filter_map(|value| value.as_ref().ok().copied()).collect();
    let reason = match all.iter().find_map(|value| value.as_ref().err()) {
        None if all.is_empty() => Some("no repetition was finished".to_owned()),
        reason => reason.cloned(),
    };
    Metric {
        value: median(&known),
        confidence: median_confidence_interval(&known).map(ConfidenceInterval::from),
        unit: metric.facts().unit.word().to_owned(),
        repetitions: u32::try_from(known.len()).unwrap_or(u32::MAX),
        values: all.into_iter().map(Result::ok).collect(),
        reason,
    }
}

fn worker_ns(rows: &[&Row]) -> f64 {
    sum(rows, |row| row.repetition.worker_ns)
}

fn cpu_ns(rows: &[&Row]) -> Result<f64, String> {
    match sum(rows, |row| row.repetition.cpu_ns) {
        0.0 => Err("the CPU time of the workers is not known".to_owned()),
        cpu_ns => Ok(cpu_ns),
    }
}
