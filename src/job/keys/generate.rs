//! `[generate]`.

use super::super::key::{Absent, Key, Kind, Section};
use super::super::words::{
    CodecName, Consumer, Handover, KernelName, Memory, PoolUse, Schedule, Scope, StoresName, Word,
};
use super::{GIB, KIB, MIB, PLAIN};
use crate::generator::dedup::{DISTANCE_BYTES_MAX, UNIT_BYTES_MAX, UNIT_BYTES_MIN};
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN};

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
    Key {
        section: Section::Generate,
        name: "dedup",
        kind: Kind::Ratio,
        absent: Absent::Default("1"),
        sweep: true,
        elsewhere: &["dedupe", "deduplication", "dedup_ratio", "dedupe_percentage"],
        about: "Bytes generated for each that no store has seen: in a ratio of 1.5 every third unit is a copy.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "unit",
        kind: Kind::PowerOfTwo { min: UNIT_BYTES_MIN, max: UNIT_BYTES_MAX },
        absent: Absent::Default("64KiB"),
        sweep: true,
        elsewhere: &["dedup_unit", "dedup_block", "dedupunit"],
        about: "What is duplicated as a whole, with dedup.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "scope",
        kind: Kind::Word(Scope::WORDS),
        absent: Absent::Default("rank"),
        sweep: true,
        about: "Among whose data the copies of a unit lie; outside it nothing is a copy.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "distance",
        kind: Kind::SizeOr { word: "auto", min: UNIT_BYTES_MIN, max: DISTANCE_BYTES_MAX, multiple: 4 * KIB },
        absent: Absent::Default("auto"),
        sweep: true,
        about: "How far apart copies are at the least; \"auto\" is 8MiB, or what 64MiB have room for.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "compress",
        kind: Kind::Ratio,
        absent: Absent::Default("1"),
        sweep: true,
        elsewhere: &[
            "compression",
            "compressratio",
            "compression_ratio",
            "compratio",
            "buffer_compress_percentage",
        ],
        about: "Bytes generated for each that a compressor keeps, in every granule by itself.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "granule",
        kind: Kind::PowerOfTwo { min: GRANULE_BYTES_MIN, max: GRANULE_BYTES_MAX },
        absent: Absent::Default("4KiB"),
        sweep: true,
        elsewhere: &["record", "recordsize", "compress_chunk", "buffer_compress_chunk"],
        about: "What compresses by the ratio by itself, with compress.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "codec",
        kind: Kind::Word(CodecName::WORDS),
        absent: Absent::Default("none"),
        sweep: true,
        elsewhere: &["compressor", "algorithm"],
        about: "The compressor that meets the ratio to 2 %; with \"none\" it is the inverse of the random bytes.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "check",
        kind: Kind::Switch,
        absent: Absent::Default("false"),
        elsewhere: &["verify", "proof"],
        about: "Compresses and hashes a sample after the first repetition of each case, and puts what it finds beside what was asked.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "streams",
        kind: Kind::Count { min: 1, max: 4096 },
        absent: Absent::Default("1"),
        sweep: true,
        elsewhere: &["files", "nrfiles", "num_streams"],
        about: "Streams beside each other in every chunk, of equal length.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "consumer",
        kind: Kind::Word(Consumer::WORDS),
        absent: Absent::Default("discard"),
        sweep: true,
        elsewhere: &["sink", "engine", "ioengine"],
        about: "What becomes of a block before its memory is used again.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "handover",
        kind: Kind::Word(Handover::WORDS),
        absent: Absent::Default("chunk"),
        sweep: true,
        elsewhere: &["hand_over"],
        about: "When a block reaches its consumer: with its chunk, or as soon as it is filled.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "schedule",
        kind: Kind::Word(Schedule::WORDS),
        absent: Absent::Default("static"),
        sweep: true,
        elsewhere: &["scheduling", "scheduler", "distribution"],
        about: "Which worker fills which block.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "memory",
        kind: Kind::Word(Memory::WORDS),
        absent: Absent::Default("slab"),
        sweep: true,
        elsewhere: &["mem", "buffers"],
        about: "Where the memory of a block comes from.",
        ..PLAIN
    },
    Key {
        section: Section::Generate,
        name: "pool",
        kind: Kind::Word(PoolUse::WORDS),
        absent: Absent::Default("kept"),
        sweep: true,
        elsewhere: &["thread_pool"],
        about: "How long the workers live.",
        ..PLAIN
    },
];
