//! Metadata of one slab, kept outside the objects' memory: its owner, its free objects, its returned objects.
//!
//! An object is named by its start: its distance from the slab's beginning, in the steps of its class
//! (`Class::step_shift`), 15 bits. Free objects are in two lists, linked by start through `Objects::links`, not
//! through the objects' memory: `free` is allocated from, `local` collects the objects that the owner frees. When
//! `free` is used up the two are exchanged. The link of an object that is handed out is its own start; no link in a
//! list has this value. One comparison therefore shows that a live object begins at a pointer, and a second free and
//! a pointer into an object are detected at once. Only the owner writes links, with plain loads and stores. An
//! allocation never reads a value that the last free wrote, so the processor can overlap the two.
//! Another worker marks an object that it frees in `returned`; the owner takes these objects over when it drains its
//! mailbox.
//!
//! Invariants, between two calls of the owner:
//! - an object is live if and only if its link is its own start and its bit in `returned` is clear;
//! - `carved` = objects in `free` + objects in `local` + objects whose link is their own start;
//! - no link of an object that is not carved is its own start;
//! - `used` = objects whose link is their own start + objects of the batch in hand that are not handed out yet + 1 while in
//!   hand; `free_count` = objects in `free` without those of the batch in hand;
//! - while the slab is in hand, the hand has the head of `free`;
//! - `notice` is the value of `used` at which the owner must act; it follows from `place` (`set_place`);
//! - a bit in word w of `returned` implies bit w / 2 of `pending`, or that a freeing worker is about to set it;
//! - `pending != 0` implies that the slab is in exactly one mailbox, or that a worker is about to post it, or
//!   that a worker has taken it from a mailbox and is about to drain it or to pass it on.
#![allow(unsafe_code)]

use super::list::{Linked, Links};
use super::mailbox::Posted;
use crate::slab::class::{Class, OBJECTS_MAX};
use crate::slab::sync::{
    AtomicPtr, AtomicU16, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use crate::units::{index, low_32};

/// Objects a record has room for. Model checking needs few states: there 64.
const OBJECTS: usize = if cfg!(all(test, loom)) { 64 } else { OBJECTS_MAX };
/// Words in the map of returned objects.
pub(super) const WORDS: usize = OBJECTS / 64;

/// The link of the last object of a list, and the head of an empty one: no object starts there.
pub(super) const END: u16 = 0x7FFF;

/// Owner of a slab: the number of a mailbox plus one; 0: free memory or part of a run, not a slab.
///
/// Stored shifted by 8, as in a slab's tag. The low 8 bits of a tag hold the shift of starts (`Class::entry_shift`)
/// and the mark `WHOLE`, so that one subtraction recognises a small slab of an owner and leaves the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u64);

/// Mark in a tag: the slab is as large as a superslab. The fast path skips such slabs, because their steps differ.
pub(super) const WHOLE: u32 = 32;

impl Owner {
    /// Not a slab.
    pub(super) const NONE: Owner = Owner(0);

    /// The owner that empties this mailbox.
    pub(super) fn of_mailbox(mailbox: u32) -> Owner {
        Owner((u64::from(mailbox) + 1) << 8)
    }

    /// The bits of the owner in a tag.
    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// The owner in a slab's tag.
    pub(super) fn in_tag(tag: u64) -> Owner {
        Owner(tag & 0xFFFF_FF00)
    }

    /// The low half of the tag of this owner's slabs of the class.
    fn tag(self, class: Class) -> u64 {
        match self {
            Owner::NONE => 0,
            Owner(owner) if class.is_small() => owner | u64::from(class.entry_shift()),
            Owner(owner) => owner | u64::from(WHOLE | class.entry_shift()),
        }
    }

    /// The mailbox for its freed objects; `None` when it is not a slab. Owners have 24 bits.
    pub(super) fn mailbox(self) -> Option<u32> {
        (self.0 >> 8).checked_sub(1).map(low_32)
    }
}

/// Place of a slab in its owner's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlabPlace {
    /// In no list: too little is free to return to it.
    Full,
    /// In its class's list.
    Listed,
    /// Being allocated from.
    InHand,
}

impl SlabPlace {
    /// The place as a record stores it; 0 is full, so that a zeroed record is in no list.
    #[inline]
    pub(super) fn number(self) -> u32 {
        match self {
            SlabPlace::Full => 0,
            SlabPlace::Listed => 1,
            SlabPlace::InHand => 2,
        }
    }

    /// The place that a record stores as this number.
    pub(super) fn numbered(number: u32) -> SlabPlace {
        match number {
            0 => SlabPlace::Full,
            1 => SlabPlace::Listed,
            _ => SlabPlace::InHand,
        }
    }
}

/// A slab's record: two cache lines, next to those of its neighbours. All zero is a valid record: not a slab.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Record {
    pub(super) shared: Shared,
    pub(super) own: Own,
}

/// Fields that freeing workers read too. The owner changes them rarely, so that a free by another worker takes no
/// cache line from the owner's next allocation.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Shared {
    /// `Owner::tag` in the low half, `pending` in the high half: bit b for words 2b and 2b + 1 of `returned`. One word,
    /// so that one comparison shows an own slab with nothing to drain.
    pub(super) tag: AtomicU64,
    /// The slab's `Objects::links`, set when it is initialised: cheaper to load than to compute.
    pub(super) links: AtomicPtr<Chains>,
    pub(super) class: AtomicU32,
    /// Objects that have been carved since the slab was initialised.
    pub(super) carved: AtomicU32,
    /// The next slab in the mailbox.
    pub(super) link: AtomicU32,
}

