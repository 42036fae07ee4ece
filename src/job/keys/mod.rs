//! Every key of the job file, once: its range, its default, whether it can be swept, and what it means.
//!
//! The parser, the defaults, the effective job, the error messages and the JSON Schema all read this table, so
//! none of them can disagree with another.

mod allocate;
mod comparison;
mod generate;
mod job;
mod run;

use super::key::{Absent, Key, Kind, Section};

/// The only schema this release reads.
pub(super) const SCHEMA: u64 = 1;
/// How many values one key can sweep over.
pub(super) const SWEEP_VALUES_MAX: usize = 256;

/// How many combinations of swept values a job can have, equal ones and those without effect counted.
pub(super) const COMBINATIONS_MAX: u64 = 4096;
/// How many repetitions all combinations together can have: at the least 1 ms each, that is 17 minutes.
pub(super) const REPETITIONS_MAX: u64 = 1_000_000;
/// How many intervals the record of one repetition can have.
pub(super) const INTERVALS_MAX: u64 = 100_000;

/// How many gates a job can have.
pub(super) const GATES_MAX: usize = 256;
/// How many arms a job can have beside its base.
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

/// What most keys are: one value, no rival. Every entry below overrides what it differs in.
const PLAIN: Key = Key {
    section: Section::Job,
    name: "",
    kind: Kind::Switch,
    absent: Absent::Nothing,
    sweep: false,
    rival: None,
    elsewhere: &[],
    about: "",
};

/// The table, in the order of the effective job.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    [job::KEYS, run::KEYS, generate::KEYS, allocate::KEYS, comparison::KEYS].into_iter().flatten()
}
