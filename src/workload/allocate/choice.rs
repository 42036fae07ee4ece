//! The closed sets of allocator workloads and allocators, and the one place that turns their words into types.
//!
//! A new workload or allocator is one word and one arm of a `match` here, beside a file of its own.

use super::fifo::Fifo;
use super::larson::Larson;
use super::pattern::Pattern;
use super::peer::{Null, Peer, System};
use crate::slab::Cache;
use crate::word::words;

words! {
    /// `[allocate] workload`: the pattern of allocations.
    Workload {
        /// A worker's 1024 slots; a random one is freed and allocated again with 8 to 128 bytes.
        Larson = "larson",
        /// A worker's ring of 1024 objects; the oldest is freed and allocated again with 8 to 128 bytes.
        Fifo = "fifo",
    }

    /// `[allocate] allocator`: the allocator that serves the workload.
    Allocator {
        /// The rank-local slab allocator.
        Slab = "slab",
        /// The allocator of the C library.
        System = "system",
        /// No allocator: all objects have the same memory, so that only the workload's own cost is measured.
        Null = "null",
    }
}

/// Parameters in which one case of an allocator workload differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The pattern of allocations.
    pub workload: Workload,
    /// The allocator that serves it.
    pub allocator: Allocator,
}

/// Code that is compiled for each pair of a workload and an allocator, so that its loops call neither through a
/// pointer.
pub(super) trait Generic<'heap> {
    type Output;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> Self::Output;
}

impl Parameters {
    /// Bytes of an arena in which a rank with this many workers never runs out; 0 when the allocator needs none.
    pub fn arena_bytes(&self, workers: u32) -> u64 {
        self.choose(ArenaBytes { workers })
    }

    /// Runs the code that is compiled for this allocator and this workload.
    pub(super) fn choose<'heap, G: Generic<'heap>>(&self, code: G) -> G::Output {
        match self.allocator {
            Allocator::Slab => self.choose_workload::<Cache<'heap>, G>(code),
            Allocator::System => self.choose_workload::<System, G>(code),
            Allocator::Null => self.choose_workload::<Null, G>(code),
        }
    }

    fn choose_workload<'heap, A: Peer<'heap>, G: Generic<'heap>>(&self, code: G) -> G::Output {
        match self.workload {
            Workload::Larson => code.run::<Larson<A::Object>, A>(),
            Workload::Fifo => code.run::<Fifo<A::Object>, A>(),
        }
    }
}

struct ArenaBytes {
    workers: u32,
}

impl<'heap> Generic<'heap> for ArenaBytes {
    type Output = u64;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> u64 {
        A::arena_bytes(self.workers, P::DEMAND)
    }
}
