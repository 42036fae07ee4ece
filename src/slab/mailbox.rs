//! Where a worker finds the slabs that others have freed objects into: a stack that is pushed to by anyone and
//! taken all at once, so that no entry is ever popped alone and the ABA problem cannot arise.
//!
//! It carries slab numbers; the freed objects themselves are bits in the slab (`Slab::free_remotely`).

use super::sync::{
    AtomicU32,
    Ordering::{AcqRel, Relaxed, Release},
};

/// The top slab's number + 1, 0 when empty. On its own pair of cache lines (the prefetcher fetches pairs): others
/// push to it while the worker next door reads its own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Mailbox {
    head: AtomicU32,
}

/// The link of a slab to the next one in its mailbox, as number + 1. It belongs to the mailbox the slab is in, or
/// to the worker that is about to push it.
pub(super) trait Posted {
    /// The link.
    fn link(&self) -> &AtomicU32;
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
        Mailbox { head: AtomicU32::new(0) }
    }

    /// Whether nothing has arrived. `Relaxed`: it only decides whether to look now or at the next refill.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.load(Relaxed) == 0
    }

    /// Adds a slab that is in no mailbox. Anyone may.
    pub(super) fn push<T: Posted>(&self, slabs: &[T], number: u32) {
        let link = slabs[number as usize].link();
        let mut head = self.head.load(Relaxed);
        loop {
            // Published by the exchange below.
            link.store(head, Relaxed);
            // Release publishes the link, and the freed bits the pusher has set, to whoever takes the mailbox;
            // later pushes continue the release sequence.
            match self.head.compare_exchange_weak(head, number + 1, Release, Relaxed) {
                Ok(_) => return,
                Err(found) => head = found,
            }
        }
    }

    /// Takes everything. Anyone may: a slab that is not the taker's must be pushed on to its owner's mailbox.
    pub(super) fn take(&self) -> Chain {
        // Acquire sees what every pusher published; AcqRel because the exchange also ends the release sequence
        // that later pushes start from.
        Chain(self.head.swap(0, AcqRel))
    }
}

/// Slabs taken from a mailbox, not yet looked at.
#[derive(Debug)]
#[must_use = "slabs that are dropped from a chain are never drained"]
pub(super) struct Chain(u32);

impl Chain {
    /// The next slab. Its link is read first: from then on the slab may be pushed somewhere again.
    pub(super) fn next<T: Posted>(&mut self, slabs: &[T]) -> Option<u32> {
        let number = self.0.checked_sub(1)?;
        // Published to the taker by `take`.
        self.0 = slabs[number as usize].link().load(Relaxed);
        Some(number)
    }
}
