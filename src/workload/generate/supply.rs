//! Supply of a workload's blocks: from a worker's cache, or as a zeroed buffer of the C library for every block.

use std::alloc::Layout;
use std::mem::MaybeUninit;

use crate::slab::{Allocate, Cache, Misuse, Object, OutOfMemory, RefillRecord};
use crate::workload::allocate::peer::{SystemObject, Zeroed};

/// Supply of one worker.
pub struct Supply<'heap> {
    /// `None`: every block is a new, zeroed buffer.
    cache: Option<Cache<'heap>>,
}

/// A block of either kind. Dropping it without giving it back leaks it.
#[derive(Debug)]
#[must_use = "a block that is not given back is lost"]
pub enum Block<'heap> {
    /// From a cache.
    Slab(Object<'heap>),
    /// A buffer of its own.
    Zeroed(SystemObject),
}

impl<'heap> Supply<'heap> {
    /// Supplies blocks from a worker's cache.
    pub fn of_cache(cache: Cache<'heap>) -> Supply<'heap> {
        Supply { cache: Some(cache) }
    }

    /// Supplies a zeroed buffer for every block, freed when it is given back.
    pub fn zeroed() -> Supply<'heap> {
        Supply { cache: None }
    }

    /// Records refills from now on; does nothing without a cache.
    pub fn start_recording(&mut self) {
        if let Some(cache) = &mut self.cache {
            cache.start_recording();
        }
    }

    /// Refills since then; `None` without a cache.
    pub fn take_record(&mut self) -> Option<RefillRecord> {
        self.cache.as_mut().map(Cache::take_record)
    }
}

impl<'heap> Allocate for Supply<'heap> {
    type Object = Block<'heap>;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<Block<'heap>, OutOfMemory> {
        match &mut self.cache {
            Some(cache) => cache.take(layout).map(Block::Slab),
            None => Zeroed.take(layout).map(Block::Zeroed),
        }
    }

    /// Takes a buffer of any supply, or an object of any worker of the same heap.
    #[inline]
    fn give_back(&mut self, block: Block<'heap>) -> Result<(), Misuse> {
        match (block, &mut self.cache) {
            (Block::Slab(object), Some(cache)) => cache.give_back(object),
            (Block::Slab(_), None) => Err(Misuse::Foreign),
            (Block::Zeroed(buffer), _) => Zeroed.give_back(buffer),
        }
    }

    #[inline]
    fn memory<'a>(&'a mut self, block: &'a mut Block<'heap>) -> &'a mut [MaybeUninit<u8>] {
        block.as_mut()
    }
}

impl AsMut<[MaybeUninit<u8>]> for Block<'_> {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        match self {
            Block::Slab(object) => object.as_mut(),
            Block::Zeroed(buffer) => buffer.as_mut(),
        }
    }
}

impl AsRef<[MaybeUninit<u8>]> for Block<'_> {
    #[inline]
    fn as_ref(&self) -> &[MaybeUninit<u8>] {
        match self {
            Block::Slab(object) => object.as_ref(),
            Block::Zeroed(buffer) => buffer.as_ref(),
        }
    }
}
