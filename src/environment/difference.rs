//! Differences between the hosts of one run.

use crate::environment::{Environment, NodeRecord};

/// Equal hosts differ slightly in memory because of the firmware; a difference of more than 1 / 50 is another
/// size.
const MEMORY_TOLERANCE: u64 = 50;

/// Differences of `host` from rank 0's host, one sentence each. Values that change with every boot are not
/// compared: the cost of the clock, and the last few megabytes.
pub fn differences(reference: &Environment, host: &str, other: &Environment) -> Vec<String> {
    let (a, b) = (fields(reference), fields(other));
    let mut lines: Vec<String> = a
        .iter()
        .zip(&b)
        .filter(|((_, ours), (_, theirs))| ours != theirs)
        .map(|((name, ours), (_, theirs))| format!("{host}: {name} is {theirs}, on rank 0's host {ours}"))
        .collect();
    let missing: Vec<&str> = reference
        .cpu_flags
        .iter()
        .filter(|flag| !other.cpu_flags.contains(flag))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        lines.push(format!("{host}: cpu_flags do not have {}", missing.join(" ")));
    }
    let pus =
        |nodes: &[NodeRecord]| nodes.iter().map(|node| (node.os_index, node.pus.clone())).collect::<Vec<_>>();
    if pus(&reference.nodes) != pus(&other.nodes) {
        lines.push(format!("{host}: the nodes or their PUs are not those of rank 0's host"));
    }
    let (ours, theirs) = (reference.memory_bytes.unwrap_or(0), other.memory_bytes.unwrap_or(0));
    if ours.abs_diff(theirs) > ours / MEMORY_TOLERANCE {
        lines.push(format!("{host}: memory_bytes is {theirs}, on rank 0's host {ours}"));
    }
    lines
}

/// Values that must be equal on equal hosts, as text.
fn fields(environment: &Environment) -> [(&'static str, String); 13] {
    let Environment { caches, .. } = environment;
    let word = |value: &Option<String>| value.clone().unwrap_or("unknown".to_owned());
    let number = |value: Option<u64>| value.map_or("unknown".to_owned(), |value| value.to_string());
    let flag = |value: Option<bool>| value.map_or("unknown".to_owned(), |value| value.to_string());
    [
        ("cpu_model", word(&environment.cpu_model)),
        ("pus", number(environment.pus.map(u64::from))),
        ("cores", number(environment.cores.map(u64::from))),
        ("caches.l2_bytes", number(caches.l2_bytes)),
        ("caches.l3_bytes", number(caches.l3_bytes)),
        ("kernel", word(&environment.kernel)),
        ("governor", word(&environment.governor)),
        ("transparent_huge_pages", word(&environment.transparent_huge_pages)),
        ("numa_balancing", flag(environment.numa_balancing)),
        ("kernel_clock_source", word(&environment.kernel_clock_source)),
        ("clock_source", environment.clock_source.clone()),
        ("mpi_library", word(&environment.mpi_library)),
        ("build", format!("{} {}", environment.build, word(&environment.git_commit))),
    ]
}
