//! The job: the TOML file a person writes, 1:1, with every default resolved and every value in its range.
//!
//! `document` and `setting` take text apart into entries with places. `values` checks them against the one table of
//! `keys`; `range` makes the values of `"1..64*2"`. `build` makes a [`Job`] of the checked values, and the job of each
//! arm with the arm's settings in their place. `combination` refuses values that cannot go together. Nothing here knows
//! the machine: the plan decides if the job fits it.

mod accepted;
mod arms;
mod build;
mod built;
mod built_in;
mod check;
mod check_all;
mod combination;
mod diagnostic;
mod document;
mod effective;
mod entry;
mod excerpt;
mod key;
mod keys;
mod metric;
mod nearest;
mod range;
mod schema;
mod section;
mod settable;
mod setting;
mod shape;
mod syntax;
mod unquoted;
mod unused;
mod value;
mod values;
mod words;

pub use crate::record::run::{Bound, DropRule, Level, Stop};
pub use crate::workload::allocate::{Allocator, Workload};
pub use build::{JOB_FILE_BYTES_MAX, decode};
pub use built_in::{BUILT_IN, BuiltIn};
pub use effective::hash_of;
pub use keys::{Allocate, AllocateKnobs, Generate, GenerateKnobs, Rank, RankKnobs, Slab, SlabKnobs};
pub use nearest::nearest;
pub use schema::schema;
pub use setting::Setting;
pub use words::Order;

use crate::metric::GateMetric;
use crate::units::{Bytes, Nanoseconds};

/// The measurements that a person asks for. A list is a sweep; a scalar is a sweep of one. No list is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Version of the format: 1.
    pub schema: u64,
    /// Names the run directory: 1 to 64 letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Seed of the byte stream, of the workloads' choices and of the order of cases.
    pub seed: u64,
    /// Length and number of the repetitions of each case.
    pub run: Run,
    /// The binding and the workers of a rank.
    pub rank: Rank,
    /// The workload that fills chunks, if asked for. At least one of `generate` and `allocate` is there.
    pub generate: Option<Generate>,
    /// The workloads that only allocate and free, if asked for.
    pub allocate: Option<Allocate>,
    /// The rank-local allocator.
    pub slab: Slab,
    /// The sides of a comparison beside the job as it stands, in the order of the file.
    pub arms: Vec<Arm>,
    /// Bounds that decide over the exit code, in the order of the file.
    pub gates: Vec<Gate>,
    /// The job as a job file, written from the values that all fields above were read from.
    effective: String,
}

/// `[run]`
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Untimed work before every repetition: up to 1 h, may be 0.
    pub warmup: Nanoseconds,
    /// The end of a repetition.
    pub amount: Amount,
    /// Timed executions of each case.
    pub repetitions: Repetitions,
    /// Order of the repetitions of different cases.
    pub order: Order,
    /// Length of the intervals in which the progress of a repetition is recorded: 10 ms to 1 h, at most 100,000 a repetition.
    pub interval: Nanoseconds,
    /// Time for measuring the limit of a case before each repetition, and again after it: up to 1 m, 0 for none.
    pub limit: Nanoseconds,
    /// True when the job as it stands runs as two arms.
    pub aa: bool,
    /// The repetitions that are left out because something else ran on their cores.
    pub drop: DropRule,
}

/// Number of repetitions of each case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repetitions {
    /// A fixed number: 1 to 10,000.
    Count(u32),
    /// Until the figures are certain enough.
    Until(Stop),
}

impl Repetitions {
    /// The most that there can be.
    pub fn at_most(self) -> u32 {
        match self {
            Repetitions::Count(count) => count,
            Repetitions::Until(stop) => stop.at_most,
        }
    }

    /// The rule that may end them earlier.
    pub fn stop(self) -> Option<Stop> {
        match self {
            Repetitions::Count(_) => None,
            Repetitions::Until(stop) => Some(stop),
        }
    }
}

/// The end of a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This much time: 1 ms to 24 h.
    Duration(Nanoseconds),
    /// This much data of all ranks together: one data set with a digest. A multiple of 4 KiB and of every chunk;
    /// only with `[generate]`, never with `[allocate]`.
    Bytes(Bytes),
}

/// Number of workers of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workers {
    /// One a PU that the rank may use.
    All,
    /// This many: 1 to 4096.
    Count(u32),
}

/// `[[arm]]`: one side of a comparison, the job with a few keys set otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Unique in the job: 1 to 32 letters, digits, `_`, `-`, and neither of [`Arm::BASE`] and [`Arm::BASE_AGAIN`].
    pub name: String,
    /// The job as this arm has it, without arms.
    pub job: Job,
}

impl Arm {
    /// Name of the job as it stands, in a comparison.
    pub const BASE: &str = "base";
    /// Name of the job as it stands where it runs a second time.
    pub const BASE_AGAIN: &str = "base-again";
}

/// `[[gate]]`
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// The metric that is compared with the bound, in every case that has it.
    pub metric: GateMetric,
    /// In the metric's own unit, finite, not negative.
    pub bound: Bound,
    /// The effect of an unmet bound.
    pub level: Level,
    /// The run directory of the stored run that the bound is a share of.
    pub against: Option<String>,
}
