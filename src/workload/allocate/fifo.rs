//! fifo: a worker keeps a ring of live objects and replaces the oldest again and again.
//!
//! The pattern of a queue of messages. Sizes are uniform, each new object is written to. One operation is one object
//! given back and one allocated, as in larson: the order of frees is the only difference between the two.

use std::alloc::Layout;
use std::ops::RangeInclusive;

use super::pattern::{Fault, Pattern};
use crate::mix::Random;
use crate::slab::{Allocate, Demand};

/// Live objects a worker keeps.
const LIVE: usize = 1024;
/// Sizes in bytes.
const SIZES: RangeInclusive<u32> = 8..=128;

/// One worker's ring of live objects. An object leaves after `LIVE` operations.
#[derive(Debug)]
pub struct Fifo<O> {
    ring: Box<[Option<O>]>,
    /// Place of the oldest object, below `LIVE`.
    oldest: usize,
    random: Random,
}

impl<A: Allocate> Pattern<A> for Fifo<A::Object> {
    const DEMAND: Demand = Demand {
        live_per_worker: LIVE as u64,
        bytes_min: *SIZES.start() as u64,
        bytes_max: *SIZES.end() as u64,
    };

    fn new(allocator: &mut A, seed: u64) -> Result<Fifo<A::Object>, Fault> {
        let mut fifo = Fifo { ring: (0..LIVE).map(|_| None).collect(), oldest: 0, random: Random::new(seed) };
        fifo.run_for(allocator, LIVE as u64)?;
        Ok(fifo)
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, operations: u64) -> Result<(), Fault> {
        for _ in 0..operations {
            self.replace_oldest(allocator)?;
        }
        Ok(())
    }

    fn finish(mut self, allocator: &mut A) -> Result<(), Fault> {
        for object in self.ring.iter_mut().filter_map(Option::take) {
            allocator.give_back(object).map_err(Fault::Refused)?;
        }
        Ok(())
    }
}

impl<O> Fifo<O> {
    // Always: a call would cost as much as the fast paths that are measured.
    #[inline(always)]
    fn replace_oldest<A: Allocate<Object = O>>(&mut self, allocator: &mut A) -> Result<(), Fault> {
        let place = self.oldest;
        if let Some(object) = self.ring[place].take() {
            allocator.give_back(object).map_err(Fault::Refused)?;
        }
        let bytes = SIZES.start() + self.random.below(SIZES.end() - SIZES.start() + 1);
        let layout = Layout::from_size_align(bytes as usize, 8).expect("a small size is a valid layout");
        let mut object = allocator.take(layout).map_err(Fault::NoRoom)?;
        let memory = allocator.memory(&mut object);
        memory[0].write(place as u8);
        memory[bytes as usize - 1].write(bytes as u8);
        self.ring[place] = Some(object);
        self.oldest = (place + 1) % LIVE;
        Ok(())
    }
}
