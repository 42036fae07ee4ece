//! Noise: other activity on the cores of a repetition.
//!
//! Counters are read outside the timed region, just before and after it. [`NoiseCounters::survey`] finds out once per run
//! which counters the machine offers. [`ThreadCounts`] is a reading of one worker, [`MachineCounts`] a reading of one
//! rank. A [`Noise`] is the difference of two readings. Nothing is judged here.

mod life;
mod machine;
mod survey;
mod thread;

pub use life::ThreadLife;
pub use machine::MachineCounts;
pub use survey::NoiseCounters;
pub use thread::ThreadCounts;

use super::Clock;

/// CPU time of the calling thread since it began, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    thread::cpu_ns()
}

/// Other activity on one rank's cores during one timed region.
///
/// Invariant, when `workers` is not empty: every sum is the sum over `workers`, and null when one of the terms is null.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Noise {
    /// The noise of each worker; empty in records gathered from ranks.
    pub workers: Vec<WorkerNoise>,
    /// The lowest CPU time / wall time of a worker; null when no time passed.
    pub cpu_share_min: Option<f64>,
    /// Number of times a worker lost its CPU to another task, summed over the workers. A worker that yields at a
    /// barrier and does not get its CPU back at once counts too.
    pub involuntary_switches: u64,
    /// Number of times a worker gave up its CPU to wait, summed.
    pub voluntary_switches: u64,
    /// Page faults without disk access, summed.
    pub minor_faults: u64,
    /// Page faults with disk access, summed.
    pub major_faults: u64,
    /// Number of times a worker moved to another CPU, summed.
    pub migrations: Option<u64>,
    /// Time in which a worker was ready to run and waited for a CPU, summed.
    pub run_delay_ns: Option<u64>,
    /// Time in which the hypervisor ran something else on the workers' PUs; the resolution is 10 ms.
    pub steal_ns: Option<u64>,
    /// Time in which a CPU limit kept this process from running, summed over CPUs.
    pub throttled_ns: Option<u64>,
    /// Number of times one of the cores, or their package, was slowed because it was hot.
    pub thermal_throttles: Option<u64>,
    /// Time in which some task of the host waited for a CPU.
    pub pressure_cpu_ns: Option<u64>,
    /// Time in which some task of the host waited for memory.
    pub pressure_memory_ns: Option<u64>,
    /// Relative change of the core clock, after / before - 1, of the worker with the largest change; negative when the
    /// clock fell.
    pub core_clock_change: Option<f64>,
    /// Time of the core-clock probe on the slowest worker: the faster of its two probes. Equal nodes have equal times.
    pub core_probe_ns: Option<f64>,
}

/// The noise of one worker, from just before the timed region to just after it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct WorkerNoise {
    /// CPU time.
    pub cpu_ns: u64,
    /// Wall time.
    pub wall_ns: u64,
    /// As in [`Noise`].
    pub involuntary_switches: u64,
    /// As in [`Noise`].
    pub voluntary_switches: u64,
    /// As in [`Noise`].
    pub minor_faults: u64,
    /// As in [`Noise`].
    pub major_faults: u64,
    /// As in [`Noise`].
    pub migrations: Option<u64>,
    /// As in [`Noise`].
    pub run_delay_ns: Option<u64>,
    /// Time of the core-clock probe before the timed region.
    pub probe_before_ns: f64,
    /// Time of the core-clock probe after the timed region.
    pub probe_after_ns: f64,
}

impl WorkerNoise {
    /// The difference between two readings of one thread, and the times of two core-clock probes on it.
    pub fn between(
        clock: &Clock,
        [before, after]: [&ThreadCounts; 2],
        [probe_before_ns, probe_after_ns]: [f64; 2],
    ) -> WorkerNoise {
        let since = |of: fn(&ThreadCounts) -> u64| of(after).saturating_sub(of(before));
        let known = |of: fn(&ThreadCounts) -> Option<u64>| Some(of(after)?.saturating_sub(of(before)?));
        WorkerNoise {
            cpu_ns: since(|counts| counts.cpu_ns),
            wall_ns: clock.nanoseconds(after.at.since(before.at)),
            involuntary_switches: since(|counts| counts.switches.involuntary),
            voluntary_switches: since(|counts| counts.switches.voluntary),
            minor_faults: since(|counts| counts.switches.minor_faults),
            major_faults: since(|counts| counts.switches.major_faults),
            migrations: known(|counts| counts.migrations),
            run_delay_ns: known(|counts| counts.run_delay_ns),
            probe_before_ns,
            probe_after_ns,
        }
    }

    /// CPU time / wall time; `None` when no time passed.
    pub fn cpu_share(&self) -> Option<f64> {
        (self.wall_ns > 0).then(|| self.cpu_ns as f64 / self.wall_ns as f64)
    }

    /// Relative change of the core clock, before / after - 1 in probe times: a slower clock makes the probe longer.
    pub fn core_clock_change(&self) -> Option<f64> {
        (self.probe_after_ns > 0.0).then(|| self.probe_before_ns / self.probe_after_ns - 1.0)
    }
}

