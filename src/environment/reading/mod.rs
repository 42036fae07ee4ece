//! Readings for the checks beyond the [`Environment`](super::Environment): possible disturbances that the record
//! of a run does not show. Each is a value, or the reason that it is unknown.

mod load;

use std::time::Duration;

pub use load::Load;
use load::Snapshot;

use crate::environment::probe::{Probe, parse_list};
use crate::numa::{CgroupLimits, cgroup_limits, meminfo_bytes};

/// A value, or the reason that it is unknown.
pub type Known<T> = Result<T, String>;

/// Possible disturbances of a benchmark on this host.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Online PUs, by the kernel's numbers.
    pub online: Known<Vec<u32>>,
    /// PUs this process may use.
    pub allowed: Known<Vec<u32>>,
    /// Nodes this process may take memory from.
    pub allowed_nodes: Known<Vec<u32>>,
    /// True if a core may run faster than its base clock; `None` when there is no control for it.
    pub boost: Option<bool>,
    /// Clock sources the kernel could use.
    pub clock_sources: Vec<String>,
    /// Manufacturer of the machine; of the hypervisor for a virtual machine.
    pub vendor: Option<String>,
    /// Limits set by cgroups.
    pub limits: Known<CgroupLimits>,
    /// Bytes of swap: total and in use.
    pub swap: Known<(u64, u64)>,
    /// Huge pages reserved for explicit requests.
    pub huge_page_pools: Vec<HugePagePool>,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Known<i64>,
    /// True if this process may use `perf` regardless of `perf_event_paranoid`.
    pub may_use_perf: bool,
    /// True if the kernel searches for equal pages to merge (KSM).
    pub merges_pages: Known<bool>,
    /// Memory of each node.
    pub nodes: Vec<NodeMemory>,
    /// Largest address space of a process in bytes; `None` when unlimited.
    pub address_space: Known<Option<u64>>,
    /// Niceness of this process; above 0 it yields to normal processes.
    pub nice: Known<i64>,
    /// Other load on the host.
    pub load: Known<Load>,
}

/// Reserved huge pages of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HugePagePool {
    /// Size of a page.
    pub page_bytes: u64,
    /// Number of reserved pages.
    pub total: u64,
    /// Number of free pages.
    pub free: u64,
}

/// Memory of one node in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeMemory {
    /// Index of the node in the kernel.
    pub os_index: u32,
    /// Total memory.
    pub total: u64,
    /// Unused memory.
    pub free: u64,
    /// Cached files.
    pub cached: u64,
}

/// Capabilities that allow `perf`, as bits of the kernel's mask: CAP_SYS_ADMIN and CAP_PERFMON.
const PERF_CAPABILITIES: u64 = 1 << 21 | 1 << 38;

