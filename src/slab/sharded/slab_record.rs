//! Metadata of one slab, kept outside the objects' memory: its owner, its free objects, its objects in flight.
//!
//! The free objects of a slab are in one list, `local`, which runs through the objects themselves (`object_links.rs`). The
//! owner puts freed objects in front, and takes from the front while the slab is in hand: an object that was freed lately
//! is handed out first, because its line is still in the first-level cache. Other workers collect the objects that they
//! free in chains of their own (`chain.rs`) and add whole chains to `Returned`.
//!
//! Invariants, between two calls of the owner, for each slab:
//! - carved = live + the length of `local`, where `live` includes objects in chains and in `Returned`;
//! - freed = `notice` - `countdown` = the length of `local`, unless the slab is in hand: an allocation counts nothing. A
//!   slab leaves the hand when its list is empty, or its list is counted then;
//! - the objects carved are the first ones of the slab;
//! - `notice` follows from `place` (`set_place`): a free acts only when it has counted `countdown` down to 0;
//! - objects in `Returned` imply that the slab is in exactly one mailbox, or that a worker is about to post it, or that
//!   a worker has taken it from a mailbox and is about to drain it or to pass it on.
//!
//! A second free breaks the first two equations when it is not noticed at once. No decision that could hand out a live
//! object relies on them: a slab is released only after a walk along its list (`Core::release_slab`).

#![allow(unsafe_code)]

