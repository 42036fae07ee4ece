//! Sweeps become cases: knobs that do not touch a case are dropped, equal cases are merged.

use super::Seat;
use crate::error::{Error, Result};
use crate::generator::{Kernel, Stores};
use crate::job::{Allocate, Allocator, Generate, Job, KernelName, StoresName, Word, Workers};
use crate::slab::BATCH_BYTES_MAX;
use crate::units::Bytes;
use crate::workload::{allocate, generate};

/// One workload with every parameter fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The workload, and every swept parameter that touches it: `generate.chunk=64MiB`. No spaces, no commas.
    pub id: String,
    /// Every parameter that touches the case, as it was resolved, in the order of the job file.
    pub parameters: Vec<(&'static str, Parameter)>,
    /// Workers of this rank.
    pub workers: u32,
    /// Objects a refill may bring.
    pub batch: u32,
    /// What is done.
    pub work: Work,
}

/// A parameter as programs read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A word out of a closed set.
    Word(&'static str),
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
            Work::Allocate(_) => "larson",
        }
    }
}

/// A case in the making: parameters are added in the order of the job file, and each says whether it is swept.
struct Draft {
    id: String,
    parameters: Vec<(&'static str, Parameter)>,
}

impl Draft {
    fn new(workload: &'static str) -> Draft {
        Draft { id: workload.to_owned(), parameters: Vec::new() }
    }

    fn word(mut self, key: &'static str, word: &'static str, swept: bool) -> Draft {
        self.parameters.push((key, Parameter::Word(word)));
        self.name(key, word, swept)
    }

