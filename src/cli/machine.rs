//! `numamark topo` and `numamark plan`: a run before it runs, on this machine or on a described one.

use super::arguments::{MachineFormat, PlanArguments, TopoArguments};
use super::{json, print};
use crate::environment::cpu_model;
use crate::error::{Error, ExitCode, Result};
use crate::job::{Job, Setting};
use crate::numa;
use crate::numa::{Bind, Placement, PlacementRequest, Topology};
use crate::plan::{Plan, Prediction, Seat};
use crate::rank::{JobText, described, probe};
use crate::report;
use crate::report::{Planned, Submission};
use crate::results::resolve_gates;
use crate::units::human_span;

/// Shows where each rank would bind, and why.
pub fn topo(arguments: &TopoArguments) -> Result<ExitCode> {
    let (topology, placements) = place(arguments, Bind::Numa, arguments.share_nodes)?;
    print(&match arguments.format {
        MachineFormat::Text => report::topology(&topology, &placements),
        MachineFormat::Json => json::ranks(&topology, &placements),
    });
    Ok(ExitCode::Done)
}

/// Predicts cases, time, memory and files. Tries each case for a moment where that is possible and not forbidden.
pub fn plan(arguments: &PlanArguments) -> Result<ExitCode> {
    let mut settings = arguments.change.settings();
    if arguments.machine.share_nodes {
        settings.push(Setting::new("rank.share_nodes=true"));
    }
    let source = JobText::read(&arguments.job, &settings)?;
    let job = source.parse()?;
    let (topology, placements) = place(&arguments.machine, job.rank.bind, job.rank.share_nodes)?;
    let ranks = seats(&job, &topology, &placements, arguments.hosts)?;
    let cases: Vec<&str> = ranks[0].1.cases.iter().map(|case| case.id.as_str()).collect();
    // A run would refuse these before its first repetition. A described machine may have another CPU.
    let cpu_model = if topology.is_this_system() { cpu_model() } else { None };
    resolve_gates(&job.gates, &cases, cpu_model.as_deref())?;
    let (prediction, unknown) = predict(arguments, &source, &topology, &ranks)?;
    let (_, first) = &ranks[0];
    let asked_ns = first.asked_ns().map(|ns| ns as f64);
    let wall_ns = prediction.as_ref().map(|prediction| prediction.wall_ns).or(asked_ns);
    let slurm = arguments.slurm.then(|| {
        report::submission(&Submission {
            hosts: arguments.hosts,
            ranks_per_host: ranks.len(),
            pus_per_rank: ranks.iter().map(|(seat, _)| seat.pus).min().unwrap_or(1),
            wall_ns,
            arguments: &run_arguments(arguments),
        })
    });
    let (name, ranks, hosts) = (job.name.as_str(), ranks.as_slice(), arguments.hosts);
    let (prediction, unknown) = (prediction.as_ref(), unknown.as_slice());
    let planned = Planned { name, ranks, hosts, prediction, unknown };
    print(&match arguments.machine.format {
        MachineFormat::Text => report::plan(&planned) + &slurm.unwrap_or_default(),
        MachineFormat::Json => json::planned(&planned, slurm.as_deref().map(str::trim)),
    });
    within(arguments, wall_ns)
}

/// Seat and plan of each rank of the host.
fn seats(job: &Job, topology: &Topology, placements: &[Placement], hosts: u32) -> Result<Vec<(Seat, Plan)>> {
    let of_host = u32::try_from(placements.len()).expect("ranks are counted in 32 bits");
    let world = of_host.saturating_mul(hosts);
    let of_rank = |placement: &Placement| {
        let mut seat = described(topology, placements, placement, world);
        if topology.is_this_system() {
            seat.free_bytes = placement.node.and_then(|node| topology.free_memory(node));
            seat.cgroup_bytes = numa::cgroup_memory_left();
        }
        let plan = Plan::new(job, &seat)?;
        Ok((seat, plan))
    };
    placements.iter().map(of_rank).collect()
}

/// The prediction, if the cases were tried, and sentences about everything that remains unknown.
fn predict(
    arguments: &PlanArguments,
    source: &JobText,
    topology: &Topology,
    ranks: &[(Seat, Plan)],
) -> Result<(Option<Prediction>, Vec<String>)> {
    let mut unknown = Vec::new();
    let mut prediction = None;
    if !topology.is_this_system() {
        unknown.push("the machine is only described: time is what the job asks for".to_owned());
    } else if arguments.no_probe {
        unknown.push("nothing was tried (--no-probe): time is what the job asks for".to_owned());
    } else {
        let plans: Vec<&Plan> = ranks.iter().map(|(_, plan)| plan).collect();
        match probe(source, &plans) {
            Ok(probed) => {
                // All ranks wait for the one with the largest arena.
                let plan = plans.iter().max_by_key(|plan| plan.arena_bytes).expect("a host has a rank");
                let miniature = plan.miniature(probed.ranks);
                let predicted = Prediction::new(plan, &miniature, &probed, arguments.hosts);
                prediction = Some(predicted);
                unknown.extend(miniature.differences(plan));
            }
            Err(why @ Error::Incomplete(_)) => return Err(why),
            Err(why) => unknown.push(format!("the cases could not be tried: {why}")),
        }
    }
    if arguments.hosts > 1 {
        unknown.push("other hosts: assumed equal to this one".to_owned());
    }
    unknown.push("time in a batch queue, and the launcher's time to start ranks".to_owned());
    unknown.push("speed of the run directory's file system".to_owned());
    Ok((prediction, unknown))
}

/// The arguments of `run` for the same job.
fn run_arguments(arguments: &PlanArguments) -> Vec<String> {
    let settings = arguments.change.settings();
    let changes = settings.iter().flat_map(|setting| [setting.flag().to_owned(), setting.text().to_owned()]);
    std::iter::once(arguments.job.display().to_string()).chain(changes).collect()
}

/// Compares the predicted time with `--time`.
fn within(arguments: &PlanArguments, wall_ns: Option<f64>) -> Result<ExitCode> {
    match (arguments.time, wall_ns) {
        (Some(time_limit), Some(wall_ns)) if wall_ns > time_limit.0 as f64 => {
            Err(Error::Environment(format!(
                "the run would take {}, which is more than --time {time_limit}; \
             use fewer repetitions, a shorter duration or fewer cases",
                human_span(wall_ns),
            )))
        }
        (Some(time_limit), None) => Err(Error::Environment(format!(
            "--time {time_limit} cannot be checked, because the time of the run is not known; plan it on the machine itself"
        ))),
        _ => Ok(ExitCode::Done),
    }
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
    let ranks = arguments.ranks_per_host.unwrap_or_else(|| topology.ranks_within(&allowed));
    let placements =
        numa::place_all(&topology, &PlacementRequest::alike(0..ranks, bind, share_nodes, &allowed))?;
    Ok((topology, placements))
}
