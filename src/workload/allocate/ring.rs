//! A bounded queue of batches from one thread to another.
//!
//! A ring of boxes that each hold one batch, possibly empty. The sender exchanges its full batch for the empty one in the
//! next box, the receiver its empty batch for the full one; both go round in the same order. So batches arrive in the
//! order in which they were sent, nothing is allocated after `new`, and neither side ever waits: the lock of a box is only
//! tried, and a box that the other side is at counts as not ready.

use std::sync::Mutex;

/// A box on cache lines of its own: 128 bytes, because CPUs prefetch lines in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Place<T>(Mutex<Vec<T>>);

/// The queue. One thread sends, one receives, each with its own [`Position`].
#[derive(Debug)]
pub struct Ring<T> {
    places: Box<[Place<T>]>,
}

/// The next box of the sender, or of the receiver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position(usize);

impl Position {
    fn advance(&mut self, places: usize) {
        self.0 = if self.0 + 1 == places { 0 } else { self.0 + 1 };
    }
}

impl<T> Ring<T> {
    /// A ring for `batches` batches of up to `batch` items.
    pub fn new(batches: usize, batch: usize) -> Ring<T> {
        Ring { places: (0..batches).map(|_| Place(Mutex::new(Vec::with_capacity(batch)))).collect() }
    }

    /// Sends a batch that is not empty, and leaves an empty one in its place. False when the ring is full.
    pub fn send(&self, position: &mut Position, batch: &mut Vec<T>) -> bool {
        self.exchange(position, batch, |waiting| waiting.is_empty())
    }

    /// Receives the next batch in exchange for an empty one. False when there is none.
    pub fn receive(&self, position: &mut Position, batch: &mut Vec<T>) -> bool {
        self.exchange(position, batch, |waiting| !waiting.is_empty())
    }

    fn exchange(&self, position: &mut Position, batch: &mut Vec<T>, ready: fn(&Vec<T>) -> bool) -> bool {
        // A lock is poisoned by a panic alone, which ends the process.
        let Ok(mut waiting) = self.places[position.0].0.try_lock() else { return false };
        if !ready(&waiting) {
            return false;
        }
        std::mem::swap(&mut *waiting, batch);
        position.advance(self.places.len());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_holds_as_many_batches_as_it_has_boxes_and_keeps_their_order() {
        let ring = Ring::new(3, 2);
        let (mut sender, mut receiver) = (Position::default(), Position::default());
        let mut hand = Vec::new();
        assert!(!ring.receive(&mut receiver, &mut hand), "an empty ring");
        for round in 0..5u32 {
            for batch in 0..3 {
                hand.push(round * 3 + batch);
                assert!(ring.send(&mut sender, &mut hand));
                assert!(hand.is_empty());
            }
            hand.push(99);
            assert!(!ring.send(&mut sender, &mut hand), "a full ring");
            assert_eq!(std::mem::take(&mut hand), [99]);
            for batch in 0..3 {
                assert!(ring.receive(&mut receiver, &mut hand));
                assert_eq!(std::mem::take(&mut hand), [round * 3 + batch]);
            }
            assert!(!ring.receive(&mut receiver, &mut hand));
        }
    }

    #[test]
    fn two_threads_pass_every_item_once_in_order() {
        let items = if cfg!(miri) { 200 } else { 100_000u32 };
        let ring = Ring::new(4, 8);
        let received = std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut position, mut batch) = (Position::default(), Vec::new());
                for item in 0..items {
                    batch.push(item);
                    // Batches of one to eight items.
                    while batch.len() > item as usize % 8 && !ring.send(&mut position, &mut batch) {
                        std::thread::yield_now();
                    }
                }
                while !batch.is_empty() && !ring.send(&mut position, &mut batch) {
                    std::thread::yield_now();
                }
            });
            let (mut position, mut batch, mut received) = (Position::default(), Vec::new(), Vec::new());
            while received.len() < items as usize {
                match ring.receive(&mut position, &mut batch) {
                    true => received.append(&mut batch),
                    false => std::thread::yield_now(),
                }
            }
            received
        });
        assert!(received.into_iter().eq(0..items));
    }
}