/// Fields that only the owner touches.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Own {
    /// `used - notice`: a free counts it down to 0.
    pub(super) countdown: AtomicU32,
    pub(super) notice: AtomicU32,
    /// First object that the owner freed since the lists were exchanged.
    pub(super) local: AtomicU16,
    /// First object to allocate; stale while the slab is in hand, because the hand holds the head then.
    pub(super) free: AtomicU16,
    pub(super) free_count: AtomicU32,
    pub(super) place: AtomicU32,
    /// Bytes that have been carved since the superslab left the arena for the first time.
    pub(super) touched: AtomicU32,
    links: Links,
}

/// Metadata of each object of a slab, by entry. All zero is valid: nothing is live, nothing was returned.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Objects {
    /// One bit per object: given back by another worker, not drained.
    pub(super) returned: [AtomicU64; WORDS],
    pub(super) links: Chains,
}

/// One link per object: the start of the next object of its list, `END`, or its own start.
#[derive(Debug)]
pub(super) struct Chains([AtomicU16; OBJECTS]);

impl Chains {
    /// The link at an entry. The remainder never changes the entry; it proves to the compiler that the index is
    /// valid.
    #[inline]
    pub(super) fn at(&self, entry: usize) -> &AtomicU16 {
        &self.0[entry % OBJECTS]
    }

    /// Same as `at`, without the remainder.
    ///
    /// # Safety
    /// The entry exists: it is a start of 15 bits shifted by a class's `entry_shift`, which is at least 3.
    #[inline]
    pub(super) unsafe fn at_unchecked(&self, entry: usize) -> &AtomicU16 {
        debug_assert!(entry < OBJECTS);
        // SAFETY: the caller guarantees that the entry exists.
        unsafe { self.0.get_unchecked(entry) }
    }
}

impl Linked for Record {
    fn links(&self) -> &Links {
        &self.own.links
    }
}

impl Posted for Record {
    fn link(&self) -> &AtomicU32 {
        &self.shared.link
    }
}

/// One slab, as returned by `Slabs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab<'heap> {
    pub(super) record: &'heap Record,
    pub(super) objects: &'heap Objects,
}

impl<'heap> Slab<'heap> {
    /// The owner. `Relaxed`: a worker that frees an object learned its address from the allocating worker, and with it
    /// everything that worker had written.
    #[inline]
    pub(super) fn owner(self) -> Owner {
        Owner::in_tag(self.record.shared.tag.load(Relaxed))
    }

    /// The class of its objects, if it is a slab. `Relaxed`: as `owner`.
    pub(super) fn class(self) -> Option<Class> {
        let class = Class::numbered(index(self.record.shared.class.load(Relaxed)));
        (self.owner() != Owner::NONE).then_some(class)
    }

    /// Owner: changes the owner. Release: pairs with `current_owner`. Only the owner changes this half, so the
    /// difference is exact, while others may be setting bits of the other half.
    pub(super) fn set_owner(self, owner: Owner, class: Class) {
        let low_half = self.record.shared.tag.load(Relaxed) & u64::from(u32::MAX);
        self.record.shared.tag.fetch_xor(low_half ^ owner.tag(class), AcqRel);
    }

    /// The owner, as a worker that holds the slab's mailbox entry must see it.
    pub(super) fn current_owner(self) -> Owner {
        Owner::in_tag(self.record.shared.tag.load(Acquire))
    }

    /// Objects carved so far.
    #[inline]
    pub(super) fn carved(self) -> u32 {
        self.record.shared.carved.load(Relaxed)
    }

    /// Owner: the links, for allocation.
    #[inline]
    pub(super) fn links(self) -> &'heap Chains {
        &self.objects.links
    }

    /// Anyone: the entry of an object in the tables.
    #[inline]
    pub(super) fn entry_of(self, start: u16) -> usize {
        self.entry_at(u32::from(start))
    }

    /// Anyone: same as `entry_of`, by the steps to the object.
    #[inline]
    pub(super) fn entry_at(self, steps: u32) -> usize {
        index(steps >> (self.record.shared.tag.load(Relaxed) % 32))
    }

    /// Anyone: true when an object that the owner counts as handed out starts there. Exact when the calls that changed
    /// this state happened before this one.
    pub(super) fn is_handed_out(self, start: u16) -> bool {
        self.links().at(self.entry_of(start)).load(Relaxed) == start
    }

    /// Anyone: true when a live object starts there, as far as this worker can know.
    pub(super) fn is_live(self, start: u16) -> bool {
        let (word, bit) = position(self.entry_of(start));
        self.is_handed_out(start) && self.objects.returned[word].load(Relaxed) & bit == 0
    }
}

/// The word and the bit of an entry.
#[inline]
pub(super) fn position(entry: usize) -> (usize, u64) {
    (entry / 64 % WORDS, 1 << (entry % 64))
}

/// Loom's atomics cannot be made from zeroed memory.
#[cfg(all(test, loom))]
mod new {
    use super::*;

    impl Record {
        pub(in crate::slab::sharded) fn new() -> Record {
            let word = || AtomicU32::new(0);
            Record {
                shared: Shared {
                    tag: AtomicU64::new(0),
                    links: AtomicPtr::new(std::ptr::null_mut()),
                    class: word(),
                    carved: word(),
                    link: word(),
                },
                own: Own {
                    countdown: word(),
                    notice: word(),
                    local: AtomicU16::new(0),
                    free: AtomicU16::new(0),
                    free_count: word(),
                    place: word(),
                    touched: word(),
                    links: Links::new(),
                },
            }
        }
    }

    impl Objects {
        pub(in crate::slab::sharded) fn new() -> Objects {
            Objects {
                returned: std::array::from_fn(|_| AtomicU64::new(0)),
                links: Chains(std::array::from_fn(|_| AtomicU16::new(0))),
            }
        }
    }
}
