//! Figures of a case: one value a repetition, and their median.
//!
//! A rate is the bytes of all ranks over the longest elapsed time of any rank, never a mean of rates.

use std::collections::BTreeMap;

use super::super::record::{Noise, Row};
use super::super::run::{Interval, Measure, Metric};
use super::{distribution, limits};
use crate::stats::{median, median_interval};

pub(super) const REFILL_SHARE: &str = "refill_share";
pub(super) const CPU_SHARE: &str = "cpu_share";
const BUSY_WORKERS: &str = "busy_workers";
const MEMORY_PEAK: &str = "memory_peak_bytes";
const MEASURING_SHARE: &str = "measuring_share";
const INVOLUNTARY_SWITCHES: &str = "involuntary_switches";
const RUN_DELAY_SHARE: &str = "run_delay_share";
const STEAL_SHARE: &str = "steal_share";
const CORE_CLOCK_CHANGE: &str = "core_clock_change";
const GIB: f64 = (1u64 << 30) as f64;

/// Name of the metric by which cases are compared.
pub(in crate::results) fn rate_name(measure: Measure) -> &'static str {
    match measure {
        Measure::Bytes => "throughput_bytes_per_s",
        Measure::Operations => "operations_per_s",
    }
}

/// Name of the slowest rank's rate.
pub(super) fn slowest_rank_name(measure: Measure) -> &'static str {
    match measure {
        Measure::Bytes => "slowest_rank_throughput_bytes_per_s",
        Measure::Operations => "slowest_rank_operations_per_s",
    }
}

/// All figures over these rows, which are those of all ranks or of one.
pub(in crate::results) fn of_case(measure: Measure, rounds: &[Vec<&Row>]) -> BTreeMap<String, Metric> {
    let mut metrics = BTreeMap::new();
    let mut put = |name: &str, unit: &str, value: fn(&[&Row]) -> Result<f64, String>| {
        metrics.insert(name.to_owned(), over_rounds(unit, rounds, value));
    };
    match measure {
        Measure::Bytes => {
            put(rate_name(measure), "bytes/s", byte_rate);
            put("core_seconds_per_gib", "s/GiB", |rows| {
                share(cpu_ns(rows)? / 1e9, bytes(rows) / GIB, "no byte was generated")
            });
        }
        Measure::Operations => {
            put(rate_name(measure), "operations/s", |rows| rate(rows, "operation", operations(rows)));
            put("core_ns_per_operation", "ns", |rows| {
                share(cpu_ns(rows)?, operations(rows), "no operation was done")
            });
        }
    }
    put(CPU_SHARE, "share", |rows| share(cpu_ns(rows)?, worker_ns(rows), NO_WORKER_TIME));
    put(REFILL_SHARE, "share", |rows| {
        let estimate = distribution::sum_estimate(rows, "refill_ns")?;
        match share(estimate, worker_ns(rows), NO_WORKER_TIME)? {
            // A worker lost its core during one of the few timed refills, so the sample is not representative.
            impossible if impossible > 1.0 => Err(format!(
                "the timed refills make {:.0} % of the worker time: too few of them for a machine so disturbed",
                impossible * 100.0
            )),
            share => Ok(share),
        }
    });
    put(BUSY_WORKERS, "workers", |rows| {
        let fewest = rows.iter().map(|row| row.repetition.busy_workers).min();
        fewest.map(f64::from).ok_or_else(|| "no rank took part".to_owned())
    });
    put(MEMORY_PEAK, "bytes", |rows| {
        let peaks = rows.iter().map(|row| row.repetition.memory_peak_bytes.map(|peak| peak as f64));
        let most = peaks.collect::<Option<Vec<f64>>>().and_then(|peaks| peaks.into_iter().reduce(f64::max));
        most.ok_or_else(|| "the memory is not taken from the arena".to_owned())
    });
    put(MEASURING_SHARE, "share", |rows| {
        share(sum(rows, |row| row.repetition.measuring.cost_ns), worker_ns(rows), NO_WORKER_TIME)
    });
    put(INVOLUNTARY_SWITCHES, "switches", |rows| {
        Ok(sum(rows, |row| row.repetition.noise.involuntary_switches))
    });
    put(RUN_DELAY_SHARE, "share", |rows| {
        share(known(rows, "run delay", |noise| noise.run_delay_ns)?, worker_ns(rows), NO_WORKER_TIME)
    });
    put(STEAL_SHARE, "share", |rows| {
        share(known(rows, "stolen time", |noise| noise.steal_ns)?, worker_ns(rows), NO_WORKER_TIME)
    });
    put(CORE_CLOCK_CHANGE, "share", |rows| {
        let changes = rows.iter().filter_map(|row| row.repetition.noise.core_clock_change);
        changes.max_by(|a, b| a.abs().total_cmp(&b.abs())).ok_or_else(|| "no core was probed".to_owned())
    });
    if let Some(kernel) = limits::fastest(rounds) {
        let share = over_rounds("share", rounds, |rows| limits::share(rows, kernel));
        metrics.insert(limits::SHARE.to_owned(), share);
    }
    metrics
}

