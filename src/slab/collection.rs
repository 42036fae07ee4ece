//! A cache as the allocator of collections: `Vec`, `Box` and maps of crates that take one.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::cell::RefCell;
use std::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use super::class::Class;
use super::hardening::{Cheap, Hardening, Level};
use super::sharded::Cache;

/// A cache that collections share. `&CacheAllocator` is an allocator, so several collections of one thread can have
/// one; a collection that owns it can move to another thread with it. It is `Send`, not `Sync`.
///
/// Memory that a collection leaks stays allocated until the heap ends. The heap cannot end before: the allocator, and
/// so every borrow of leaked memory, is bounded by 'heap.
#[derive(Debug)]
pub struct CacheAllocator<'heap, L: Level = Cheap> {
    cache: RefCell<Cache<'heap, L>>,
}

impl<'heap, L: Level> CacheAllocator<'heap, L> {
    /// An allocator over this cache.
    pub fn new(cache: Cache<'heap, L>) -> CacheAllocator<'heap, L> {
        CacheAllocator { cache: RefCell::new(cache) }
    }

    /// The cache, for what collections do not do: `trim`, recording. No collection can be used meanwhile.
    pub fn cache_mut(&mut self) -> &mut Cache<'heap, L> {
        self.cache.get_mut()
    }

    /// The cache. Objects of collections that still live stay live.
    pub fn into_cache(self) -> Cache<'heap, L> {
        self.cache.into_inner()
    }

    /// Changes the size of a block: in place where its class serves both sizes, otherwise by moving it.
    ///
    /// # Safety
    /// As `Allocator::grow` or `Allocator::shrink`.
    unsafe fn resize(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let class = Class::of(old);
        // The level `full` marks the end of the size that was asked for.
        if old.size() > 0
            && new.size() > 0
            && class.is_some()
            && class == Class::of(new)
            && L::HARDENING != Hardening::Full
        {
            return Ok(NonNull::slice_from_raw_parts(block, new.size()));
        }
        let moved = self.allocate(new)?;
        let bytes = old.size().min(new.size());
        // SAFETY: both blocks are live and at least this long, and a new one overlaps no other.
        unsafe { moved.cast::<u8>().as_ptr().copy_from_nonoverlapping(block.as_ptr(), bytes) };
        // SAFETY: the block is the caller's, who does not use it any more.
        unsafe { self.deallocate(block, old) };
        Ok(moved)
    }
}

// SAFETY: blocks are live objects of a heap that outlives the allocator, wherever the allocator is moved; a block of no
// bytes is any aligned address. There is no `Clone`: clones are references, and share the cache.
unsafe impl<L: Level> Allocator for CacheAllocator<'_, L> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = match layout.size() {
            0 => {
                let aligned = std::ptr::without_provenance_mut(layout.align());
                NonNull::new(aligned).expect("an alignment is not 0")
            }
            _ => self.cache.borrow_mut().allocate(layout).map_err(|_| AllocError)?,
        };
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() > 0 {
            // The heap counts a misuse, and leaves the memory alone.
            // SAFETY: the caller does not use the block any more.
            let _ = unsafe { self.cache.borrow_mut().deallocate(block, layout) };
        }
    }

    unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller's guarantee.
        unsafe { self.resize(block, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller's guarantee.
        let grown = unsafe { self.resize(block, old, new) }?;
        // SAFETY: the part behind the old bytes is the block's.
        unsafe { grown.cast::<u8>().add(old.size()).write_bytes(0, new.size() - old.size()) };
        Ok(grown)
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller's guarantee.
        unsafe { self.resize(block, old, new) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::measure::Clock;
    use crate::mix::Random;
    use crate::slab::{Arena, Full, Heap, HeapOptions, SUPERSLAB_BYTES, Strict};

    fn heap(hardening: Hardening) -> Heap {
        // Under Miri a small one: it visits the records of the whole arena wherever a reference to them is passed on.
        let superslabs = if cfg!(miri) { 3 } else { 16 };
        let arena = Arena::plain(superslabs * SUPERSLAB_BYTES).expect("memory for a test");
        Heap::new(arena, HeapOptions { hardening, ..HeapOptions::new(1, Clock::start()) })
            .expect("valid options")
    }

    fn any_layout(random: &mut Random) -> Layout {
        let bytes = random.bits() as usize & ((1 << random.below(if cfg!(miri) { 14 } else { 22 })) - 1);
        Layout::from_size_align(bytes, 1 << random.below(14)).expect("small")
    }

    /// Blocks that grow, shrink and change alignment keep their bytes, at every size from nothing on.
    fn blocks_keep_their_bytes<L: Level>() {
        let heap = heap(L::HARDENING);
        let allocator = CacheAllocator::new(heap.hardened_cache::<L>(0).expect("once"));
        let mut random = Random::new(7);
        for round in 0..if cfg!(miri) { 10 } else { 2000 } {
            let mut old = any_layout(&mut random);
            let mut block = allocator.allocate(old).expect("room");
            for _ in 0..3 {
                assert_eq!(block.len(), old.size());
                let start: NonNull<u8> = block.cast();
                assert!(start.addr().get().is_multiple_of(old.align()), "{round}: {old:?}");
                // SAFETY: a live block of this size.
                unsafe { start.write_bytes(round as u8, old.size()) };
                let new = any_layout(&mut random);
                // SAFETY: the block was allocated with `old`, and the sizes fit the calls.
                block = unsafe {
                    match new.size() >= old.size() {
                        true if round % 2 == 0 => allocator.grow_zeroed(start, old, new),
                        true => allocator.grow(start, old, new),
                        false => allocator.shrink(start, old, new),
                    }
                }
                .expect("room");
                // SAFETY: written above, or by `grow_zeroed`.
                let kept = unsafe {
                    std::slice::from_raw_parts(block.cast::<u8>().as_ptr(), old.size().min(new.size()))
                };
                assert!(kept == vec![round as u8; kept.len()], "{round}: {old:?} to {new:?}");
                if round % 2 == 0 && new.size() > old.size() {
                    // SAFETY: as above.
                    let zeroed = unsafe {
                        std::slice::from_raw_parts(
                            block.cast::<u8>().as_ptr().add(old.size()),
                            new.size() - old.size(),
                        )
                    };
                    assert!(zeroed == vec![0; zeroed.len()], "{round}: {old:?} to {new:?}");
                }
                old = new;
            }
            // SAFETY: the block is live, and not used any more.
            unsafe { allocator.deallocate(block.cast(), old) };
        }
        allocator.into_cache().trim();
        assert_eq!(heap.violations(), 0, "{:?}", heap.first_violation());
        assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
    }

    #[test]
    fn blocks_keep_their_bytes_at_every_level() {
        blocks_keep_their_bytes::<Cheap>();
        blocks_keep_their_bytes::<Strict>();
        blocks_keep_their_bytes::<Full>();
    }

    #[test]
    fn an_arena_that_is_used_up_is_an_error() {
        let heap = heap(Hardening::Cheap);
        let allocator = CacheAllocator::new(heap.cache(0).expect("once"));
        let mut data = allocator_api2::vec::Vec::<u64, _>::new_in(&allocator);
        assert!(data.try_reserve(heap.arena().bytes()).is_err());
        data.extend(0..200);
        assert_eq!(data.iter().sum::<u64>(), 19_900);
    }
}
