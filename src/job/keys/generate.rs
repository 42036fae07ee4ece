//! `[generate]`.

use super::super::key::{Absent, Key, Kind, Section};
use super::super::words::{KernelName, StoresName, Word};
use super::{GIB, KIB, MIB, PLAIN};

pub(super) const KEYS: &[Key] = &[
    Key {
        section: Section::Generate,
        name: "chunk",
        kind: Kind::Size { min: 4 * KIB, max: 64 * GIB, multiple: 4 * KIB },
        absent: Absent::Default("64MiB"),
        sweep: true,
        elsewhere: &["size", "chunk_size", "buffer"],
        about: "The unit of data handed to a consumer.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "block",
        kind: Kind::Size { min: 4 * KIB, max: 512 * MIB, multiple: 4 * KIB },
        absent: Absent::Default("4MiB"),
        sweep: true,
        elsewhere: &["bs", "blocksize", "block_size"],
        about: "The part of a chunk that one worker fills at a time; split evenly when the chunk is too small.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "kernel",
        kind: Kind::Word(KernelName::WORDS),
        absent: Absent::Default("auto"),
        sweep: true,
        elsewhere: &["isa", "simd"],
        about: "The code that fills a block; all of them make the same bytes.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "stores",
        kind: Kind::Word(StoresName::WORDS),
        absent: Absent::Default("auto"),
        sweep: true,
        elsewhere: &["store", "streaming"],
        about: "Whether a block is stored through the cache or past it.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "in_flight",
        kind: Kind::Count { min: 1, max: 64 },
        absent: Absent::Default("2"),
        sweep: true,
        elsewhere: &["depth", "iodepth", "queue_depth"],
        about: "Chunks the consumer keeps before it gives their blocks back.",
        ..PLAIN
    },
];
