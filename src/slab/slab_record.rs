//! What is known about one slab, kept outside the objects' memory: who owns it, what is free, what came back.
//!
//! One bit an object says "free in the owner's view" (`free`), another "given back by someone else" (`returned`).
//! The owner alone writes `free`, with plain loads and stores; others set bits of `returned` with one atomic
//! operation, and the owner moves them over when it drains its mailbox.
//!
//! Invariants, between two calls of the owner:
//! - an object below `carved` is live exactly if its bit is set neither in `free` nor in `returned`;
//! - `used` = live objects + objects of the batch in hand that are not handed out yet + 1 while in hand
//!   (an object whose bit is in `returned` still counts as live here: the owner does not know yet);
//! - `free[w] != 0` implies bit w of `room`;
//! - `returned[w] != 0` implies bit w of `pending`, or that a freeing worker is about to set it;
//! - `pending != 0` implies that the slab is in exactly one mailbox, or that a worker is about to post it, or
//!   that a worker has taken it from a mailbox and is about to drain it or to pass it on.

use super::class::Class;
use super::list::{Linked, Links};
use super::mailbox::Posted;
use super::sync::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// Words in a map of objects. Model checking needs few states: there one word, so 64 objects at most.
pub(super) const WORDS: usize = if cfg!(all(test, loom)) { 1 } else { 64 };

/// Owner and class of a slab in one word, so that a free checks both with one comparison; 0: not a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u32);

impl Identity {
    /// No slab: the memory is free, or part of something larger.
    pub(super) const NONE: Identity = Identity(0);

    /// A slab of `class` owned by mailbox number `owner`.
    #[inline]
    pub(super) fn new(owner: u32, class: Class) -> Identity {
        Identity(owner << 8 | (class.number() as u32 + 1))
    }

    /// Whose mailbox its freed objects go to; `None` when it is not a slab.
    pub(super) fn owner(self) -> Option<u32> {
        (self != Identity::NONE).then_some(self.0 >> 8)
    }

    /// The class of its objects; `None` when it is not a slab.
    pub(super) fn class(self) -> Option<Class> {
        (self.0 & 0xFF).checked_sub(1).map(|number| Class::numbered(number as usize))
    }
}

/// In `used`: the slab is in no list and not in hand, because it has no room. It must be listed at the next free.
const FULL: u32 = 1 << 31;

/// The record of a slab. All zero is a valid record: not a slab, nothing in it.
///
/// Lines in order: what freeing workers read; what the owner alone touches; the owner's map; the others' map. A
/// free by another worker therefore takes no line from the owner's next allocation.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Slab {
    shared: Shared,
    own: Own,
    free: Map,
    returned: Map,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Shared {
    identity: AtomicU32,
    /// Objects that were ever handed to the map since the slab was initialised.
    carved: AtomicU32,
    /// Bit w: word w of `returned` may hold bits.
    pending: AtomicU64,
    /// The next slab in the mailbox.
    link: AtomicU32,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Own {
    used: AtomicU32,
    /// Bytes that have been carved since the superslab left the arena for the first time.
    touched: AtomicU32,
    /// Bit w: word w of `free` may hold bits.
    room: AtomicU64,
    links: Links,
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Map([AtomicU64; WORDS]);

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
    /// Nothing: the slab was known to have room and still has objects.
    Quietly,
    /// The slab was full, or has become empty: `Cache::settle`.
    Noticeably,
}

/// What a remote free came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// The slab is already in a mailbox.
    Quietly,
    /// The caller must post the slab to its owner's mailbox.
    First,
    /// The object was given back before.
    Again,
}

impl Slab {
    /// Owner and class. `Relaxed` on the fast path: whoever frees an object learned its address from the
    /// allocating worker, and with it everything that worker had written.
    #[inline]
    pub(super) fn identity(&self) -> Identity {
        Identity(self.shared.identity.load(Relaxed))
    }

    /// Changes owner or class. Release: pairs with `current_owner`.
    pub(super) fn set_identity(&self, identity: Identity) {
        self.shared.identity.store(identity.0, Release);
    }

