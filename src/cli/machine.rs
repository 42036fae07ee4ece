//! `numamark topo` and `numamark plan`: what would happen, on this machine or an imagined one.

use super::arguments::{PlanArguments, TopoArguments};
use super::print;
use crate::error::{ExitCode, Result};
use crate::numa::{self, Bind, Placement, Request, Topology};
use crate::plan::Plan;
use crate::rank::{Source, bind, described};
use crate::report;

/// Shows which rank would bind where, and why.
pub fn topo(arguments: &TopoArguments) -> Result<ExitCode> {
    let (topology, placements) = place(arguments, Bind::Numa, arguments.share_nodes)?;
    print(&report::topology(&topology, &placements));
    Ok(ExitCode::Done)
}

/// Predicts cases, memory and time, and runs nothing.
pub fn plan(arguments: &PlanArguments) -> Result<ExitCode> {
    let job = Source::read(&arguments.job, &arguments.change.settings())?.parse()?;
    let (topology, placements) =
        place(&arguments.machine, bind(&job), arguments.machine.share_nodes || job.rank.share_nodes)?;
    let ranks = u32::try_from(placements.len()).expect("ranks are counted in 32 bits");
    let mut plans = Vec::new();
    for placement in &placements {
        let mut seat = described(&topology, &placements, placement, ranks);
        if topology.is_this_system() {
            seat.free_bytes = placement.node.and_then(|node| topology.free_memory(node));
            seat.cgroup_bytes = numa::cgroup_memory_left();
        }
        plans.push(Plan::new(&job, &seat)?);
    }
    print(&report::plan(&job.name, &plans));
    Ok(ExitCode::Done)
}

/// The ranks of one host, placed.
fn place(arguments: &TopoArguments, bind: Bind, share_nodes: bool) -> Result<(Topology, Vec<Placement>)> {
    let (topology, allowed) = match &arguments.topology {
        Some(text) => {
            let topology = Topology::described(text)?;
            let allowed = topology.allowed_pus().clone();
            (topology, allowed)
        }
        None => (Topology::of_this_machine()?, numa::affinity()?),
    };
    let nodes = topology.usable_nodes().filter(|node| node.pu_set().intersects(&allowed)).count();
    let ranks = match arguments.ranks_per_host {
        Some(ranks) => ranks,
        None => u32::try_from(nodes).expect("nodes are counted in 32 bits").max(1),
    };
    let placements = numa::place_all(&topology, &Request::alike(0..ranks, bind, share_nodes, &allowed))?;
    Ok((topology, placements))
}
