//! Objects of a slab that workers other than the owner have given back: one list, in one word.

use super::mailbox::Posted;
use crate::slab::class::{GRAIN_SHIFT, SUPERSLAB_SHIFT};
use crate::slab::sync::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use crate::units::{count, index, low_32};

/// Bits of a position or a number in the word: a slab of 2 MiB has 2^17 grains.
const BITS: u32 = SUPERSLAB_SHIFT - GRAIN_SHIFT + 1;
const MASK: u64 = (1 << BITS) - 1;
const _: () = assert!(3 * BITS <= 64);

/// A list of objects of one slab. `head` and `tail` are distances from the slab's start in bytes, multiples of a grain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Returns {
    /// The object that comes first.
    pub(super) head: usize,
    /// The object that comes last; its link is not part of this value.
    pub(super) tail: usize,
    /// Number of objects, at least 1.
    pub(super) objects: u32,
}

impl Returns {
    /// The list in one word; 0 is no list.
    fn packed(self) -> u64 {
        let grains = |bytes: usize| count(bytes) >> GRAIN_SHIFT;
        debug_assert!(self.objects > 0 && u64::from(self.objects) <= MASK);
        grains(self.head) << (2 * BITS) | grains(self.tail) << BITS | u64::from(self.objects)
    }

    fn unpacked(word: u64) -> Option<Returns> {
        let bytes = |grains: u64| index(low_32(grains & MASK)) << GRAIN_SHIFT;
        let objects = low_32(word & MASK);
        (objects != 0).then(|| Returns {
            head: bytes(word >> (2 * BITS)),
            tail: bytes(word >> BITS),
            objects,
        })
    }
}

/// The objects of one slab that other workers have given back, and the slab's place in a mailbox. A cache line of its
/// own, so that those workers take no line from the owner's fast path. All zero is valid: none, in no mailbox.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Returned {
    word: AtomicU64,
    /// The next slab in the mailbox.
    link: AtomicU32,
}

impl Posted for Returned {
    fn link(&self) -> &AtomicU32 {
        &self.link
    }
}

impl Returned {
    #[cfg(all(test, loom))]
    pub(super) fn new() -> Returned {
        Returned { word: AtomicU64::new(0), link: AtomicU32::new(0) }
    }

    /// Anyone: adds a chain. `join` stores the link from the chain's tail to the object at the given distance from the
    /// slab's start, or to the end of the list; after an exchange that failed it is called again, and the last call
    /// counts. Returns true when the caller must post the slab to its owner.
    pub(super) fn add(&self, chain: Returns, mut join: impl FnMut(Option<usize>)) -> bool {
        // Relaxed: nothing of the present list is read, only its position is stored.
        let mut word = self.word.load(Relaxed);
        loop {
            let present = Returns::unpacked(word);
            join(present.map(|present| present.head));
            let all = match present {
                None => chain,
                // After 2^18 - 1 objects, more than a slab has, something was given back twice: the count stays.
                Some(Returns { tail, objects, .. }) => {
                    let objects = u64::from(objects) + u64::from(chain.objects);
                    Returns { head: chain.head, tail, objects: low_32(objects.min(MASK)) }
                }
            };
            // Release publishes the links, and the last users' accesses to the objects, to the owner that takes the
            // list; Acquire keeps this exchange in the release sequences of the chains before.
            match self.word.compare_exchange_weak(word, all.packed(), AcqRel, Relaxed) {
                Ok(_) => return present.is_none(),
                Err(found) => word = found,
            }
        }
    }

    /// Owner: takes all. The caller has taken the slab's mailbox entry and read its link: from now on the slab may be
    /// posted again.
    pub(super) fn take(&self) -> Option<Returns> {
        // Acquire: the objects' last users are done with them, and the links are there.
        Returns::unpacked(self.word.swap(0, Acquire))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::slab::class::{GRAIN_BYTES, SUPERSLAB_BYTES};

    #[test]
    fn a_list_survives_packing() {
        for (head, tail) in [(0, 0), (0, SUPERSLAB_BYTES - GRAIN_BYTES), (SUPERSLAB_BYTES - GRAIN_BYTES, 16)]
        {
            for objects in [1, 2048, (1 << BITS) - 1] {
                let returns = Returns { head, tail, objects };
                assert_eq!(Returns::unpacked(returns.packed()), Some(returns));
            }
        }
        assert_eq!(Returns::unpacked(0), None);
    }

    #[test]
    fn chains_are_joined_and_only_the_first_is_posted() {
        let returned = Returned { word: AtomicU64::new(0), link: AtomicU32::new(0) };
        let mut joined = [Some(0); 2];
        let first = Returns { head: 64, tail: 32, objects: 2 };
        assert!(returned.add(first, |next| joined[0] = next));
        assert!(!returned.add(Returns { head: 128, tail: 96, objects: 3 }, |next| joined[1] = next));
        assert_eq!(joined, [None, Some(64)]);
        assert_eq!(returned.take(), Some(Returns { head: 128, tail: 32, objects: 5 }));
        assert_eq!(returned.take(), None);
        assert!(returned.add(first, |_| ()), "the next one is posted again");
    }
}
