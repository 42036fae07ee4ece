//! larson: a worker keeps a table of live objects and replaces a random one again and again.
//!
//! After P. Larson and M. Krishnan, "Memory allocation for long-running server applications", ISMM 1998, without its
//! hand-over between threads: the victim is random, sizes are uniform, each new object is written to. One operation
//! is one object given back and one allocated.

use std::alloc::Layout;
use std::ops::RangeInclusive;

use super::pattern::{Fault, Pattern};
use crate::mix::Random;
use crate::slab::{Allocate, Demand};

/// Live objects a worker keeps.
pub const SLOTS: usize = 1024;
/// Sizes in bytes.
pub const SIZES: RangeInclusive<u32> = 8..=128;

/// One worker's table of live objects.
#[derive(Debug)]
pub struct Larson<O> {
    slots: Box<[Option<O>]>,
    random: Random,
}

impl<A: Allocate> Pattern<A> for Larson<A::Object> {
    const DEMAND: Demand = Demand {
        live_per_worker: SLOTS as u64,
        bytes_min: *SIZES.start() as u64,
        bytes_max: *SIZES.end() as u64,
    };

    fn new(allocator: &mut A, seed: u64) -> Result<Larson<A::Object>, Fault> {
        let mut larson = Larson { slots: (0..SLOTS).map(|_| None).collect(), random: Random::new(seed) };
        for slot in 0..SLOTS {
            larson.replace(allocator, slot)?;
        }
        Ok(larson)
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, operations: u64) -> Result<(), Fault> {
        for _ in 0..operations {
            let slot = self.random.below(SLOTS as u32) as usize;
            self.replace(allocator, slot)?;
        }
        Ok(())
    }

    fn finish(mut self, allocator: &mut A) -> Result<(), Fault> {
        for object in self.slots.iter_mut().filter_map(Option::take) {
            allocator.give_back(object).map_err(Fault::Refused)?;
        }
        Ok(())
    }
}

impl<O> Larson<O> {
    // Always: a call would cost as much as the fast paths that are measured.
    #[inline(always)]
    pub(super) fn replace<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        slot: usize,
    ) -> Result<(), Fault> {
        if let Some(object) = self.slots[slot].take() {
            allocator.give_back(object).map_err(Fault::Refused)?;
        }
        let bytes = SIZES.start() + self.random.below(SIZES.end() - SIZES.start() + 1);
        let layout = Layout::from_size_align(bytes as usize, 8).expect("a small size is a valid layout");
        let mut object = allocator.take(layout).map_err(Fault::NoRoom)?;
        let memory = allocator.memory(&mut object);
        memory[0].write(slot as u8);
        memory[bytes as usize - 1].write(bytes as u8);
        self.slots[slot] = Some(object);
        Ok(())
    }
}
