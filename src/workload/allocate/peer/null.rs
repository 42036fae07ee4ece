//! No allocator: every object of a worker has the same memory. A workload served by it shows its own cost.

use std::alloc::Layout;
use std::hint::black_box;
use std::mem::MaybeUninit;

use super::{Peer, Provenance};
use crate::error::Result;
use crate::slab::{Allocate, Demand, Heap, Misuse, OutOfMemory};

/// Alignment of the buffer in bytes: a cache line.
const ALIGN: usize = 64;

/// One worker's buffer, as long as the largest object.
#[derive(Debug)]
pub struct Null {
    buffer: Box<[MaybeUninit<u8>]>,
    /// Bytes before the first aligned byte.
    start: usize,
}

/// The layout of an object: 16 bytes, as an object of the slab allocator, so that tables of objects have equal sizes.
#[derive(Debug)]
pub struct NullObject(Layout);

impl Null {
    /// A buffer for objects of up to `bytes` bytes.
    pub fn new(bytes: usize) -> Null {
        let buffer = Box::new_uninit_slice(bytes + ALIGN);
        let start = buffer.as_ptr().align_offset(ALIGN);
        Null { buffer, start }
    }
}

impl Peer<'_> for Null {
    fn provenance() -> Option<Provenance> {
        None
    }

    fn serve(_worker: u32, demand: Demand, _heap: Option<&Heap>) -> Result<Null> {
        Ok(Null::new(usize::try_from(demand.bytes_max).expect("an object fits the address space")))
    }
}

impl Allocate for Null {
    type Object = NullObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<NullObject, OutOfMemory> {
        let fits = layout.size() <= self.buffer.len() - ALIGN && layout.align() <= ALIGN;
        if fits { Ok(NullObject(layout)) } else { Err(OutOfMemory) }
    }

    #[inline]
    fn give_back(&mut self, _object: NullObject) -> Result<(), Misuse> {
        Ok(())
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut NullObject) -> &'a mut [MaybeUninit<u8>] {
        // Hides from the compiler that the memory is never read; otherwise it would remove the workload's writes.
        &mut black_box(&mut self.buffer[..])[self.start..][..object.0.size()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_the_same_aligned_memory() {
        let mut null = Null::new(128);
        let mut places = Vec::new();
        for bytes in [1, 8, 128] {
            let layout = Layout::from_size_align(bytes, ALIGN).expect("small");
            let mut object = null.take(layout).expect("it fits");
            let memory = null.memory(&mut object);
            assert_eq!(memory.len(), bytes);
            places.push(memory.as_ptr().addr());
            assert_eq!(null.give_back(object), Ok(()));
        }
        assert_eq!(places, [places[0]; 3]);
        assert_eq!(places[0] % ALIGN, 0);
        assert!(null.take(Layout::from_size_align(129, 1).expect("small")).is_err());
        assert_eq!(size_of::<Option<NullObject>>(), 16);
    }
}
