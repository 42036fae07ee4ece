//! mixed-lifetime: most objects of a worker live for a moment, and one in ten lives long.
//!
//! The pattern of a program with a cache: temporary objects come and go around objects that stay, and share slabs and
//! pages with them. 90 % of the operations, drawn at random, replace the oldest of a ring of 64 objects. The others replace
//! a random one of a large table, whose objects live for 10 times its number of operations on average. Sizes are uniform.
//! One operation is one object given back and one allocated.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, give_back, places, take};
use super::sizes::Sizes;
use crate::mix::scaled;
use crate::slab::{Allocate, Demand};
use crate::units::{high_32, low_32};

/// Places of the table of long-lived objects unless the job sets `slots`.
pub const SLOTS: u32 = 16_384;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 128);
/// Places of the ring of short-lived objects.
const SHORT: usize = 64;
/// One operation in this many is on a long-lived object.
const LONG_IN: u32 = 10;

/// One worker's objects.
#[derive(Debug)]
pub struct MixedLifetime<O> {
    short: [Option<O>; SHORT],
    /// Operations on short-lived objects so far.
    rounds: usize,
    long: Box<[Option<O>]>,
    /// Places for long-lived objects.
    count: u32,
    sizes: Sizes,
    random: Draws,
}

impl<A: Allocate<Object: Send>> Pattern<A> for MixedLifetime<A::Object> {
    type Shared = ();

    fn demand(dimensions: Dimensions) -> Demand {
        dimensions.demand(u64::from(dimensions.objects) + SHORT as u64)
    }

    fn share(_dimensions: Dimensions, _workers: u32) {}

    fn new(allocator: &mut A, setup: WorkerSetup<'_, ()>) -> Result<MixedLifetime<A::Object>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        let mut mixed = MixedLifetime {
            short: [const { None }; SHORT],
            rounds: 0,
            long: places(objects),
            count: objects,
            sizes,
            random: Draws::new(setup.seed),
        };
        for place in 0..mixed.long.len() {
            let bytes = sizes.uniform(&mut mixed.random);
            mixed.replace_long(allocator, place, bytes)?;
        }
        Ok(mixed)
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, _shared: &(), operations: u64) -> Result<u64, Fault> {
        for _ in 0..operations {
            let bits = self.random.bits();
            let bytes = self.sizes.chosen(low_32(bits));
            if scaled(high_32(bits), LONG_IN) == 0 {
                let place = scaled(high_32(self.random.bits()), self.count) as usize;
                self.replace_long(allocator, place, bytes)?;
            } else {
                self.replace_oldest_short(allocator, bytes)?;
            }
        }
        Ok(operations)
    }

    fn finish(mut self, allocator: &mut A, _shared: &()) -> Result<(), Fault> {
        empty(allocator, &mut self.short)?;
        empty(allocator, &mut self.long)
    }
}

impl<O> MixedLifetime<O> {
    #[inline(always)]
    fn replace_oldest_short<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        bytes: u32,
    ) -> Result<(), Fault> {
        let place = self.rounds % SHORT;
        self.rounds = self.rounds.wrapping_add(1);
        give_back(allocator, self.short[place].take())?;
        self.short[place] = Some(take(allocator, bytes, place)?);
        Ok(())
    }

    #[inline(always)]
    fn replace_long<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        place: usize,
        bytes: u32,
    ) -> Result<(), Fault> {
        give_back(allocator, self.long[place].take())?;
        self.long[place] = Some(take(allocator, bytes, place)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::*;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<MixedLifetime<Numbered>>(Dimensions { objects: SLOTS, sizes: SIZES }, 1);
        check::<MixedLifetime<Numbered>>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn nine_of_ten_objects_leave_after_64_operations_of_their_kind() {
        let dimensions = Dimensions { objects: 1000, sizes: SIZES };
        let mut allocator = Numbering::with_room_for(1064);
        let mut mixed = MixedLifetime::new(&mut allocator, setup(dimensions, &())).expect("room");
        let operations = 10_000;
        mixed.run_for(&mut allocator, &(), operations as u64).expect("room");
        // 64 short-lived objects take 71 operations on average; 200 would be a chance of one in 10^50.
        let age = |(returned, number): (usize, &usize)| {
            let allocated = returned + allocator.sizes.len() - allocator.returned.len();
            allocated - number
        };
        let young = allocator.returned.iter().enumerate().map(age).filter(|age| *age < 200).count();
        assert!((8500..9500).contains(&young), "{young} of {operations}");
    }
}
