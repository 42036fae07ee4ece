//! The head of `run.json`: everything known before the first repetition.

use super::Request;
use super::equipment::Equipment;
use super::seat::{BoundRank, all_gather};
use crate::comm::{Comm, distinct_hosts};
use crate::environment;
use crate::environment::{Environment, Facts};
use crate::error::Result;
use crate::job::{Allocator, Job};
use crate::measure::Clock;
use crate::plan::{Case, Plan, Work};
use crate::record::run::Gate;
use crate::record::run::SCHEMA;
use crate::record::{AllocatorBuild, Begin, CaseHeader, DropRule, Header, Measure, Parameter};
use crate::results::{resolve_gates, utc_now};
use crate::word::Word;
use crate::workload::allocate::Speed;
use crate::workload::allocate::peer::Provenance;

/// The environment of rank 0, and the differences of other hosts from it. Collective.
///
/// # Errors
/// When a rank has failed.
pub fn environments(
    comm: &Comm,
    seat: &BoundRank,
    equipment: &Equipment,
    request: &Request,
) -> Result<(Environment, Vec<String>)> {
    let mine = environment::collect(&Facts::new(&equipment.clock(), request.mpi_library.clone()));
    // One rank of each host sends the host's environment.
    let speaks = (seat.host_world.rank == 0).then(|| (comm.host().to_owned(), mine));
    let mut all: Vec<(String, Environment)> = all_gather(comm, &speaks)?.into_iter().flatten().collect();
    let (_, first) = all.remove(0);
    let differences =
        all.iter().flat_map(|(host, other)| environment::differences(&first, host, other)).collect();
    Ok((first, differences))
}

/// The gates with the figures of their stored runs. Rank 0 reads them; other ranks get none. Collective.
///
/// # Errors
/// When the stored run of a gate cannot be used as its baseline.
pub fn gates(comm: &Comm, job: &Job, plan: &Plan) -> Result<Vec<Gate>> {
    comm.agree(match comm.world().rank {
        0 => {
            let planned: Vec<&str> = plan.cases.iter().map(|case| case.id.as_str()).collect();
            resolve_gates(&job.gates, &planned, environment::cpu_model().as_deref())
        }
        _ => Ok(Vec::new()),
    })
}

/// The builds of the allocators that the cases name. Measures a short larson on each peer.
fn allocators(plan: &Plan, clock: &Clock) -> Vec<AllocatorBuild> {
    let mut named: Vec<Allocator> = Vec::new();
    for case in &plan.cases {
        if let Work::Allocate(parameters) = case.work
            && !named.contains(&parameters.allocator)
        {
            named.push(parameters.allocator);
        }
    }
    let build = |allocator: &Allocator| {
        let Provenance { version, build } = allocator.provenance()?;
        let speed = allocator.speed(clock);
        Some(AllocatorBuild {
            allocator: allocator.word().to_owned(),
            version,
            build,
            larson_ns: speed.map(|speed| speed.allocator_ns),
            system_larson_ns: speed.map(|speed| speed.system_ns),
            optimised: speed.map(Speed::is_optimised),
        })
    };
    named.iter().filter_map(build).collect()
}

/// The head of `run.json`, on rank 0.
pub fn header(
    request: &Request,
    job: &Job,
    plan: &Plan,
    begins: &[Begin],
    gates: Vec<Gate>,
    clock: &Clock,
    (environment, environment_differences): (Environment, Vec<String>),
) -> Header {
    let hosts = distinct_hosts(begins.iter().map(|begin| begin.host.as_str()));
    Header {
        schema: SCHEMA,
        name: job.name.clone(),
        job: job.effective().to_owned(),
        job_hash: job.hash(),
        command: request.command.clone(),
        started: utc_now(),
        ranks: u32::try_from(begins.len()).expect("ranks are counted in 32 bits"),
        hosts: hosts.into_iter().map(str::to_owned).collect(),
        repetitions: plan.repetitions,
        stop: plan.stop,
        // A rule without any bound drops nothing.
        drop: Some(job.run.drop).filter(|rule| *rule != DropRule::default()),
        aa: job.run.aa,
        interval_ns: plan.division.interval_ns,
        environment,
        environment_differences,
        allocators: allocators(plan, clock),
        planned: plan.cases.iter().map(case_header).collect(),
        gates,
    }
}

fn case_header(case: &Case) -> CaseHeader {
    let named = |(name, parameter): (&str, Parameter)| (name.to_owned(), parameter);
    CaseHeader {
        id: case.id.clone(),
        workload: case.workload().to_owned(),
        parameters: case.parameters.iter().cloned().map(named).collect(),
        measure: measure(case),
        arm: case.arm.clone(),
        compared_as: case.arm.as_ref().map(|_| case.compared_as.clone()),
        expected: case.expected.clone(),
    }
}

/// The unit that the rate of a case counts.
pub fn measure(case: &Case) -> Measure {
    match case.work {
        Work::Generate(_) => Measure::Bytes,
        Work::Allocate(_) => Measure::Operations,
    }
}
