//! `[allocate]` and `[slab]`.

use super::super::diagnostic::Place;
use super::super::key::{Absent, Key, Kind, Section};
use super::super::section::{Combination, section};
use super::super::value::{Field, Value};
use crate::slab::Design;
use crate::word::Word;
use crate::workload::allocate::{Allocator, Workload};

section! {
    /// `[allocate]`
    Allocate, one combination AllocateKnobs:
    swept workload: Workload = "larson" in Kind::Word(Workload::WORDS),
        ["pattern", "benchmark"],
        "The pattern of allocations and frees.";
    swept allocator: Allocator = "slab" in Kind::Word(Allocator::WORDS),
        ["malloc", "heap"],
        "Who serves the workload.";
}

section! {
    /// `[slab]`
    Slab, one combination SlabKnobs:
    single design: Design = "sharded" in Kind::Word(Design::WORDS),
        [],
        "How slabs and caches are laid out.";
    swept batch: u32 = "64" in Kind::Count { min: 8, max: 512 },
        ["refill", "magazine", "batch_size"],
        "Objects a cache takes in one refill, at most 256 KiB of them or one object.";
}