    fn bytes(mut self, (key, parameter): (&str, &'static str), bytes: Bytes, swept: bool) -> Draft {
        self.parameters.push((parameter, Parameter::Number(bytes.0)));
        self.name(key, bytes, swept)
    }

    fn count(mut self, key: &'static str, count: u32, swept: bool) -> Draft {
        self.parameters.push((key, Parameter::Number(u64::from(count))));
        self.name(key, count, swept)
    }

    /// "all" may be another number on every rank: the id keeps the word, so that it is the same everywhere.
    fn workers(mut self, (asked, count): (Workers, u32), swept: bool) -> Draft {
        let parameter = match asked {
            Workers::All => Parameter::Word("all"),
            Workers::Count(_) => Parameter::Number(u64::from(count)),
        };
        self.parameters.push(("workers", parameter));
        match asked {
            Workers::All => self.name("workers", "all", swept),
            Workers::Count(_) => self.name("workers", count, swept),
        }
    }

    fn name(mut self, key: &str, value: impl std::fmt::Display, swept: bool) -> Draft {
        if swept {
            self.id.push_str(&format!(".{key}={value}"));
        }
        self
    }

    fn finish(self, workers: u32, batch: u32, work: Work) -> Case {
        Case { id: self.id, parameters: self.parameters, workers, batch, work }
    }
}

/// Every case of the job, each once, in the order of the job file.
///
/// # Errors
/// When this rank lacks the PUs, or its CPU the instructions, that a case asks for.
pub(super) fn expand(job: &Job, seat: &Seat) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for &asked in &job.rank.workers {
        let workers = (asked, resolve_workers(asked, seat)?);
        if let Some(section) = &job.generate {
            generate_cases(job, section, workers, seat, &mut cases)?;
        }
        if let Some(section) = &job.allocate {
            allocate_cases(job, section, workers, &mut cases);
        }
    }
    Ok(cases)
}

fn keep(cases: &mut Vec<Case>, case: Case) {
    if !cases.contains(&case) {
        cases.push(case);
    }
}

fn resolve_workers(asked: Workers, seat: &Seat) -> Result<u32> {
    match asked {
        Workers::All => Ok(seat.pus),
        Workers::Count(count) if count <= seat.pus => Ok(count),
        Workers::Count(count) => Err(Error::Environment(format!(
            "rank.workers = {count}, but {} offers this rank {} PUs; accepted: 1 to {}, or \"all\"",
            seat.node, seat.pus, seat.pus
        ))),
    }
}

fn generate_cases(
    job: &Job,
    section: &Generate,
    workers: (Workers, u32),
    seat: &Seat,
    cases: &mut Vec<Case>,
) -> Result<()> {
    let Generate { chunk, block, kernel, stores, in_flight } = section;
    for &chunk_bytes in chunk {
        for &block_bytes in block {
            for &kernel_name in kernel {
                for &stores_name in stores {
                    for &depth in in_flight {
                        for &batch in &job.slab.batch {
                            let parameters = generate::Parameters {
                                chunk_bytes: size(chunk_bytes),
                                block_bytes: size(block_bytes),
                                in_flight: depth,
                                kernel: resolve_kernel(kernel_name)?,
                                stores: resolve_stores(stores_name, chunk_bytes, depth, seat),
                            };
                            let mut draft = Draft::new("generate")
                                .workers(workers, job.rank.workers.len() > 1)
                                .bytes(("chunk", "chunk_bytes"), chunk_bytes, chunk.len() > 1)
                                .bytes(("block", "block_bytes"), block_bytes, block.len() > 1)
                                .word("kernel", kernel_name.word(), kernel.len() > 1)
                                .word("stores", stores_name.word(), stores.len() > 1)
                                .count("in_flight", depth, in_flight.len() > 1);
                            // A block that fills a batch by itself comes alone whatever the batch is.
                            let batched = 2 * parameters.block_bytes <= BATCH_BYTES_MAX;
                            if batched {
                                draft = draft.count("batch", batch, job.slab.batch.len() > 1);
                            }
                            let batch = if batched { batch } else { job.slab.batch[0] };
                            keep(cases, draft.finish(workers.1, batch, Work::Generate(parameters)));
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn allocate_cases(job: &Job, section: &Allocate, workers: (Workers, u32), cases: &mut Vec<Case>) {
    for &workload in &section.workload {
        for &allocator in &section.allocator {
            for &batch in &job.slab.batch {
                let mut draft = Draft::new(workload.word())
                    .workers(workers, job.rank.workers.len() > 1)
                    .word("allocator", allocator.word(), section.allocator.len() > 1);
                let ours = allocator == Allocator::Slab;
                if ours {
                    draft = draft.count("batch", batch, job.slab.batch.len() > 1);
                }
                let batch = if ours { batch } else { job.slab.batch[0] };
                let parameters = allocate::Parameters { allocator: resolve_allocator(allocator) };
                keep(cases, draft.finish(workers.1, batch, Work::Allocate(parameters)));
            }
        }
    }
}

fn resolve_kernel(name: KernelName) -> Result<Kernel> {
    use crate::generator::KernelName as Isa;
    let isa = match name {
        KernelName::Auto => return Ok(Kernel::best()),
        KernelName::Scalar => Isa::Scalar,
        KernelName::Avx2 => Isa::Avx2,
        KernelName::Avx512 => Isa::Avx512,
    };
    Kernel::named(isa)
}

fn resolve_stores(name: StoresName, chunk: Bytes, in_flight: u32, seat: &Seat) -> Stores {
    match name {
        StoresName::Auto => Stores::choose(chunk.0.saturating_mul(u64::from(in_flight) + 1), seat.l3_bytes),
        StoresName::Ordinary => Stores::Ordinary,
        StoresName::NonTemporal => Stores::NonTemporal,
    }
}

fn resolve_allocator(allocator: Allocator) -> allocate::Allocator {
    match allocator {
        Allocator::Slab => allocate::Allocator::Slab,
        Allocator::System => allocate::Allocator::System,
    }
}

fn size(bytes: Bytes) -> usize {
    usize::try_from(bytes.0).expect("the job's largest size is far below the address space")
}
