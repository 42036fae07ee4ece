//! What is known about one slab, kept outside the objects' memory: who owns it, what is free, what came back.
//!
//! Free objects stand in two lists, linked by index through `links`, not through the objects' memory: `free` is
//! allocated from, `local` collects what the owner frees. When `free` is used up the two are exchanged. A link of
//! `LIVE` says that the object is handed out, so a second free is seen at once. Only the owner writes these, with plain
//! loads and stores, and an allocation never reads what the last free wrote: the processor can overlap the two.
//!
//! Other workers give an object back by setting its bit in `returned`, one atomic operation; the owner moves those
//! objects over when it drains its mailbox.
//!
//! Invariants, between two calls of the owner:
//! - an object is live exactly if its link is `LIVE` and its bit in `returned` is clear;
//! - `carved` = objects in `free` + objects in `local` + objects whose link is `LIVE`;
//! - `used` = objects whose link is `LIVE` + objects of the batch in hand that are not handed out yet + 1 while in
//!   hand; `free_count` = objects in `free` without those of the batch in hand;
//! - while in hand, `free` begins where the hand says;
//! - `notice` is where `used` must fall for the owner to act, and follows from `place` (`set_place`);
//! - a bit in word w of `returned` implies bit w / 2 of `pending`, or that a freeing worker is about to set it;
//! - `pending != 0` implies that the slab is in exactly one mailbox, or that a worker is about to post it, or
//!   that a worker has taken it from a mailbox and is about to drain it or to pass it on.

use super::class::{Class, OBJECTS_MAX, SLAB_BYTES, divide_small};
use super::list::{Linked, Links};
use super::mailbox::Posted;
use super::sync::{
    AtomicU16, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// Objects a record has room for. Model checking needs few states: there 64.
const OBJECTS: usize = if cfg!(all(test, loom)) { 64 } else { OBJECTS_MAX };
/// Words in the map of returned objects.
const WORDS: usize = OBJECTS / 64;

/// The link of an object that is handed out.
pub(super) const LIVE: u16 = u16::MAX;
/// The link of the last object of a list, and the head of an empty one.
const END: u16 = u16::MAX - 1;

/// Who owns a slab: the number of a mailbox plus one; 0: it is not a slab but free memory, or part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u32);

impl Owner {
    /// Not a slab.
    pub(super) const NONE: Owner = Owner(0);

    /// The owner who empties this mailbox.
    pub(super) fn of_mailbox(mailbox: u32) -> Owner {
        Owner(mailbox + 1)
    }

    /// Where its freed objects go; `None` when it is not a slab.
    pub(super) fn mailbox(self) -> Option<u32> {
        self.0.checked_sub(1)
    }
}

/// The words of `returned` that a bit of `pending` stands for.
const WORDS_A_BIT: usize = WORDS.div_ceil(32);

/// A `notice` that `used` never falls to, modulo 2^32.
const NEVER: u32 = 0u32.wrapping_sub(1 << 30);

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

/// The record of a slab. All zero is a valid record: not a slab, nothing in it.
///
/// Lines in order: what freeing workers read; what the owner alone touches; the others' map; the links. A free by
/// another worker takes no line from the owner's next allocation, but for the link it looks at.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Slab {
    shared: Shared,
    own: Own,
    returned: ReturnedMap,
    links: LinkTable,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Shared {
    /// Owner in the low half, `pending` in the high half: bit b for words 2b and 2b + 1 of `returned`. One word, so
    /// that one comparison shows an own slab with nothing to drain.
    tag: AtomicU64,
    /// `Class::small_reciprocal` of its class, where a free finds it without looking the class up.
    reciprocal: AtomicU32,
    class: AtomicU32,
    /// Objects that have been carved since the slab was initialised.
    carved: AtomicU32,
    /// The next slab in the mailbox.
    link: AtomicU32,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Own {
    /// `used - notice`: a free counts it down to 0.
    countdown: AtomicU32,
    notice: AtomicU32,
    /// First object that the owner freed since the lists were exchanged.
    local: AtomicU32,
    /// First object to allocate; while in hand, the hand knows better.
    free: AtomicU32,
    free_count: AtomicU32,
    place: AtomicU32,
    /// Bytes that have been carved since the superslab left the arena for the first time.
    touched: AtomicU32,
    links: Links,
}

/// One bit an object.
#[derive(Debug)]
#[repr(C, align(64))]
struct ReturnedMap([AtomicU64; WORDS]);

/// One link an object: the next object of its list, `END` or `LIVE`.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct LinkTable([AtomicU16; OBJECTS]);

impl LinkTable {
    /// An object's link. The remainder changes nothing, but tells the compiler that there is one.
    #[inline]
    pub(super) fn of(&self, index: u32) -> &AtomicU16 {
        &self.0[index as usize % OBJECTS]
    }
}

impl Linked for Slab {
    fn links(&self) -> &Links {
        &self.own.links
    }
}

impl Posted for Slab {
    fn link(&self) -> &AtomicU32 {
        &self.shared.link
    }
}

/// What the owner must do after an object came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freed {
    /// Nothing: the slab stays where it is.
    Quietly,
    /// The slab is worth returning to again, or empty: `Cache::settle`.
    Noticeably,
    /// Nothing happened: the object is not live.
    Not,
}

/// What a remote free came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// The slab is already in a mailbox.
    Quietly,
    /// The caller must post the slab to the mailbox of this owner; `None`: it is no slab any more.
    First(Option<u32>),
    /// The object was given back before.
    Again,
}

