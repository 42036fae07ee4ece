//! Sweeps become cases: keys that do not touch a case are dropped, equal cases are merged.

use super::Seat;
use super::case::{Case, Work};
use super::combinations::combinations;
use super::generate_cases::{Asked, generate_cases};
use super::name::Name;
use super::resolve::resolve_workers;
use crate::error::Result;
use crate::job::{Allocate, AllocateKnobs, Allocator, Job, RankKnobs, SlabKnobs};
use crate::slab::{Background, Hardening};
use crate::word::Word;
use crate::workload::allocate::{self, Knob};

/// Every case of the job as it stands, or of one arm, each once, in the order of the job file.
///
/// # Errors
/// When this rank lacks the PUs, or its CPU the instructions, that a case asks for.
pub(super) fn of_one_arm(job: &Job, asked: Asked, seat: &Seat) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    let generate = job.generate.iter().flat_map(|section| generate_cases(job, section, asked, seat));
    let allocate = job.allocate.iter().flat_map(|section| allocate_cases(job, section, asked, seat));
    for case in generate.chain(allocate) {
        let case = case?;
        // The id names every swept parameter, so it tells cases apart.
        if !cases.iter().any(|known| known.id == case.id) {
            cases.push(case);
        }
    }
    Ok(cases)
}

fn allocate_cases(job: &Job, section: &Allocate, asked: Asked, seat: &Seat) -> Vec<Result<Case>> {
    let own = section.combinations();
    combinations(job, &own).map(|knobs| allocate_case(job, section, asked, knobs, seat)).collect()
}

fn allocate_case(
    job: &Job,
    section: &Allocate,
    asked: Asked,
    (rank, own, slab): (RankKnobs, AllocateKnobs, SlabKnobs),
    seat: &Seat,
) -> Result<Case> {
    // Batch, hardening and background belong to this program's own caches.
    let ours = own.allocator == Allocator::Slab;
    let used = |asked: bool, knob| asked && own.workload.uses(knob);
    let name = Name::new(own.workload.word())
        .add("workers", rank.workers, job.rank.workers.len() > 1)
        .add("allocator", own.allocator, section.allocator.len() > 1)
        .add_if(used(asked.slots, Knob::Slots), "slots", (own.slots, "auto"), section.slots.len() > 1)
        .add_if(used(asked.live, Knob::Live), "live", (own.live, "auto"), section.live.len() > 1)
        .add_if(used(asked.sizes, Knob::Sizes), "sizes", (own.sizes, "auto"), section.sizes.len() > 1)
        .add_if(
            used(asked.arrivals, Knob::Arrivals),
            "arrivals",
            (own.arrivals, "none"),
            section.arrivals.len() > 1,
        )
        .add_if(ours, "batch", slab.batch, job.slab.batch.len() > 1)
        .add_if(ours && asked.hardening, "hardening", slab.hardening, job.slab.hardening.len() > 1)
        .add_if(ours && asked.background, "background", slab.background, job.slab.background.len() > 1);
    let hardening = if ours { slab.hardening } else { Hardening::Cheap };
    Ok(Case {
        compared_as: name.id.clone(),
        id: name.id,
        arm: None,
        parameters: name.parameters,
        workers: resolve_workers(rank.workers, seat)?,
        batch: if ours { slab.batch } else { job.slab.batch[0] },
        hardening,
        background: if ours { slab.background } else { Background::Off },
        begins_untouched: ours && asked.background,
        work: Work::Allocate(allocate::Parameters {
            workload: own.workload,
            allocator: own.allocator,
            dimensions: own.workload.dimensions(own.slots, own.live, own.sizes),
            arrivals: own.arrivals,
            hardening,
        }),
        expected: None,
    })
}
