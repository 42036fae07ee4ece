//! `numamark topo --format json`: the nodes of a machine, and the place of each rank.

use serde::Serialize;

use super::SCHEMA;
use crate::numa::{Availability, Node, Placement, Topology};
use crate::record::json_text;

#[derive(Serialize)]
struct Ranks<'a> {
    schema: u32,
    /// Source of the topology, in words.
    origin: &'a str,
    /// False for a described machine.
    is_this_machine: bool,
    nodes: Vec<NodeLine<'a>>,
    ranks: Vec<RankLine<'a>>,
}

#[derive(Serialize)]
struct NodeLine<'a> {
    index: u32,
    os_index: u32,
    /// `usable`, `memory_only`, `cpus_not_allowed` or `memory_not_allowed`.
    state: &'static str,
    /// Allowed PUs, core by core.
    pus: Vec<u32>,
    cores: usize,
    memory_bytes: Option<u64>,
    /// Kind of memory, where hwloc names one.
    memory_kind: Option<&'a str>,
    l3: Vec<CacheLine<'a>>,
}

#[derive(Serialize)]
struct CacheLine<'a> {
    size_bytes: u64,
    pus: &'a [u32],
}

#[derive(Serialize)]
struct RankLine<'a> {
    rank: u32,
    /// Null for a rank that is not bound to one node.
    node_index: Option<u32>,
    node_os_index: Option<u32>,
    pus: &'a [u32],
    /// `adopted`, `chosen`, `shared`, `inherited` or `unbound`.
    how: String,
    /// The reason, in words.
    why: &'a str,
}

/// The text of the object.
pub fn ranks(topology: &Topology, placements: &[Placement]) -> String {
    json_text(&Ranks {
        schema: SCHEMA,
        origin: topology.origin(),
        is_this_machine: topology.is_this_system(),
        nodes: topology.nodes().iter().map(node).collect(),
        ranks: placements.iter().map(rank).collect(),
    })
}

fn node(node: &Node) -> NodeLine<'_> {
    let state = match node.standing {
        Availability::Usable => "usable",
        Availability::MemoryOnly => "memory_only",
        Availability::CpusNotAllowed => "cpus_not_allowed",
        Availability::MemoryNotAllowed => "memory_not_allowed",
    };
    NodeLine {
        index: node.index,
        os_index: node.os_index,
        state,
        pus: node.pus(),
        cores: node.cores.len(),
        memory_bytes: (node.memory_bytes > 0).then_some(node.memory_bytes),
        memory_kind: node.subtype.as_deref(),
        l3: node.l3.iter().map(|cache| CacheLine { size_bytes: cache.bytes, pus: &cache.pus }).collect(),
    }
}

fn rank(placement: &Placement) -> RankLine<'_> {
    RankLine {
        rank: placement.rank,
        node_index: placement.node.map(|node| node.index),
        node_os_index: placement.node.map(|node| node.os_index),
        pus: &placement.pus,
        how: placement.how.to_string(),
        why: &placement.why,
    }
}
