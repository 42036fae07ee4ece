//! The assignment of ranks to nodes. Pure: equal topologies and requests give equal placements on every rank.
//!
//! 1. A rank that its launcher bound inside exactly one node *adopts* that node.
//! 2. Every other rank, in order, takes the first node of its affinity mask that no rank has. With equal masks the
//!    k-th rank takes the k-th allowed node that has CPUs. No rank leaves the mask it was given.
//! 3. When no node is left, a rank with `share_nodes` takes the node with the fewest ranks; without it, this is
//!    an error.
//! 4. Two ranks on one node without `share_nodes` cause an error that names both; with it the node's PUs are split.

use super::node::Node;
use super::placement::{Bind, How, Placement, PlacementRequest};
use super::pu_set::PuSet;
use super::share;
use super::topology::Topology;
use crate::error::{Error, Result};

/// The placements of all ranks of one host, in the order of the requests. They are computed together, because a rank's
/// place depends on the masks of the other ranks; every rank of the host computes the same list from the gathered
/// masks.
///
/// # Errors
/// When a rank's mask holds no usable node. Without `share_nodes` also when there are more ranks than nodes, or when
/// two ranks were bound to one node.
pub fn place_all(topology: &Topology, requests: &[PlacementRequest]) -> Result<Vec<Placement>> {
    let settled: Vec<Option<&Node>> =
        requests.iter().map(|request| node_settled(topology, request)).collect();
    let mut rank_counts = vec![0usize; topology.nodes().len()];
    for node in settled.iter().flatten() {
        rank_counts[node.index as usize] += 1;
    }
    let mut nodes = settled.clone();
    for (host_rank, (request, node)) in requests.iter().zip(&mut nodes).enumerate() {
        if request.bind == Bind::Numa && node.is_none() {
            let chosen = node_to_choose(topology, request, (host_rank, requests.len()), &rank_counts)?;
            rank_counts[chosen.index as usize] += 1;
            *node = Some(chosen);
        }
    }
    let mut placements: Vec<Placement> = requests
        .iter()
        .zip(nodes.iter().zip(&settled))
        .map(|(request, (node, settled))| place_on(topology, request, *node, settled.is_some()))
        .collect();
    if requests.iter().any(|request| !request.share_nodes) {
        conflicts(&placements)?;
    }
    share::split(topology, &mut placements);
    Ok(placements)
}

/// Checks that no two ranks of one host are on the same node. For placements of a job that does not share nodes.
///
/// # Errors
/// When two ranks are on one node; the error names both.
pub fn conflicts(placements: &[Placement]) -> Result<()> {
    let mut first_on = std::collections::BTreeMap::new();
    for placement in placements {
        let Some(node) = placement.node else { continue };
        let Some(first) = first_on.insert(node, placement) else { continue };
        let pus = |placement: &Placement| placement.pus.iter().copied().collect::<PuSet>();
        return Err(Error::Environment(format!(
            "ranks {} (PUs {}) and {} (PUs {}) are both bound to node {} (os {}): {ONE_PER_NODE}",
            first.rank,
            pus(first),
            placement.rank,
            pus(placement),
            node.index,
            node.os_index
        )));
    }
    Ok(())
}

const ONE_PER_NODE: &str = "start one rank per node (mpirun --map-by ppr:1:numa --bind-to numa, mpiexec.hydra -bind-to \
                          numa -map-by numa, srun --cpu-bind=ldoms), or share nodes (--set rank.share_nodes=true)";

/// The node that contains the rank's whole mask, so that the launcher has already decided. `None` when it has not.
fn node_settled<'a>(topology: &'a Topology, request: &PlacementRequest) -> Option<&'a Node> {
    // On a machine with one node every mask is inside that node, but for an unbound rank nobody has decided this.
    let is_unbound = topology.allowed_pus().is_subset(&request.allowed);
    match request.bind {
        Bind::None => None,
        Bind::Numa if is_unbound => None,
        Bind::Numa | Bind::Inherit => {
            let node = topology.node_of_pu(request.allowed.iter().next()?)?;
            request.allowed.is_subset(&node.pu_set()).then_some(node)
        }
    }
}

/// The first of the nodes in the mask with the fewest ranks.
fn node_to_choose<'a>(
    topology: &'a Topology,
    request: &PlacementRequest,
    (host_rank, host_size): (usize, usize),
    rank_counts: &[usize],
) -> Result<&'a Node> {
    let in_mask = topology.nodes_within(&request.allowed);
    let ranks_on = |node: &Node| rank_counts[node.index as usize];
    let Some(node) = in_mask.clone().min_by_key(|node| ranks_on(node)) else {
        return Err(Error::Environment(format!(
            "rank {} may run on PUs {}, and no NUMA node of {} that may be used has one of them",
            request.rank,
            request.allowed,
            topology.origin()
        )));
    };
    if ranks_on(node) > 0 && !request.share_nodes {
        let nodes: PuSet = in_mask.clone().map(|node| node.index).collect();
        return Err(Error::Environment(format!(
            "no node is left for rank {} ({} of {host_size} on its host): the allowed nodes with CPUs are {} \
             ({nodes}); {ONE_PER_NODE}",
            request.rank,
            host_rank + 1,
            nodes.count()
        )));
    }
    Ok(node)
}

fn place_on(
    topology: &Topology,
    request: &PlacementRequest,
    node: Option<&Node>,
    adopted: bool,
) -> Placement {
    let allowed = &request.allowed;
    let (how, why) = match (request.bind, node, adopted) {
        (Bind::Numa, Some(node), true) => (
            How::Adopted,
            format!("already bound to {} of the node's {} PUs", allowed.count(), node.pus().len()),
        ),
        (Bind::Numa, Some(node), false) => (How::Chosen, why_chosen(topology, allowed, node)),
        (Bind::Numa, None, _) => unreachable!("a rank that is to be bound has a node, or placing it failed"),
        (Bind::Inherit, ..) => (How::Inherited, "binding left as it was found".to_string()),
        (Bind::None, ..) => (How::Unbound, "not bound".to_string()),
    };
    let cores = match node {
        Some(node) if how.binds() => share::cores_in(&node.cores, allowed),
        _ => topology.usable_nodes().flat_map(|node| share::cores_in(&node.cores, allowed)).collect(),
    };
    Placement { rank: request.rank, node: node.map(Node::id), pus: share::worker_order(&cores), how, why }
}

fn why_chosen(topology: &Topology, allowed: &PuSet, node: &Node) -> String {
    let mut in_mask = topology.nodes_within(allowed);
    match (in_mask.clone().count(), in_mask.position(|other| other.index == node.index)) {
        (1, _) => "the only allowed node with CPUs".to_string(),
        (count, position) => {
            format!("{} of {count} allowed nodes", position.map_or(0, |position| position + 1))
        }
    }
}

#[cfg(all(test, feature = "hwloc"))]
#[path = "place_tests.rs"]
mod tests;
