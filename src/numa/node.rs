//! A NUMA node: its cores, caches, memory and standing.

use std::fmt;

use super::pu_set::PuSet;

/// A node's two indices under their names, so that they cannot be confused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// hwloc's logical index.
    pub index: u32,
    /// The kernel's index.
    pub os_index: u32,
}

/// A NUMA node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// hwloc's logical index: the position in `Topology::nodes`, which includes nodes that are not usable.
    pub index: u32,
    /// The kernel's index.
    pub os_index: u32,
    /// Allowed PUs of each core, in logical order, so that neighbours share an L3. Cores without an allowed PU are left
    /// out.
    pub cores: Vec<Vec<u32>>,
    /// L3 caches in logical order, each with the allowed PUs of this node that it serves.
    pub l3: Vec<CacheGroup>,
    /// Memory of the node, used and free; 0 when unknown.
    pub memory_bytes: u64,
    /// hwloc's name for the kind of memory, if it has one: `HBM`, `MCDRAM`, `DRAM`, ...
    pub subtype: Option<String>,
    /// Says if a rank may have the node.
    pub standing: Availability,
}

/// A cache and the PUs it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheGroup {
    /// Size of the cache.
    pub bytes: u64,
    /// The PUs that the cache serves, by the kernel's index, ascending.
    pub pus: Vec<u32>,
}

/// The permission for a rank to have a node, or the reason against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// The node has CPUs and memory that this process may use.
    Usable,
    /// The node has only memory (HBM, CXL): it is listed but never counted.
    MemoryOnly,
    /// The cgroup's cpuset holds none of the node's CPUs.
    CpusNotAllowed,
    /// The cgroup's cpuset does not hold the node's memory.
    MemoryNotAllowed,
}

impl Node {
    /// Both indices.
    pub fn id(&self) -> NodeId {
        NodeId { index: self.index, os_index: self.os_index }
    }

    /// The allowed PUs, core by core.
    pub fn pus(&self) -> Vec<u32> {
        self.cores.concat()
    }

    /// The allowed PUs as a set.
    pub fn pu_set(&self) -> PuSet {
        self.cores.iter().flatten().copied().collect()
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Availability::Usable => "usable",
            Availability::MemoryOnly => "memory only: no CPUs",
            Availability::CpusNotAllowed => "its CPUs are not in this cgroup's cpuset",
            Availability::MemoryNotAllowed => "its memory is not in this cgroup's cpuset",
        })
    }
}
