//! One case: a workload with every parameter fixed.

use crate::record::run::{Expected, Parameter};
use crate::slab::{Background, Hardening};
use crate::word::Word;
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
    /// Objects that are carved at a time.
    pub batch: u32,
    /// Checks of the heap against misuse.
    pub hardening: Hardening,
    /// Work of a thread beside the workers.
    pub background: Background,
    /// True when each repetition begins with memory that no program has touched: in a job that asks for work in the
    /// background, which would find nothing to do in an arena that is populated.
    pub begins_untouched: bool,
    /// The workload and its parameters.
    pub work: Work,
    /// Expected values that follow from the parameters; `None` for workloads without chunks.
    pub expected: Option<Expected>,
}

/// The workload of a case.
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
            Work::Allocate(parameters) => parameters.fresh_bytes(self.workers),
        }
    }
}
