//! Objects that workers other than the owner give back to a slab.

use super::slab_record::{END, Owner, Slab, WORDS, position};
use crate::slab::sync::Ordering::{AcqRel, Acquire, Relaxed};
use crate::units::index;

/// Words of `returned` per bit of `pending`.
const WORDS_A_BIT: usize = WORDS.div_ceil(32);

/// Result of a remote free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// The slab is already in a mailbox.
    Quietly,
    /// The caller must post the slab to the mailbox of this owner; `None`: it is not a slab any more.
    First(Option<u32>),
    /// The object was given back before.
    Again,
}

impl Slab<'_> {
    /// Anyone: gives back an object of another worker's slab.
    pub(super) fn free_remotely(self, start: u16) -> Returned {
        if !self.is_handed_out(start) {
            return Returned::Again;
        }
        let (word, bit) = position(self.entry_of(start));
        // Release publishes the last user's writes to the object's memory to the owner that drains. Acquire: a bit that
        // is already set is evidence of another worker's free.
        let before = self.objects.returned[word].fetch_or(bit, AcqRel);
        if before & bit != 0 {
            return Returned::Again;
        }
        if before != 0 {
            // The worker that set the first bit of the word announces the word. The owner drains both bits together:
            // after an earlier drain `before` would be 0 here.
            return Returned::Quietly;
        }
        let pending = 1u64 << (32 + word / WORDS_A_BIT);
        let tag = self.record.shared.tag.fetch_or(pending, AcqRel);
        // The worker that announces the first word posts the slab.
        if tag >> 32 == 0 { Returned::First(Owner::in_tag(tag).mailbox()) } else { Returned::Quietly }
    }

    /// Calls `each` with every word of `returned` that holds bits, and clears it. The caller has taken the slab's
    /// mailbox entry and read its link: from the first line on the slab may be posted again.
    fn collect(self, mut each: impl FnMut(usize, u64)) {
        let tag = self.record.shared.tag.fetch_and(u64::from(u32::MAX), AcqRel);
        let mut pending = tag >> 32;
        while pending != 0 {
            let first = index(pending.trailing_zeros()) * WORDS_A_BIT;
            pending &= pending - 1;
            for word in first..first + WORDS_A_BIT {
                // Acquire: the objects' last users are done with them.
                match self.objects.returned[word].swap(0, Acquire) {
                    0 => {}
                    bits => each(word, bits),
                }
            }
        }
    }

    /// Owner: moves returned objects into `local`. Returns the number of live objects, and the number of those that
    /// were not live. Same precondition as `collect`.
    pub(super) fn drain(self) -> (u32, u32) {
        let (mut good, mut bad) = (0, 0);
        self.collect(|word, mut bits| {
            while bits != 0 {
                let entry = word * 64 + index(bits.trailing_zeros());
                bits &= bits - 1;
                let link = self.links().at(entry);
                let start = link.load(Relaxed);
                // A live object links to itself; an object in a list links to another entry, or to none.
                if start == END || self.entry_of(start) != entry {
                    bad += 1;
                    continue;
                }
                link.store(self.record.own.local.load(Relaxed), Relaxed);
                self.record.own.local.store(start, Relaxed);
                good += 1;
            }
        });
        self.set_used(self.used() - good);
        (good, bad)
    }

    /// For the worker that took the mailbox entry of memory that is not a slab any more: discards the objects given
    /// back to it. Returns their number; only a misuse puts them there. Same precondition as `collect`.
    pub(super) fn discard(self) -> u32 {
        let mut bad = 0;
        self.collect(|_, bits| bad += bits.count_ones());
        bad
    }
}