    /// The owner as a worker that holds the slab's mailbox entry must see it.
    pub(super) fn current_owner(&self) -> Option<u32> {
        Identity(self.shared.identity.load(Acquire)).owner()
    }

    /// Objects that exist so far.
    #[inline]
    pub(super) fn carved(&self) -> u32 {
        self.shared.carved.load(Relaxed)
    }

    /// Owner: one word of the map of free objects.
    #[inline]
    pub(super) fn word(&self, word: usize) -> &AtomicU64 {
        &self.free.0[word % WORDS]
    }

    /// Owner: whether others may have given objects back that are not drained. `Relaxed`: a hint, see `is_free`.
    #[inline]
    pub(super) fn has_pending(&self) -> bool {
        self.shared.pending.load(Relaxed) != 0
    }

    /// Anyone: whether the object has been given back, as far as this worker can know.
    pub(super) fn is_free(&self, index: u32) -> bool {
        let (word, bit) = position(index);
        (self.free.0[word].load(Relaxed) | self.returned.0[word].load(Relaxed)) & bit != 0
    }

    /// Owner: takes an object back whose bit in `free` was seen clear.
    #[inline]
    pub(super) fn free_locally(&self, index: u32, before: u64) -> Freed {
        let (word, bit) = position(index);
        self.free.0[word].store(before | bit, Relaxed);
        if before == 0 {
            self.own.room.store(self.own.room.load(Relaxed) | 1 << word, Relaxed);
        }
        let used = self.own.used.load(Relaxed).wrapping_sub(1);
        self.own.used.store(used, Relaxed);
        // One comparison for both: an empty slab wraps around to above FULL.
        if used.wrapping_sub(1) >= FULL - 1 { Freed::Noticeably } else { Freed::Quietly }
    }

    /// Anyone: gives back an object of another worker's slab.
    pub(super) fn free_remotely(&self, index: u32) -> Returned {
        let (word, bit) = position(index);
        // Release hands the object's memory, as its last user left it, to the owner that drains; Acquire because
        // finding the bit set is evidence about another worker's free.
        let before = self.returned.0[word].fetch_or(bit, AcqRel);
        if before & bit != 0 {
            return Returned::Again;
        }
        // Whoever sets the first bit of a word announces the word, and whoever announces the first word posts the
        // slab. A later bit needs neither: it is drained with the first, or finds the word zero again.
        if before == 0 && self.shared.pending.fetch_or(1 << word, AcqRel) == 0 {
            return Returned::First;
        }
        Returned::Quietly
    }

    /// The worker that took the slab's mailbox entry: moves what others gave back into the owner's map. Returns
    /// how many came back, and how many of them were not live.
    ///
    /// From the first line on the slab may be posted again, so its link must have been read.
    pub(super) fn drain(&self) -> (u32, u32) {
        let mut pending = self.shared.pending.swap(0, AcqRel);
        let (mut good, mut bad) = (0, 0);
        while pending != 0 {
            let word = pending.trailing_zeros() as usize;
            pending &= pending - 1;
            // Acquire: the object's last user is done with it.
            let bits = self.returned.0[word].swap(0, Acquire);
            let free = self.free.0[word].load(Relaxed);
            let live = bits & !free & self.carved_bits(word);
            bad += (bits ^ live).count_ones();
            if live != 0 {
                good += live.count_ones();
                self.free.0[word].store(free | live, Relaxed);
                self.own.room.store(self.own.room.load(Relaxed) | 1 << word, Relaxed);
            }
        }
        self.own.used.store(self.own.used.load(Relaxed) - good, Relaxed);
        (good, bad)
    }

    /// The bits of a word that stand for objects that exist.
    fn carved_bits(&self, word: usize) -> u64 {
        match (self.carved() as usize).saturating_sub(word * 64) {
            0 => 0,
            bits if bits >= 64 => u64::MAX,
            bits => (1 << bits) - 1,
        }
    }