impl Slab {
    /// The owner. `Relaxed`: whoever frees an object learned its address from the allocating worker, and with it
    /// everything that worker had written.
    #[inline]
    pub(super) fn owner(&self) -> Owner {
        Owner(self.shared.tag.load(Relaxed) as u32)
    }

    /// The class of its objects, if it is a slab. `Relaxed`: as `owner`.
    pub(super) fn class(&self) -> Option<Class> {
        let class = Class::numbered(self.shared.class.load(Relaxed) as usize);
        (self.owner() != Owner::NONE).then_some(class)
    }

    /// Whether the slab belongs to `owner` and has nothing to drain. `Relaxed`: as `owner`, and a hint.
    #[inline]
    pub(super) fn is_quietly_of(&self, owner: Owner) -> bool {
        self.shared.tag.load(Relaxed) == u64::from(owner.0)
    }

    /// Owner: changes the owner. Release: pairs with `current_owner`; the owner alone changes this half, so the
    /// difference is exact, while others may be setting bits of the other half.
    pub(super) fn set_owner(&self, owner: Owner) {
        self.shared.tag.fetch_xor(u64::from(self.owner().0 ^ owner.0), AcqRel);
    }

    /// The owner as a worker that holds the slab's mailbox entry must see it.
    pub(super) fn current_owner(&self) -> Owner {
        Owner(self.shared.tag.load(Acquire) as u32)
    }

    /// Objects that exist so far.
    #[inline]
    pub(super) fn carved(&self) -> u32 {
        self.shared.carved.load(Relaxed)
    }

    /// Owner: the links, to allocate from.
    #[inline]
    pub(super) fn link_table(&self) -> &LinkTable {
        &self.links
    }

    /// Anyone: whether the object is handed out, as far as the owner knows. Exact when the calls that changed it
    /// happened before this one. Objects that were never carved have some other link.
    #[inline]
    fn is_handed_out(&self, index: u32) -> bool {
        self.links.of(index).load(Relaxed) == LIVE
    }

    /// Anyone: whether the object is live, as far as this worker can know.
    pub(super) fn is_live(&self, index: u32) -> bool {
        let (word, bit) = position(index);
        self.is_handed_out(index) && self.returned.0[word].load(Relaxed) & bit == 0
    }

    /// Owner: takes an object back that is not in `returned`.
    #[inline]
    pub(super) fn free_locally(&self, index: u32) -> Freed {
        let link = self.links.of(index);
        if link.load(Relaxed) != LIVE {
            return Freed::Not;
        }
        link.store(self.own.local.load(Relaxed) as u16, Relaxed);
        self.own.local.store(index, Relaxed);
        let left = self.own.countdown.load(Relaxed).wrapping_sub(1);
        self.own.countdown.store(left, Relaxed);
        if left == 0 { Freed::Noticeably } else { Freed::Quietly }
    }

