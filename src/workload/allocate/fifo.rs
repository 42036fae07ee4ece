//! fifo: a worker keeps a ring of live objects and replaces the oldest again and again.
//!
//! The pattern of a queue of messages. Sizes are uniform, each new object is written to. One operation is one object
//! given back and one allocated, as in larson: the order of frees is the only difference between the two.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, give_back, places, take};
use super::sizes::Sizes;
use crate::slab::Allocate;

/// Places of a worker's ring unless the job sets `slots`.
pub const SLOTS: u32 = 1024;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 128);

/// One worker's ring of live objects. An object leaves after as many operations as the ring has places.
#[derive(Debug)]
pub struct Fifo<O> {
    ring: Box<[Option<O>]>,
    /// Place of the oldest object.
    oldest: usize,
    sizes: Sizes,
    random: Draws,
}

impl<A: Allocate<Object: Send>> Pattern<A> for Fifo<A::Object> {
    type Shared = ();

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<Fifo<A::Object>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        let mut fifo = Fifo { ring: places(objects), oldest: 0, sizes, random: Draws::new(setup.seed) };
        fifo.run_for(allocator, &(), objects.into())?;
        Ok(fifo)
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        for _ in 0..operations {
            self.replace_oldest(allocator)?;
        }
        Ok(operations)
    }

    fn finish(mut self, allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        empty(allocator, &mut self.ring)
    }
}

impl<O> Fifo<O> {
    // Always: a call would cost as much as the fast paths that are measured.
    #[inline(always)]
    fn replace_oldest<A: Allocate<Object = O>>(&mut self, allocator: &mut A) -> Result<(), Fault> {
        let place = self.oldest;
        give_back(allocator, self.ring[place].take())?;
        let bytes = self.sizes.uniform(&mut self.random);
        self.ring[place] = Some(take(allocator, bytes, place)?);
        let next = place + 1;
        self.oldest = if next == self.ring.len() { 0 } else { next };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::*;
    use crate::slab::OutOfMemory;

    const DIMENSIONS: Dimensions = Dimensions { objects: SLOTS, sizes: SIZES };

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<Fifo<Numbered>>(DIMENSIONS, 1);
        check::<Fifo<Numbered>>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn objects_leave_in_the_order_in_which_they_came() {
        let live = SLOTS as usize;
        let mut allocator = Numbering::with_room_for(SLOTS.into());
        let mut fifo = Fifo::new(&mut allocator, setup(DIMENSIONS, &())).expect("room");
        assert_eq!((allocator.sizes.len(), allocator.returned.len()), (live, 0));
        // More than twice around the ring, ending inside it.
        let operations = 2 * live + 5;
        fifo.run_for(&mut allocator, &(), operations as u64).expect("room");
        assert_eq!(allocator.sizes.len(), live + operations);
        assert!(allocator.returned.iter().copied().eq(0..operations));
    }

    #[test]
    fn sizes_follow_from_the_seed_and_cover_the_demand() {
        let sizes = |seed| {
            let mut allocator = Numbering::with_room_for(SLOTS.into());
            let given = WorkerSetup { seed, ..setup(DIMENSIONS, &()) };
            let mut fifo = Fifo::new(&mut allocator, given).expect("room");
            // 60 objects of each size on average, so that all sizes occur.
            fifo.run_for(&mut allocator, &(), 60 * 121).expect("room");
            allocator.sizes
        };
        let found = sizes(7);
        assert_eq!([found.iter().min(), found.iter().max()], [Some(&8), Some(&128)]);
        assert_eq!(found, sizes(7));
        assert_ne!(found, sizes(8));
    }

    #[test]
    fn an_allocator_without_room_ends_it() {
        let mut allocator = Numbering::with_room_for(u64::from(SLOTS) - 1);
        let fault = Fifo::new(&mut allocator, setup(DIMENSIONS, &())).expect_err("one object does not fit");
        assert_eq!(fault, Fault::NoRoom(OutOfMemory));
    }
}