const NO_WORKER_TIME: &str = "no worker time was measured";

/// A noise counter summed over the rows; `Err` unless all rows have it.
fn known(rows: &[&Row], what: &str, of: fn(&Noise) -> Option<u64>) -> Result<f64, String> {
    let all: Option<Vec<u64>> = rows.iter().map(|row| of(&row.repetition.noise)).collect();
    let all = all.ok_or_else(|| format!("{what} is not counted on every rank's machine"))?;
    Ok(all.into_iter().map(u128::from).sum::<u128>() as f64)
}

fn over_rounds(unit: &str, rounds: &[Vec<&Row>], value: impl Fn(&[&Row]) -> Result<f64, String>) -> Metric {
    let all: Vec<Result<f64, String>> = rounds.iter().map(|rows| value(rows)).collect();
    let known: Vec<f64> = all.iter().filter_map(|value| value.as_ref().ok().copied()).collect();
    let reason = match all.iter().find_map(|value| value.as_ref().err()) {
        None if all.is_empty() => Some("no repetition was finished".to_owned()),
        reason => reason.cloned(),
    };
    Metric {
        value: median(&known),
        interval: median_interval(&known).map(Interval::from),
        unit: unit.to_owned(),
        repetitions: u32::try_from(known.len()).unwrap_or(u32::MAX),
        values: all.into_iter().map(Result::ok).collect(),
        reason,
    }
}

/// Bytes per second of all these ranks.
pub(super) fn byte_rate(rows: &[&Row]) -> Result<f64, String> {
    rate(rows, "byte", bytes(rows))
}

/// Combined work of these rows over the longest time of any; `None` when the work or the time is zero.
pub(in crate::results) fn rate_of(measure: Measure, rows: &[&Row]) -> Option<f64> {
    let (what, total) = match measure {
        Measure::Bytes => ("byte", bytes(rows)),
        Measure::Operations => ("operation", operations(rows)),
    };
    rate(rows, what, total).ok()
}

/// Total work over the longest elapsed time.
fn rate(rows: &[&Row], what: &str, total: f64) -> Result<f64, String> {
    let longest = rows.iter().map(|row| row.repetition.elapsed_ns).max().unwrap_or(0);
    match total {
        0.0 => Err(format!("not one {what} was finished in a repetition")),
        _ => share(total, longest as f64 / 1e9, "the timed region took no time"),
    }
}

fn share(part: f64, whole: f64, why_not: &str) -> Result<f64, String> {
    if whole > 0.0 { Ok(part / whole) } else { Err(why_not.to_owned()) }
}

/// Sum as an integer, rounded once.
fn sum(rows: &[&Row], of: fn(&Row) -> u64) -> f64 {
    rows.iter().map(|row| u128::from(of(row))).sum::<u128>() as f64
}

fn bytes(rows: &[&Row]) -> f64 {
    sum(rows, |row| row.repetition.bytes)
}

fn operations(rows: &[&Row]) -> f64 {
    sum(rows, |row| row.repetition.operations)
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
