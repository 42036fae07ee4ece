//! One worker's free objects: the fast paths of allocation and deallocation.
//!
//! ```text
//! allocate   -> free list of the slab in hand                        the fast path
//!            -> allocate_uncommon
//!               -> refill: find, map, initialise, carve, drain       when the list is empty  refill.rs
//!               -> allocate_run: objects above 1 MiB                                         run.rs
//! deallocate -> own slab                                             the fast path
//!            -> settle: the slab was full, or has no live object now                         settle.rs
//!            -> deallocate_unusual: another worker's slab, or a misuse                       foreign.rs
//! drop       -> slabs still in use are left for others to adopt                              handover.rs
//! ```
//!
//! The fast paths touch the cache itself, one line of the slab's record and the object's first word: no lock, no clock,
//! no line that another worker writes. What was freed last in the slab in hand is handed out first: its line is still in
//! the first-level cache.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::core::Core;
use super::heap::Heap;
use super::object_links::{in_one_slab, is_end, prefetch_for_write};
use super::slab_record::Record;
use crate::error::{Error, Result};
use crate::slab::class::{GRAIN_SHIFT, PackedLayout, SLAB_SHIFT};
use crate::slab::hardening::{Cheap, Level};
use crate::slab::misuse::{Misuse, OutOfMemory};
use crate::slab::object::{Allocate, Object};
use crate::slab::record::RefillRecord;
use crate::word::Word;

/// A worker's cache. It can move to another thread, but only one uses it at a time: `Send`, not `Sync`.
pub struct Cache<'heap, L: Level = Cheap> {
    pub(super) core: Core<'heap>,
    level: PhantomData<L>,
}

impl Heap {
    /// Creates the cache of a worker of a heap with the default hardening. When the cache is dropped, its slabs in use
    /// are left for other workers to adopt.
    ///
    /// # Errors
    /// When there is no such worker, its cache exists already, or the heap has another hardening.
    pub fn cache(&self, worker: u32) -> Result<Cache<'_>> {
        self.hardened_cache(worker)
    }

    /// As `cache`, for a heap of the hardening `L`.
    ///
    /// # Errors
    /// As `cache`.
    pub fn hardened_cache<L: Level>(&self, worker: u32) -> Result<Cache<'_, L>> {
        let hardening = self.options().hardening;
        if hardening != L::HARDENING {
            let (wanted, found) = (L::HARDENING.word(), hardening.word());
            let message = format!("a cache with hardening {wanted} of a heap with hardening {found}");
            return Err(Error::Usage(message));
        }
        self.claim(worker)?;
        Ok(Cache { core: Core::new(self, worker), level: PhantomData })
    }
}

