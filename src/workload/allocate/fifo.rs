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

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;
    use crate::slab::{Misuse, OutOfMemory};

    /// An allocator that numbers its objects and notes the order in which they come back.
    struct Numbering {
        room: usize,
        sizes: Vec<usize>,
        returned: Vec<usize>,
    }

    #[derive(Debug)]
    struct Numbered {
        number: usize,
        memory: Box<[MaybeUninit<u8>]>,
    }

    impl Numbering {
        fn with_room_for(room: usize) -> Numbering {
            Numbering { room, sizes: Vec::new(), returned: Vec::new() }
        }
    }

    impl Allocate for Numbering {
        type Object = Numbered;

        fn take(&mut self, layout: Layout) -> Result<Numbered, OutOfMemory> {
            let number = self.sizes.len();
            if number - self.returned.len() == self.room {
                return Err(OutOfMemory);
            }
            self.sizes.push(layout.size());
            Ok(Numbered { number, memory: Box::new_uninit_slice(layout.size()) })
        }

        fn give_back(&mut self, object: Numbered) -> Result<(), Misuse> {
            self.returned.push(object.number);
            Ok(())
        }

        fn memory<'a>(&'a mut self, object: &'a mut Numbered) -> &'a mut [MaybeUninit<u8>] {
            &mut object.memory
        }
    }

    const DEMAND: Demand = <Fifo<Numbered> as Pattern<Numbering>>::DEMAND;

    #[test]
    fn objects_leave_in_the_order_in_which_they_came() {
        // Room for exactly as many objects as the demand states.
        let mut allocator = Numbering::with_room_for(DEMAND.live_per_worker as usize);
        let mut fifo = Fifo::new(&mut allocator, 7).expect("room");
        assert_eq!((allocator.sizes.len(), allocator.returned.len()), (LIVE, 0));
        // More than twice around the ring, ending inside it.
        let operations = 2 * LIVE + 5;
        fifo.run_for(&mut allocator, operations as u64).expect("room");
        assert_eq!(allocator.sizes.len(), LIVE + operations);
        assert!(allocator.returned.iter().copied().eq(0..operations));
        fifo.finish(&mut allocator).expect("every object is taken back");
        allocator.returned[operations..].sort_unstable();
        assert!(allocator.returned.iter().copied().eq(0..LIVE + operations), "each object comes back once");
    }

    #[test]
    fn sizes_follow_from_the_seed_and_cover_the_demand() {
        let sizes = |seed| {
            let mut allocator = Numbering::with_room_for(LIVE);
            let mut fifo = Fifo::new(&mut allocator, seed).expect("room");
            // 60 objects of each size on average, so that all sizes occur.
            fifo.run_for(&mut allocator, 60 * 121).expect("room");
            allocator.sizes
        };
        let found = sizes(7);
        let extremes = [found.iter().min(), found.iter().max()].map(|size| size.map(|bytes| *bytes as u64));
        assert_eq!(extremes, [Some(DEMAND.bytes_min), Some(DEMAND.bytes_max)]);
        assert_eq!(found, sizes(7));
        assert_ne!(found, sizes(8));
    }

    #[test]
    fn an_allocator_without_room_ends_it() {
        let mut allocator = Numbering::with_room_for(LIVE - 1);
        let fault = Fifo::new(&mut allocator, 7).expect_err("one object does not fit");
        assert_eq!(fault, Fault::NoRoom(OutOfMemory));
    }
}
