//! The place of one rank, as the plan sees it.

/// The part of the machine that one rank has: the plan's view of a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// This rank, for messages and for its share of the data set.
    pub rank: u32,
    /// Ranks in the world.
    pub ranks: u32,
    /// PUs of the rank: at most one worker each.
    pub pus: u32,
    /// Sum of the L3 caches behind those PUs, 0 when unknown.
    pub l3_bytes: u64,
    /// These caches one by one; empty when unknown.
    pub complexes: Vec<Complex>,
    /// The node, as messages name it.
    pub node: String,
    /// Memory that is free on the node, `None` when the machine does not say.
    pub free_bytes: Option<u64>,
    /// Ranks that draw on it.
    pub ranks_on_node: u32,
    /// Memory that the cgroup still allows, `None` when it sets no limit.
    pub cgroup_bytes: Option<u64>,
    /// Ranks of this host, which all draw on it.
    pub ranks_on_host: u32,
}

/// An L3 cache behind PUs of a rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complex {
    /// This rank's share of it: all of it, unless other ranks have PUs there, too.
    pub l3_bytes: u64,
    /// Which of the rank's workers it serves, when it has one on every PU.
    pub pus: Vec<u32>,
}
