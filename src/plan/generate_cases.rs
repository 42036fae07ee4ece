//! The cases of `[generate]`: every combination of its keys, each with the parameters that touch it.

use super::Seat;
use super::case::{Case, Work};
use super::combinations::combinations;
use super::expected::expected;
use super::name::Name;
use super::resolve::{resolve_kernel, resolve_workers, size};
use super::stores::automatic;
use crate::error::{Error, Result};
use crate::generator::{Ratio, Shape, Stores};
use crate::job::{Allocate, Generate, GenerateKnobs, Job, RankKnobs, SlabKnobs};
use crate::slab::{BATCH_BYTES_MAX, Background, Hardening};
use crate::units::Bytes;
use crate::workload::generate::{self, Consumer, Handover, Memory, PoolUse, Schedule};

/// Keys that a job or one of its arms sets. The others are no parameters of its cases: every table would repeat them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    dedup: bool,
    compress: bool,
    streams: bool,
    consumer: bool,
    handover: bool,
    schedule: bool,
    memory: bool,
    pool: bool,
    pub(super) slots: bool,
    pub(super) live: bool,
    pub(super) sizes: bool,
    pub(super) arrivals: bool,
    pub(super) hardening: bool,
    pub(super) background: bool,
}

impl Asked {
    /// The keys that the job or one of its arms sets to another value than the default.
    pub(super) fn of(job: &Job) -> Asked {
        let sides = || std::iter::once(job).chain(job.arms.iter().map(|arm| &arm.job));
        let any = |other: fn(&Generate) -> bool| sides().filter_map(|side| side.generate.as_ref()).any(other);
        let any_allocate =
            |other: fn(&Allocate) -> bool| sides().filter_map(|side| side.allocate.as_ref()).any(other);
        Asked {
            dedup: any(|section| section.dedup != [Ratio::ONE]),
            compress: any(|section| section.compress != [Ratio::ONE]),
            streams: any(|section| section.streams != [1]),
            consumer: any(|section| section.consumer != [Consumer::Discard]),
            handover: any(|section| section.handover != [Handover::Chunk]),
            schedule: any(|section| section.schedule != [Schedule::Static]),
            memory: any(|section| section.memory != [Memory::Slab]),
            pool: any(|section| section.pool != [PoolUse::Kept]),
            slots: any_allocate(|section| section.slots != [None]),
            live: any_allocate(|section| section.live != [None]),
            sizes: any_allocate(|section| section.sizes != [None]),
            arrivals: any_allocate(|section| section.arrivals != [None]),
            hardening: sides().any(|side| side.slab.hardening != [Hardening::Cheap]),
            background: sides().any(|side| side.slab.background != [Background::Off]),
        }
    }
}

pub(super) fn generate_cases(job: &Job, section: &Generate, asked: Asked, seat: &Seat) -> Vec<Result<Case>> {
    let own = section.combinations();
    combinations(job, &own).map(|knobs| generate_case(job, section, asked, knobs, seat)).collect()
}

fn generate_case(
    job: &Job,
    section: &Generate,
    asked: Asked,
    (rank, own, slab): (RankKnobs, GenerateKnobs, SlabKnobs),
    seat: &Seat,
) -> Result<Case> {
    let workers = resolve_workers(rank.workers, seat)?;
    let block = block_of(own, &section.block);
    let mut parameters = generate::Parameters {
        chunk_bytes: size(own.chunk),
        block_bytes: size(block),
        in_flight: own.in_flight,
        kernel: resolve_kernel(own.kernel)?,
        // Resolved below: "auto" depends on all the others.
        stores: Stores::Ordinary,
        // The job's own check has been through every combination.
        shape: own.shape().map_err(Error::Usage)?,
        scope: own.scope,
        streams: own.streams,
        consumer: own.consumer,
        handover: own.handover,
        schedule: own.schedule,
        memory: own.memory,
        pool: own.pool,
        check: own.check,
    };
    parameters.stores = own.stores.unwrap_or_else(|| automatic(&parameters, workers, seat));
    // A block that fills a batch by itself comes alone whatever the batch is.
    let batched = parameters.memory == Memory::Slab
        && 2 * parameters.block_bytes.min(parameters.chunk_bytes) <= BATCH_BYTES_MAX;
    let name = Name::new("generate")
        .add("workers", rank.workers, job.rank.workers.len() > 1)
        .add_as(("chunk", "chunk_bytes"), own.chunk, section.chunk.len() > 1)
        .add_as(("block", "block_bytes"), block, section.block.len() > 1)
        .add("kernel", (own.kernel, "auto"), section.kernel.len() > 1)
        .add("stores", (own.stores, "auto"), section.stores.len() > 1)
        .add("in_flight", own.in_flight, section.in_flight.len() > 1);
    let name = shaped(name, section, asked, own, &parameters.shape)
        .add_if(asked.streams, "streams", own.streams, section.streams.len() > 1)
        .add_if(asked.consumer, "consumer", own.consumer, section.consumer.len() > 1)
        .add_if(asked.handover, "handover", own.handover, section.handover.len() > 1)
        .add_if(asked.schedule, "schedule", own.schedule, section.schedule.len() > 1)
        .add_if(asked.memory, "memory", own.memory, section.memory.len() > 1)
        .add_if(asked.pool, "pool", own.pool, section.pool.len() > 1)
        .add_if(batched, "batch", slab.batch, job.slab.batch.len() > 1);
    Ok(Case {
        compared_as: name.id.clone(),
        id: name.id,
        arm: None,
        parameters: name.parameters,
        workers,
        batch: if batched { slab.batch } else { job.slab.batch[0] },
        // The caches of the generator's sessions have the default.
        hardening: Hardening::Cheap,
        background: Background::Off,
        begins_untouched: false,
        work: Work::Generate(parameters),
        expected: Some(expected(&parameters, workers, seat)),
    })
}

/// Adds the parameters of the bytes. Where a ratio is 1, the other keys of its kind do not touch the case.
fn shaped(name: Name, section: &Generate, asked: Asked, own: GenerateKnobs, shape: &Shape) -> Name {
    let mut name = name.add_if(asked.dedup, "dedup", own.dedup, section.dedup.len() > 1);
    if shape.dedup().is_some() {
        // The distance is the one of the job: that between copies follows from it and from the ratio.
        name = name
            .add_as(("unit", "unit_bytes"), own.unit, section.unit.len() > 1)
            .add_as(("scope", "dedup_scope"), own.scope, section.scope.len() > 1)
            .add_as(("distance", "distance_bytes"), (own.distance, "auto"), section.distance.len() > 1);
    }
    name = name.add_if(asked.compress, "compress", own.compress, section.compress.len() > 1);
    if shape.compression().is_some() {
        name = name.add_as(("granule", "granule_bytes"), own.granule, section.granule.len() > 1).add(
            "codec",
            (own.codec, "none"),
            section.codec.len() > 1,
        );
    }
    name
}

/// Blocks that no chunk fills are all alike, whatever the number of workers: the case goes by the smallest of them.
fn block_of(own: GenerateKnobs, asked: &[Bytes]) -> Bytes {
    if own.block < own.chunk {
        return own.block;
    }
    asked.iter().copied().filter(|block| *block >= own.chunk).min().unwrap_or(own.block)
}
