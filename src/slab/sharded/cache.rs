//! One worker's free objects: the fast paths of allocation and deallocation.
//!
//! ```text
//! allocate   -> object in hand                                       the fast path
//!            -> refill: find, map, initialise, carve, drain          every batch             refill.rs
//!            -> allocate_run: objects above 1 MiB                                            run.rs
//! deallocate -> own slab                                             the fast path
//!            -> settle: the slab was full, or is empty now                                   settle.rs
//!            -> deallocate_unusual: another worker's slab, or a misuse                       foreign.rs
//! drop       -> slabs still in use are left for others to adopt                               handover.rs
//! ```
//!
//! The fast paths touch the cache itself, two lines of the slab's record and the object's link: no lock, no clock, no
//! line that another worker writes, and not the object's memory.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::heap::Heap;
use super::list::List;
use super::slab_own::Freed;
use super::slab_record::{Chains, Owner};
use super::table::Slabs;
use crate::error::Result;
use crate::mix::mix_words;
use crate::slab::class::{BySize, CLASS_COUNT, Class, PackedLayout, SLAB_BYTES, SLAB_SHIFT};
use crate::slab::misuse::{Misuse, OutOfMemory, Violation};
use crate::slab::object::{Allocate, Object};
use crate::slab::record::RefillRecord;
use crate::slab::recorder::Recorder;
use crate::slab::sync::Ordering::Relaxed;
use crate::units::index;

/// A worker's cache. It can move to another thread, but only one uses it at a time: `Send`, not `Sync`.
///
/// Invariant: all slabs of the superslabs in `owned` have this worker as owner; each is in hand, in its class's list,
/// or marked full. The list that begins at a hand's `head` has at least `left` objects.
pub struct Cache<'heap> {
    pub(super) heap: &'heap Heap,
    pub(super) slabs: Slabs<'heap>,
    pub(super) worker: u32,
    /// The owner as the records of its slabs hold it.
    pub(super) owner: Owner,
    /// Offset in bytes into `hands` of the hand for a size.
    hand_offsets: BySize,
    base: NonNull<u8>,
    pub(super) hands: [Hand<'heap>; CLASS_COUNT],
    /// By class: slabs with free objects first, then slabs that can only be carved.
    pub(super) lists: [List; CLASS_COUNT],
    /// Superslabs of this worker: those with free slabs first.
    pub(super) owned: List,
    pub(super) recorder: Recorder,
}

// SAFETY: `base` points into the arena, which lives as long as 'heap and may be used by any thread; everything else
// is Send. Owner-only fields of records follow the cache: moving it synchronises like moving any value.
unsafe impl Send for Cache<'_> {}

impl Heap {
    /// Creates the cache of a worker. When the cache is dropped, its slabs in use are left for other workers to
    /// adopt.
    ///
    /// # Errors
    /// When there is no such worker, or its cache exists already.
    pub fn cache(&self, worker: u32) -> Result<Cache<'_>> {
        self.claim(worker)?;
        Ok(Cache::new(self, worker))
    }
}

/// The slab that a class is being allocated from: half a cache line.
#[repr(align(32))]
pub(super) struct Hand<'heap> {
    /// The links of its objects.
    links: &'heap Chains,
    /// Address of the slab's first object.
    first: NonNull<u8>,
    /// Objects left in the batch.
    left: u32,
    /// `Class::entry_shift`.
    entry_shift: u32,
    /// The slab's number plus one; 0: none.
    slab_plus_one: u32,
    /// Start of the next object to hand out.
    head: u16,
}

impl Hand<'_> {
    /// Takes the next object of the batch and returns its start.
    #[inline]
    fn take(&mut self) -> Option<u16> {
        // Decremented before the test: one instruction instead of three.
        let (left, is_over) = self.left.overflowing_sub(1);
        self.left = left;
        if is_over {
            self.left = 0;
            return None;
        }
        let start = self.head;
        // SAFETY: classes shift by at least 3, and a start has 15 bits.
        let link = unsafe { self.links.at_unchecked(index(u32::from(start) >> (self.entry_shift % 32))) };
        self.head = link.load(Relaxed);
        // A link to its own start marks the object as handed out.
        link.store(start, Relaxed);
        Some(start)
    }

    /// Number of the slab in hand.
    pub(super) fn slab(&self) -> Option<u32> {
        self.slab_plus_one.checked_sub(1)
    }
}

