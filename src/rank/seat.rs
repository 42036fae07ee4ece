//! A rank's seat: its host, node and PUs. The rank is bound there, and the binding is read back.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::comm::{Comm, HostWorld};
use crate::error::Result;
use crate::job::Job;
use crate::numa;
use crate::numa::{CacheGroup, Placement, PlacementRequest, PuSet, Topology};
use crate::plan;
use crate::plan::Complex;
use crate::record;

/// A rank's place in the world and on its machine.
pub struct BoundRank {
    /// The machine.
    pub topology: Topology,
    /// The ranks of this host, and all hosts.
    pub host_world: HostWorld,
    /// Node and PUs.
    pub placement: Placement,
    /// The placement as numbers, for the plan.
    pub offer: plan::Seat,
}

/// Finds this rank's place and binds it: the calling thread, or the whole process when the process is one rank.
/// Collective.
///
/// Every rank of a host computes the places of all its ranks from the same gathered masks, so they cannot disagree.
///
/// # Errors
/// When the ranks of a host do not fit on its nodes, or the kernel refuses to bind.
pub fn take(comm: &Comm, job: &Job) -> Result<BoundRank> {
    let topology = comm.agree(Topology::of_this_machine())?;
    let host_world = comm.host_world(&numa::host_identity())?;
    let mask: Vec<u32> = comm.agree(numa::affinity())?.iter().collect();
    let masks: Vec<Vec<u32>> = all_gather(comm, &mask)?;
    let placements = comm.agree(numa::place_all(&topology, &requests(job, &host_world, &masks)))?;
    let placement = placements[host_world.rank as usize].clone();
    comm.agree(match comm.in_process() {
        true => numa::bind_rank_thread(&topology, &placement),
        false => numa::bind_process(&topology, &placement),
    })?;
    let offer = offer(comm, &topology, &placements, &placement);
    Ok(BoundRank { topology, host_world, placement, offer })
}

/// Gives every rank the values of all ranks, in rank order. Collective.
pub fn all_gather<T: Serialize + DeserializeOwned>(comm: &Comm, value: &T) -> Result<Vec<T>> {
    let gathered = comm.gather(&record::encode(value))?;
    let decoded: Result<Vec<T>> =
        gathered.unwrap_or_default().iter().map(|bytes| record::decode(bytes)).collect();
    let mut bytes = record::encode(&comm.agree(decoded)?);
    comm.broadcast(&mut bytes)?;
    comm.agree(record::decode(&bytes))
}

/// The requests of this host's ranks, ordered by their rank on the host.
fn requests(job: &Job, host_world: &HostWorld, masks: &[Vec<u32>]) -> Vec<PlacementRequest> {
    let of_this_host = (0u32..)
        .zip(&host_world.host_of_rank)
        .filter(|(_, host)| **host == host_world.host_index)
        .map(|(rank, _)| rank);
    of_this_host
        .map(|rank| PlacementRequest {
            rank,
            bind: job.rank.bind,
            share_nodes: job.rank.share_nodes,
            allowed: masks[rank as usize].iter().copied().collect::<PuSet>(),
        })
        .collect()
}

fn offer(comm: &Comm, topology: &Topology, placements: &[Placement], mine: &Placement) -> plan::Seat {
    let world = comm.world();
    plan::Seat {
        free_bytes: mine.node.and_then(|node| topology.free_memory(node)),
        cgroup_bytes: numa::cgroup_memory_left(),
        ..described(topology, placements, mine, world.size)
    }
}

/// The seat of a placement, as far as the topology alone determines it. Works for described machines too.
pub fn described(topology: &Topology, placements: &[Placement], mine: &Placement, ranks: u32) -> plan::Seat {
    let count = |items: usize| u32::try_from(items).expect("ranks and PUs are counted in 32 bits");
    let pus: BTreeSet<u32> = mine.pus.iter().copied().collect();
    let caches = topology.nodes().iter().flat_map(|node| &node.l3);
    let reached = || caches.clone().filter(|cache| cache.pus.iter().any(|pu| pus.contains(pu)));
    let complex = |cache: &CacheGroup| Complex {
        l3_bytes: cache.bytes / u64::from(ranks_behind(cache, placements).max(1)),
        pus: (0u32..)
            .zip(&mine.pus)
            .filter(|(_, pu)| cache.pus.contains(pu))
            .map(|(index, _)| index)
            .collect(),
    };
    let node = match mine.node {
        Some(node) => format!("node {} (os {})", node.index, node.os_index),
        None => "this host".to_owned(),
    };
    plan::Seat {
        rank: mine.rank,
        ranks,
        pus: count(mine.pus.len()),
        l3_bytes: reached().map(|cache| cache.bytes).sum(),
        complexes: reached().map(complex).collect(),
        node,
        free_bytes: None,
        ranks_on_node: count(placements.iter().filter(|other| other.node == mine.node).count()),
        cgroup_bytes: None,
        ranks_on_host: count(placements.len()),
    }
}

/// Number of ranks with PUs behind this cache.
fn ranks_behind(cache: &CacheGroup, placements: &[Placement]) -> u32 {
    let behind = placements.iter().filter(|rank| rank.pus.iter().any(|pu| cache.pus.contains(pu)));
    u32::try_from(behind.count()).expect("ranks are counted in 32 bits")
}
