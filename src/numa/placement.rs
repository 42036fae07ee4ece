//! The request of a rank for a place, and the place that it gets.

use crate::units::{count, counted};
use crate::word::words;
use std::fmt;

use super::node::NodeId;
use super::pu_set::PuSet;

/// The request of one rank. Its position in the list given to `place_all` is the rank's index on its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementRequest {
    /// Index in the world, for messages.
    pub rank: u32,
    /// The requested kind of binding.
    pub bind: Bind,
    /// True when ranks may share a node.
    pub share_nodes: bool,
    /// The affinity mask that the rank was started with ([`super::affinity`], before anything is bound); for a
    /// described topology `Topology::allowed_pus`. Processes exchange it as text: `Display` and [`PuSet::parse`].
    pub allowed: PuSet,
}

impl PlacementRequest {
    /// Equal requests for several ranks: threads of one process, or ranks on a described topology.
    pub fn alike(
        ranks: std::ops::Range<u32>,
        bind: Bind,
        share_nodes: bool,
        allowed: &PuSet,
    ) -> Vec<PlacementRequest> {
        ranks.map(|rank| PlacementRequest { rank, bind, share_nodes, allowed: allowed.clone() }).collect()
    }
}

words! {
    /// `[rank] bind`: the binding of a rank to a node.
    Bind {
        /// Bound to a node, CPUs and memory: adopted when the launcher chose it, chosen otherwise.
        Numa = "numa",
        /// Left as the launcher bound it: workers are pinned inside the mask, and memory follows first touch.
        Inherit = "inherit",
        /// Not bound at all, for comparison.
        None = "none",
    }
}

/// The node and the PUs on which a rank runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Index in the world.
    pub rank: u32,
    /// The rank's node. `None` when the rank is not bound and may run on several nodes.
    pub node: Option<NodeId>,
    /// The PUs that the rank may use, by the kernel's index, in the order in which workers take them: the first
    /// hardware thread of every core (neighbours share an L3), then the second.
    pub pus: Vec<u32>,
    /// The way the rank got this place.
    pub how: How,
    /// The reason for `how`, in words.
    pub why: String,
}

/// The way a rank got its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The launcher had bound the rank inside one node.
    Adopted,
    /// The rank took the first free node.
    Chosen,
    /// The rank has a part of a node's PUs; other ranks have the rest.
    Shared,
    /// `bind = "inherit"`: left as the launcher bound it.
    Inherited,
    /// `bind = "none"`.
    Unbound,
}

impl How {
    /// True when this program binds the rank's threads and memory.
    pub fn binds(self) -> bool {
        matches!(self, How::Adopted | How::Chosen | How::Shared)
    }
}

impl Placement {
    pub(super) fn place_name(&self) -> String {
        match self.node {
            Some(node) => format!("rank {} to node {} (os {})", self.rank, node.index, node.os_index),
            None => format!("rank {}", self.rank),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            How::Adopted => "adopted",
            How::Chosen => "chosen",
            How::Shared => "shared",
            How::Inherited => "inherited",
            How::Unbound => "unbound",
        })
    }
}

/// One line, such as `rank 3: node 3 (os 3), 24 PUs 72-95, chosen: 4 of 16 allowed nodes`.
impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pus: PuSet = self.pus.iter().copied().collect();
        let node = match self.node {
            Some(node) => format!("node {} (os {})", node.index, node.os_index),
            None => "no node".to_string(),
        };
        let count = counted(count(pus.count()), "PU");
        write!(f, "rank {}: {node}, {count} {pus}, {}: {}", self.rank, self.how, self.why)
    }
}