impl<'heap> Cache<'heap> {
    pub(super) fn new(heap: &'heap Heap, worker: u32) -> Cache<'heap> {
        let (slabs, base) = (heap.table().slabs(), heap.arena().base());
        let options = heap.options();
        let hand = |class: usize| {
            let entry_shift = Class::numbered(class).entry_shift();
            Hand { links: slabs.at(0).links(), first: base, left: 0, entry_shift, slab_plus_one: 0, head: 0 }
        };
        let hand_bytes = u16::try_from(size_of::<Hand<'_>>()).expect("half a cache line");
        let seed = mix_words(&[options.seed, u64::from(worker)]);
        Cache {
            heap,
            slabs,
            worker,
            owner: Owner::of_mailbox(worker),
            hand_offsets: BySize::scaled(hand_bytes),
            base,
            hands: std::array::from_fn(hand),
            lists: [List::default(); CLASS_COUNT],
            owned: List::default(),
            recorder: Recorder::new(options.clock, options.sample_gap, seed),
        }
    }

    /// Returns memory for an object: uninitialised, aligned, at least one byte, exclusive to this caller.
    ///
    /// # Errors
    /// When neither the cache nor the arena has room.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let Some(offset) = self.hand_offsets.get(layout) else { return self.allocate_uncommon(layout) };
        // SAFETY: offsets are class numbers times the size of a hand, so the offset names a hand; nothing else
        // borrows it.
        let hand = unsafe { &mut *self.hands.as_mut_ptr().byte_add(usize::from(offset)) };
        match hand.take() {
            // SAFETY: objects of a batch are carved: they lie inside their slab, inside the arena.
            Some(start) => Ok(unsafe { hand.first.add(usize::from(start)) }),
            None => self.allocate_uncommon(layout),
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_uncommon(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let Some(class) = Class::of(layout) else { return self.allocate_run(layout) };
        let start = match self.hands[class.number()].take() {
            Some(start) => start,
            None => {
                self.refill(class)?;
                self.hands[class.number()].take().expect("a refill gives at least one object")
            }
        };
        let inside = usize::from(start) << class.step_shift();
        // SAFETY: as above.
        Ok(unsafe { self.hands[class.number()].first.add(inside) })
    }

    /// Begins a batch of at most `largest` objects from the slab in hand.
    pub(super) fn begin_batch(&mut self, class: Class, largest: u32) {
        let hand = &mut self.hands[class.number()];
        let number = hand.slab().expect("a batch comes from a slab");
        let (head, left) = self.slabs.at(number).begin_batch(hand.head, largest);
        (hand.head, hand.left) = (head, left);
    }

    /// Makes a listed slab the one in hand.
    pub(super) fn take_up(&mut self, class: Class, number: u32) {
        self.lists[class.number()].unlink(self.slabs.records(), number);
        let first = self.address_of(index(number) * SLAB_BYTES);
        let slab = self.slabs.at(number);
        let hand = &mut self.hands[class.number()];
        (hand.slab_plus_one, hand.links, hand.first) = (number + 1, slab.links(), first);
        hand.head = slab.take_up(class);
    }

    /// Stops using the slab in hand and returns the rest of the batch to it.
    pub(super) fn put_down(&mut self, class: Class) {
        let hand = &mut self.hands[class.number()];
        let Some(number) = hand.slab() else { return };
        hand.slab_plus_one = 0;
        self.slabs.at(number).put_down(hand.head, std::mem::take(&mut hand.left));
        self.shelve(class, number);
    }

    /// Gives an object back, from this or any other worker's cache of the same heap.
    ///
    /// A pointer that is not a live object of this heap is detected, counted (`Heap::violations`) and otherwise
    /// ignored: nothing is read or written at the address, and the records stay consistent.
    ///
    /// # Errors
    /// `Misuse`, which names the fault of the pointer. Three faults are not detected: a second free of an object that
    /// has been handed out again; a second free by another worker at the same time, which is counted when the owner
    /// drains its mailbox; a wrong size up to 1 MiB, which does no harm, because the slab knows the right size.
    /// # Safety
    /// The object's memory is not used any more by any thread: it will be handed out again.
    #[inline]
    pub unsafe fn deallocate(&mut self, pointer: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        self.deallocate_unused(pointer, PackedLayout::new(layout))
    }

    /// Same as `deallocate`; the caller guarantees that the memory is no longer used. All uncommon cases go to one
    /// call with the same arguments, so that this path saves no registers for them.
    #[inline]
    pub(super) fn deallocate_unused(
        &mut self,
        pointer: NonNull<u8>,
        layout: PackedLayout,
    ) -> Result<(), Misuse> {
        let Some(record) = self.slabs.records().get(self.offset_of(pointer) >> SLAB_SHIFT) else {
            return self.deallocate_unusual(pointer, layout);
        };
        // The arena's base is aligned to more than a slab.
        let inside = pointer.addr().get() % SLAB_BYTES;
        match record.free_plainly(self.owner, inside) {
            Freed::Quietly => Ok(()),
            Freed::Noticeably => self.settle_after_free(pointer),
            Freed::Not => self.deallocate_unusual(pointer, layout),
        }
    }

    #[inline]
    pub(super) fn offset_of(&self, pointer: NonNull<u8>) -> usize {
        pointer.addr().get().wrapping_sub(self.base.addr().get())
    }

    /// Starts counting and timing refills, from zero.
    pub fn start_recording(&mut self) {
        self.recorder.start();
    }

    /// Stops recording and returns the record. Allocates: not for timed regions.
    pub fn take_record(&mut self) -> RefillRecord {
        let mut record = RefillRecord::new();
        self.recorder.stop(&mut record);
        record
    }

    /// The worker this cache belongs to.
    pub fn worker(&self) -> u32 {
        self.worker
    }

    /// The heap this cache belongs to.
    pub fn heap(&self) -> &'heap Heap {
        self.heap
    }

    #[cold]
    pub(super) fn violation(&self, misuse: Misuse, offset: usize, layout: Layout) -> Misuse {
        let address = self.base.addr().get().wrapping_add(offset);
        let violation = Violation { misuse, address, bytes: layout.size(), worker: self.worker };
        self.heap.count_violation(violation)
    }

    /// The address of a byte of the arena.
    ///
    /// # Panics
    /// When the offset lies outside the arena.
    pub(super) fn address_of(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.heap.arena().bytes());
        // SAFETY: inside the arena by the assertion.
        unsafe { self.base.add(offset) }
    }
}

impl<'heap> Allocate for Cache<'heap> {
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

impl std::fmt::Debug for Cache<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("worker", &self.worker).finish_non_exhaustive()
    }
}
