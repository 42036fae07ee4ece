//! The description of a rank: the first line of its part.

use super::equipment::Equipment;
use super::seat::BoundRank;
use crate::comm::Comm;
use crate::environment;
use crate::job::Job;
use crate::numa::package_of;
use crate::plan::Plan;
use crate::record::Begin;
use crate::units::human_bytes;

/// Builds the first line of this rank's part.
pub fn begin(comm: &Comm, job: &Job, seat: &BoundRank, plan: &Plan, equipment: &Equipment) -> Begin {
    let placement = &seat.placement;
    Begin {
        rank: comm.world().rank,
        size: comm.world().size,
        host: comm.host().to_owned(),
        node_index: placement.node.map(|node| node.index),
        node_os_index: placement.node.map(|node| node.os_index),
        pus: placement.pus[..plan.workers as usize].to_vec(),
        placement: format!("{}: {}", placement.how, placement.why),
        job_hash: job.hash(),
        locality: equipment.locality(),
        clock_step_ns: equipment.clock().step_ns(),
        clock_read_ns: equipment.clock().read_ns(),
        record_ns: equipment.instruments().prices.record_ns,
        package: placement.pus.first().and_then(|pu| package_of(*pu)),
        class: class(seat, plan.workers),
        unavailable: equipment.instruments().counters.unavailable().clone(),
    }
}

/// Resolution of the memory size in a class. The memory of equal nodes differs by the firmware's share, so it is
/// rounded to a sixteenth of its next power of two.
const MEMORY_STEPS: u64 = 16;

/// The class of the rank's node, as text. Nodes with equal texts should be equally fast.
fn class(seat: &BoundRank, workers: u32) -> String {
    let model = environment::cpu_model().unwrap_or_else(|| "unknown CPU".to_owned());
    let memory = seat.placement.node.and_then(|id| {
        let node = seat.topology.nodes().iter().find(|node| node.index == id.index)?;
        let step = node.memory_bytes.checked_next_power_of_two()? / MEMORY_STEPS;
        (step > 0).then(|| (node.memory_bytes + step / 2) / step * step)
    });
    let memory =
        memory.map_or("memory unknown".to_owned(), |bytes| format!("{} of memory", human_bytes(bytes)));
    format!("{model}, {workers} workers, {} of L3, {memory}", human_bytes(seat.offer.l3_bytes))
}
