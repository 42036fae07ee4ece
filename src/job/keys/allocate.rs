//! `[allocate]` and `[slab]`.

use super::super::diagnostic::Place;
use super::super::key::{Absent, Key, Kind, Section};
use super::super::section::{Combination, section};
use super::super::value::{Field, Value};
use crate::slab::{Background, Design, Hardening};
use crate::word::Word;
use crate::workload::allocate::{Allocator, Sizes, Workload};

/// The most objects of a worker: their table takes 384 MiB.
const OBJECTS_MAX: u64 = 1 << 24;
/// The most arrivals per second: an operation every 10 ns, as fast as the clock is read.
const ARRIVALS_MAX: u64 = 100_000_000;

section! {
    /// `[allocate]`
    Allocate, one combination AllocateKnobs:
    swept workload: Workload = "larson" in Kind::Word(Workload::WORDS),
        ["pattern", "benchmark"],
        "The pattern of allocations and frees.";
    swept allocator: Allocator = "slab" in Kind::Word(Allocator::WORDS),
        ["malloc", "heap"],
        "Allocator that serves the workload.";
    swept slots: Option<u32> = "auto" in Kind::CountOr { word: "auto", min: 1, max: OBJECTS_MAX },
        ["slot_count", "ring", "table"],
        "Objects in a worker's table, in workloads that replace one after the other; \"auto\" is the workload's own number, or fewer if its largest objects would exceed 64MiB.";
    swept live: Option<u32> = "auto" in Kind::CountOr { word: "auto", min: 1, max: OBJECTS_MAX },
        ["objects", "live_objects", "count"],
        "Objects that a worker allocates before it frees all of them, in workloads that do so; \"auto\" as for slots.";
    swept sizes: Option<Sizes> = "auto" in Kind::SizesOr { word: "auto", min: 1, max: Sizes::BYTES_MAX },
        ["object_size", "object_sizes", "size_range"],
        "The smallest and the largest size of an object, both included, such as \"8B..128B\"; \"auto\" is the workload's own range.";
    swept arrivals: Option<u32> = "none" in Kind::CountOr { word: "none", min: 1, max: ARRIVALS_MAX },
        ["rate", "arrival_rate", "rate_iops", "target"],
        "Operations due per second at each worker, whether or not earlier ones have ended (an open loop); latency counts from the due time. \"none\": one begins when the one before has ended (a closed loop).";
}

section! {
    /// `[slab]`
    Slab, one combination SlabKnobs:
    single design: Design = "sharded" in Kind::Word(Design::WORDS),
        [],
        "Layout of slabs and caches.";
    swept batch: u32 = "64" in Kind::Count { min: 8, max: 512 },
        ["refill", "magazine", "batch_size"],
        "New objects that a cache carves at a time out of memory not handed out before; at most a page of them, or a quarter of those that their slab has so far.";
    swept hardening: Hardening = "cheap" in Kind::Word(Hardening::WORDS),
        ["checks", "security", "secure", "debug"],
        "Checks of the slab allocator against misuse of objects, in allocator workloads.";
    swept background: Background = "off" in Kind::Word(Background::WORDS),
        ["populate", "prefault", "background_thread", "helper"],
        "Work of a thread beside the workers, in allocator workloads: with \"populate\" it faults in the memory that they will take next.";
}
