//! Superslabs of workers that have left: a lock-free stack that any worker may push to and pop from.
//!
//! Treiber's stack (IBM RJ 5118, 1986) over numbers. A popped superslab may be pushed again while another worker is
//! still about to exchange the head it read (ABA). The head therefore carries a generation that every change
//! increments: a stale exchange succeeds only after 2^32 changes during one worker's exchange.

use crate::slab::sync::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use crate::units::{index, low_32};

/// Generation in the high half, top superslab's number + 1 in the low half, 0 when empty.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Orphans {
    head: AtomicU64,
}

/// A record that can be in the stack; its link names the record below it, as number + 1.
pub(super) trait Stacked {
    /// The link.
    fn below(&self) -> &AtomicU32;
}

fn top(head: u64) -> u32 {
    low_32(head)
}

fn successor(head: u64, top: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | u64::from(top)
}

impl Orphans {
    pub(super) fn new() -> Orphans {
        Orphans { head: AtomicU64::new(0) }
    }

    /// Gives up a superslab that the caller owns.
    pub(super) fn push<T: Stacked>(&self, superslabs: &[T], number: u32) {
        let below = superslabs[index(number)].below();
        let mut head = self.head.load(Relaxed);
        loop {
            // Published by the exchange below; a worker that reads it earlier fails its own exchange.
            below.store(top(head), Relaxed);
            // Release publishes everything the owner wrote into the superslab's records; Acquire keeps the
            // exchange part of the release sequences of the superslabs below.
            match self.head.compare_exchange_weak(head, successor(head, number + 1), AcqRel, Relaxed) {
                Ok(_) => return,
                Err(found) => head = found,
            }
        }
    }

    /// Takes the superslab that was pushed last; the caller owns it now.
    pub(super) fn pop<T: Stacked>(&self, superslabs: &[T]) -> Option<u32> {
        // Acquire: the link read next must be the one its pusher stored.
        let mut head = self.head.load(Acquire);
        loop {
            let number = top(head).checked_sub(1)?;
            // The link may be stale when the superslab was popped and pushed meanwhile; then the generation differs.
            let below = superslabs[index(number)].below().load(Relaxed);
            // Acquire makes visible what the pusher wrote into the records.
            match self.head.compare_exchange_weak(head, successor(head, below), AcqRel, Acquire) {
                Ok(_) => return Some(number),
                Err(found) => head = found,
            }
        }
    }
}
