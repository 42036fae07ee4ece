//! The keys above the first section.

use super::super::key::{Absent, Key, Kind};
use super::{SCHEMA, TOML_INTEGER_MAX};

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "schema",
        kind: Kind::Count { min: SCHEMA, max: SCHEMA },
        absent: Absent::Refused,
        elsewhere: &["version"],
        about: "Version of the job file's format.",
        ..Key::PLAIN
    },
    Key {
        name: "name",
        kind: Kind::Name { max_chars: 64, marks: "._-" },
        absent: Absent::Refused,
        elsewhere: &["title", "job"],
        about: "Names the run directory.",
        ..Key::PLAIN
    },
    Key {
        name: "seed",
        kind: Kind::Count { min: 0, max: TOML_INTEGER_MAX },
        absent: Absent::Default("42"),
        elsewhere: &["random_seed", "rng"],
        about: "Seed of the byte stream, of the workloads' choices and of the order of cases.",
        ..Key::PLAIN
    },
];
