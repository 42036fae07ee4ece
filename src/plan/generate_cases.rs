//! The cases of `[generate]`: every combination of its keys, each with the parameters that touch it.

use super::Seat;
use super::cases::{Case, Work, resolve_kernel, resolve_workers, size};
use super::expected::Expected;
use super::name::Name;
use super::stores::resolve_stores;
use super::sweep::Sweep;
use crate::error::{Error, Result};
use crate::generator::{Ratio, Shape, Stores};
use crate::job::{self, Generate, Job, Workers};
use crate::slab::BATCH_BYTES_MAX;
use crate::units::Bytes;
use crate::workload::generate::{self, Consumer, Handover, Memory, PoolUse, Schedule};

/// Keys that a job says anything about, in itself or in an arm. What nobody asked for is no parameter of a case: every
/// table would repeat it.
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
}

impl Asked {
    /// Of a job with all its arms.
    pub(super) fn of(job: &Job) -> Asked {
        let Some(section) = &job.generate else { return Asked::default() };
        let by_arm = |key: &str| {
            let sets =
                |change: &job::Change| matches!(change, job::Change::Generate(set) if set.key() == key);
            job.arms.iter().flat_map(|arm| &arm.changes).any(sets)
        };
        Asked {
            dedup: section.dedup != [Ratio::ONE] || by_arm("dedup"),
            compress: section.compress != [Ratio::ONE] || by_arm("compress"),
            streams: section.streams != [1] || by_arm("streams"),
            consumer: section.consumer != [Consumer::Discard] || by_arm("consumer"),
            handover: section.handover != [Handover::Chunk] || by_arm("handover"),
            schedule: section.schedule != [Schedule::Static] || by_arm("schedule"),
            memory: section.memory != [Memory::Slab] || by_arm("memory"),
            pool: section.pool != [PoolUse::Kept] || by_arm("pool"),
        }
    }
}

/// One value of every knob of `generate`.
#[derive(Clone, Copy)]
struct Knobs {
    workers: Workers,
    own: job::GenerateKnobs,
    batch: u32,
}

pub(super) fn generate_cases(job: &Job, section: &Generate, asked: Asked, seat: &Seat) -> Vec<Result<Case>> {
    let own = section.combinations();
    let first = Knobs { workers: job.rank.workers[0], own: own[0], batch: job.slab.batch[0] };
    let combinations = Sweep::of(first)
        .over(&job.rank.workers, |knobs, workers| knobs.workers = workers)
        .over(&own, |knobs, own| knobs.own = own)
        .over(&job.slab.batch, |knobs, batch| knobs.batch = batch)
        .combinations();
    combinations.into_iter().map(|knobs| generate_case(job, section, asked, knobs, seat)).collect()
}

fn generate_case(job: &Job, section: &Generate, asked: Asked, knobs: Knobs, seat: &Seat) -> Result<Case> {
    let Knobs { workers: workers_asked, own, batch } = knobs;
    let workers = resolve_workers(workers_asked, seat)?;
    let block = block_of(own, &section.block);
    let mut parameters = generate::Parameters {
        chunk_bytes: size(own.chunk),
        block_bytes: size(block),
        in_flight: own.in_flight,
        kernel: resolve_kernel(own.kernel)?,
        // What the job means by it follows from all the others.
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
        check: section.check,
    };
    parameters.stores = resolve_stores(own.stores, &parameters, workers, seat);
    let name = Name::new("generate")
        .workers(workers_asked, job.rank.workers.len() > 1)
        .bytes(("chunk", "chunk_bytes"), own.chunk, section.chunk.len() > 1)
        .bytes(("block", "block_bytes"), block, section.block.len() > 1)
        .word("kernel", own.kernel, section.kernel.len() > 1)
        .word("stores", own.stores, section.stores.len() > 1)
        .count("in_flight", own.in_flight, section.in_flight.len() > 1);
    let name = shaped(name, section, asked, own, &parameters.shape);
    let mut name = designed(name, section, asked, own);
    // A block that fills a batch by itself comes alone whatever the batch is.
    let batched = parameters.memory == Memory::Slab
        && 2 * parameters.block_bytes.min(parameters.chunk_bytes) <= BATCH_BYTES_MAX;
    if batched {
        name = name.count("batch", batch, job.slab.batch.len() > 1);
    }
    Ok(Case {
        compared_as: name.id.clone(),
        id: name.id,
        arm: None,
        parameters: name.parameters,
        workers,
        batch: if batched { batch } else { job.slab.batch[0] },
        work: Work::Generate(parameters),
        expected: Some(Expected::of(&parameters, workers, seat)),
    })
}

/// What is asked of the bytes. Where a ratio is 1, nothing else of it touches the case.
fn shaped(name: Name, section: &Generate, asked: Asked, own: job::GenerateKnobs, shape: &Shape) -> Name {
    let mut name = name;
    if asked.dedup {
        name = name.ratio("dedup", own.dedup, section.dedup.len() > 1);
    }
    if shape.dedup().is_some() {
        name = name
            .bytes(("unit", "unit_bytes"), own.unit, section.unit.len() > 1)
            .scope(own.scope, section.scope.len() > 1)
            .distance(own.distance, section.distance.len() > 1);
    }
    if asked.compress {
        name = name.ratio("compress", own.compress, section.compress.len() > 1);
    }
    if shape.compression().is_some() {
        name = name.bytes(("granule", "granule_bytes"), own.granule, section.granule.len() > 1).word(
            "codec",
            own.codec,
            section.codec.len() > 1,
        );
    }
    name
}

/// How chunks are made.
fn designed(name: Name, section: &Generate, asked: Asked, own: job::GenerateKnobs) -> Name {
    let mut name = name;
    if asked.streams {
        name = name.count("streams", own.streams, section.streams.len() > 1);
    }
    if asked.consumer {
        name = name.word("consumer", own.consumer, section.consumer.len() > 1);
    }
    if asked.handover {
        name = name.word("handover", own.handover, section.handover.len() > 1);
    }
    if asked.schedule {
        name = name.word("schedule", own.schedule, section.schedule.len() > 1);
    }
    if asked.memory {
        name = name.word("memory", own.memory, section.memory.len() > 1);
    }
    if asked.pool {
        name = name.word("pool", own.pool, section.pool.len() > 1);
    }
    name
}

/// Blocks that no chunk fills are all alike, whatever the number of workers: the case goes by the smallest of them.
fn block_of(own: job::GenerateKnobs, asked: &[Bytes]) -> Bytes {
    if own.block < own.chunk {
        return own.block;
    }
    asked.iter().copied().filter(|block| *block >= own.chunk).min().unwrap_or(own.block)
}