    /// The object that holds the byte `offset` of the arena, if the slab is a small one, and whether it starts there.
    #[inline]
    pub(super) fn small_object_at(&self, offset: usize) -> (u32, bool) {
        divide_small(offset & (SLAB_BYTES - 1), self.shared.reciprocal.load(Relaxed))
    }

    fn used(&self) -> u32 {
        self.own.countdown.load(Relaxed).wrapping_add(self.own.notice.load(Relaxed))
    }

    fn set_used(&self, used: u32) {
        self.own.countdown.store(used.wrapping_sub(self.own.notice.load(Relaxed)), Relaxed);
    }

    /// Anyone: gives back an object of another worker's slab.
    pub(super) fn free_remotely(&self, index: u32) -> Returned {
        let (word, bit) = position(index);
        if !self.is_handed_out(index) {
            return Returned::Again;
        }
        // Release hands the object's memory, as its last user left it, to the owner that drains; Acquire because
        // finding the bit set is evidence about another worker's free.
        let before = self.returned.0[word].fetch_or(bit, AcqRel);
        if before & bit != 0 {
            return Returned::Again;
        }
        if before != 0 {
            // Whoever set the word's first bit announces the word. This bit is drained with that one, or found the
            // word zero again.
            return Returned::Quietly;
        }
        let pending = 1u64 << (32 + word / WORDS_A_BIT);
        let tag = self.shared.tag.fetch_or(pending, AcqRel);
        // Whoever announces the first word posts the slab.
        if tag >> 32 == 0 { Returned::First(Owner(tag as u32).mailbox()) } else { Returned::Quietly }
    }

    /// Calls `each` with every word of `returned` that holds bits, and empties it. The caller has taken the slab's
    /// mailbox entry and read its link: from the first line on the slab may be posted again.
    fn collect(&self, mut each: impl FnMut(usize, u64)) {
        let tag = self.shared.tag.fetch_and(u64::from(u32::MAX), AcqRel);
        let mut pending = tag >> 32;
        while pending != 0 {
            let first = pending.trailing_zeros() as usize * WORDS_A_BIT;
            pending &= pending - 1;
            for word in first..first + WORDS_A_BIT {
                // Acquire: the objects' last users are done with them.
                match self.returned.0[word].swap(0, Acquire) {
                    0 => {}
                    bits => each(word, bits),
                }
            }
        }
    }

    /// Owner: moves what others gave back into `local`. Returns how many came back, and how many of them were not
    /// live. As `collect`.
    pub(super) fn drain(&self) -> (u32, u32) {
        let (mut good, mut bad) = (0, 0);
        self.collect(|word, mut bits| {
            while bits != 0 {
                let index = word as u32 * 64 + bits.trailing_zeros();
                bits &= bits - 1;
                if self.is_handed_out(index) {
                    self.links.of(index).store(self.own.local.load(Relaxed) as u16, Relaxed);
                    self.own.local.store(index, Relaxed);
                    good += 1;
                } else {
                    bad += 1;
                }
            }
        });
        self.set_used(self.used() - good);
        (good, bad)
    }

    /// The worker that took the mailbox entry of what is no longer a slab: forgets what was given back to it.
    /// Returns how many that were; only a misuse puts them there. As `collect`.
    pub(super) fn discard(&self) -> u32 {
        let mut bad = 0;
        self.collect(|_, bits| bad += bits.count_ones());
        bad
    }

    /// Owner: starts the slab over, without objects. No link says `LIVE`: nothing was live when it was let go.
    pub(super) fn initialise(&self, owner: Owner, class: Class) {
        self.own.free.store(u32::from(END), Relaxed);
        self.own.local.store(u32::from(END), Relaxed);
        self.own.free_count.store(0, Relaxed);
        self.set_used(0);
        self.shared.carved.store(0, Relaxed);
        self.shared.class.store(class.number() as u32, Relaxed);
        self.shared.reciprocal.store(class.small_reciprocal(), Relaxed);
        self.set_owner(owner);
    }

