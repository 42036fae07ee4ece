//! Sweeps become cases: knobs that do not touch a case are dropped, equal cases are merged.

use super::Seat;
use super::expected::Expected;
use super::generate_cases::{Asked, generate_cases};
use super::name::Name;
use super::sweep::Sweep;
use crate::error::{Error, Result};
use crate::generator::Kernel;
use crate::job::{Allocate, Allocator, Job, KernelName, Word, Workers};
use crate::units::Bytes;
use crate::workload::{allocate, generate};

/// One workload with every parameter fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The workload, every swept parameter that touches it, and its arm: `generate.chunk=64MiB.arm=base`. No spaces, no
    /// commas.
    pub id: String,
    /// The arm, where the same case stands in another arm, too.
    pub arm: Option<String>,
    /// The id without the arm: what the cases of one comparison have in common, and no others.
    pub compared_as: String,
    /// Every parameter that touches the case, as it was resolved, in the order of the job file.
    pub parameters: Vec<(&'static str, Parameter)>,
    /// Workers of this rank.
    pub workers: u32,
    /// Objects a refill may bring.
    pub batch: u32,
    /// What is done.
    pub work: Work,
    /// What follows from the parameters, for workloads with chunks.
    pub expected: Option<Expected>,
}

/// A parameter as programs read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A word out of a closed set, or a ratio.
    Word(String),
    /// A whole number: bytes, or a count.
    Number(u64),
}

/// What a case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Generates chunks.
    Generate(generate::Parameters),
    /// Allocates and frees.
    Allocate(allocate::Parameters),
}

impl Case {
    /// The workload's name.
    pub fn workload(&self) -> &'static str {
        match self.work {
            Work::Generate(_) => "generate",
            Work::Allocate(parameters) => parameters.workload.word(),
        }
    }

    /// Bytes of an arena in which the case never runs out; 0 when it uses none.
    pub fn arena_bytes(&self) -> u64 {
        match self.work {
            Work::Generate(parameters) => parameters.arena_bytes(self.workers),
            Work::Allocate(parameters) => parameters.arena_bytes(self.workers),
        }
    }

    /// Bytes that the case asks of the system at most while it runs, beside the arena.
    pub fn fresh_bytes(&self) -> u64 {
        match self.work {
            Work::Generate(parameters) => parameters.fresh_bytes(self.workers),
            Work::Allocate(_) => 0,
        }
    }
}

/// Every case of the job as it stands, or of one arm, each once, in the order of the job file.
///
/// # Errors
/// When this rank lacks the PUs, or its CPU the instructions, that a case asks for.
pub(super) fn of_one_arm(job: &Job, asked: Asked, seat: &Seat) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let generate = job.generate.iter().flat_map(|section| generate_cases(job, section, asked, seat));
    let allocate = job.allocate.iter().flat_map(|section| allocate_cases(job, section, seat));
    for case in generate.chain(allocate) {
        let case = case?;
        // The id names every swept parameter, so it tells cases apart.
        if !cases.iter().any(|known| known.id == case.id) {
            cases.push(case);
        }
    }
    Ok(cases)
}

/// One value of every knob of an allocator workload.
#[derive(Clone, Copy)]
struct AllocateKnobs {
    workers: Workers,
    parameters: allocate::Parameters,
    batch: u32,
}

fn allocate_cases(job: &Job, section: &Allocate, seat: &Seat) -> Vec<Result<Case>> {
    let first = AllocateKnobs {
        workers: job.rank.workers[0],
        parameters: allocate::Parameters { workload: section.workload[0], allocator: section.allocator[0] },
        batch: job.slab.batch[0],
    };
    let combinations = Sweep::of(first)
        .over(&job.rank.workers, |knobs, workers| knobs.workers = workers)
        .over(&section.workload, |knobs, workload| knobs.parameters.workload = workload)
        .over(&section.allocator, |knobs, allocator| knobs.parameters.allocator = allocator)
        .over(&job.slab.batch, |knobs, batch| knobs.batch = batch)
        .combinations();
    combinations.into_iter().map(|knobs| allocate_case(job, section, knobs, seat)).collect()
}

fn allocate_case(job: &Job, section: &Allocate, knobs: AllocateKnobs, seat: &Seat) -> Result<Case> {
    let parameters = knobs.parameters;
    let mut name = Name::new(parameters.workload.word())
        .workers(knobs.workers, job.rank.workers.len() > 1)
        .word("allocator", parameters.allocator, section.allocator.len() > 1);
    // The batch is a knob of our own caches alone.
    let ours = parameters.allocator == Allocator::Slab;
    if ours {
        name = name.count("batch", knobs.batch, job.slab.batch.len() > 1);
    }
    Ok(Case {
        compared_as: name.id.clone(),
        id: name.id,
        arm: None,
        parameters: name.parameters,
        workers: resolve_workers(knobs.workers, seat)?,
        batch: if ours { knobs.batch } else { job.slab.batch[0] },
        work: Work::Allocate(parameters),
        expected: None,
    })
}

pub(super) fn resolve_workers(asked: Workers, seat: &Seat) -> Result<u32> {
    match asked {
        Workers::All => Ok(seat.pus),
        Workers::Count(count) if count <= seat.pus => Ok(count),
        Workers::Count(count) => Err(Error::Environment(format!(
            "rank.workers = {count}, but {} offers this rank {} PUs; accepted: 1 to {}, or \"all\"",
            seat.node, seat.pus, seat.pus
        ))),
    }
}

pub(super) fn resolve_kernel(name: KernelName) -> Result<Kernel> {
    use crate::generator::KernelName as Isa;
    let isa = match name {
        KernelName::Auto => return Ok(Kernel::best()),
        KernelName::Scalar => Isa::Scalar,
        KernelName::Avx2 => Isa::Avx2,
        KernelName::Avx512 => Isa::Avx512,
    };
    Kernel::named(isa)
}

pub(super) fn size(bytes: Bytes) -> usize {
    usize::try_from(bytes.0).expect("the job's largest size is far below the address space")
}
