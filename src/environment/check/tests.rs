//! A made-up host without disturbances, and single changes that each disturb.

use std::time::Duration;

use super::super::probe::Probe;
use super::*;
use crate::environment::reading;
use crate::environment::reading::Load;
use crate::environment::{Facts, collect_from};
use crate::made_up::Files;

/// Two cores of one PU, one node, a cgroup without limits.
const QUIET: [(&str, &str); 27] = [
    ("proc/cpuinfo", "model name\t: Made-up 9000\nflags\t\t: fpu avx2\n"),
    ("proc/meminfo", "MemTotal: 1048576 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"),
    ("proc/stat", "cpu  1 0 0 1\ncpu0 1 0 0 9 0 0 0 0\ncpu1 1 0 0 9 0 0 0 0\n"),
    (
        "proc/self/status",
        "Name:\tx\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n",
    ),
    ("proc/self/stat", "1 (a b) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 20 0 1 0 1\n"),
    ("proc/self/limits", "Limit  Soft  Hard\nMax address space  unlimited  unlimited  bytes\n"),
    ("proc/self/cgroup", "0::/job\n"),
    ("proc/self/mountinfo", "31 30 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
    ("proc/sys/kernel/numa_balancing", "0\n"),
    ("proc/sys/kernel/perf_event_paranoid", "1\n"),
    ("sys/fs/cgroup/job/cpu.max", "max 100000\n"),
    ("sys/fs/cgroup/job/memory.max", "max\n"),
    ("sys/class/dmi/id/sys_vendor", "Maker\n"),
    ("sys/kernel/mm/ksm/run", "0\n"),
    ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
    ("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n"),
    ("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n"),
    ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
    ("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n"),
    ("sys/devices/system/cpu/online", "0-1\n"),
    ("sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0\n"),
    ("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1\n"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n"),
    ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    ("sys/devices/system/node/online", "0\n"),
    ("sys/devices/system/node/node0/cpulist", "0-1\n"),
    (
        "sys/devices/system/node/node0/meminfo",
        "Node 0 MemTotal: 1048576 kB\nNode 0 MemFree: 900000 kB\nNode 0 FilePages: 1000 kB\n",
    ),
];

/// The quiet host with some files replaced, inside a Slurm job or not.
struct MadeUp {
    files: Files,
    slurm: bool,
    load: Load,
}

impl MadeUp {
    fn new(name: &str, changes: &[(&str, &str)]) -> MadeUp {
        let files = Files::new(&format!("check-{name}"), &[&QUIET[..], changes].concat());
        let load = Load { pus: 2, busy: 0.01, stolen: 0.0, average: Some(0.25), busiest: Vec::new() };
        MadeUp { files, slurm: false, load }
    }

    fn checks(&self) -> Vec<Check> {
        let facts = Facts {
            clock_source: "time stamp counter".to_owned(),
            clock_step_ns: 1.0,
            clock_read_ns: 20.0,
            mpi_library: Err("not asked".to_owned()),
        };
        let job = |name: &str| (self.slurm && name == "SLURM_JOB_ID").then(|| "7".to_owned());
        let environment = collect_from(Probe::new(&self.files.root), &facts, job);
        let mut reading = reading::read(&Probe::new(&self.files.root), Duration::ZERO);
        assert_eq!(reading.load, Err("the kernel's counters of ticks stand still".to_owned()));
        reading.load = Ok(self.load.clone());
        checks(&environment, &reading)
    }

    /// Returns the found text and the remedy of the only warning; panics unless there is exactly one.
    fn only_warning(&self, what: &str) -> (String, String) {
        let checks = self.checks();
        let mut warning = checks.iter().filter(|check| check.warns());
        let check = warning.next().unwrap_or_else(|| panic!("nothing warns of {what}: {checks:#?}"));
        assert_eq!((check.what, warning.next()), (what, None));
        match &check.standing {
            Assessment::Warn(Remedy::Command(command)) => (check.found.clone(), command.clone()),
            Assessment::Warn(Remedy::Advice(advice)) => (check.found.clone(), (*advice).to_owned()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_quiet_host_is_fine_in_every_line() {
    for check in MadeUp::new("quiet", &[]).checks() {
        assert_eq!(check.standing, Assessment::Fine, "{check:?}");
    }
}

/// Disturbances of a quiet host: file, text, name of the check, part of the finding, part of the remedy.
const DISTURBANCES: &[[&str; 5]] = &[
    ["proc/cpuinfo", "flags\t: fpu hypervisor\n", "machine", "virtual of Maker", "compare arms"],
    [
        "proc/self/status",
        "CapEff:\t0\nCpus_allowed_list:\t1\nMems_allowed_list:\t0\n",
        "processors",
        "1 of 2 PUs usable, memory of 1 node",
        "taskset -c 0-1 numamark run JOB.toml",
    ],
    [
        "sys/fs/cgroup/job/cpu.max",
        "150000 100000\n",
        "CPU quota",
        "1.50 x the CPU time of a PU",
        "echo max | sudo tee",
    ],
    ["sys/fs/cgroup/job/memory.max", "1048576\n", "memory limit", "1.00 MiB of 1.00 GiB", "job/memory.max"],
    ["proc/self/stat", "1 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 20 5 1\n", "priority", "nice 5", "renice"],
    [
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
        "powersave\n",
        "frequency",
        "governor performance, powersave, boost on",
        "sudo cpupower frequency-set -g performance",
    ],
    [
        "sys/devices/system/cpu/cpu1/topology/thread_siblings_list",
        "0\n",
        "SMT",
        "on: 2 PUs on 1 core;",
        "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    ],
    [
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "hpet\n",
        "clock",
        "the kernel uses hpet",
        "echo tsc | sudo tee",
    ],
    ["proc/sys/kernel/perf_event_paranoid", "4\n", "perf", "perf_event_paranoid 4", "perf_event_paranoid=1"],
    [
        "sys/kernel/mm/transparent_hugepage/enabled",
        "always madvise [never]\n",
        "huge pages",
        "transparent: never",
        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    ],
    [
        "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
        "100\n",
        "set aside",
        "200 MiB of them idle",
        "hugepages-2048kB/nr_hugepages",
    ],
    [
        "proc/sys/kernel/numa_balancing",
        "1\n",
        "NUMA balancing",
        "on: the kernel unmaps",
        "kernel.numa_balancing=0",
    ],
    ["sys/kernel/mm/ksm/run", "1\n", "page merging", "on (KSM)", "/sys/kernel/mm/ksm/run"],
    [
        "proc/meminfo",
        "MemTotal: 1048576 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n",
        "swap",
        "2.00 MiB, 1.00 MiB of it in use",
        "sudo swapoff -a",
    ],
    [
        "sys/devices/system/node/node0/meminfo",
        "Node 0 MemTotal: 1024 kB\nNode 0 MemFree: 100 kB\nNode 0 FilePages: 800 kB\n",
        "free memory",
        "node 0: 100 KiB of 1.00 MiB free, 800 KiB cached files",
        "drop_caches",
    ],
    [
        "proc/self/limits",
        "Max address space  1048576  unlimited  bytes\n",
        "address space",
        "1.00 MiB",
        "ulimit -v unlimited",
    ],
];

#[test]
fn each_disturbance_warns_by_itself_and_has_a_remedy() {
    for (number, &[file, text, what, found, remedy]) in DISTURBANCES.iter().enumerate() {
        let mut changes = vec![(file, text)];
        if what == "set aside" {
            changes.push(("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "100\n"));
        }
        let (is, helps) = MadeUp::new(&format!("one-{number}"), &changes).only_warning(what);
        assert!(is.contains(found) && helps.contains(remedy), "{what}: {is} / {helps}");
    }
}

#[test]
fn other_load_is_named_and_stolen_time_is_its_own_line() {
    let mut host = MadeUp::new("load", &[]);
    host.load = Load { busy: 1.25, busiest: vec![(17, "cc1plus".to_owned(), 0.98)], ..host.load.clone() };
    let (found, remedy) = host.only_warning("other load");
    assert_eq!(found, "1.25 of 2 PUs busy; load average 0.25; busiest: cc1plus (17) 98 %");
    assert!(remedy.starts_with("ps "), "{remedy}");
    host.load = Load { pus: 2, busy: 0.0, stolen: 0.06, average: None, busiest: Vec::new() };
    assert_eq!(host.only_warning("stolen time").0, "3.0 % of CPU time went to other virtual machines");
}

#[test]
fn a_batch_system_is_asked_for_what_it_took() {
    let status = "Cpus_allowed_list:\t0\nMems_allowed_list:\t0\n";
    let mut host = MadeUp::new("slurm", &[("proc/self/status", status)]);
    host.slurm = true;
    assert_eq!(host.only_warning("processors").1, "sbatch --exclusive --mem=0 JOB.sbatch");
}

#[test]
fn who_has_the_capability_may_use_perf_whatever_the_level() {
    let status = "CapEff:\t0000004000000000\nCpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n";
    let changes = [("proc/self/status", status), ("proc/sys/kernel/perf_event_paranoid", "4\n")];
    assert!(MadeUp::new("capable", &changes).checks().iter().all(|check| !check.warns()));
}

#[test]
fn what_cannot_be_read_is_unknown_with_the_reason_and_never_a_warning() {
    let facts = Facts {
        clock_source: "CLOCK_MONOTONIC".to_owned(),
        clock_step_ns: 1.0,
        clock_read_ns: 20.0,
        mpi_library: Err("not asked".to_owned()),
    };
    let nothing = Probe::new("/nonexistent");
    let reading = reading::read(&nothing, Duration::ZERO);
    let checks = checks(&collect_from(nothing, &facts, |_| None), &reading);
    let unknown = checks.iter().filter(|check| check.standing == Assessment::Unknown).count();
    assert!(checks.iter().all(|check| !check.warns() && !check.found.is_empty()), "{checks:?}");
    assert_eq!(
        checks.len() - unknown,
        3,
        "only the clock, and that there is no cgroup, are known: {checks:?}"
    );
}