    /// Owner: lets `count` more objects exist, in front of those in `local`. Returns whether memory was reached that
    /// no object of this superslab has used.
    pub(super) fn carve(&self, class: Class, count: u32) -> bool {
        let (first, end) = (self.carved(), self.carved() + count);
        assert!(0 < count && end <= class.objects(), "a slab never holds more objects than fit");
        for index in first..end - 1 {
            self.links.of(index).store(index as u16 + 1, Relaxed);
        }
        self.links.of(end - 1).store(self.own.local.load(Relaxed) as u16, Relaxed);
        self.own.local.store(first, Relaxed);
        self.shared.carved.store(end, Relaxed);
        let bytes = end * class.bytes() as u32;
        let fresh = bytes > self.own.touched.load(Relaxed);
        if fresh {
            self.own.touched.store(bytes, Relaxed);
        }
        fresh
    }

    /// Owner: promises up to `largest` objects of `free` to the hand, whose list begins at `head`; exchanges the lists
    /// when it is used up. Returns the new head and how many.
    pub(super) fn begin_batch(&self, head: u32, largest: u32) -> (u32, u32) {
        let (mut head, mut count) = (head, self.own.free_count.load(Relaxed));
        if count == 0 {
            (head, count) = (self.own.local.load(Relaxed), self.available(1));
            self.own.local.store(u32::from(END), Relaxed);
        }
        let batch = largest.min(count);
        self.own.free_count.store(count - batch, Relaxed);
        self.set_used(self.used() + batch);
        (head, batch)
    }

    /// Owner: begins to be in hand. Returns the head of `free`.
    pub(super) fn take_up(&self, class: Class) -> u32 {
        self.set_used(self.used() + 1);
        self.set_place(Place::InHand, class);
        self.own.free.load(Relaxed)
    }

    /// Owner: ends to be in hand, with `left` objects of the batch not handed out.
    pub(super) fn put_down(&self, head: u32, left: u32) {
        self.set_used(self.used() - left - 1);
        self.own.free_count.store(self.own.free_count.load(Relaxed) + left, Relaxed);
        self.own.free.store(head, Relaxed);
    }

    /// Owner: whether objects of the class can still be carved.
    pub(super) fn is_carvable(&self, class: Class) -> bool {
        self.carved() < class.objects()
    }

    /// Owner: free objects that are not promised to a batch; `held` is 1 while in hand, else 0.
    pub(super) fn available(&self, held: u32) -> u32 {
        self.carved() - (self.used() - held)
    }

    /// Owner: whether no object is live and the slab is not in hand.
    pub(super) fn is_unused(&self) -> bool {
        self.used() == 0
    }

    /// Owner: notes where the slab stands, and when the owner must act on it next: a full slab, when enough is free;
    /// a listed one, when nothing is live; the one in hand, never.
    pub(super) fn set_place(&self, place: Place, class: Class) {
        let notice = match place {
            Place::Full => self.carved() - class.worthwhile(),
            Place::Listed => 0,
            Place::InHand => NEVER,
        };
        let used = self.used();
        self.own.notice.store(notice, Relaxed);
        self.set_used(used);
        self.own.place.store(place as u32, Relaxed);
    }

    /// Owner: where the slab stands.
    pub(super) fn place(&self) -> Place {
        match self.own.place.load(Relaxed) {
            0 => Place::Full,
            1 => Place::Listed,
            _ => Place::InHand,
        }
    }

    /// Owner: whether so many objects came back at once that the owner must act.
    pub(super) fn is_noticeable(&self) -> bool {
        // Counted below 0, or to it.
        self.own.countdown.load(Relaxed).wrapping_sub(1) >= 1 << 31
    }
}

/// The word and the bit of an object.
#[inline]
fn position(index: u32) -> (usize, u64) {
    (index as usize / 64 % WORDS, 1 << (index % 64))
}
