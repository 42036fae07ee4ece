//! A NUMA node: its cores, caches and memory, and whether a rank may have it.

use std::fmt;

use super::place::NodeId;
use super::pu_set::PuSet;

/// A NUMA node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// hwloc's logical index: its place in `Topology::nodes`, counting nodes that may not be used.
    pub index: u32,
    /// The kernel's index.
    pub os_index: u32,
    /// Allowed PUs of each core, in logical order: neighbours share an L3. Cores without an allowed PU are left out.
    pub cores: Vec<Vec<u32>>,
    /// L3 caches in logical order, each with the allowed PUs of this node it serves.
    pub l3: Vec<CacheGroup>,
    /// Its memory, used and free. 0 when unknown.
    pub memory_bytes: u64,
    /// hwloc's word for the memory where it has one: `HBM`, `MCDRAM`, `DRAM`, ...
    pub subtype: Option<String>,
    /// Whether a rank may have it.
    pub standing: Standing,
}

/// A cache and the PUs it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheGroup {
    /// Its size.
    pub bytes: u64,
    /// The PUs behind it, by the kernel's index, ascending.
    pub pus: Vec<u32>,
}

/// Whether a rank may have a node, and if not, why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has CPUs and memory that this process is allowed.
    Usable,
    /// It is memory only (HBM, CXL): listed, never counted.
    MemoryOnly,
    /// The cgroup's cpuset holds none of its CPUs.
    CpusNotAllowed,
    /// The cgroup's cpuset holds none of its memory.
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

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Standing::Usable => "usable",
            Standing::MemoryOnly => "memory only: no CPUs",
            Standing::CpusNotAllowed => "its CPUs are not in this cgroup's cpuset",
            Standing::MemoryNotAllowed => "its memory is not in this cgroup's cpuset",
        })
    }
}
