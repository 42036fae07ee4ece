//! The owner of each PU. hwloc gives the PUs *near* a node; for a node without CPUs these are its neighbour's PUs.

use std::collections::{BTreeMap, BTreeSet};

use super::description::DescribedNode;
use super::pu_set::PuSet;

/// Assigns each PU to a node when the kernel's lists are unknown. Each PU goes to the first node that it is near, in
/// this order: ordinary memory before special memory (HBM beside DRAM), then fewest near PUs, then lowest kernel index.
pub(super) fn divide_pus(nodes: &[DescribedNode]) -> BTreeMap<u32, PuSet> {
    let mut order: Vec<&DescribedNode> = nodes.iter().collect();
    order.sort_by_key(|node| (is_special(node), node.near_pus.count(), node.os_index));
    let mut taken = BTreeSet::new();
    let mut owned = BTreeMap::new();
    for node in order {
        let own: PuSet = node.near_pus.iter().filter(|pu| taken.insert(*pu)).collect();
        owned.insert(node.os_index, own);
    }
    owned
}

fn is_special(node: &DescribedNode) -> bool {
    let special = ["HBM", "MCDRAM", "NVM", "SPM", "GPUMemory", "CXL"];
    node.subtype.as_deref().is_some_and(|subtype| special.iter().any(|word| subtype.starts_with(word)))
}

/// The kernel's list of each node's own CPUs; `None` when /sys does not show nodes.
pub(super) fn kernel_lists() -> Option<BTreeMap<u32, PuSet>> {
    let nodes = std::fs::read_to_string("/sys/devices/system/node/online").ok()?;
    let nodes = PuSet::parse(&nodes).ok()?;
    let list = |node: u32| {
        let list = std::fs::read_to_string(format!("/sys/devices/system/node/node{node}/cpulist")).ok()?;
        Some((node, PuSet::parse(&list).ok()?))
    };
    nodes.iter().map(list).collect()
}
