//! The result of a discovery, before each PU is assigned to its node: the seam below [`Topology`].
//!
//! hwloc, the affinity mask alone and tests all fill in the same plain data.
//!
//! [`Topology`]: super::Topology

use super::node::CacheGroup;
use super::pu_set::PuSet;

/// A machine as discovered or described.
#[derive(Clone, Debug, Default)]
pub(super) struct Description {
    /// The nodes in logical order.
    pub nodes: Vec<DescribedNode>,
    /// PUs of each core, in logical order; all PUs, including those not allowed.
    pub cores: Vec<Vec<u32>>,
    /// L3 caches in logical order, with all their PUs.
    pub l3: Vec<CacheGroup>,
    /// PUs that the operating system (cgroup, offline) allows.
    pub allowed_pus: PuSet,
    /// True when it is the machine the process runs on: only then is binding possible.
    pub is_this_system: bool,
    /// True when the nodes were really discovered. Otherwise there is one node, and locality cannot be verified.
    pub knows_nodes: bool,
    /// Source of the description, for messages.
    pub origin: String,
}

/// A node as discovered.
#[derive(Clone, Debug)]
pub(super) struct DescribedNode {
    /// The kernel's index.
    pub os_index: u32,
    /// The PUs near the node. For a node without CPUs, hwloc gives its neighbour's PUs.
    pub near_pus: PuSet,
    /// Memory of the node, used and free.
    pub memory_bytes: u64,
    /// hwloc's subtype: `HBM`, `MCDRAM`, `DRAM`, `CXL-DRAM`, ...
    pub subtype: Option<String>,
    /// True when the operating system lets this process allocate on the node.
    pub memory_allowed: bool,
}
