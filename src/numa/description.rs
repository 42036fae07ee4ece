//! What a discovery found, before it is decided which node owns which PU: the seam below [`Topology`].
//!
//! hwloc, the affinity mask alone and tests all fill in the same plain data.
//!
//! [`Topology`]: super::Topology

use super::node::CacheGroup;
use super::pu_set::PuSet;

/// A machine as it was found or described.
#[derive(Clone, Debug, Default)]
pub(super) struct Description {
    /// The nodes in logical order.
    pub nodes: Vec<DescribedNode>,
    /// PUs of each core, in logical order; all PUs, allowed or not.
    pub cores: Vec<Vec<u32>>,
    /// L3 caches in logical order, with all their PUs.
    pub l3: Vec<CacheGroup>,
    /// Size of one L1 data cache.
    pub l1d_bytes: Option<u64>,
    /// Size of one L2 cache.
    pub l2_bytes: Option<u64>,
    /// PUs that the operating system (cgroup, offline) allows.
    pub allowed_pus: PuSet,
    /// Whether it is the machine the process runs on: only then can anything be bound.
    pub is_this_system: bool,
    /// Whether the nodes were really discovered: otherwise there is one, and locality cannot be verified.
    pub knows_nodes: bool,
    /// Where it comes from, for messages.
    pub origin: String,
}

/// A node as it was found.
#[derive(Clone, Debug)]
pub(super) struct DescribedNode {
    /// The kernel's index.
    pub os_index: u32,
    /// The PUs near it. hwloc gives a node without CPUs those of its neighbour.
    pub near_pus: PuSet,
    /// Its memory.
    pub memory_bytes: u64,
    /// hwloc's subtype: `HBM`, `MCDRAM`, `DRAM`, `CXL-DRAM`, ...
    pub subtype: Option<String>,
    /// Whether the operating system lets this process allocate there.
    pub memory_allowed: bool,
}
