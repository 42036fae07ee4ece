//! What is known about one slab, kept outside the objects' memory: who owns it, what is free, what came back.
//!
//! An object goes by its start: how far into the slab it begins, in the steps of its class (`Class::step_shift`), 15
//! bits. Free objects stand in two lists, linked by start through `Objects::links`, not through the objects' memory:
//! `free` is allocated from, `local` collects what the owner frees. When `free` is used up the two are exchanged. The
//! link of an object that is handed out is its own start, which no object in a list links to: one comparison shows
//! that a pointer is where a live object begins, so a second free and a pointer into an object are seen at once. Only
//! the owner writes links, with plain loads and stores, and an allocation never reads what the last free wrote: the
//! processor can overlap the two.
//!
//! Other workers give an object back by setting its bit in `returned`, one atomic operation; the owner moves those
//! objects over when it drains its mailbox.
//!
//! Invariants, between two calls of the owner:
//! - an object is live exactly if its link is its own start and its bit in `returned` is clear;
//! - `carved` = objects in `free` + objects in `local` + objects whose link is their own start;
//! - no link of what is not carved is its own start;
//! - `used` = objects whose link is their own start + objects of the batch in hand that are not handed out yet + 1 while in
//!   hand; `free_count` = objects in `free` without those of the batch in hand;
//! - while in hand, `free` begins where the hand says;
//! - `notice` is where `used` must fall for the owner to act, and follows from `place` (`set_place`);
//! - a bit in word w of `returned` implies bit w / 2 of `pending`, or that a freeing worker is about to set it;
//! - `pending != 0` implies that the slab is in exactly one mailbox, or that a worker is about to post it, or
//!   that a worker has taken it from a mailbox and is about to drain it or to pass it on.
#![allow(unsafe_code)]

use super::class::{Class, OBJECTS_MAX};
use super::list::{Linked, Links};
use super::mailbox::Posted;
use super::sync::{
    AtomicPtr, AtomicU16, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// Objects a record has room for. Model checking needs few states: there 64.
const OBJECTS: usize = if cfg!(all(test, loom)) { 64 } else { OBJECTS_MAX };
/// Words in the map of returned objects.
pub(super) const WORDS: usize = OBJECTS / 64;

/// The link of the last object of a list, and the head of an empty one: no object starts there.
pub(super) const END: u16 = 0x7FFF;

/// Who owns a slab: the number of a mailbox plus one; 0: it is not a slab but free memory, or part of a run.
///
/// Kept shifted by 8, as it stands in a slab's tag. Below it stands how starts are shifted (`Class::entry_shift`), and
/// the mark `WHOLE`, so that one subtraction shows a small slab of an owner and leaves the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u64);

/// In a tag: the slab is as large as a superslab. The fast path leaves it alone, because its steps differ.
pub(super) const WHOLE: u32 = 32;

impl Owner {
    /// Not a slab.
    pub(super) const NONE: Owner = Owner(0);

    /// The owner who empties this mailbox.
    pub(super) fn of_mailbox(mailbox: u32) -> Owner {
        Owner((u64::from(mailbox) + 1) << 8)
    }

    /// As it stands in a tag.
    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// The owner in a slab's tag.
    pub(super) fn in_tag(tag: u64) -> Owner {
        Owner(tag & 0xFFFF_FF00)
    }

    /// The low half of the tag of its slabs of this class.
    fn tag(self, class: Class) -> u64 {
        match self {
            Owner::NONE => 0,
            Owner(owner) if class.is_small() => owner | u64::from(class.entry_shift()),
            Owner(owner) => owner | u64::from(WHOLE | class.entry_shift()),
        }
    }

    /// Where its freed objects go; `None` when it is not a slab.
    pub(super) fn mailbox(self) -> Option<u32> {
        (self.0 >> 8).checked_sub(1).map(|mailbox| mailbox as u32)
    }
}

/// Where a slab stands in its owner's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In no list: too little is free to return to it.
    Full = 0,
    /// In its class's list.
    Listed = 1,
    /// Being allocated from.
    InHand = 2,
}

/// A slab's record: two cache lines, next to those of its neighbours. All zero is a valid record: not a slab.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Record {
    pub(super) shared: Shared,
    pub(super) own: Own,
}

/// What freeing workers read too. The owner changes it rarely, so that a free by another worker takes no line from
/// the owner's next allocation.
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

