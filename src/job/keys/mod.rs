//! Every key of the job file, once: its range, its default, whether it can be swept, and what it means.
//!
//! The parser, the defaults, the effective job, the error messages and the JSON Schema all read this table, so
//! none of them can disagree with another.

mod allocate;
mod comparison;
mod generate;
mod job;
mod rank;
mod run;

pub use allocate::{Allocate, AllocateKnobs, Slab, SlabKnobs};
pub use generate::{Generate, GenerateKnobs};
pub use rank::{Rank, RankKnobs};

use super::key::{Key, Kind, Section};

/// The only schema this release reads.
pub(super) const SCHEMA: u64 = 1;
/// The most values that one key can sweep over.
pub(super) const SWEEP_VALUES_MAX: usize = 256;

/// The most combinations of swept values that a job can have, equal ones and those without effect counted.
pub(super) const COMBINATIONS_MAX: u64 = 4096;
/// The most repetitions that all combinations together can have: at 1 ms each, the shortest, 17 minutes.
pub(super) const REPETITIONS_MAX: u64 = 1_000_000;
/// The most intervals that the record of one repetition can have.
pub(super) const INTERVALS_MAX: u64 = 100_000;

/// The most gates that a job can have.
pub(super) const GATES_MAX: usize = 256;
/// The most arms that a job can have beside its base.
pub(super) const ARMS_MAX: usize = 8;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
/// The largest number TOML promises to keep: its integers are `i64`.
const TOML_INTEGER_MAX: u64 = i64::MAX as u64;
const MILLISECOND: u64 = 1_000_000;
const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 3_600_000_000_000;

/// Every key, in the order of error messages and of the JSON Schema.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    let sections =
        [job::KEYS, run::KEYS, Rank::KEYS, Generate::KEYS, Allocate::KEYS, Slab::KEYS, comparison::KEYS];
    sections.into_iter().flatten()
}

impl Section {
    /// The keys of this section.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        all().filter(move |key| key.section == self)
    }

    /// The key that holds this section, for a section inside another.
    pub fn holder(self) -> Option<&'static Key> {
        all().find(|key| matches!(key.kind, Kind::Table(section) if section == self))
    }
}

impl Key {
    /// The key with this name in this section.
    pub fn find(section: Section, name: &str) -> Option<&'static Key> {
        section.keys().find(|key| key.name == name)
    }
}
