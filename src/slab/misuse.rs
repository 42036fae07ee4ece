//! Errors between a cache and its caller: no room, or a pointer that is not a live object.

use std::fmt;

/// The arena has no room for the object. Giving objects back makes room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arena has no room for this object")
    }
}

impl std::error::Error for OutOfMemory {}

/// The kind of a detected misuse. A pointer that is refused is not freed; `Damaged` is found later than its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// The address is outside the arena: from another allocator, or from another heap.
    Foreign,
    /// The object was given back before.
    DoubleFree,
    /// No object is live there: its slab was recycled since, or the memory was never handed out.
    NotAllocated,
    /// The address lies inside an object, not at its start.
    Interior,
    /// The object at this address was not allocated with this size.
    WrongLayout,
    /// A free object was written to, or had been given back twice: its link to the next free object is destroyed. Found
    /// when the object was about to be handed out, or when its slab was about to be released; the slab is not used
    /// again.
    Damaged,
    /// Bytes behind the object were overwritten.
    Overflow,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misuse::Foreign => "the pointer is not from this heap",
            Misuse::DoubleFree => "the object was given back twice",
            Misuse::NotAllocated => {
                "no object is live at this address: given back before, or never handed out"
            }
            Misuse::Interior => "the pointer is inside an object, not at its start",
            Misuse::WrongLayout => "the object was allocated with another size",
            Misuse::Damaged => "a free object was written to, or given back twice before",
            Misuse::Overflow => "bytes behind the object were overwritten",
        })
    }
}

impl std::error::Error for Misuse {}

/// One misuse, with the data that a report needs to find the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Kind of misuse.
    pub misuse: Misuse,
    /// The address that was handed back, or that of the damaged object.
    pub address: usize,
    /// The size that was handed back with the address, in bytes; of a damaged object the size of its class.
    pub bytes: usize,
    /// The worker of the cache that detected it.
    pub worker: u32,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { misuse, address, bytes, worker } = self;
        match misuse {
            Misuse::Damaged => write!(f, "worker {worker} found {bytes} bytes at {address:#x}: {misuse}"),
            _ => write!(f, "worker {worker} gave back {bytes} bytes at {address:#x}: {misuse}"),
        }
    }
}
