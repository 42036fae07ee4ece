//! The closed sets of allocator workloads and allocators, and the one place that turns their words into types.
//!
//! A new workload or allocator is one word and one arm of a `match` here, beside a file of its own.

use super::fifo::Fifo;
use super::larson::Larson;
use super::pattern::Pattern;
#[cfg(feature = "peers")]
use super::peer;
use super::peer::{Null, Peer, System};
use crate::slab::Cache;
#[cfg(not(feature = "peers"))]
use crate::word::Word;
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
        /// mimalloc 3.
        Mimalloc = "mimalloc",
        /// snmalloc.
        Snmalloc = "snmalloc",
        /// jemalloc 5.3.
        Jemalloc = "jemalloc",
        /// rpmalloc 1.4.
        Rpmalloc = "rpmalloc",
        /// No allocator: all objects have the same memory, so that only the workload's own cost is measured.
        Null = "null",
    }
}

impl Allocator {
    /// True for the allocators of other projects, which only a program built with the feature `peers` contains.
    pub fn is_from_another_project(self) -> bool {
        use Allocator::*;
        match self {
            Mimalloc | Snmalloc | Jemalloc | Rpmalloc => true,
            Slab | System | Null => false,
        }
    }

    /// True when this program contains the allocator.
    pub fn is_built_in(self) -> bool {
        cfg!(feature = "peers") || !self.is_from_another_project()
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
            #[cfg(feature = "peers")]
            Allocator::Mimalloc => self.choose_workload::<peer::Mimalloc, G>(code),
            #[cfg(feature = "peers")]
            Allocator::Snmalloc => self.choose_workload::<peer::Snmalloc, G>(code),
            #[cfg(feature = "peers")]
            Allocator::Jemalloc => self.choose_workload::<peer::Jemalloc, G>(code),
            #[cfg(feature = "peers")]
            Allocator::Rpmalloc => self.choose_workload::<peer::Rpmalloc, G>(code),
            #[cfg(not(feature = "peers"))]
            absent @ (Allocator::Mimalloc
            | Allocator::Snmalloc
            | Allocator::Jemalloc
            | Allocator::Rpmalloc) => {
                panic!("{}: a job that names it is refused by a program built without it", absent.word())
            }
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
