//! `[generate]`.

use super::super::diagnostic::Place;
use super::super::key::{Absent, Key, Kind, Section};
use super::super::section::{Combination, after, section};
use super::super::value::{Field, Value};
use super::{GIB, KIB, MIB};
use crate::generator::dedup::{DISTANCE_BYTES_MAX, UNIT_BYTES_MAX, UNIT_BYTES_MIN};
use crate::generator::sizes::{GRANULE_BYTES_MAX, GRANULE_BYTES_MIN};
use crate::generator::{Codec, KernelName, Ratio, Stores};
use crate::units::Bytes;
use crate::word::Word;
use crate::workload::generate::{Consumer, Handover, Memory, PoolUse, Schedule, Scope};

section! {
    /// `[generate]`
    Generate, one combination GenerateKnobs:
    swept chunk: Bytes = "64MiB" in Kind::Size { min: 4 * KIB, max: 64 * GIB, multiple: 4 * KIB },
        ["size", "chunk_size", "buffer"],
        "The unit of data handed to a consumer.";
    swept block: Bytes = "4MiB" in Kind::Size { min: 4 * KIB, max: 512 * MIB, multiple: 4 * KIB },
        ["bs", "blocksize", "block_size"],
        "The part of a chunk that one worker fills at a time; split evenly when the chunk is too small.";
    swept kernel: Option<KernelName> = "auto" in Kind::Word(&after::<4>("auto", KernelName::WORDS)),
        ["isa", "simd"],
        "The code that fills a block; all of them make the same bytes.";
    swept stores: Option<Stores> = "auto" in Kind::Word(&after::<3>("auto", Stores::WORDS)),
        ["store", "streaming"],
        "Stores of a block: through the cache or past it.";
    swept in_flight: u32 = "2" in Kind::Count { min: 1, max: 64 },
        ["depth", "iodepth", "queue_depth"],
        "Chunks the consumer keeps before it gives their blocks back.";
    swept dedup: Ratio = "1" in Kind::Ratio,
        ["dedupe", "deduplication", "dedup_ratio", "dedupe_percentage"],
        "Bytes generated per new byte: with 1.5 every third unit is a copy.";
    swept unit: Bytes = "64KiB" in Kind::PowerOfTwo { min: UNIT_BYTES_MIN, max: UNIT_BYTES_MAX },
        ["dedup_unit", "dedup_block", "dedupunit"],
        "With dedup: size of the unit, which is duplicated as a whole.";
    swept scope: Scope = "rank" in Kind::Word(Scope::WORDS),
        [],
        "Ranks among which the copies of a unit lie; beyond them nothing is a copy.";
    swept distance: Option<Bytes> = "auto" in Kind::SizeOr { word: "auto", min: UNIT_BYTES_MIN, max: DISTANCE_BYTES_MAX, multiple: 4 * KIB },
        [],
        "Smallest distance between copies; \"auto\" is 8MiB, or less to fit 64MiB.";
    swept compress: Ratio = "1" in Kind::Ratio,
        ["compression", "compressratio", "compression_ratio", "compratio", "buffer_compress_percentage"],
        "Compression ratio of every granule by itself.";
    swept granule: Bytes = "4KiB" in Kind::PowerOfTwo { min: GRANULE_BYTES_MIN, max: GRANULE_BYTES_MAX },
        ["record", "recordsize", "compress_chunk", "buffer_compress_chunk"],
        "With compress: size of the granule, which compresses independently of the others.";
    swept codec: Option<Codec> = "none" in Kind::Word(&after::<4>("none", Codec::WORDS)),
        ["compressor", "algorithm"],
        "The compressor that reaches the ratio within 2 %; with \"none\" the share of random bytes is 1 / ratio.";
    single check: bool = "false" in Kind::Switch,
        ["verify", "proof"],
        "Compresses and hashes a sample after the first repetition of each case, and reports the ratios found beside those asked for.";
    swept streams: u32 = "1" in Kind::Count { min: 1, max: 4096 },
        ["files", "nrfiles", "num_streams"],
        "Streams that every chunk holds, each in an equal part.";
    swept consumer: Consumer = "discard" in Kind::Word(Consumer::WORDS),
        ["sink", "engine", "ioengine"],
        "Use of a block before its memory is used again.";
    swept handover: Handover = "chunk" in Kind::Word(Handover::WORDS),
        ["hand_over"],
        "When a block reaches its consumer: with its chunk, or as soon as it is filled.";
    swept schedule: Schedule = "static" in Kind::Word(Schedule::WORDS),
        ["scheduling", "scheduler", "distribution"],
        "Assignment of blocks to workers.";
    swept memory: Memory = "slab" in Kind::Word(Memory::WORDS),
        ["mem", "buffers"],
        "Where the memory of a block comes from.";
    swept pool: PoolUse = "kept" in Kind::Word(PoolUse::WORDS),
        ["thread_pool"],
        "Lifetime of the workers.";
}
