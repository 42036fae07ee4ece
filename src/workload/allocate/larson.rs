//! larson: a worker keeps a table of live objects and replaces a random one again and again.
//!
//! After P. Larson and M. Krishnan, "Memory allocation for long-running server applications", ISMM 1998, without its
//! hand-over between threads: the victim is random, sizes are uniform, each new object is written to. One operation
//! is one object given back and one allocated.

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::mix::Random;
use crate::slab::{Allocate, Misuse, OutOfMemory};

/// Live objects a worker keeps.
pub const SLOTS: usize = 1024;
/// Sizes in bytes.
pub const SIZES: RangeInclusive<u32> = 8..=128;
/// Operations between two looks at the stop flag: about 30 us, so that neither the look nor the wait counts.
const STRIDE: u64 = 4096;

/// One worker's table of live objects. All memory it needs itself is taken in `new`.
#[derive(Debug)]
pub struct Larson<O> {
    slots: Box<[Option<O>]>,
    random: Random,
}

impl<O: AsMut<[MaybeUninit<u8>]>> Larson<O> {
    /// Fills the table.
    ///
    /// # Errors
    /// When the allocator has no room.
    pub fn new<A: Allocate<Object = O>>(allocator: &mut A, seed: u64) -> Result<Larson<O>> {
        let mut larson = Larson { slots: (0..SLOTS).map(|_| None).collect(), random: Random::new(seed) };
        for slot in 0..SLOTS {
            larson.replace(allocator, slot).map_err(Fault::explain)?;
        }
        Ok(larson)
    }

    /// Replaces random objects until `stop` is set; returns how many. The timed region.
    ///
    /// # Errors
    /// When the allocator has no room, or refuses an object it handed out itself.
    pub fn run<A: Allocate<Object = O>>(&mut self, allocator: &mut A, stop: &AtomicBool) -> Result<u64> {
        let mut operations = 0;
        // Relaxed: the flag publishes nothing.
        while !stop.load(Ordering::Relaxed) {
            self.run_for(allocator, STRIDE)?;
            operations += STRIDE;
        }
        Ok(operations)
    }

    /// Replaces this many random objects.
    ///
    /// # Errors
    /// As `run`.
    #[inline]
    pub fn run_for<A: Allocate<Object = O>>(&mut self, allocator: &mut A, operations: u64) -> Result<()> {
        for _ in 0..operations {
            let slot = self.random.below(SLOTS as u32) as usize;
            self.replace(allocator, slot).map_err(Fault::explain)?;
        }
        Ok(())
    }

    // Always: a call would cost as much as the fast paths that are measured.
    #[inline(always)]
    fn replace<A: Allocate<Object = O>>(&mut self, allocator: &mut A, slot: usize) -> Result<(), Fault> {
        if let Some(object) = self.slots[slot].take() {
            allocator.give_back(object).map_err(Fault::Refused)?;
        }
        let bytes = SIZES.start() + self.random.below(SIZES.end() - SIZES.start() + 1);
        let layout = Layout::from_size_align(bytes as usize, 8).expect("a small size is a valid layout");
        let mut object = allocator.take(layout).map_err(Fault::NoRoom)?;
        let memory = object.as_mut();
        memory[0].write(slot as u8);
        memory[bytes as usize - 1].write(bytes as u8);
        self.slots[slot] = Some(object);
        Ok(())
    }

    /// Gives all objects back.
    ///
    /// # Errors
    /// When the allocator refuses an object it handed out itself.
    pub fn finish<A: Allocate<Object = O>>(mut self, allocator: &mut A) -> Result<()> {
        for object in self.slots.iter_mut().filter_map(Option::take) {
            allocator.give_back(object).map_err(|why| Fault::Refused(why).explain())?;
        }
        Ok(())
    }
}

/// What can go wrong, small enough for a register; `explain` is for after the timed region.
enum Fault {
    NoRoom(OutOfMemory),
    Refused(Misuse),
}

impl Fault {
    #[cold]
    fn explain(self) -> Error {
        match self {
            Fault::NoRoom(why) => Error::Environment(format!("larson: {why}")),
            Fault::Refused(why) => Error::Failed(format!("larson: an object was refused: {why}")),
        }
    }
}
