//! The closed sets of allocator workloads and allocators, and the one place that turns their words into types.
//!
//! A new workload or allocator is one word and one arm of a `match` here, beside a file of its own.

use super::burst::{self, Burst};
use super::cross_thread::{self, CrossThread};
use super::fifo::{self, Fifo};
use super::grow::{self, Grow};
use super::larson::{self, Larson};
use super::larson_churn::{self, LarsonChurn};
use super::mixed_lifetime::{self, MixedLifetime};
use super::pattern::{Dimensions, Pattern};
#[cfg(feature = "peers")]
use super::peer;
use super::peer::{Null, Peer, System};
use super::pingpong::{self, PingPong};
use super::sizes::Sizes;
use super::variable_size::{self, VariableSize};
use crate::slab::{Cache, Cheap, Full, Hardening, Off, Strict};
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
        /// As larson with 16,384 slots: more than the L2 cache holds.
        Random = "random",
        /// 20,000 objects are allocated, then all are freed, in the same order.
        Burst = "burst",
        /// Nine of ten objects live for a moment, the others long.
        MixedLifetime = "mixed-lifetime",
        /// As larson with log-uniform sizes, 8 bytes to 4 KiB.
        VariableSize = "variable-size",
        /// One worker of a pair allocates, the other frees.
        CrossThread = "cross-thread",
        /// As larson, with threads that end and start, and objects that change hands.
        LarsonChurn = "larson-churn",
        /// A million objects are only allocated; then they are freed, which is not counted.
        Grow = "grow",
        /// One object of a class that nothing else uses is allocated and freed.
        PingPong = "pingpong",
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

/// A key of `[allocate]` that only some workloads use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// `slots`
    Slots,
    /// `live`
    Live,
    /// `sizes`
    Sizes,
    /// `arrivals`
    Arrivals,
}

/// Parameters in which one case of an allocator workload differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The pattern of allocations.
    pub workload: Workload,
    /// The allocator that serves it.
    pub allocator: Allocator,
    /// Number and sizes of the objects.
    pub dimensions: Dimensions,
    /// Operations that are due at each worker each second; `None` in a closed loop.
    pub arrivals: Option<u32>,
    /// Checks of the slab allocator against misuse; without meaning for others.
    pub hardening: Hardening,
}

/// Bytes that the largest objects of one worker have at most, unless the job says how many objects there are: a wide
/// range of sizes has fewer objects.
const LIVE_BYTES_MAX: u32 = 64 << 20;

impl Workload {
    /// True when the workload uses this key.
    pub fn uses(self, knob: Knob) -> bool {
        match knob {
            Knob::Slots => self.objects().is_some_and(|(knob, _)| knob == Knob::Slots),
            Knob::Live => self.objects().is_some_and(|(knob, _)| knob == Knob::Live),
            Knob::Sizes => true,
            // The worker that frees works when objects come, and at no time of its own.
            Knob::Arrivals => self != Workload::CrossThread,
        }
    }

    /// The key with the number of objects, and its default; `None` where the number is fixed.
    fn objects(self) -> Option<(Knob, u32)> {
        match self {
            Workload::Larson => Some((Knob::Slots, larson::SLOTS)),
            Workload::Fifo => Some((Knob::Slots, fifo::SLOTS)),
            Workload::Random => Some((Knob::Slots, larson::RANDOM_SLOTS)),
            Workload::Burst => Some((Knob::Live, burst::LIVE)),
            Workload::MixedLifetime => Some((Knob::Slots, mixed_lifetime::SLOTS)),
            Workload::VariableSize => Some((Knob::Slots, variable_size::SLOTS)),
            Workload::Grow => Some((Knob::Live, grow::LIVE)),
            Workload::LarsonChurn => Some((Knob::Slots, larson_churn::SLOTS)),
            Workload::CrossThread | Workload::PingPong => None,
        }
    }

