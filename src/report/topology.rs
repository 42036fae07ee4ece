//! Binding of each rank: one line per rank, below a summary of the machine.

use crate::numa::{Availability, Placement, Topology};
use crate::units::{counted, human_bytes};

/// The machine in one paragraph, then one line per rank.
pub fn topology(topology: &Topology, placements: &[Placement]) -> String {
    let nodes = topology.nodes();
    let usable = topology.usable_nodes().count();
    let pus: usize = topology.usable_nodes().map(|node| node.pus().len()).sum();
    let counted = |count: usize, noun: &str| counted(count as u64, noun);
    let mut text = format!("{}: {}, {}", topology.origin(), counted(usable, "NUMA node"), counted(pus, "PU"));
    if let Some(bytes) = topology.l3_bytes() {
        let caches: usize = topology.usable_nodes().map(|node| node.l3.len()).sum();
        let count = if caches == 1 { "one".to_owned() } else { format!("{caches} x") };
        text.push_str(&format!(", {count} {} L3", human_bytes(bytes)));
    }
    text.push('\n');
    for node in nodes.iter().filter(|node| node.standing != Availability::Usable) {
        let why = match node.standing {
            Availability::Usable => continue,
            Availability::MemoryOnly => "memory only, no rank",
            Availability::CpusNotAllowed => "its CPUs are not in this cgroup's cpuset, no rank",
            Availability::MemoryNotAllowed => "its memory is not in this cgroup's cpuset, no rank",
        };
        text.push_str(&format!("node {} (os {}): {why}\n", node.index, node.os_index));
    }
    for placement in placements {
        text.push_str(&format!("{placement}\n"));
    }
    text
}
