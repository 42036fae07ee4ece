//! pingpong: a worker allocates one object and frees it, again and again, and has no other.
//!
//! No other object has its class, so each allocation takes the first object of an empty slab, and each free makes the slab
//! empty again. An allocator that gives an empty slab away at once pays for it here with a refill an operation. Sizes
//! are uniform within `sizes`; the default is one size, and with it one class. One operation is one object allocated
//! and freed.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, give_back, take};
use super::sizes::Sizes;
use crate::slab::{Allocate, Demand};

/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(64, 64);

/// One worker's choice of sizes: no object outlives its operation.
#[derive(Debug)]
pub struct PingPong {
    sizes: Sizes,
    random: Draws,
    operations: usize,
}

impl<A: Allocate> Pattern<A> for PingPong {
    type Shared = ();

    fn demand(dimensions: Dimensions) -> Demand {
        dimensions.demand(1)
    }

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(_allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<PingPong, Fault> {
        Ok(PingPong { sizes: setup.dimensions.sizes, random: Draws::new(setup.seed), operations: 0 })
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        for _ in 0..operations {
            let bytes = self.sizes.uniform(&mut self.random);
            let object = take(allocator, bytes, self.operations)?;
            give_back(allocator, Some(object))?;
            self.operations = self.operations.wrapping_add(1);
        }
        Ok(operations)
    }

    fn finish(self, _allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbering, check, setup};
    use super::*;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<PingPong>(Dimensions { objects: 1, sizes: SIZES }, 1);
        check::<PingPong>(Dimensions { objects: 1, sizes: Sizes::new(1, 4096) }, 1);
    }

    #[test]
    fn every_object_leaves_before_the_next_one_comes() {
        let mut allocator = Numbering::with_room_for(1);
        let dimensions = Dimensions { objects: 1, sizes: SIZES };
        let mut pingpong = PingPong::new(&mut allocator, setup(dimensions, &())).expect("room");
        pingpong.run_for(&mut allocator, &(), 100).expect("room for one");
        assert!(allocator.returned.iter().copied().eq(0..100));
        assert_eq!(allocator.sizes, [64; 100]);
    }
}
