//! The keys above the first section.

use super::super::key::{Key, Kind, keys};
use super::{SCHEMA, TOML_INTEGER_MAX};

pub(super) const KEYS: &[Key] = keys![
    Job schema required in Kind::Count { min: SCHEMA, max: SCHEMA },
        ["version"],
        "Version of the job file's format.";
    Job name required in Kind::Name { max_chars: 64, marks: "._-" },
        ["title", "job"],
        "Names the run directory.";
    Job seed default "42" in Kind::Count { min: 0, max: TOML_INTEGER_MAX },
        ["random_seed", "rng"],
        "Seed of the byte stream, of the workloads' choices and of the order of cases.";
];