    /// The worker that took the mailbox entry of what is no longer a slab: forgets what was given back to it.
    /// Returns how many that were; only a misuse puts them there.
    pub(super) fn discard(&self) -> u32 {
        let mut pending = self.shared.pending.swap(0, AcqRel);
        let mut bad = 0;
        while pending != 0 {
            bad += self.returned.0[pending.trailing_zeros() as usize].swap(0, Acquire).count_ones();
            pending &= pending - 1;
        }
        bad
    }

    /// Owner: starts the slab over, without objects. The cost is one store a word that the last class used.
    pub(super) fn initialise(&self, identity: Identity) {
        for word in &self.free.0[..(self.carved() as usize).div_ceil(64)] {
            word.store(0, Relaxed);
        }
        self.own.room.store(0, Relaxed);
        self.own.used.store(0, Relaxed);
        self.shared.carved.store(0, Relaxed);
        self.set_identity(identity);
    }

    /// Owner: lets `count` more objects exist. Returns whether memory was reached that no object of this superslab
    /// has used.
    pub(super) fn carve(&self, class: Class, count: u32) -> bool {
        let (first, end) = (self.carved(), self.carved() + count);
        assert!(end <= class.objects(), "a slab never holds more objects than fit");
        self.shared.carved.store(end, Relaxed);
        let (first_word, end_word) = (first as usize / 64, (end as usize).div_ceil(64));
        for word in first_word..end_word {
            let new = self.carved_bits(word)
                & (if word == first_word { u64::MAX << (first % 64) } else { u64::MAX });
            self.free.0[word].store(self.free.0[word].load(Relaxed) | new, Relaxed);
            self.own.room.store(self.own.room.load(Relaxed) | 1 << word, Relaxed);
        }
        let bytes = end * class.bytes() as u32;
        let fresh = bytes > self.own.touched.load(Relaxed);
        if fresh {
            self.own.touched.store(bytes, Relaxed);
        }
        fresh
    }

    /// Owner: whether objects of the class can still be carved.
    pub(super) fn is_carvable(&self, class: Class) -> bool {
        self.carved() < class.objects()
    }

    /// Owner: free objects that are not promised to a batch; `held` is what `hold` added.
    pub(super) fn available(&self, held: u32) -> u32 {
        self.carved() - ((self.own.used.load(Relaxed) & !FULL) - held)
    }

    /// Owner: adds to `used`: a batch, or 1 for being in hand.
    pub(super) fn hold(&self, count: u32) {
        self.own.used.store(self.own.used.load(Relaxed) + count, Relaxed);
    }

    /// Owner: takes back what `hold` added.
    pub(super) fn let_go(&self, count: u32) {
        self.own.used.store(self.own.used.load(Relaxed) - count, Relaxed);
    }

    /// Owner: whether no object is live and the slab is not in hand.
    pub(super) fn is_unused(&self) -> bool {
        self.own.used.load(Relaxed) & !FULL == 0
    }

    /// Owner: notes whether the slab is out of all lists.
    pub(super) fn set_full(&self, full: bool) {
        let used = self.own.used.load(Relaxed) & !FULL;
        self.own.used.store(if full { used | FULL } else { used }, Relaxed);
    }

    /// Owner: whether the slab is out of all lists.
    pub(super) fn is_full(&self) -> bool {
        self.own.used.load(Relaxed) & FULL != 0
    }

    /// Owner: the lowest word with a free object. Low words first keeps the objects in use together.
    pub(super) fn lowest_word(&self) -> Option<usize> {
        let mut room = self.own.room.load(Relaxed);
        let found = loop {
            if room == 0 {
                break None;
            }
            let word = room.trailing_zeros() as usize;
            if self.free.0[word].load(Relaxed) != 0 {
                break Some(word);
            }
            room &= room - 1;
        };
        self.own.room.store(room, Relaxed);
        found
    }
}

/// The word and the bit of an object.
#[inline]
pub(super) fn position(index: u32) -> (usize, u64) {
    (index as usize / 64 % WORDS, 1 << (index % 64))
}