impl<'heap, L: Level> Cache<'heap, L> {
    /// Returns memory for an object: uninitialised, aligned, at least one byte, exclusive to this caller.
    ///
    /// # Errors
    /// When neither the cache nor the arena has room.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let core = &mut self.core;
        if L::CHECKS_OBJECTS {
            return core.allocate_checked(layout);
        }
        let Some(offset) = core.hand_offsets.get(layout) else { return core.allocate_uncommon(layout) };
        // SAFETY: offsets are class numbers times the size of a hand, so the offset names a hand.
        let hand: &Record = unsafe { *core.hands.as_ptr().byte_add(usize::from(offset)) };
        let object = hand.local();
        if is_end(object) {
            unlikely();
            return core.allocate_uncommon(layout);
        }
        // SAFETY: objects in hand are in the arena, and only this worker reads and writes them.
        let word = unsafe { core.links.word(object) };
        let next = if L::CHECKS_LINKS { core.links.code(word) } else { word };
        if L::CHECKS_LINKS && !in_one_slab(next, object) {
            unlikely();
            return core.allocate_uncommon(layout);
        }
        hand.set_local(next);
        prefetch_for_write(next);
        // A link that stayed would make the live object look like a free one.
        // SAFETY: as above.
        unsafe { core.links.set_word(object, 0) };
        Ok(core.links.pointer(object))
    }

    /// Gives an object back, from this or any other worker's cache of the same heap.
    ///
    /// A pointer that is detected not to be a live object of this heap is counted (`Heap::violations`) and otherwise
    /// ignored. docs/allocator.md has a table of what is detected at which level. A pointer that is outside the arena,
    /// in memory that is no slab, or not aligned to 16 bytes, is always detected.
    ///
    /// # Errors
    /// `Misuse`, which names the fault of the pointer.
    /// # Safety
    /// The object's memory is not used any more by any thread: its first word is overwritten, and it will be handed out
    /// again.
    #[inline]
    pub unsafe fn deallocate(&mut self, pointer: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        self.deallocate_unused(pointer, layout)
    }

    /// Same as `deallocate`; the caller guarantees that the memory is no longer used. All uncommon cases go to one
    /// call with the same arguments, so that this path saves no registers for them; the layout is packed only there.
    #[inline]
    pub(super) fn deallocate_unused(
        &mut self,
        pointer: NonNull<u8>,
        layout: impl Into<PackedLayout> + Copy,
    ) -> Result<(), Misuse> {
        let core = &mut self.core;
        if L::CHECKS_OBJECTS {
            core.check_object(pointer, layout.into())?;
        }
        let object = pointer.addr().get();
        let offset = object.wrapping_sub(core.links.base());
        // Rotated, the bits of a pointer that is not aligned make a number that no slab has.
        let number = offset.rotate_right(GRAIN_SHIFT) >> (SLAB_SHIFT - GRAIN_SHIFT);
        'unusual: {
            let Some(owner) = core.owners.get(number) else {
                unlikely();
                break 'unusual;
            };
            if owner.get() != core.owner {
                unlikely();
                break 'unusual;
            }
            // SAFETY: there are as many records as owners.
            let record = unsafe { core.records.get_unchecked(number) };
            let local = record.local();
            if L::CHECKS_LINKS && local == object {
                unlikely();
                break 'unusual;
            }
            // SAFETY: the object lies in a slab of this worker.
            if L::CHECKS_WORDS && in_one_slab(unsafe { core.links.next_of_user(object) }, object) {
                break 'unusual;
            }
            let word = if L::CHECKS_LINKS { core.links.code(local) } else { local };
            // SAFETY: as above, and its memory is no longer used.
            unsafe { pointer.cast::<usize>().write_unaligned(word) };
            if record.push_local(object) {
                unlikely();
                return core.settle_after_free(pointer);
            }
            return Ok(());
        }
        core.deallocate_unusual(pointer, layout.into())
    }

    /// Gives back all memory that no live object needs: slabs in hand, objects that others have freed, empty slabs.
    /// Objects of other workers that this cache has freed go to their owners. To be called between two cases, so that
    /// the next case finds the arena whole.
    pub fn trim(&mut self) {
        self.core.trim();
    }

    /// Starts counting and timing refills, from zero.
    pub fn start_recording(&mut self) {
        self.core.recorder.start();
    }

    /// Stops recording and returns the record. Allocates: not for timed regions.
    pub fn take_record(&mut self) -> RefillRecord {
        let mut record = RefillRecord::new();
        self.core.recorder.stop(&mut record);
        record
    }

    /// The worker this cache belongs to.
    pub fn worker(&self) -> u32 {
        self.core.worker
    }

    /// The heap this cache belongs to.
    pub fn heap(&self) -> &'heap Heap {
        self.core.heap
    }
}

impl<'heap, L: Level> Allocate for Cache<'heap, L> {
    type Object = Object<'heap>;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<Object<'heap>, OutOfMemory> {
        let pointer = self.allocate(layout)?;
        // SAFETY: `allocate` has just handed the memory out to this call alone, from a heap that lives as long as
        // 'heap.
        Ok(unsafe { Object::new(pointer, PackedLayout::new(layout)) })
    }

    /// An object of another heap is refused as foreign, and lost.
    #[inline]
    fn give_back(&mut self, object: Object<'heap>) -> Result<(), Misuse> {
        // The object is consumed, so its memory cannot be used any more.
        let (pointer, layout) = object.into_parts();
        self.deallocate_unused(pointer, layout)
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut Object<'heap>) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

impl<L: Level> std::fmt::Debug for Cache<'_, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("worker", &self.core.worker).finish_non_exhaustive()
    }
}

/// Marks the branch that calls it as unlikely: the code of the other branch then follows without a jump.
#[cold]
fn unlikely() {}
