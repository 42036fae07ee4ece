//! `[allocate]` and `[slab]`.

use super::super::key::{Absent, Key, Kind, Section};
use super::super::words::{Allocator, Design, Word, Workload};
use super::PLAIN;

pub(super) const KEYS: &[Key] = &[
    Key {
        section: Section::Allocate,
        name: "workload",
        kind: Kind::Word(Workload::WORDS),
        absent: Absent::Default("larson"),
        sweep: true,
        elsewhere: &["pattern", "benchmark"],
        about: "The pattern of allocations and frees.",
        ..PLAIN
    },
    Key {
        section: Section::Allocate,
        name: "allocator",
        kind: Kind::Word(Allocator::WORDS),
        absent: Absent::Default("slab"),
        sweep: true,
        elsewhere: &["malloc", "heap"],
        about: "Who serves the workload.",
        ..PLAIN
    },
    Key {
        section: Section::Slab,
        name: "design",
        kind: Kind::Word(Design::WORDS),
        absent: Absent::Default("sharded"),
        about: "How slabs and caches are laid out.",
        ..PLAIN
    },
    Key {
        section: Section::Slab,
        name: "batch",
        kind: Kind::Count { min: 8, max: 512 },
        absent: Absent::Default("64"),
        sweep: true,
        elsewhere: &["refill", "magazine", "batch_size"],
        about: "Objects a cache takes in one refill, at most 256 KiB of them or one object.",
        ..PLAIN
    },
];
