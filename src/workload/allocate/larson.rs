//! larson and random: a worker keeps a table of live objects and replaces a random one again and again.
//!
//! After P. Larson and M. Krishnan, "Memory allocation for long-running server applications", ISMM 1998, without its
//! hand-over between threads (`larson_churn.rs` has it): the victim is random, sizes are uniform, each new object is
//! written to. One operation is one object given back and one allocated.
//!
//! `larson` and `random` differ only in the default of `slots`. 1,024 objects of 8 to 128 bytes take 70 KiB and lie in
//! the L2 cache; 16,384 objects with the allocator's own data take more than 1 MiB, so that most objects and their
//! entries in the table come from L3.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, give_back, places, take};
use super::sizes::{Draw, Sizes};
use crate::mix::scaled;
use crate::slab::Allocate;
use crate::units::{high_32, low_32};

/// Places of a worker's table unless the job sets `slots`.
pub const SLOTS: u32 = 1024;
/// The same, of the workload `random`.
pub const RANDOM_SLOTS: u32 = 16_384;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 128);

/// One worker's table of live objects; `D` draws their sizes.
#[derive(Debug)]
pub struct Larson<O, D = Sizes> {
    slots: Box<[Option<O>]>,
    /// Number of places.
    count: u32,
    sizes: D,
    random: Draws,
}

impl<A: Allocate<Object: Send>, D: Draw> Pattern<A> for Larson<A::Object, D> {
    type Shared = ();

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<Larson<A::Object, D>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        let mut random = Draws::new(setup.seed);
        let sizes = D::from(sizes, &mut random);
        let mut larson = Larson { slots: places(objects), count: objects, sizes, random };
        for slot in 0..larson.slots.len() {
            let bits = high_32(larson.random.bits());
            larson.replace(allocator, slot, bits)?;
        }
        Ok(larson)
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        for _ in 0..operations {
            let bits = self.random.bits();
            let slot = scaled(high_32(bits), self.count) as usize;
            self.replace(allocator, slot, low_32(bits))?;
        }
        Ok(operations)
    }

    fn finish(mut self, allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        empty(allocator, &mut self.slots)
    }
}

impl<O, D: Draw> Larson<O, D> {
    // Always: a call would cost as much as the fast paths that are measured.
    #[inline(always)]
    fn replace<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        slot: usize,
        size_bits: u32,
    ) -> Result<(), Fault> {
        let bytes = self.sizes.next(size_bits);
        give_back(allocator, self.slots[slot].take())?;
        self.slots[slot] = Some(take(allocator, bytes, slot)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::*;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<Larson<Numbered>>(Dimensions { objects: SLOTS, sizes: SIZES }, 1);
        check::<Larson<Numbered>>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn the_victim_is_random() {
        let dimensions = Dimensions { objects: SLOTS, sizes: SIZES };
        let mut allocator = Numbering::with_room_for(SLOTS.into());
        let mut larson = Larson::<_, Sizes>::new(&mut allocator, setup(dimensions, &())).expect("room");
        larson.run_for(&mut allocator, &(), 1000).expect("room");
        // Of the first thousand victims most are first objects, and they do not come in the order of their numbers.
        let first: Vec<usize> = allocator.returned.iter().copied().filter(|n| *n < SLOTS as usize).collect();
        assert!(first.len() > 500 && !first.is_sorted(), "{}", first.len());
        assert!(!first.iter().rev().is_sorted());
    }
}
