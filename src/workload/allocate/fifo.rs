//! fifo: a worker keeps a ring of live objects and replaces the oldest again and again.
//!
//! The pattern of a queue of messages. Objects, sizes and writes are those of larson: the order of frees is the only
//! difference between the two.

use super::larson::{Larson, SLOTS};
use super::pattern::{Fault, Pattern};
use crate::slab::{Allocate, Demand};

/// One worker's ring of live objects. An object leaves after `SLOTS` operations.
#[derive(Debug)]
pub struct Fifo<O> {
    ring: Larson<O>,
    /// Place of the oldest object, below `SLOTS`.
    oldest: usize,
}

impl<A: Allocate> Pattern<A> for Fifo<A::Object> {
    const DEMAND: Demand = <Larson<A::Object> as Pattern<A>>::DEMAND;

    fn new(allocator: &mut A, seed: u64) -> Result<Fifo<A::Object>, Fault> {
        Ok(Fifo { ring: Larson::new(allocator, seed)?, oldest: 0 })
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, operations: u64) -> Result<(), Fault> {
        for _ in 0..operations {
            self.ring.replace(allocator, self.oldest)?;
            self.oldest = (self.oldest + 1) % SLOTS;
        }
        Ok(())
    }

    fn finish(self, allocator: &mut A) -> Result<(), Fault> {
        self.ring.finish(allocator)
    }
}
