//! Possible causes of a slow repetition: amounts from the noise record, compared with their usual values.

use crate::record::line::Repetition;
use crate::stats::median;
use crate::units::{counted, three_digits, whole};

/// A disturbance that the noise record has an amount of. Larger amounts are worse.
pub(super) struct Cause {
    name: &'static str,
    /// The sentence with `{}` in the place of a share, or the noun of a count.
    what: &'static str,
    /// The same as an observation without an amount: what was so more than usual.
    raised: &'static str,
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
    share(
        "cpu_share",
        "a worker had no CPU for {} of the time",
        "a worker lost its CPU for longer than usual",
        0.01,
        |row| row.noise.cpu_share_min.map(|share| 1.0 - share),
    ),
    share(
        "run_delay",
        "workers waited for a CPU for {} of the time",
        "workers waited longer than usual for a CPU",
        0.005,
        |row| of_worker_time(row, row.noise.run_delay_ns),
    ),
    share(
        "steal",
        "the hypervisor took {} of the time",
        "the hypervisor took more CPU time than usual",
        0.005,
        |row| of_worker_time(row, row.noise.steal_ns),
    ),
    share(
        "cpu_quota",
        "a CPU quota stopped workers for {} of the time",
        "a CPU quota stopped workers for longer than usual",
        0.005,
        |row| of_worker_time(row, row.noise.throttled_ns),
    ),
    share("core_clock", "a core clock fell by {}", "a core clock fell more than usual", 0.02, |row| {
        row.noise.core_clock_change.map(|change| (-change).max(0.0))
    }),
    share(
        "pressure_memory",
        "the host waited for memory for {} of the time",
        "the host waited longer than usual for memory",
        0.01,
        |row| of_time(row, row.noise.pressure_memory_ns),
    ),
    share(
        "pressure_cpu",
        "the host waited for CPUs for {} of the time",
        "the host waited longer than usual for CPUs",
        0.02,
        |row| of_time(row, row.noise.pressure_cpu_ns),
    ),
    count(
        "thermal_throttles",
        "thermal throttle",
        "CPUs slowed for heat more often than usual",
        0.5,
        |row| times(row.noise.thermal_throttles),
    ),
    count("major_faults", "major page fault", "more page faults than usual needed the disk", 0.5, |row| {
        times(Some(row.noise.major_faults))
    }),
    count("migrations", "CPU migration", "workers moved to other CPUs more often than usual", 0.5, |row| {
        times(row.noise.migrations)
    }),
    count(
        "involuntary_switches",
        "involuntary switch",
        "more involuntary switches than usual took a CPU from a worker",
        10.0,
        |row| times(Some(row.noise.involuntary_switches)),
    ),
];

/// The observation behind the name of a cause: what was so more than usual.
pub(crate) fn sense(name: &str) -> String {
    let cause = CAUSES.iter().find(|cause| cause.name == name);
    cause.map_or_else(|| format!("more {name} than usual"), |cause| cause.raised.to_owned())
}

const fn share(
    name: &'static str,
    what: &'static str,
    raised: &'static str,
    least: f64,
    amount: fn(&Repetition) -> Option<f64>,
) -> Cause {
    Cause { name, what, raised, amount, least, shown: Shown::Share }
}

const fn count(
    name: &'static str,
    what: &'static str,
    raised: &'static str,
    least: f64,
    amount: fn(&Repetition) -> Option<f64>,
) -> Cause {
    Cause { name, what, raised, amount, least, shown: Shown::Count }
}

/// Part of the workers' time. The counters are read slightly before and after the timed region, so it might exceed 1.
fn of_worker_time(row: &Repetition, ns: Option<u64>) -> Option<f64> {
    (row.worker_ns > 0).then_some((ns? as f64 / row.worker_ns as f64).min(1.0))
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

    /// `workers waited for a CPU for 4.10 % of the time (usually 0.02 %)`, `120 involuntary switches (usually 3)`
    fn text(&self, found: f64, usual: f64) -> String {
        match self.shown {
            Shown::Share => {
                let found = self.what.replacen("{}", &format!("{} %", per_cent(found)), 1);
                format!("{found} (usually {} %)", per_cent(usual))
            }
            Shown::Count => format!("{} (usually {usual:.0})", counted(whole(found), self.what)),
        }
    }
}