use super::list::{Linked, Links};
use crate::slab::class::Class;
use crate::slab::sync::{
    AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::units::{self, count, index, low_32};

/// Owner of a slab: a mailbox, and the kind of the slab.
///
/// 0: free memory or part of a run, not a slab. Otherwise the number of the mailbox plus one, and in bit 31 the mark of
/// a slab that is as large as a superslab: the fast path compares owners, and so passes such slabs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u32);

const WHOLE: u32 = 1 << 31;

impl Owner {
    /// Not a slab.
    pub(super) const NONE: Owner = Owner(0);

    /// The owner that empties this mailbox, of a small slab.
    pub(super) fn of_mailbox(mailbox: u32) -> Owner {
        Owner(mailbox + 1)
    }

    /// The same owner, of a slab of this class.
    fn of_class(self, class: Class) -> Owner {
        if class.is_small() || self == Owner::NONE { self } else { Owner(self.0 | WHOLE) }
    }

    /// The mailbox for its freed objects; `None` when it is not a slab.
    pub(super) fn mailbox(self) -> Option<u32> {
        (self.0 & !WHOLE).checked_sub(1)
    }

    /// True for a small slab.
    pub(super) fn is_small(self) -> bool {
        self.0 != 0 && self.0 < WHOLE
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
    /// In its class's list, behind those with live objects: it has none, and can be released.
    Idle,
    /// In no list, and never used again: its list was found damaged.
    Quarantined,
}

impl SlabPlace {
    /// The place as a record stores it; 0 is full, so that a zeroed record is in no list.
    #[inline]
    fn number(self) -> u32 {
        match self {
            SlabPlace::Full => 0,
            SlabPlace::Listed => 1,
            SlabPlace::InHand => 2,
            SlabPlace::Idle => 3,
            SlabPlace::Quarantined => 4,
        }
    }

    /// The place that a record stores as this number.
    #[inline]
    fn numbered(number: u32) -> SlabPlace {
        match number {
            0 => SlabPlace::Full,
            1 => SlabPlace::Listed,
            2 => SlabPlace::InHand,
            3 => SlabPlace::Idle,
            _ => SlabPlace::Quarantined,
        }
    }
}

/// A value of `notice` that `freed` never reaches.
const NEVER: u32 = 1 << 30;

/// The owner of a slab, in a table of its own: other workers read it at each free, and the owner of a slab writes to the
/// record at each allocation. In one line the two would slow each other down.
#[derive(Debug)]
pub(super) struct OwnerWord(AtomicU32);

impl OwnerWord {
    /// The owner. `Relaxed`: a worker that frees an object learned its address from the allocating worker, and with it
    /// everything that worker had written.
    #[inline]
    pub(super) fn get(&self) -> Owner {
        Owner(self.0.load(Relaxed))
    }
}

/// The part of a slab that its owner's fast paths touch: a quarter of a cache line, next to those of its neighbours, so that
/// few lines serve many slabs.
#[derive(Debug)]
#[repr(C, align(16))]
pub(super) struct Record {
    /// `notice` - freed: a free counts it down.
    countdown: AtomicU32,
    /// The object that the owner freed last, or the end.
    local: AtomicUsize,
}

/// The rest of a slab's metadata. Only the owner writes; other workers read `class` and `carved` to diagnose a pointer.
#[derive(Debug)]
#[repr(C, align(32))]
pub(super) struct Details {
    notice: AtomicU32,
    class: AtomicU32,
    /// Objects that have been linked for the first time since the slab was initialised.
    carved: AtomicU32,
    place: AtomicU32,
    /// Bytes that have been carved since the superslab left the arena for the first time.
    touched: AtomicU32,
    links: Links,
}

/// One slab: its owner, its record and its details.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab<'heap> {
    pub(super) owner: &'heap OwnerWord,
    pub(super) record: &'heap Record,
    pub(super) details: &'heap Details,
}

impl Linked for Details {
    fn links(&self) -> &Links {
        &self.links
    }
}

impl Record {
    /// Owner: the head of `local`.
    #[inline]
    pub(super) fn local(&self) -> usize {
        self.local.load(Relaxed)
    }

    /// Owner: `local` begins with another object. Not counted: only for the slab in hand.
    #[inline]
    pub(super) fn set_local(&self, head: usize) {
        self.local.store(head, Relaxed);
    }

    /// Owner: one object more in `local`. Returns true when the owner must act (`Core::settle`).
    #[inline]
    pub(super) fn push_local(&self, head: usize) -> bool {
        self.local.store(head, Relaxed);
        count_down(&self.countdown) == 0
    }
}

impl Slab<'_> {
    /// `OwnerWord::get`.
    #[inline]
    pub(super) fn owner(self) -> Owner {
        self.owner.get()
    }

    /// `Record::local`.
    #[inline]
    pub(super) fn local(self) -> usize {
        self.record.local()
    }

    /// Owner: changes the owner. Release: pairs with `current_owner`.
    pub(super) fn set_owner(self, owner: Owner, class: Class) {
        self.owner.0.store(owner.of_class(class).0, Release);
    }

    /// The owner, as a worker that holds the slab's mailbox entry must see it.
    pub(super) fn current_owner(self) -> Owner {
        Owner(self.owner.0.load(Acquire))
    }

    /// The class of its objects, if it is a slab. `Relaxed`: as `owner`.
    #[inline]
    pub(super) fn class(self) -> Option<Class> {
        let class = Class::numbered(index(self.details.class.load(Relaxed)));
        (self.owner() != Owner::NONE).then_some(class)
    }

    /// Objects carved so far.
    #[inline]
    pub(super) fn carved(self) -> u32 {
        self.details.carved.load(Relaxed)
    }

    /// Owner: prepares the slab for a class, without objects; `end` is the end of its lists.
    pub(super) fn initialise(self, owner: Owner, class: Class, end: usize) {
        self.record.local.store(end, Relaxed);
        self.details.carved.store(0, Relaxed);
        self.details.class.store(low_32(count(class.number())), Relaxed);
        self.details.notice.store(NEVER, Relaxed);
        self.record.countdown.store(NEVER, Relaxed);
        self.set_owner(owner, class);
    }

    /// Owner: `objects` more in `local`.
    pub(super) fn extend_local(self, head: usize, objects: u32) {
        self.record.local.store(head, Relaxed);
        self.record.countdown.store(self.record.countdown.load(Relaxed).wrapping_sub(objects), Relaxed);
    }

    /// Owner: drops the whole of `local`.
    pub(super) fn empty_local(self, end: usize) {
        self.record.local.store(end, Relaxed);
        self.set_freed(0);
    }

    /// Owner: states the number of objects in `local`, which were not counted while the slab was in hand.
    #[inline]
    pub(super) fn set_freed(self, objects: u32) {
        self.record.countdown.store(self.details.notice.load(Relaxed).wrapping_sub(objects), Relaxed);
    }

    /// Owner: objects in `local`. Not of a slab in hand.
    #[inline]
    pub(super) fn freed(self) -> u32 {
        self.details.notice.load(Relaxed).wrapping_sub(self.record.countdown.load(Relaxed))
    }

    /// True when more objects of the class can be carved.
    #[inline]
    pub(super) fn is_carvable(self, class: Class) -> bool {
        self.carved() < class.objects()
    }

    /// Owner: carves `objects` more. Returns the index of the first one, and true when they include memory that no
    /// object of this superslab has used.
    pub(super) fn carve(self, class: Class, objects: u32) -> (u32, bool) {
        let (first, end) = (self.carved(), self.carved() + objects);
        assert!(0 < objects && end <= class.objects(), "a slab never holds more objects than fit");
        self.details.carved.store(end, Relaxed);
        let bytes = bytes_of(class, end);
        let fresh = bytes > self.details.touched.load(Relaxed);
        if fresh {
            self.details.touched.store(bytes, Relaxed);
        }
        (first, fresh)
    }

    /// Owner: true when carving as many objects would reach memory that no object has used.
    pub(super) fn would_be_fresh(self, class: Class, objects: u32) -> bool {
        bytes_of(class, self.carved() + objects) > self.details.touched.load(Relaxed)
    }

    /// True when no object is live, as far as the owner has counted. Not while in hand.
    #[inline]
    pub(super) fn is_unused(self) -> bool {
        self.freed() >= self.carved()
    }

    /// Owner: stores the slab's place, and the number of freed objects at which the owner must act. A full slab: when
    /// enough are free. A listed slab: when no object is live.
    #[inline]
    pub(super) fn set_place(self, place: SlabPlace, class: Class) {
        let notice = match place {
            SlabPlace::Full => class.worthwhile(),
            SlabPlace::Listed => self.carved(),
            SlabPlace::InHand | SlabPlace::Idle | SlabPlace::Quarantined => NEVER,
        };
        let freed = self.freed();
        self.details.notice.store(notice, Relaxed);
        self.record.countdown.store(notice.wrapping_sub(freed), Relaxed);
        self.details.place.store(place.number(), Relaxed);
    }

    /// The slab's place.
    #[inline]
    pub(super) fn place(self) -> SlabPlace {
        SlabPlace::numbered(self.details.place.load(Relaxed))
    }

    /// Owner: true when a drain returned enough objects that the owner must act.
    pub(super) fn is_noticeable(self) -> bool {
        // The countdown is 0 or below.
        self.record.countdown.load(Relaxed).wrapping_sub(1) >= 1 << 31
    }
}

/// Subtracts 1 from a number that only the owner reads and writes. Returns the new number.
#[inline]
fn count_down(number: &AtomicU32) -> u32 {
    // As atomic operations these would be three instructions instead of one.
    #[cfg(not(loom))]
    // SAFETY: no other worker accesses it.
    unsafe {
        let number = number.as_ptr();
        number.write(number.read().wrapping_sub(1));
        number.read()
    }
    #[cfg(loom)]
    {
        number.store(number.load(Relaxed).wrapping_sub(1), Relaxed);
        number.load(Relaxed)
    }
}

/// Bytes of the first `objects` of a slab: at most a superslab.
fn bytes_of(class: Class, objects: u32) -> u32 {
    units::low_32(count(index(objects) * class.bytes()))
}
