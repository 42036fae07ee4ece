//! CPUs, caches and nodes, from `/proc` and `/sys`: works without hwloc.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::environment::probe::{Probe, parse_list};
use crate::numa::meminfo_bytes;

const CPUS: &str = "sys/devices/system/cpu";
const NODES: &str = "sys/devices/system/node";

/// Sizes of the caches of the first core, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caches {
    /// First level, data.
    pub l1d_bytes: Option<u64>,
    /// Second level.
    pub l2_bytes: Option<u64>,
    /// Third level, one instance.
    pub l3_bytes: Option<u64>,
}

/// One NUMA node of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeRecord {
    /// Index of the node in the kernel.
    pub os_index: u32,
    /// Its PUs as the kernel lists them; empty for memory without CPUs.
    pub pus: String,
    /// Its memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// The part of the environment that is CPUs and memory.
pub(super) fn read(probe: &mut Probe) -> Environment {
    let cpuinfo = probe.text("cpu_model", "proc/cpuinfo").unwrap_or_default();
    let flags = value_of(&cpuinfo, &["flags", "Features"]).unwrap_or_default();
    let cpu_model = value_of(&cpuinfo, &["model name", "cpu model", "Processor"]);
    if cpu_model.is_none() && !cpuinfo.is_empty() {
        probe.missing("cpu_model", "/proc/cpuinfo names no model");
    }
    if flags.is_empty() {
        probe.missing("cpu_flags", "/proc/cpuinfo names no flags");
    }
    let online = probe.text("pus", &format!("{CPUS}/online")).and_then(|list| parse_list(&list));
    let cores = online.as_ref().and_then(|pus| cores(probe, pus));
    if cores.is_none() {
        probe.missing("cores", "the kernel does not list which PUs share a core");
    }
    let pus = online.as_ref().map(|pus| count(pus.len()));
    let smt = pus.zip(cores).map(|(pus, cores)| pus > cores);
    if smt.is_none() {
        probe.missing("smt", "the number of cores is not known");
    }
    let (caches, cores_per_l3) = caches(probe);
    let meminfo = probe.text("memory_bytes", "proc/meminfo");
    Environment {
        cpu_model,
        cpu_flags: flags.split_whitespace().map(str::to_owned).collect(),
        pus,
        cores,
        smt,
        caches,
        cores_per_l3,
        nodes: nodes(probe),
        memory_bytes: meminfo.and_then(|meminfo| meminfo_bytes(&meminfo, "MemTotal:")),
        ..Environment::default()
    }
}

/// Distinct governors of all CPUs.
pub(super) fn governors(probe: &mut Probe) -> Option<String> {
    let online = probe.peek(&format!("{CPUS}/online")).and_then(|list| parse_list(&list)).unwrap_or_default();
    let governor = |pu: &u32| probe.peek(&format!("{CPUS}/cpu{pu}/cpufreq/scaling_governor"));
    let governors: BTreeSet<String> = online.iter().filter_map(governor).collect();
    if governors.is_empty() {
        probe.missing("governor", "the kernel does not control the frequency (common on virtual machines)");
        return None;
    }
    Some(governors.into_iter().collect::<Vec<_>>().join(", "))
}

/// Returns the value of a `key : value` line of /proc.
fn value_of(text: &str, keys: &[&str]) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, value)| keys.contains(&key.trim()) && !value.trim().is_empty())
        .map(|(_, value)| value.trim().to_owned())
}

/// Number of distinct sets of sibling threads among these PUs.
fn cores(probe: &Probe, pus: &[u32]) -> Option<u32> {
    let siblings = |pu: &u32| probe.peek(&format!("{CPUS}/cpu{pu}/topology/thread_siblings_list"));
    let sets: Option<BTreeSet<String>> = pus.iter().map(siblings).collect();
    sets.filter(|sets| !sets.is_empty()).map(|sets| count(sets.len()))
}

fn caches(probe: &mut Probe) -> (Caches, Option<u32>) {
    let mut caches = Caches::default();
    let mut cores_per_l3 = None;
    for index in 0..8 {
        let file = |name: &str| probe.peek(&format!("{CPUS}/cpu0/cache/index{index}/{name}"));
        let (Some(level), Some(kind)) = (file("level"), file("type")) else { continue };
        let bytes =
            file("size").and_then(|size| size.strip_suffix('K')?.parse::<u64>().ok()?.checked_mul(1024));
        match (level.as_str(), kind.as_str()) {
            ("1", "Data") => caches.l1d_bytes = bytes,
            ("2", _) => caches.l2_bytes = bytes,
            ("3", _) => {
                caches.l3_bytes = bytes;
                let sharers = file("shared_cpu_list").and_then(|list| parse_list(&list));
                cores_per_l3 = sharers.and_then(|pus| cores(probe, &pus));
            }
            _ => {}
        }
    }
    if caches == Caches::default() {
        probe.missing("caches", "the kernel lists no caches (common on virtual machines)");
    }
    if cores_per_l3.is_none() {
        probe.missing("cores_per_l3", "the kernel does not list which cores share an L3");
    }
    (caches, cores_per_l3)
}

fn nodes(probe: &mut Probe) -> Vec<NodeRecord> {
    let online = probe.text("nodes", &format!("{NODES}/online")).and_then(|list| parse_list(&list));
    let mut nodes = Vec::new();
    for os_index in online.unwrap_or_default() {
        let folder = format!("{NODES}/node{os_index}");
        let meminfo = probe.peek(&format!("{folder}/meminfo"));
        nodes.push(NodeRecord {
            os_index,
            pus: probe.peek(&format!("{folder}/cpulist")).unwrap_or_default(),
            memory_bytes: meminfo.and_then(|meminfo| meminfo_bytes(&meminfo, "MemTotal:")),
        });
    }
    nodes
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