/// What the owner alone touches.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Own {
    /// `used - notice`: a free counts it down to 0.
    pub(super) countdown: AtomicU32,
    pub(super) notice: AtomicU32,
    /// First object that the owner freed since the lists were exchanged.
    pub(super) local: AtomicU32,
    /// First object to allocate; while in hand, the hand knows better.
    pub(super) free: AtomicU32,
    pub(super) free_count: AtomicU32,
    pub(super) place: AtomicU32,
    /// Bytes that have been carved since the superslab left the arena for the first time.
    pub(super) touched: AtomicU32,
    links: Links,
}

/// What is known about each object of a slab, by entry. All zero is valid: nothing is live, nothing came back.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Objects {
    /// One bit an object: given back by another worker, not drained.
    pub(super) returned: [AtomicU64; WORDS],
    pub(super) links: Chains,
}

/// One link an object: the start of the next object of its list, `END`, or its own start.
#[derive(Debug)]
pub(super) struct Chains([AtomicU16; OBJECTS]);

impl Chains {
    /// The link at an entry. The remainder changes nothing, but tells the compiler that there is one.
    #[inline]
    pub(super) fn at(&self, entry: u32) -> &AtomicU16 {
        &self.0[entry as usize % OBJECTS]
    }

    /// The same without the remainder.
    ///
    /// # Safety
    /// There is such an entry: it is a start of 15 bits shifted by a class's `entry_shift`, which is at least 3.
    #[inline]
    pub(super) unsafe fn at_unchecked(&self, entry: u32) -> &AtomicU16 {
        debug_assert!((entry as usize) < OBJECTS);
        // SAFETY: by the caller.
        unsafe { self.0.get_unchecked(entry as usize) }
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

/// One slab, as `Table` finds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab<'heap> {
    pub(super) record: &'heap Record,
    pub(super) objects: &'heap Objects,
}

impl<'heap> Slab<'heap> {
    /// The owner. `Relaxed`: whoever frees an object learned its address from the allocating worker, and with it
    /// everything that worker had written.
    #[inline]
    pub(super) fn owner(self) -> Owner {
        Owner::in_tag(self.record.shared.tag.load(Relaxed))
    }

    /// The class of its objects, if it is a slab. `Relaxed`: as `owner`.
    pub(super) fn class(self) -> Option<Class> {
        let class = Class::numbered(self.record.shared.class.load(Relaxed) as usize);
        (self.owner() != Owner::NONE).then_some(class)
    }

    /// Owner: changes the owner. Release: pairs with `current_owner`; the owner alone changes this half, so the
    /// difference is exact, while others may be setting bits of the other half.
    pub(super) fn set_owner(self, owner: Owner, class: Class) {
        let low_half = self.record.shared.tag.load(Relaxed) & u64::from(u32::MAX);
        self.record.shared.tag.fetch_xor(low_half ^ owner.tag(class), AcqRel);
    }

    /// The owner as a worker that holds the slab's mailbox entry must see it.
    pub(super) fn current_owner(self) -> Owner {
        Owner::in_tag(self.record.shared.tag.load(Acquire))
    }

    /// Objects that exist so far.
    #[inline]
    pub(super) fn carved(self) -> u32 {
        self.record.shared.carved.load(Relaxed)
    }

    /// Owner: the links, to allocate from.
    #[inline]
    pub(super) fn links(self) -> &'heap Chains {
        &self.objects.links
    }

    /// Anyone: where an object stands in the tables.
    #[inline]
    pub(super) fn entry_of(self, start: u32) -> u32 {
        start >> (self.record.shared.tag.load(Relaxed) % 32)
    }

    /// Anyone: whether an object starts there that is handed out, as far as the owner knows. Exact when the calls that
    /// changed it happened before this one.
    pub(super) fn is_handed_out(self, start: u32) -> bool {
        self.links().at(self.entry_of(start)).load(Relaxed) == start as u16
    }

    /// Anyone: whether a live object starts there, as far as this worker can know.
    pub(super) fn is_live(self, start: u32) -> bool {
        let (word, bit) = position(self.entry_of(start));
        self.is_handed_out(start) && self.objects.returned[word].load(Relaxed) & bit == 0
    }
}

/// The word and the bit of an entry.
#[inline]
pub(super) fn position(entry: u32) -> (usize, u64) {
    (entry as usize / 64 % WORDS, 1 << (entry % 64))
}