impl Noise {
    /// A rank's noise: the noise of its workers, and the difference between two readings of the machine.
    pub fn new(workers: Vec<WorkerNoise>, [before, after]: [&MachineCounts; 2]) -> Noise {
        let MachineCounts { steal_ns, throttled_ns, thermal_throttles, pressure_cpu_ns, pressure_memory_ns } =
            after.since(before);
        let machine = Noise {
            steal_ns,
            throttled_ns,
            thermal_throttles,
            pressure_cpu_ns,
            pressure_memory_ns,
            ..Noise::default()
        };
        machine.with(workers)
    }

    /// The same machine's noise with these workers. The only definition of the sums.
    fn with(&self, workers: Vec<WorkerNoise>) -> Noise {
        let sum = |of: fn(&WorkerNoise) -> u64| workers.iter().map(of).fold(0, u64::saturating_add);
        let known = |of: fn(&WorkerNoise) -> Option<u64>| {
            let all: Option<Vec<u64>> = workers.iter().map(of).collect();
            all.filter(|all| !all.is_empty()).map(|all| all.into_iter().fold(0, u64::saturating_add))
        };
        let changes = workers.iter().filter_map(WorkerNoise::core_clock_change);
        let probes = workers.iter().map(|worker| worker.probe_before_ns.min(worker.probe_after_ns));
        Noise {
            cpu_share_min: workers.iter().filter_map(WorkerNoise::cpu_share).reduce(f64::min),
            involuntary_switches: sum(|worker| worker.involuntary_switches),
            voluntary_switches: sum(|worker| worker.voluntary_switches),
            minor_faults: sum(|worker| worker.minor_faults),
            major_faults: sum(|worker| worker.major_faults),
            migrations: known(|worker| worker.migrations),
            run_delay_ns: known(|worker| worker.run_delay_ns),
            core_clock_change: changes.max_by(|a, b| a.abs().total_cmp(&b.abs())),
            core_probe_ns: probes.filter(|ns| *ns > 0.0).reduce(f64::max),
            workers,
            ..*self
        }
    }

    /// A copy without the entries of the workers.
    pub fn summary(&self) -> Noise {
        Noise { workers: Vec::new(), ..*self }
    }

    /// Checks the invariant, which only an edited or damaged file can break.
    ///
    /// # Errors
    /// The rule that does not hold.
    pub fn check(&self) -> Result<(), String> {
        if self.workers.is_empty() || self.with(self.workers.clone()) == *self {
            return Ok(());
        }
        Err("the noise of the rank does not follow from that of its workers".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(number: u64) -> WorkerNoise {
        WorkerNoise {
            cpu_ns: 900 + number,
            wall_ns: 1000,
            involuntary_switches: number,
            voluntary_switches: 2 * number,
            minor_faults: 3 * number,
            major_faults: 4 * number,
            migrations: Some(5 * number),
            run_delay_ns: Some(6 * number),
            probe_before_ns: 30_000.0,
            probe_after_ns: 30_000.0 + 300.0 * number as f64,
        }
    }

    #[test]
    fn a_rank_has_the_sums_of_its_workers_and_the_worst_of_their_shares() {
        let machine = MachineCounts { steal_ns: Some(70), ..MachineCounts::default() };
        let later = MachineCounts { steal_ns: Some(90), ..MachineCounts::default() };
        let noise = Noise::new(vec![worker(1), worker(10), worker(4)], [&machine, &later]);
        assert_eq!((noise.involuntary_switches, noise.voluntary_switches), (15, 30));
        assert_eq!((noise.minor_faults, noise.major_faults), (45, 60));
        assert_eq!((noise.migrations, noise.run_delay_ns), (Some(75), Some(90)));
        assert_eq!((noise.steal_ns, noise.throttled_ns), (Some(20), None));
        assert_eq!(noise.cpu_share_min, Some(0.901));
        // The probe of worker 10 took a tenth longer, so its clock fell by an eleventh.
        assert_eq!(noise.core_clock_change, Some(30_000.0 / 33_000.0 - 1.0));
        assert_eq!(noise.core_probe_ns, Some(30_000.0), "each worker's clock was as fast before");
        assert_eq!(noise.check(), Ok(()));
        assert_eq!(noise.summary().check(), Ok(()));
    }

    #[test]
    fn a_counter_that_one_worker_does_not_have_is_not_summed() {
        let none = MachineCounts::default();
        let without = WorkerNoise { migrations: None, ..worker(1) };
        let noise = Noise::new(vec![worker(2), without], [&none, &none]);
        assert_eq!((noise.migrations, noise.run_delay_ns), (None, Some(18)));
        let nobody = Noise::new(vec![], [&none, &none]);
        assert_eq!((nobody.migrations, nobody.cpu_share_min, nobody.core_clock_change), (None, None, None));
    }

    #[test]
    fn a_sum_that_was_changed_is_found() {
        let none = MachineCounts::default();
        let noise = Noise::new(vec![worker(1), worker(2)], [&none, &none]);
        let changes: [fn(&mut Noise); 4] = [
            |noise| noise.involuntary_switches += 1,
            |noise| noise.run_delay_ns = None,
            |noise| noise.cpu_share_min = Some(1.0),
            |noise| noise.workers.truncate(1),
        ];
        for change in changes {
            let mut changed = noise.clone();
            change(&mut changed);
            assert!(changed.check().is_err(), "{changed:?}");
        }
    }
}
