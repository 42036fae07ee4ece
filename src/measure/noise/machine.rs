//! The kernel's counters of the machine that concern a rank's PUs.
//!
//! The counters are coarse: stolen time is in ticks of 10 ms, and pressure is for the whole host, in microseconds.

use std::path::Path;

use crate::cgroup::{Cgroup, Version};

/// The counters of the machine at one moment; a counter that the machine lacks is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineCounts {
    /// Time in which the hypervisor ran something else on these PUs, in nanoseconds; the resolution is 10 ms.
    pub steal_ns: Option<u64>,
    /// Time in which a CPU limit of a cgroup kept this process from running, summed over CPUs and groups.
    pub throttled_ns: Option<u64>,
    /// Number of times a core of these PUs, or their package, was slowed because it was hot.
    pub thermal_throttles: Option<u64>,
    /// Time in which some task of the host waited for a CPU.
    pub pressure_cpu_ns: Option<u64>,
    /// Time in which some task of the host waited for memory.
    pub pressure_memory_ns: Option<u64>,
}

impl MachineCounts {
    /// The differences since `earlier`. A counter that was not readable both times is `None`.
    pub(super) fn since(&self, earlier: &MachineCounts) -> MachineCounts {
        let since = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        MachineCounts {
            steal_ns: since(self.steal_ns, earlier.steal_ns),
            throttled_ns: since(self.throttled_ns, earlier.throttled_ns),
            thermal_throttles: since(self.thermal_throttles, earlier.thermal_throttles),
            pressure_cpu_ns: since(self.pressure_cpu_ns, earlier.pressure_cpu_ns),
            pressure_memory_ns: since(self.pressure_memory_ns, earlier.pressure_memory_ns),
        }
    }
}

/// A tick of `/proc/stat`: USER_HZ is 100 on every architecture that numamark runs on, independent of the kernel's own
/// HZ.
const TICK_NS: u64 = 10_000_000;
/// Position of the stolen time in "cpu3 user nice system idle iowait irq softirq steal ..": proc(5).
const STEAL_FIELD: usize = 8;

pub(super) fn steal_ns(root: &Path, pus: &[u32]) -> Result<u64, String> {
    let text = read(root, "proc/stat")?;
    let mut left: Vec<u32> = pus.to_vec();
    let mut ticks = 0u64;
    // The lines of the CPUs come first.
    for line in text.lines().take_while(|line| line.starts_with("cpu")) {
        let mut fields = line.split_whitespace();
        let Some(pu) = fields.next().and_then(|name| name.strip_prefix("cpu")?.parse::<u32>().ok()) else {
            continue;
        };
        let Some(place) = left.iter().position(|wanted| *wanted == pu) else { continue };
        left.swap_remove(place);
        let steal = fields.nth(STEAL_FIELD - 1).and_then(|field| field.parse::<u64>().ok());
        ticks = ticks.saturating_add(steal.ok_or("/proc/stat has no column for stolen time")?);
    }
    match left.first() {
        None => Ok(ticks.saturating_mul(TICK_NS)),
        Some(pu) => Err(format!("/proc/stat has no line for cpu{pu}")),
    }
}

pub(super) fn throttled_ns(cgroup: Option<&Cgroup>) -> Result<u64, String> {
    let cgroup = cgroup.ok_or("no cgroup with the controller cpu can be seen")?;
    let (name, unit_ns) = match cgroup.version {
        Version::One => ("throttled_time ", 1),
        Version::Two => ("throttled_usec ", 1000),
    };
    let of_level = |level: &Path| {
        let stat = std::fs::read_to_string(level.join("cpu.stat")).ok()?;
        stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    };
    // The limit of a higher group throttles too, and only that group counts it.
    let levels: Vec<u64> = cgroup.levels().filter_map(of_level).collect();
    match levels.is_empty() {
        true => Err("no cpu.stat of this process's cgroups counts throttled time".to_owned()),
        false => Ok(levels.into_iter().fold(0, u64::saturating_add).saturating_mul(unit_ns)),
    }
}

pub(super) fn thermal_throttles(root: &Path, pus: &[u32]) -> Result<u64, String> {
    let count = |pu: &u32, of: &str| {
        let path = format!("sys/devices/system/cpu/cpu{pu}/thermal_throttle/{of}_throttle_count");
        let text = read(root, &path)?;
        text.trim().parse::<u64>().map_err(|_| format!("/{path} is not a number"))
    };
    let mut cores = 0u64;
    let mut package = 0;
    for pu in pus {
        cores = cores.saturating_add(count(pu, "core")?);
        // PUs of one package show the same count, and not every CPU model has it.
        package = package.max(count(pu, "package").unwrap_or(0));
    }
    Ok(cores.saturating_add(package))
}

/// Reads the total of "some avg10=6.26 avg60=3.92 avg300=2.68 total=12417397131"; the file has microseconds.
pub(super) fn pressure_ns(root: &Path, resource: &str) -> Result<u64, String> {
    let path = format!("proc/pressure/{resource}");
    let text = read(root, &path)?;
    let some = text.lines().find(|line| line.starts_with("some "));
    let total = some.and_then(|line| line.rsplit_once("total=")?.1.trim().parse::<u64>().ok());
    total.and_then(|us| us.checked_mul(1000)).ok_or_else(|| format!("/{path} has no total"))
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(path)).map_err(|why| format!("/{path}: {why}"))
}
