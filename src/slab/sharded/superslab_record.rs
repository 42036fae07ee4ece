//! Metadata of one superslab: its use, and its free slabs.

use super::list::{Linked, Links};
use super::orphans::Stacked;
use crate::slab::class::{Class, SLABS};
use crate::slab::sync::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use crate::units::{count, index, low_32};

/// Use of a superslab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// None: it is in the pool.
    Pooled,
    /// 64 small slabs.
    Small,
    /// One slab of the class.
    Whole(Class),
    /// The first of a run of this many superslabs, one object.
    Run(u32),
    /// A later part of a run.
    RunRest,
}

/// The use in one word: kind in the low byte, its argument above. 0 is `Pooled`.
impl Use {
    fn to_word(self) -> u64 {
        match self {
            Use::Pooled => 0,
            Use::Small => 1,
            Use::Whole(class) => 2 | count(class.number()) << 8,
            Use::Run(count) => 3 | u64::from(count) << 8,
            Use::RunRest => 4,
        }
    }

    fn from_word(word: u64) -> Use {
        match word & 0xFF {
            0 => Use::Pooled,
            1 => Use::Small,
            2 => Use::Whole(Class::numbered(index(low_32(word >> 8)))),
            3 => Use::Run(low_32(word >> 8)),
            _ => Use::RunRest,
        }
    }
}

/// The record of a superslab. All zero is a valid record: in the pool, never used.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Superslab {
    serves: AtomicU64,
    /// Owner: bit s is set when slab s is free. Only used for `Small` superslabs.
    free_slabs: AtomicU64,
    /// Owner: 1 after the superslab has returned to the pool once: none of its memory is new any more.
    recycled: AtomicU32,
    /// Link to the superslab below in the stack of orphans.
    below: AtomicU32,
    /// Owner: links of its cache's list.
    links: Links,
}

impl Linked for Superslab {
    fn links(&self) -> &Links {
        &self.links
    }
}

impl Stacked for Superslab {
    fn below(&self) -> &AtomicU32 {
        &self.below
    }
}

impl Superslab {
    /// The use. Acquire pairs with `set_use`.
    pub(super) fn serves(&self) -> Use {
        Use::from_word(self.serves.load(Acquire))
    }

    /// For the worker that took it from the pool, or is about to return it: changes the use.
    pub(super) fn set_use(&self, serves: Use) {
        self.serves.store(serves.to_word(), Release);
    }

    /// Anyone: ends a run of `count` superslabs. Only one of several concurrent calls succeeds: the others are second
    /// frees. AcqRel: the next user of the memory must see the accesses of the object's last user.
    pub(super) fn end_run(&self, count: u32) -> bool {
        let (run, over) = (Use::Run(count).to_word(), Use::RunRest.to_word());
        self.serves.compare_exchange(run, over, AcqRel, Relaxed).is_ok()
    }

    /// For the worker that took it from the pool: starts its use as 64 free slabs, or as one slab that is not free.
    pub(super) fn begin(&self, serves: Use) {
        self.free_slabs.store(if serves == Use::Small { u64::MAX } else { 0 }, Relaxed);
        self.set_use(serves);
    }

    /// Owner: takes the lowest free slab. Returns its place in the superslab, and true when another is left.
    pub(super) fn take_slab(&self) -> Option<(u32, bool)> {
        let free = self.free_slabs.load(Relaxed);
        let rest = free & free.wrapping_sub(1);
        self.free_slabs.store(rest, Relaxed);
        (free != 0).then_some((free.trailing_zeros(), rest != 0))
    }

    /// Owner: gives a slab back. Returns the map of free slabs before and after.
    pub(super) fn give_slab(&self, place: u32) -> (u64, u64) {
        let before = self.free_slabs.load(Relaxed);
        let after = before | 1 << place;
        self.free_slabs.store(after, Relaxed);
        (before, after)
    }

    /// Owner: map of its free slabs, one bit each.
    pub(super) fn free_slabs(&self) -> u64 {
        self.free_slabs.load(Relaxed)
    }

    /// Owner: true when its memory has been used and given back before.
    pub(super) fn is_recycled(&self) -> bool {
        self.recycled.load(Relaxed) != 0
    }

    /// Owner: records that its memory is no longer new.
    pub(super) fn set_recycled(&self) {
        self.recycled.store(1, Relaxed);
    }
}

const _: () = assert!(SLABS == 64, "the map of free slabs is one word");