    /// The sizes of its objects, unless the job sets them.
    fn sizes(self) -> Sizes {
        match self {
            Workload::Larson | Workload::Random => larson::SIZES,
            Workload::Fifo => fifo::SIZES,
            Workload::Burst => burst::SIZES,
            Workload::MixedLifetime => mixed_lifetime::SIZES,
            Workload::VariableSize => variable_size::SIZES,
            Workload::CrossThread => cross_thread::SIZES,
            Workload::LarsonChurn => larson_churn::SIZES,
            Workload::Grow => grow::SIZES,
            Workload::PingPong => pingpong::SIZES,
        }
    }

    /// Number and sizes of the objects, from the keys that a job sets; `None` where it sets none.
    pub fn dimensions(self, slots: Option<u32>, live: Option<u32>, sizes: Option<Sizes>) -> Dimensions {
        let sizes = sizes.unwrap_or(self.sizes());
        let fitting = |default: u32| default.min(LIVE_BYTES_MAX / sizes.max);
        let objects = match self.objects() {
            None => 1,
            Some((Knob::Live, default)) => live.unwrap_or(fitting(default)),
            Some((_, default)) => slots.unwrap_or(fitting(default)),
        };
        Dimensions { objects, sizes }
    }
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
        self.choose(ArenaBytes { workers, dimensions: self.dimensions })
    }

    /// Bytes that the workers ask of the system at most, beside the arena: their tables, and the objects of an allocator
    /// that takes its memory there.
    pub fn fresh_bytes(&self, workers: u32) -> u64 {
        let table = u64::from(self.dimensions.objects) * PLACE_BYTES;
        let objects = match self.allocator {
            Allocator::Slab | Allocator::Null => 0,
            _ => self.choose(LiveBytes { dimensions: self.dimensions }),
        };
        u64::from(workers) * (table + objects)
    }

    /// Runs the code that is compiled for this allocator and this workload.
    pub(super) fn choose<'heap, G: Generic<'heap>>(&self, code: G) -> G::Output {
        match self.allocator {
            Allocator::Slab => match self.hardening {
                Hardening::Off => self.choose_workload::<Cache<'heap, Off>, G>(code),
                Hardening::Cheap => self.choose_workload::<Cache<'heap, Cheap>, G>(code),
                Hardening::Strict => self.choose_workload::<Cache<'heap, Strict>, G>(code),
                Hardening::Full => self.choose_workload::<Cache<'heap, Full>, G>(code),
            },
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

    /// Runs the code that is compiled for this workload and any allocator.
    pub(super) fn choose_workload<'heap, A: Peer<'heap>, G: Generic<'heap>>(&self, code: G) -> G::Output {
        match self.workload {
            Workload::Larson | Workload::Random => code.run::<Larson<A::Object>, A>(),
            Workload::Fifo => code.run::<Fifo<A::Object>, A>(),
            Workload::Burst => code.run::<Burst<A::Object>, A>(),
            Workload::MixedLifetime => code.run::<MixedLifetime<A::Object>, A>(),
            Workload::VariableSize => code.run::<VariableSize<A::Object>, A>(),
            Workload::CrossThread => code.run::<CrossThread<A::Object>, A>(),
            Workload::LarsonChurn => code.run::<LarsonChurn<A::Object>, A>(),
            Workload::Grow => code.run::<Grow<A::Object>, A>(),
            Workload::PingPong => code.run::<PingPong, A>(),
        }
    }
}

/// Bytes of a place in a table of objects.
const PLACE_BYTES: u64 = 16;

/// The most bytes of one worker's live objects.
struct LiveBytes {
    dimensions: Dimensions,
}

impl<'heap> Generic<'heap> for LiveBytes {
    type Output = u64;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> u64 {
        let demand = P::demand(self.dimensions);
        demand.live_per_worker * demand.bytes_max
    }
}

struct ArenaBytes {
    workers: u32,
    dimensions: Dimensions,
}

impl<'heap> Generic<'heap> for ArenaBytes {
    type Output = u64;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> u64 {
        A::arena_bytes(self.workers, P::demand(self.dimensions))
    }
}
