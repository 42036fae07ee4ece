//! A worker's stack of slabs that hold objects freed by others. Any worker may push; the whole stack is taken at
//! once, so no entry is ever popped alone and the ABA problem cannot arise.
//!
//! It carries slab numbers; the freed objects themselves are in the slab (`Returned`).

use crate::slab::sync::{
    AtomicU32,
    Ordering::{AcqRel, Relaxed, Release},
};
use crate::units::index;

/// The top slab's number + 1, 0 when empty. Each mailbox has its own pair of cache lines (the prefetcher fetches
/// pairs): other workers push to it while the neighbouring worker reads its own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Mailbox {
    head: AtomicU32,
}

/// Link from a slab to the next one in its mailbox, as number + 1. It belongs to the mailbox that holds the slab, or
/// to the worker that is about to push the slab.
pub(super) trait Posted {
    /// The link.
    fn link(&self) -> &AtomicU32;
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
        Mailbox { head: AtomicU32::new(0) }
    }

    /// True when the mailbox is empty. `Relaxed`: it only decides between looking now and at the next refill.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.load(Relaxed) == 0
    }

    /// Adds a slab that is in no mailbox. Any worker may call it.
    pub(super) fn push<T: Posted>(&self, slabs: &[T], number: u32) {
        let link = slabs[index(number)].link();
        let mut head = self.head.load(Relaxed);
        loop {
            // Published by the exchange below.
            link.store(head, Relaxed);
            // Release publishes the link, and the chain that the pusher has added, to the worker that takes the
            // mailbox; later pushes continue the release sequence.
            match self.head.compare_exchange_weak(head, number + 1, Release, Relaxed) {
                Ok(_) => return,
                Err(found) => head = found,
            }
        }
    }

    /// Takes all entries. Any worker may: it must push a slab that it does not own to the mailbox of the slab's
    /// owner.
    pub(super) fn take(&self) -> Posts {
        // Acquire sees what every pusher published; AcqRel because the exchange also ends the release sequence
        // that later pushes start from.
        Posts(self.head.swap(0, AcqRel))
    }
}

/// Slabs taken from a mailbox, not yet looked at.
#[derive(Debug)]
#[must_use = "slabs that are left behind are never drained"]
pub(super) struct Posts(u32);

impl Posts {
    /// The next slab. Its link is read first: from then on the slab may be pushed somewhere again.
    pub(super) fn next<T: Posted>(&mut self, slabs: &[T]) -> Option<u32> {
        let number = self.0.checked_sub(1)?;
        // Published to the taker by `take`.
        self.0 = slabs[index(number)].link().load(Relaxed);
        Some(number)
    }
}
