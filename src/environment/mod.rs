//! A benchmark's view of the machine, read from the kernel's files. Unknown values are null, and `unavailable`
//! gives the reason.

pub mod check;
mod difference;
mod machine;
mod probe;
pub mod reading;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use check::Check;
pub use difference::differences;
pub use machine::{Caches, NodeRecord};
use probe::Probe;

use crate::measure::clock::{Clock, ClockSource};

/// One host and this build, with the properties that affect results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Model of the CPU.
    pub cpu_model: Option<String>,
    /// Features of the CPU, by the kernel's names.
    pub cpu_flags: Vec<String>,
    /// Processing units that are online.
    pub pus: Option<u32>,
    /// Physical cores that are online.
    pub cores: Option<u32>,
    /// True when simultaneous multithreading is on: more PUs than cores.
    pub smt: Option<bool>,
    /// Cache sizes of the first core.
    pub caches: Caches,
    /// Cores that share one L3.
    pub cores_per_l3: Option<u32>,
    /// Online NUMA nodes, by the kernel's numbers, including nodes without CPUs.
    pub nodes: Vec<NodeRecord>,
    /// Memory of the host in bytes.
    pub memory_bytes: Option<u64>,
    /// Release of the kernel.
    pub kernel: Option<String>,
    /// Frequency governor; several, separated by `, `, when CPUs differ.
    pub governor: Option<String>,
    /// Transparent huge pages: `always`, `madvise` or `never`.
    pub transparent_huge_pages: Option<String>,
    /// Circumstances in which the kernel compacts memory to make a huge page.
    pub transparent_huge_pages_defrag: Option<String>,
    /// True when the kernel moves pages to the node that uses them.
    pub numa_balancing: Option<bool>,
    /// The kernel's own clock source.
    pub kernel_clock_source: Option<String>,
    /// The clock of timed regions.
    pub clock_source: String,
    /// Smallest advance of that clock in ns; times below it are not exact.
    pub clock_step_ns: f64,
    /// Cost of one clock reading in ns.
    pub clock_read_ns: f64,
    /// The MPI library and its version.
    pub mpi_library: Option<String>,
    /// The batch system and the id of the job.
    pub scheduler_job: Option<String>,
    /// Version of numamark.
    pub numamark_version: String,
    /// Commit of the build, with `-dirty` when files were changed.
    pub git_commit: Option<String>,
    /// Optional features of the build.
    pub build_features: Vec<String>,
    /// Profile, optimisation, target and compiler.
    pub build: String,
    /// Reason for each field that is null or empty.
    pub unavailable: BTreeMap<String, String>,
}

/// Facts that the kernel's files do not contain.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The clock's source, in words.
    pub clock_source: String,
    /// Smallest advance of the clock in ns.
    pub clock_step_ns: f64,
    /// Cost of one clock reading in ns.
    pub clock_read_ns: f64,
    /// The MPI library's own version string, or the reason that there is none.
    pub mpi_library: Result<String, String>,
}

impl Facts {
    /// Combines the clock of timed regions with the MPI library's version, or the reason that there is none.
    pub fn new(clock: &Clock, mpi_library: Result<String, String>) -> Facts {
        let clock_source = match clock.source() {
            ClockSource::TimeStampCounter => "time stamp counter",
            ClockSource::Monotonic => "CLOCK_MONOTONIC",
        };
        Facts {
            clock_source: clock_source.to_owned(),
            clock_step_ns: clock.step_ns(),
            clock_read_ns: clock.read_ns(),
            mpi_library,
        }
    }
}

/// Batch systems, each with the variable that holds the job's id.
const SCHEDULERS: [(&str, &str); 6] = [
    ("Slurm", "SLURM_JOB_ID"),
    ("PBS", "PBS_JOBID"),
    ("LSF", "LSB_JOBID"),
    ("Flux", "FLUX_JOB_ID"),
    ("Cobalt", "COBALT_JOBID"),
    ("Grid Engine", "JOB_ID"),
];

/// Model of this host's CPU, by the kernel's name.
pub fn cpu_model() -> Option<String> {
    machine::read(&mut Probe::new("/")).cpu_model
}

/// Reads this host.
pub fn collect(facts: &Facts) -> Environment {
    collect_from(Probe::new("/"), facts, |name| std::env::var(name).ok())
}

/// Duration for which `inspect` watches other load on the host.
const WATCH: Duration = Duration::from_millis(500);

/// Reads this host and watches it for half a second. Returns the environment, and the checks for disturbances.
pub fn inspect(facts: &Facts) -> (Environment, Vec<Check>) {
    let environment = collect(facts);
    let checks = check::checks(&environment, &reading::read(&Probe::new("/"), WATCH));
    (environment, checks)
}

fn collect_from(mut probe: Probe, facts: &Facts, variable: impl Fn(&str) -> Option<String>) -> Environment {
    let machine = machine::read(&mut probe);
    let scheduler = SCHEDULERS
        .iter()
        .find_map(|(name, key)| variable(key).map(|id| format!("{name} {}", first_line(&id))));
    if scheduler.is_none() {
        probe.missing("scheduler_job", "no batch system has set a job id");
    }
    let git_commit = option_env!("NUMAMARK_GIT_COMMIT").map(str::to_owned);
    if git_commit.is_none() {
        probe.missing("git_commit", "built outside a git checkout");
    }
    if let Err(why) = &facts.mpi_library {
        probe.missing("mpi_library", why);
    }
    let features = [
        ("mpi", cfg!(feature = "mpi")),
        ("hwloc", cfg!(feature = "hwloc")),
        ("peers", cfg!(feature = "peers")),
    ];
    Environment {
        kernel: probe.text("kernel", "proc/sys/kernel/osrelease"),
        governor: machine::governors(&mut probe),
        transparent_huge_pages: probe
            .chosen("transparent_huge_pages", "sys/kernel/mm/transparent_hugepage/enabled"),
        transparent_huge_pages_defrag: probe
            .chosen("transparent_huge_pages_defrag", "sys/kernel/mm/transparent_hugepage/defrag"),
        numa_balancing: probe
            .number("numa_balancing", "proc/sys/kernel/numa_balancing")
            .map(|mode| mode != 0),
        kernel_clock_source: probe
            .text("kernel_clock_source", "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        clock_source: facts.clock_source.clone(),
        clock_step_ns: facts.clock_step_ns,
        clock_read_ns: facts.clock_read_ns,
        mpi_library: facts.mpi_library.as_ref().ok().map(|library| first_line(library)),
        scheduler_job: scheduler,
        numamark_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit,
        build_features: features.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect(),
        build: env!("NUMAMARK_BUILD").to_owned(),
        unavailable: probe.unavailable(),
        ..machine
    }
}

/// Version strings of MPI libraries can fill pages; the first line holds the version.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;
