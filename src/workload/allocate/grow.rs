//! grow: a worker only allocates, up to a number of objects, and then begins with nothing again.
//!
//! The pattern of a program that loads its data. Nothing is freed between two objects, so the time is that of refills and of
//! memory that was not touched for long; until the first objects are freed, every object is new. One operation is one
//! object allocated. At `live` objects the worker frees all of them, in
//! the order in which they were allocated; neither that work nor its time is counted: the timed region of the worker is
//! longer by this time. The counters of noise cover it, and so do the readings of the whole machine.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, places, take};
use super::sizes::Sizes;
use crate::slab::Allocate;

/// Objects before the worker begins again, unless the job sets `live`.
pub const LIVE: u32 = 1_000_000;
/// Sizes unless the job sets `sizes`: one, so that the memory of a million objects is known to the byte.
pub const SIZES: Sizes = Sizes::new(64, 64);

/// One worker's objects.
#[derive(Debug)]
pub struct Grow<O> {
    objects: Box<[Option<O>]>,
    /// Objects that are live, in the first places.
    live: usize,
    sizes: Sizes,
    random: Draws,
}

impl<A: Allocate<Object: Send>> Pattern<A> for Grow<A::Object> {
    type Shared = ();

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(_allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<Grow<A::Object>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        Ok(Grow { objects: places(objects), live: 0, sizes, random: Draws::new(setup.seed) })
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        let (first, places) = (self.live, self.objects.len() - self.live);
        let count = usize::try_from(operations).map_or(places, |operations| operations.min(places));
        for place in first..first + count {
            let bytes = self.sizes.uniform(&mut self.random);
            self.objects[place] = Some(take(allocator, bytes, place)?);
        }
        self.live = first + count;
        Ok(count as u64)
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.live == self.objects.len()
    }

    fn start_anew(&mut self, allocator: &mut A) -> Result<(), Fault> {
        empty(allocator, &mut self.objects)?;
        self.live = 0;
        Ok(())
    }

    fn finish(mut self, allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        empty(allocator, &mut self.objects)
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::*;

    type Numbers = Grow<Numbered>;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<Numbers>(Dimensions { objects: 20_000, sizes: SIZES }, 1);
        check::<Numbers>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn nothing_is_given_back_before_it_is_full() {
        let dimensions = Dimensions { objects: 10, sizes: SIZES };
        let mut allocator = Numbering::with_room_for(10);
        let full = |grow: &Numbers| Pattern::<Numbering>::is_full(grow);
        let mut grow: Numbers = Grow::new(&mut allocator, setup(dimensions, &())).expect("room");
        assert_eq!(grow.run_for(&mut allocator, &(), 7), Ok(7));
        assert!(!full(&grow));
        assert_eq!(grow.run_for(&mut allocator, &(), 7), Ok(3));
        assert!(full(&grow) && allocator.returned.is_empty());
        assert_eq!(grow.run_for(&mut allocator, &(), 7), Ok(0));
        grow.start_anew(&mut allocator).expect("live objects");
        assert!(!full(&grow) && allocator.returned.iter().copied().eq(0..10));
        assert_eq!(grow.run_for(&mut allocator, &(), 7), Ok(7));
    }
}
