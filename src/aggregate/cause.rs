//! Possible causes of a slow repetition: amounts from the noise record, compared with their usual values.

use crate::record::line::Repetition;
use crate::stats::median;
use crate::units::three_digits;

/// A disturbance that the noise record has an amount of. Larger amounts are worse.
pub(super) struct Cause {
    name: &'static str,
    what: &'static str,
    amount: fn(&Repetition) -> Option<f64>,
    /// Smallest excess over the usual amount that can slow a repetition.
    least: f64,
    shown: Shown,
}

/// Format of an amount.
#[derive(Clone, Copy)]
enum Shown {
    /// Per cent of the time, or of the core clock.
    Share,
    /// Number of events.
    Count,
}

/// All causes, under the names that the parts use.
pub(super) const CAUSES: [Cause; 11] = [
    share("cpu_share", "a worker had no CPU for", 0.01, |row| {
        row.noise.cpu_share_min.map(|share| 1.0 - share)
    }),
    share("run_delay", "workers waited for a CPU", 0.005, |row| of_worker_time(row, row.noise.run_delay_ns)),
    share("steal", "the hypervisor took", 0.005, |row| of_worker_time(row, row.noise.steal_ns)),
    share("cpu_quota", "a CPU quota stopped", 0.005, |row| of_worker_time(row, row.noise.throttled_ns)),
    share("core_clock", "a core clock fell by", 0.02, |row| {
        row.noise.core_clock_change.map(|change| (-change).max(0.0))
    }),
    share("pressure_memory", "the host waited for memory", 0.01, |row| {
        of_time(row, row.noise.pressure_memory_ns)
    }),
    share("pressure_cpu", "the host waited for CPUs", 0.02, |row| of_time(row, row.noise.pressure_cpu_ns)),
    count("thermal_throttles", "slowed for heat", |row| times(row.noise.thermal_throttles), 0.5),
    count("major_faults", "page faults with a disk", |row| times(Some(row.noise.major_faults)), 0.5),
    count("migrations", "migrations", |row| times(row.noise.migrations), 0.5),
    count(
        "involuntary_switches",
        "involuntary switches",
        |row| times(Some(row.noise.involuntary_switches)),
        10.0,
    ),
];

const fn share(
    name: &'static str,
    what: &'static str,
    least: f64,
    amount: fn(&Repetition) -> Option<f64>,
) -> Cause {
    Cause { name, what, amount, least, shown: Shown::Share }
}

const fn count(
    name: &'static str,
    what: &'static str,
    amount: fn(&Repetition) -> Option<f64>,
    least: f64,
) -> Cause {
    Cause { name, what, amount, least, shown: Shown::Count }
}

fn of_worker_time(row: &Repetition, ns: Option<u64>) -> Option<f64> {
    (row.worker_ns > 0).then_some(ns? as f64 / row.worker_ns as f64)
}

fn of_time(row: &Repetition, ns: Option<u64>) -> Option<f64> {
    // The pressure is read slightly before and after the timed region, so the share may exceed 1.
    (row.elapsed_ns > 0).then_some((ns? as f64 / row.elapsed_ns as f64).min(1.0))
}

fn times(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// Factor from the median absolute deviation of normally distributed values to their standard deviation.
const DEVIATION_PER_MAD: f64 = 1.4826;
/// Fewest others that give a spread.
const OTHERS_MIN: usize = 4;
/// Standard deviations above the usual amount beyond which an amount is unusual.
const DEVIATIONS: f64 = 3.0;

/// Returns every cause with a median amount in `these` above the usual, the median over `others`, one list of
/// repetitions for each. The order is that of `CAUSES`.
pub(super) fn beyond_usual(these: &[&Repetition], others: &[Vec<&Repetition>]) -> Vec<String> {
    let typical = |rows: &[&Repetition], cause: &Cause| {
        let amounts: Vec<f64> = rows.iter().filter_map(|row| (cause.amount)(row)).collect();
        median(&amounts)
    };
    let beyond = |cause: &Cause| {
        let found = typical(these, cause)?;
        let usual: Vec<f64> = others.iter().filter_map(|rows| typical(rows, cause)).collect();
        let middle = median(&usual)?;
        let distances: Vec<f64> = usual.iter().map(|amount| (amount - middle).abs()).collect();
        let margin = match usual.len() {
            // Fewer values do not show how much they vary.
            0..OTHERS_MIN => middle / 2.0,
            _ => DEVIATIONS * DEVIATION_PER_MAD * median(&distances)?,
        };
        (found - middle > cause.least.max(margin)).then(|| cause.text(found, middle))
    };
    CAUSES.iter().filter_map(beyond).collect()
}

impl Cause {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Amount in a repetition; `None` when it is not counted.
    pub(super) fn amount(&self, repetition: &Repetition) -> Option<f64> {
        (self.amount)(repetition)
    }

    /// `workers waited for a CPU 4.10 % (usually 0.02 %)`, `120 involuntary switches (usually 3)`
    fn text(&self, found: f64, usual: f64) -> String {
        match self.shown {
            Shown::Share => format!("{} {} % (usually {} %)", self.what, per_cent(found), per_cent(usual)),
            Shown::Count => format!("{found:.0} {} (usually {usual:.0})", self.what),
        }
    }
}

fn per_cent(share: f64) -> String {
    match share * 100.0 {
        tiny if tiny.abs() < 0.005 => "0".to_owned(),
        per_cent => three_digits(per_cent),
    }
}
