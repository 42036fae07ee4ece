//! The noise counters that a machine offers: tried once, so that a missing counter is null with the reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::machine::{MachineCounts, pressure_ns, steal_ns, thermal_throttles, throttled_ns};
use super::thread::{ThreadCounts, cpu_ns, migrations, run_delay_ns, switches};
use crate::cgroup::Cgroup;
use crate::measure::Clock;

// The names of counters, in recorded values and in reasons.
const MIGRATIONS: &str = "migrations";
const RUN_DELAY: &str = "run_delay_ns";
const STEAL: &str = "steal_ns";
const THROTTLED: &str = "throttled_ns";
const THERMAL: &str = "thermal_throttles";
const PRESSURE_CPU: &str = "pressure_cpu_ns";
const PRESSURE_MEMORY: &str = "pressure_memory_ns";

/// The counters available to a rank, and its PUs.
#[derive(Clone, Debug)]
pub struct NoiseCounters {
    root: PathBuf,
    pus: Vec<u32>,
    cgroup: Option<Cgroup>,
    unavailable: BTreeMap<String, String>,
}

impl NoiseCounters {
    /// Tries every counter of this machine. `pus` are the workers' PUs in the workers' order, by the kernel's index;
    /// `None` when the workers may run anywhere.
    pub fn survey(pus: Option<&[u32]>) -> NoiseCounters {
        NoiseCounters::survey_below(Path::new("/"), pus)
    }

    /// As [`NoiseCounters::survey`], on files below a root that is laid out like `/`.
    pub fn survey_below(root: &Path, pus: Option<&[u32]>) -> NoiseCounters {
        let of_pus = |read: fn(&Path, &[u32]) -> Result<u64, String>| match pus {
            Some(pus) => read(root, pus),
            None => Err("the workers are bound to no PU".to_owned()),
        };
        let cgroup = Cgroup::find_below(root, "cpu");
        let tried = [
            (MIGRATIONS, migrations(root)),
            (RUN_DELAY, run_delay_ns(root)),
            (STEAL, of_pus(steal_ns)),
            (THROTTLED, throttled_ns(cgroup.as_ref())),
            (THERMAL, of_pus(thermal_throttles)),
            (PRESSURE_CPU, pressure_ns(root, "cpu")),
            (PRESSURE_MEMORY, pressure_ns(root, "memory")),
        ];
        let refused = tried.into_iter().filter_map(|(name, tried)| Some((name.to_owned(), tried.err()?)));
        let unavailable = refused.collect();
        NoiseCounters { root: root.to_owned(), pus: pus.unwrap_or_default().to_vec(), cgroup, unavailable }
    }

    /// The counters that this machine does not offer: name to reason.
    pub fn unavailable(&self) -> &BTreeMap<String, String> {
        &self.unavailable
    }

    /// Reads the counters of the PUs of the first `workers` workers, and those of the machine.
    pub fn machine(&self, workers: usize) -> MachineCounts {
        let (root, pus) = (self.root.as_path(), &self.pus[..workers.min(self.pus.len())]);
        MachineCounts {
            steal_ns: self.ask(STEAL, || steal_ns(root, pus)),
            throttled_ns: self.ask(THROTTLED, || throttled_ns(self.cgroup.as_ref())),
            thermal_throttles: self.ask(THERMAL, || thermal_throttles(root, pus)),
            pressure_cpu_ns: self.ask(PRESSURE_CPU, || pressure_ns(root, "cpu")),
            pressure_memory_ns: self.ask(PRESSURE_MEMORY, || pressure_ns(root, "memory")),
        }
    }

    /// Reads the counters of the calling thread just before a timed region. The slowest is read first, so that the
    /// others are read as close to the region as possible.
    pub fn thread_before(&self, clock: &Clock) -> ThreadCounts {
        let (migrations, run_delay_ns) = self.thread_files();
        let switches = switches();
        let at = clock.read();
        ThreadCounts { at, cpu_ns: cpu_ns(), switches, migrations, run_delay_ns }
    }