/// Reads this host, and watches its other load for `watch`.
pub(super) fn read(probe: &Probe, watch: Duration) -> Reading {
    let status = probe.known("proc/self/status");
    let of_status = |name: &str| -> Known<String> {
        let status = status.as_ref().map_err(String::clone)?;
        value_of(status, name).ok_or_else(|| format!("/proc/self/status has no {name}"))
    };
    let list_of_status = |name| of_status(name).and_then(|text| list(&text, "/proc/self/status"));
    let capabilities = of_status("CapEff").ok().and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    Reading {
        online: probe.known(&format!("{CPUS}/online")).and_then(|text| list(&text, CPUS)),
        allowed: list_of_status("Cpus_allowed_list"),
        allowed_nodes: list_of_status("Mems_allowed_list"),
        boost: boost(probe),
        clock_sources: probe
            .peek("sys/devices/system/clocksource/clocksource0/available_clocksource")
            .map(|text| text.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
        vendor: vendor(probe),
        limits: cgroup_limits(probe.root()).ok_or_else(|| "this process is in no cgroup".to_owned()),
        swap: swap(probe),
        huge_page_pools: huge_page_pools(probe),
        perf_event_paranoid: number(probe, "proc/sys/kernel/perf_event_paranoid"),
        may_use_perf: capabilities.is_some_and(|mask| mask & PERF_CAPABILITIES != 0),
        merges_pages: number(probe, "sys/kernel/mm/ksm/run").map(|run| run == 1),
        nodes: nodes(probe),
        address_space: address_space(probe),
        nice: nice(probe),
        load: load(probe, watch),
    }
}

const CPUS: &str = "sys/devices/system/cpu";

fn list(text: &str, path: &str) -> Known<Vec<u32>> {
    parse_list(text).ok_or_else(|| format!("\"{text}\" in {path} is not a list"))
}

fn number(probe: &Probe, path: &str) -> Known<i64> {
    let text = probe.known(path)?;
    text.parse().map_err(|_| format!("/{path} holds \"{text}\", not a number"))
}

/// Returns the value of a `Name:  value` line; without the unit, if it has one.
fn value_of(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The two drivers have opposite meanings: `boost` is 1 when on, `no_turbo` is 1 when off.
fn boost(probe: &Probe) -> Option<bool> {
    let is_1 = |path: &str| probe.peek(&format!("{CPUS}/{path}")).map(|text| text == "1");
    is_1("cpufreq/boost").or_else(|| is_1("intel_pstate/no_turbo").map(|off| !off))
}

fn vendor(probe: &Probe) -> Option<String> {
    let words = ["sys_vendor", "product_name"].map(|file| probe.peek(&format!("sys/class/dmi/id/{file}")));
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn swap(probe: &Probe) -> Known<(u64, u64)> {
    let meminfo = probe.known("proc/meminfo")?;
    let total = meminfo_bytes(&meminfo, "SwapTotal:").ok_or("/proc/meminfo has no SwapTotal")?;
    let free = meminfo_bytes(&meminfo, "SwapFree:").ok_or("/proc/meminfo has no SwapFree")?;
    Ok((total, total.saturating_sub(free)))
}

fn huge_page_pools(probe: &Probe) -> Vec<HugePagePool> {
    let folder = "sys/kernel/mm/hugepages";
    let entries = std::fs::read_dir(probe.root().join(folder)).into_iter().flatten().flatten();
    let mut pools: Vec<HugePagePool> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let kib: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
            let count = |file: &str| probe.peek(&format!("{folder}/{name}/{file}"))?.parse::<u64>().ok();
            let (total, free) = (count("nr_hugepages")?, count("free_hugepages")?);
            Some(HugePagePool { page_bytes: kib.checked_mul(1024)?, total, free })
        })
        .collect();
    pools.sort_by_key(|pool| pool.page_bytes);
    pools
}

fn nodes(probe: &Probe) -> Vec<NodeMemory> {
    let folder = "sys/devices/system/node";
    let online =
        probe.peek(&format!("{folder}/online")).and_then(|text| parse_list(&text)).unwrap_or_default();
    let of = |os_index: u32| {
        let text = probe.peek(&format!("{folder}/node{os_index}/meminfo"))?;
        Some(NodeMemory {
            os_index,
            total: meminfo_bytes(&text, "MemTotal:")?,
            free: meminfo_bytes(&text, "MemFree:")?,
            cached: meminfo_bytes(&text, "FilePages:").unwrap_or(0),
        })
    };
    online.into_iter().filter_map(of).collect()
}

fn address_space(probe: &Probe) -> Known<Option<u64>> {
    let limits = probe.known("proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"));
    let soft = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("/proc/self/limits has no address space")?;
    match soft {
        "unlimited" => Ok(None),
        bytes => {
            bytes.parse().map(Some).map_err(|_| format!("/proc/self/limits holds \"{bytes}\", not a number"))
        }
    }
}

/// The 19th field of /proc/self/stat. The second field, the process name, may contain blanks.
fn nice(probe: &Probe) -> Known<i64> {
    let line = probe.known("proc/self/stat")?;
    let field = line.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(16)?.parse().ok());
    field.ok_or_else(|| "/proc/self/stat has no nice value".to_owned())
}

fn load(probe: &Probe, watch: Duration) -> Known<Load> {
    let before = Snapshot::take(probe)?;
    std::thread::sleep(watch);
    let after = Snapshot::take(probe)?;
    let average = probe.peek("proc/loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok());
    Load::between(&before, &after, average)
        .ok_or_else(|| "the kernel's counters of ticks stand still".to_owned())
}
