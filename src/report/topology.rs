//! Binding of each rank: one line a rank, below a summary of the machine.

use crate::numa::{Availability, Placement, Topology};
use crate::units::human_bytes;

/// The machine in one paragraph, then one line a rank.
pub fn topology(topology: &Topology, placements: &[Placement]) -> String {
    let nodes = topology.nodes();
    let usable = topology.usable_nodes().count();
    let pus: usize = topology.usable_nodes().map(|node| node.pus().len()).sum();
    let mut text = format!("{}: {usable} NUMA nodes with {pus} PUs", topology.origin());
    if let Some(bytes) = topology.l3_bytes() {
        let caches: usize = topology.usable_nodes().map(|node| node.l3.len()).sum();
        text.push_str(&format!(", {caches} L3 of {}", human_bytes(bytes)));
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