    /// Reads the counters of the calling thread just after a timed region, in the reverse order.
    pub fn thread_after(&self, clock: &Clock) -> ThreadCounts {
        let cpu_ns = cpu_ns();
        let at = clock.read();
        let switches = switches();
        let (migrations, run_delay_ns) = self.thread_files();
        ThreadCounts { at, cpu_ns, switches, migrations, run_delay_ns }
    }

    fn thread_files(&self) -> (Option<u64>, Option<u64>) {
        let root = self.root.as_path();
        (self.ask(MIGRATIONS, || migrations(root)), self.ask(RUN_DELAY, || run_delay_ns(root)))
    }

    /// Reads a counter if the machine has it.
    fn ask(&self, name: &str, read: impl FnOnce() -> Result<u64, String>) -> Option<u64> {
        if self.unavailable.contains_key(name) {
            return None;
        }
        // The counter could be read in the survey. If it fails now, it is null without a reason.
        read().ok()
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::made_up::Files;

    /// A made-up machine with two PUs.
    fn made_up(name: &str) -> Files {
        let files = [
            ("proc/thread-self/sched", "se.nr_migrations : 4\n"),
            ("proc/thread-self/schedstat", "100 200 3\n"),
            (
                "proc/stat",
                "cpu  9 9 9 9 9 9 9 90 9 9\ncpu0 1 2 3 4 5 6 7 80 0 0\ncpu1 1 2 3 4 5 6 7 5 0 0\nintr 5 6\n",
            ),
            ("proc/pressure/cpu", "some avg10=0.00 total=7\nfull avg10=0.00 total=3\n"),
            ("proc/pressure/memory", "some avg10=0.00 total=9\n"),
            ("proc/self/cgroup", "0::/job/step\n"),
            ("proc/self/mountinfo", "31 30 0:27 / /cgroup rw - cgroup2 cgroup2 rw\n"),
            ("cgroup/job/cpu.stat", "usage_usec 5\nthrottled_usec 30\n"),
            ("cgroup/job/step/cpu.stat", "nr_throttled 5\nthrottled_usec 4\n"),
            ("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "2\n"),
            ("sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "10\n"),
            ("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "3\n"),
            ("sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "10\n"),
        ];
        Files::new(&format!("noise-{name}"), &files)
    }

    #[test]
    fn every_counter_is_read_where_it_stands_and_in_nanoseconds() {
        let machine = made_up("whole");
        let counters = NoiseCounters::survey_below(&machine.root, Some(&[1, 0]));
        assert_eq!(counters.unavailable(), &BTreeMap::new());
        let all = counters.machine(2);
        let expected = MachineCounts {
            steal_ns: Some(85 * 10_000_000),
            throttled_ns: Some(34_000),
            thermal_throttles: Some(2 + 3 + 10),
            pressure_cpu_ns: Some(7_000),
            pressure_memory_ns: Some(9_000),
        };
        assert_eq!(all, expected);
        // A case with one worker has only the first PU.
        assert_eq!(counters.machine(1).steal_ns, Some(50_000_000));
        let thread = counters.thread_before(&Clock::start());
        assert_eq!((thread.migrations, thread.run_delay_ns), (Some(4), Some(200)));
        machine.write("cgroup/job/cpu.stat", "throttled_usec 31\n");
        machine.write("proc/pressure/memory", "some total=8\n");
        let later = counters.machine(2).since(&all);
        assert_eq!((later.throttled_ns, later.steal_ns), (Some(1000), Some(0)));
        assert_eq!(later.pressure_memory_ns, Some(0), "a counter that fell back");
        std::fs::remove_file(machine.root.join("proc/stat")).expect("it is there");
        assert_eq!(counters.machine(2).since(&all).steal_ns, None, "one that went away");
    }

    #[test]
    fn version_one_counts_throttled_time_in_nanoseconds() {
        let machine = made_up("one");
        machine.write("proc/self/cgroup", "2:cpu,cpuacct:/job\n0::/\n");
        machine.write("proc/self/mountinfo", "31 30 0:27 / /cgroup rw - cgroup cgroup rw,cpu,cpuacct\n");
        machine.write("cgroup/job/cpu.stat", "nr_periods 4\nnr_throttled 1\nthrottled_time 17\n");
        let counters = NoiseCounters::survey_below(&machine.root, Some(&[0]));
        assert_eq!(counters.machine(1).throttled_ns, Some(17));
    }

    #[test]
    fn a_counter_that_the_machine_lacks_is_none_with_the_reason() {
        let machine = made_up("less");
        let without = |path: &str| std::fs::remove_dir_all(machine.root.join(path)).expect("it is there");
        without("sys");
        without("proc/pressure");
        without("cgroup");
        machine.write("proc/stat", "cpu0 1 2 3 4\n");
        machine.write("proc/thread-self/schedstat", "0 0 0\n");
        machine.write("proc/thread-self/sched", "\n");
        let counters = NoiseCounters::survey_below(&machine.root, Some(&[0]));
        assert_eq!(counters.machine(1), MachineCounts::default());
        let thread = counters.thread_after(&Clock::start());
        assert_eq!((thread.migrations, thread.run_delay_ns), (None, None));
        let reasons = [
            (MIGRATIONS, "has no se.nr_migrations"),
            (RUN_DELAY, "keeps no scheduling statistics"),
            (STEAL, "no column for stolen time"),
            (THROTTLED, "no cpu.stat"),
            (THERMAL, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count: "),
            (PRESSURE_CPU, "/proc/pressure/cpu: "),
            (PRESSURE_MEMORY, "/proc/pressure/memory: "),
        ];
        for (name, why) in reasons {
            assert!(counters.unavailable()[name].contains(why), "{name}: {}", counters.unavailable()[name]);
        }
        assert_eq!(counters.unavailable().len(), reasons.len());
        machine.write("proc/stat", "cpu0 1 2 3 4 5 6 7 8\n");
        let why = |pus| NoiseCounters::survey_below(&machine.root, pus).unavailable()[STEAL].clone();
        assert_eq!(why(Some(&[0, 9])), "/proc/stat has no line for cpu9");
        assert_eq!(why(None), "the workers are bound to no PU");
    }

    #[test]
    fn this_machine_has_each_counter_or_a_reason() {
        let counters = NoiseCounters::survey(Some(&[0]));
        let machine = counters.machine(1);
        let thread = counters.thread_before(&Clock::start());
        for (name, value) in [
            (MIGRATIONS, thread.migrations),
            (RUN_DELAY, thread.run_delay_ns),
            (STEAL, machine.steal_ns),
            (THROTTLED, machine.throttled_ns),
            (THERMAL, machine.thermal_throttles),
            (PRESSURE_CPU, machine.pressure_cpu_ns),
            (PRESSURE_MEMORY, machine.pressure_memory_ns),
        ] {
            let reason = counters.unavailable().get(name);
            assert!(value.is_some() != reason.is_some(), "{name}: {value:?}, {reason:?}");
            println!("{name}: {}", reason.map_or("readable", String::as_str));
        }
    }

    #[test]
    fn working_takes_cpu_time_sleeping_switches_and_touching_memory_faults() {
        let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
        let before = counters.thread_before(&clock);
        let asleep = counters.thread_after(&clock);
        std::thread::sleep(Duration::from_millis(2));
        let slept = counters.thread_after(&clock);
        let began = Instant::now();
        let memory = vec![1u8; 8 << 20];
        while began.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        let worked = counters.thread_after(&clock);
        assert!(before.at <= asleep.at && before.cpu_ns <= asleep.cpu_ns);
        assert!(slept.switches.voluntary > asleep.switches.voluntary, "a sleeper gives its CPU away");
        assert!(worked.cpu_ns > slept.cpu_ns, "{} bytes were written", memory.len());
        assert!(worked.switches.minor_faults > slept.switches.minor_faults, "fresh memory is faulted in");
        if let (Some(first), Some(last)) = (before.run_delay_ns, worked.run_delay_ns) {
            assert!(first <= last);
        } else {
            println!("skipped: run delay: {:?}", counters.unavailable().get(RUN_DELAY));
        }
    }
}
