//! The trait that every allocator workload implements, its parameters, and the faults that end one.

use std::alloc::Layout;

use super::sizes::Sizes;
use crate::error::Error;
use crate::slab::{Allocate, Demand, Misuse, OutOfMemory};

/// Parameters of a pattern, every default resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Objects of one worker, at least 1: the places of its table, or the objects that are live at most. A pattern that
    /// has neither takes no notice of it.
    pub objects: u32,
    /// Sizes of the objects.
    pub sizes: Sizes,
}

/// A worker's place in a pattern.
#[derive(Debug)]
pub struct WorkerSetup<'a, S> {
    /// The worker.
    pub worker: u32,
    /// Number of workers.
    pub workers: u32,
    /// Seed of its choices.
    pub seed: u64,
    /// The parameters.
    pub dimensions: Dimensions,
    /// State that all workers of the rank share.
    pub shared: &'a S,
}

/// One worker's state of an allocator workload: live objects, and the rule that replaces them.
///
/// `run_for` is the timed region: it reads no clock and takes memory from nothing but `allocator`. All other memory is
/// taken in `new` and in `share`.
pub trait Pattern<A: Allocate>: Sized + Send {
    /// State that all workers of a rank share: `()` for workers that do not meet.
    type Shared: Sync;

    /// Operations after which a worker's thread ends and another takes over its pattern, with a new front end of the
    /// allocator; `None` when the thread stays.
    const LIFE: Option<u64> = None;

    /// Objects that one worker keeps live at most, and their sizes.
    fn demand(dimensions: Dimensions) -> Demand {
        dimensions.demand(dimensions.objects.into())
    }

    /// The shared state of this many workers.
    fn share(dimensions: Dimensions, workers: u32) -> Self::Shared;

    /// Allocates the first objects. All workers have returned from it before `run_for` is called.
    ///
    /// # Errors
    /// When the allocator has no room.
    fn new(allocator: &mut A, setup: WorkerSetup<'_, Self::Shared>) -> Result<Self, Fault>;

    /// Does this many operations, or fewer when it would have to wait for another worker or is full. Returns the number
    /// of operations that ended here.
    ///
    /// # Errors
    /// When the allocator has no room, or refuses an object that it handed out itself.
    fn run_for(&mut self, allocator: &mut A, shared: &Self::Shared, operations: u64) -> Result<u64, Fault>;

    /// True when the next operation needs [`Pattern::start_anew`] first.
    #[inline]
    fn is_full(&self) -> bool {
        false
    }

    /// Goes back to the first state; its time counts for nothing.
    ///
    /// # Errors
    /// When the allocator refuses an object that it handed out itself.
    fn start_anew(&mut self, _allocator: &mut A) -> Result<(), Fault> {
        Ok(())
    }

    /// The worker's thread is about to end, and another will go on.
    fn end_of_life(&mut self, _shared: &Self::Shared) {}

    /// Gives all objects back. No worker calls `run_for` any more.
    ///
    /// # Errors
    /// When the allocator refuses an object that it handed out itself.
    fn finish(self, allocator: &mut A, shared: &Self::Shared) -> Result<(), Fault>;
}

impl Dimensions {
    /// The demand of a worker with at most this many live objects.
    pub fn demand(self, live_per_worker: u64) -> Demand {
        let Sizes { min, max } = self.sizes;
        Demand { live_per_worker, bytes_min: min.into(), bytes_max: max.into() }
    }
}

/// Alignment of every object, in bytes.
const ALIGN: usize = 8;

/// Takes an object of this size and writes to its first and to its last byte.
// Always: a call would cost as much as the fast paths that are measured.
#[inline(always)]
pub fn take<A: Allocate>(allocator: &mut A, bytes: u32, mark: usize) -> Result<A::Object, Fault> {
    let layout = Layout::from_size_align(bytes as usize, ALIGN).expect("32 bits are a valid size");
    let mut object = allocator.take(layout).map_err(Fault::NoRoom)?;
    let memory = allocator.memory(&mut object);
    memory[0].write(mark as u8);
    memory[bytes as usize - 1].write(bytes as u8);
    Ok(object)
}

/// Gives an object back, if there is one.
#[inline(always)]
pub fn give_back<A: Allocate>(allocator: &mut A, object: Option<A::Object>) -> Result<(), Fault> {
    match object {
        Some(object) => allocator.give_back(object).map_err(Fault::Refused),
        None => Ok(()),
    }
}

/// Places for objects, all empty.
pub fn places<O>(count: u32) -> Box<[Option<O>]> {
    (0..count).map(|_| None).collect()
}

/// Gives back every object of a table.
pub fn empty<A: Allocate>(allocator: &mut A, table: &mut [Option<A::Object>]) -> Result<(), Fault> {
    table.iter_mut().try_for_each(|place| give_back(allocator, place.take()))
}

/// Reason why a workload cannot continue: small enough for a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The allocator has no room.
    NoRoom(OutOfMemory),
    /// The allocator refused an object that it handed out itself.
    Refused(Misuse),
}

impl Fault {
    /// The error that names the workload. It allocates: not for timed regions.
    #[cold]
    pub fn explain(self, workload: &str) -> Error {
        match self {
            Fault::NoRoom(why) => Error::Environment(format!("{workload}: {why}")),
            Fault::Refused(why) => Error::Failed(format!("{workload}: an object was refused: {why}")),
        }
    }
}
