//! burst: a worker allocates many objects, frees all of them, and begins again.
//!
//! The pattern of a server that builds the data of a request and drops it as a whole. All objects of a burst come from
//! slabs that were empty before, and go back in the order in which they were allocated. Sizes are uniform.
//! 20,000 live objects is the smaller of two standard values; `live = 200000` is the other.
//!
//! One operation is one object allocated and freed: two steps, and a call does twice as many steps as operations,
//! whether they allocate or free. So the rate counts both phases, wherever the timed region begins and ends.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, give_back, places, take};
use super::sizes::Sizes;
use crate::slab::Allocate;

/// Objects of a burst unless the job sets `live`.
pub const LIVE: u32 = 20_000;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 128);

/// One worker's burst.
#[derive(Debug)]
pub struct Burst<O> {
    objects: Box<[Option<O>]>,
    /// The place of the next step, of the phase that is going on.
    next: usize,
    frees: bool,
    sizes: Sizes,
    random: Draws,
}

impl<A: Allocate<Object: Send>> Pattern<A> for Burst<A::Object> {
    type Shared = ();

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(_allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<Burst<A::Object>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        let random = Draws::new(setup.seed);
        Ok(Burst { objects: places(objects), next: 0, frees: false, sizes, random })
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        let mut steps = 2 * operations;
        while steps > 0 {
            let (first, places) = (self.next, self.objects.len() - self.next);
            let count = usize::try_from(steps).map_or(places, |steps| steps.min(places));
            if self.frees {
                for place in first..first + count {
                    give_back(allocator, self.objects[place].take())?;
                }
            } else {
                for place in first..first + count {
                    let bytes = self.sizes.uniform(&mut self.random);
                    self.objects[place] = Some(take(allocator, bytes, place)?);
                }
            }
            steps -= count as u64;
            self.next += count;
            if self.next == self.objects.len() {
                (self.next, self.frees) = (0, !self.frees);
            }
        }
        Ok(operations)
    }

    fn finish(mut self, allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        empty(allocator, &mut self.objects)
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::*;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<Burst<Numbered>>(Dimensions { objects: LIVE, sizes: SIZES }, 1);
        check::<Burst<Numbered>>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn all_objects_come_before_any_leaves_and_leave_in_the_same_order() {
        let dimensions = Dimensions { objects: 10, sizes: SIZES };
        let mut allocator = Numbering::with_room_for(10);
        let mut burst = Burst::new(&mut allocator, setup(dimensions, &())).expect("room");
        // In calls that end inside both phases: 14 steps are ten objects that come and four that leave.
        burst.run_for(&mut allocator, &(), 2).expect("room");
        burst.run_for(&mut allocator, &(), 5).expect("room");
        assert_eq!((allocator.sizes.len(), &allocator.returned[..]), (10, &[0, 1, 2, 3][..]));
        // The rest of this burst, and one and a half more.
        burst.run_for(&mut allocator, &(), 18).expect("room");
        assert_eq!(allocator.sizes.len(), 30);
        assert!(allocator.returned.iter().copied().eq(0..20));
    }
}
