//! `numamark plan --format json`: cases, time, memory and files of a run before it runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SCHEMA;
use crate::plan::{Case, Parameter, Plan, Seat};
use crate::record::{Expected, json_text};
use crate::report;

#[derive(Serialize)]
struct Planned<'a> {
    schema: u32,
    name: &'a str,
    hosts: u32,
    ranks_per_host: usize,
    /// Repetitions of each case; the most of them when `stops_early`.
    repetitions: u32,
    stops_early: bool,
    /// Warm-up and timed work that the job asks for; null for a data set.
    asked_ns: Option<u64>,
    /// The whole run, and its parts; null when nothing was tried.
    estimated_ns: Option<u64>,
    estimated_begin_ns: Option<u64>,
    estimated_finish_ns: Option<u64>,
    /// Data that all ranks generate, without warm-ups: exact for a data set.
    generated_bytes: Option<u64>,
    estimated_parts_bytes: Option<u64>,
    estimated_other_files_bytes: Option<u64>,
    /// Resident memory of each process beside its arenas.
    estimated_resident_bytes: Option<u64>,
    /// Arenas of all ranks of a host.
    memory_bytes: u64,
    /// Memory that the cgroup leaves; null without a limit.
    cgroup_free_bytes: Option<u64>,
    ranks: Vec<RankPlan<'a>>,
    cases: Vec<CasePlan<'a>>,
    /// Facts that cannot be predicted, one sentence each.
    unknown: &'a [String],
    slurm_command: Option<&'a str>,
}

#[derive(Serialize)]
struct RankPlan<'a> {
    rank: u32,
    node: &'a str,
    pus: u32,
    workers: u32,
    memory_bytes: u64,
    /// Memory that is free on the node.
    free_bytes: Option<u64>,
}

#[derive(Serialize)]
struct CasePlan<'a> {
    id: &'a str,
    workload: &'a str,
    arm: Option<&'a str>,
    parameters: BTreeMap<&'a str, &'a Parameter>,
    /// One repetition with everything around it.
    estimated_ns: Option<u64>,
    /// Arena of the rank that needs most.
    memory_bytes: u64,
    /// Values that follow from the parameters, for the first rank; null for a workload without chunks.
    expected: Option<&'a Expected>,
}

/// The text of the object.
pub fn planned(job: &report::Planned<'_>, slurm: Option<&str>) -> String {
    let (_, first) = &job.ranks[0];
    let prediction = job.prediction;
    json_text(&Planned {
        schema: SCHEMA,
        name: job.name,
        hosts: job.hosts,
        ranks_per_host: job.ranks.len(),
        repetitions: first.repetitions,
        stops_early: first.stop.is_some(),
        asked_ns: first.asked_ns(),
        estimated_ns: prediction.map(|all| whole(all.wall_ns)),
        estimated_begin_ns: prediction.map(|all| whole(all.begin_ns)),
        estimated_finish_ns: prediction.map(|all| whole(all.finish_ns)),
        generated_bytes: first.data_set_bytes().or(prediction.map(|all| whole(all.generated_bytes))),
        estimated_parts_bytes: prediction.map(|all| all.parts_bytes),
        estimated_other_files_bytes: prediction.map(|all| all.rest_bytes),
        estimated_resident_bytes: prediction.and_then(|all| all.resident_bytes),
        memory_bytes: job.ranks.iter().map(|(_, plan)| plan.arena_bytes).sum(),
        cgroup_free_bytes: job.ranks.iter().find_map(|(seat, _)| seat.cgroup_bytes),
        ranks: job.ranks.iter().map(|(seat, plan)| rank(seat, plan)).collect(),
        cases: (0..first.cases.len()).map(|index| case(job, index)).collect(),
        unknown: job.unknown,
        slurm_command: slurm,
    })
}

/// An estimate in whole units.
fn whole(estimate: f64) -> u64 {
    estimate.round() as u64
}

fn rank<'a>(seat: &'a Seat, plan: &Plan) -> RankPlan<'a> {
    RankPlan {
        rank: seat.rank,
        node: &seat.node,
        pus: seat.pus,
        workers: plan.workers,
        memory_bytes: plan.arena_bytes,
        free_bytes: seat.free_bytes,
    }
}

fn case<'a>(job: &report::Planned<'a>, index: usize) -> CasePlan<'a> {
    let (_, first) = &job.ranks[0];
    let case = &first.cases[index];
    let arenas = job.ranks.iter().map(|(_, plan)| Case::arena_bytes(&plan.cases[index]));
    CasePlan {
        id: &case.id,
        workload: case.workload(),
        arm: case.arm.as_deref(),
        parameters: case.parameters.iter().map(|(name, value)| (*name, value)).collect(),
        estimated_ns: job.prediction.map(|all| whole(all.repetition_ns[index])),
        memory_bytes: arenas.max().unwrap_or(0),
        expected: case.expected.as_ref(),
    }
}