fn per_cent(share: f64) -> String {
    match share * 100.0 {
        tiny if tiny.abs() < 0.005 => "0".to_owned(),
        per_cent => three_digits(per_cent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Measuring, Noise};

    fn repetition() -> Repetition {
        let counted = Some(0);
        let noise = Noise {
            cpu_share_min: Some(1.0),
            migrations: counted,
            run_delay_ns: counted,
            steal_ns: counted,
            throttled_ns: counted,
            thermal_throttles: counted,
            pressure_cpu_ns: counted,
            pressure_memory_ns: counted,
            core_clock_change: Some(0.0),
            ..Noise::default()
        };
        Repetition {
            case: "larson".to_owned(),
            round: 1,
            began_unix_ms: 0,
            elapsed_ns: 1_000_000_000,
            bytes: 0,
            operations: 1,
            worker_ns: 2_000_000_000,
            cpu_ns: 2_000_000_000,
            busy_workers: 2,
            memory_peak_bytes: None,
            background_cpu_ns: None,
            intervals: vec![1],
            histograms: Default::default(),
            heap_offset_bytes: 0,
            noise,
            measuring: Measuring::default(),
            limits: Vec::new(),
            digest: None,
            check: None,
        }
    }

    /// A repetition of one second with a quiet record, and the same with one counter made worse.
    fn worse(name: &str) -> (Repetition, Repetition) {
        let quiet = repetition();
        let mut bad = quiet.clone();
        let noise = &mut bad.noise;
        let half = quiet.worker_ns / 2;
        match name {
            "cpu_share" => noise.cpu_share_min = Some(0.4),
            "run_delay" => noise.run_delay_ns = Some(half),
            "steal" => noise.steal_ns = Some(half),
            "cpu_quota" => noise.throttled_ns = Some(half),
            "core_clock" => noise.core_clock_change = Some(-0.4),
            "pressure_memory" => noise.pressure_memory_ns = Some(quiet.elapsed_ns / 2),
            "pressure_cpu" => noise.pressure_cpu_ns = Some(quiet.elapsed_ns / 2),
            "thermal_throttles" => noise.thermal_throttles = Some(50),
            "major_faults" => noise.major_faults = 50,
            "migrations" => noise.migrations = Some(50),
            "involuntary_switches" => noise.involuntary_switches = 50,
            other => panic!("a cause without a test: {other}"),
        }
        (quiet, bad)
    }

    #[test]
    fn a_worse_counter_has_the_larger_amount_and_its_sentence_tells_of_more() {
        for cause in &CAUSES {
            let (quiet, bad) = worse(cause.name());
            let (usual, found) =
                (cause.amount(&quiet).expect("counted"), cause.amount(&bad).expect("counted"));
            assert!(found > usual + cause.least, "{}: {found} against {usual}", cause.name());
            let said = sense(cause.name());
            assert!(said.contains("than usual"), "{said}");
            // The name of a good thing, such as a share of the CPU, is never what there was more of.
            assert!(!said.contains("cpu share") && !said.contains('_'), "{said}");
            let others = vec![vec![&quiet]; 4];
            let [line] = &beyond_usual(&[&bad], &others)[..] else { panic!("one cause of {}", cause.name()) };
            let says = |piece: &str| line.contains(piece);
            assert!(cause.what.split("{}").all(says) && says("(usually 0"), "{line}");
        }
    }

    #[test]
    fn a_share_of_the_workers_time_is_never_above_100_percent() {
        let mut row = repetition();
        row.noise.run_delay_ns = Some(row.worker_ns * 3);
        let delay = CAUSES.iter().find(|cause| cause.name() == "run_delay").expect("a cause");
        assert_eq!(delay.amount(&row), Some(1.0));
    }
}
