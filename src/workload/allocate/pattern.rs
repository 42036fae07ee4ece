//! The trait that every allocator workload implements, and the faults that end one.

use crate::error::Error;
use crate::slab::{Allocate, Demand, Misuse, OutOfMemory};

/// One worker's state of an allocator workload: live objects, and the rule that replaces them.
///
/// `run_for` is the timed region: it reads no clock and takes memory from nothing but `allocator`. All other memory is
/// taken in `new`.
pub trait Pattern<A: Allocate>: Sized {
    /// Objects that one worker keeps live at most, and their sizes.
    const DEMAND: Demand;

    /// Allocates the first objects.
    ///
    /// # Errors
    /// When the allocator has no room.
    fn new(allocator: &mut A, seed: u64) -> Result<Self, Fault>;

    /// Does this many operations.
    ///
    /// # Errors
    /// When the allocator has no room, or refuses an object that it handed out itself.
    fn run_for(&mut self, allocator: &mut A, operations: u64) -> Result<(), Fault>;

    /// Gives all objects back.
    ///
    /// # Errors
    /// When the allocator refuses an object that it handed out itself.
    fn finish(self, allocator: &mut A) -> Result<(), Fault>;
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
