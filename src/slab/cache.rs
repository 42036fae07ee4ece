//! One worker's free objects: the fast paths of allocation and of giving back.
//!
//! ```text
//! allocate -> object in hand                                       the fast path
//!          -> next_word: another word of the batch                 every few to 64 objects
//!          -> refill: find, map, initialise, carve, drain          every batch            refill.rs
//!          -> allocate_run: objects above 1 MiB                                           run.rs
//! deallocate -> own slab                                           the fast path
//!          -> settle: the slab was full, or is empty now                                  settle.rs
//!          -> deallocate_elsewhere: another worker's slab, or a misuse                    foreign.rs
//! drop     -> what is still in use is left for others to adopt                            handover.rs
//! ```
//!
//! The fast paths touch the cache itself, two lines of the slab's record and one of its map: no lock, no clock, no
//! line that another worker writes, and not the object's memory.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::class::{CLASS_COUNT, Class};
use super::heap::Heap;
use super::list::List;
use super::misuse::{Misuse, OutOfMemory, Violation};
use super::record::RefillRecord;
use super::recorder::Recorder;
use super::slab_record::{Freed, Identity, Slab, position};
use super::sync::{AtomicU64, Ordering::Relaxed};
use crate::mix::mix_words;

/// A worker's cache. It can move to another thread, but only one uses it at a time: `Send`, not `Sync`.
///
/// Invariant: all slabs of the superslabs in `owned` have this worker as owner; each is in hand, in its class's list,
/// or marked full. `hands[c].left > 0` implies that the slab in hand has that many free objects.
pub struct Cache<'heap> {
    pub(super) heap: &'heap Heap,
    pub(super) slabs: &'heap [Slab],
    pub(super) worker: u32,
    base: NonNull<u8>,
    pub(super) hands: [Hand<'heap>; CLASS_COUNT],
    /// By class: slabs with free objects first, then those that can only be carved.
    pub(super) lists: [List; CLASS_COUNT],
    /// Superslabs: those with free slabs first.
    pub(super) owned: List,
    pub(super) recorder: Recorder,
}

// SAFETY: `base` points into the arena, which lives as long as 'heap and may be used by any thread; everything else
// is Send. Owner-only fields of records follow the cache: moving it synchronises like moving any value.
unsafe impl Send for Cache<'_> {}

/// The slab that a class is being allocated from.
pub(super) struct Hand<'heap> {
    /// The word of its map that objects are taken from.
    pub(super) word: &'heap AtomicU64,
    /// Where the first object of that word is.
    pub(super) first: NonNull<u8>,
    /// Objects of the batch that are left.
    pub(super) left: u32,
    /// Bytes of an object.
    bytes: u32,
    /// The slab.
    pub(super) slab: Option<u32>,
}

impl<'heap> Cache<'heap> {
    pub(super) fn new(heap: &'heap Heap, worker: u32) -> Cache<'heap> {
        let (slabs, base) = (heap.table().slabs(), heap.arena().base());
        let options = heap.options();
        let hand = |class: usize| {
            let bytes = Class::numbered(class).bytes() as u32;
            Hand { word: slabs[0].word(0), first: base, left: 0, bytes, slab: None }
        };
        let seed = mix_words(&[options.seed, u64::from(worker)]);
        Cache {
            heap,
            slabs,
            worker,
            base,
            hands: std::array::from_fn(hand),
            lists: [List::default(); CLASS_COUNT],
            owned: List::default(),
            recorder: Recorder::new(options.clock, options.sample_gap, seed),
        }
    }

    /// Memory for an object: uninitialised, aligned, at least one byte, this caller's alone.
    ///
    /// # Errors
    /// When neither the cache nor the arena has room.
    #[inline]
    pub fn allocate(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        match Class::of(layout) {
            Some(class) => self.allocate_class(class),
            None => self.allocate_run(layout),
        }
    }

    #[inline]
    fn allocate_class(&mut self, class: Class) -> Result<NonNull<u8>, OutOfMemory> {
        let hand = &mut self.hands[class.number()];
        if hand.left == 0 {
            return self.refill_and_allocate(class);
        }
        let free = hand.word.load(Relaxed);
        if free == 0 {
            self.next_word(class);
            return self.take_from_hand(class);
        }
        self.take_from_hand(class)
    }

    /// Takes the lowest object of the word in hand, which must not be empty.
    #[inline]
    fn take_from_hand(&mut self, class: Class) -> Result<NonNull<u8>, OutOfMemory> {
        let hand = &mut self.hands[class.number()];
        let free = hand.word.load(Relaxed);
        hand.word.store(free & free.wrapping_sub(1), Relaxed);
        hand.left -= 1;
        let place = free.trailing_zeros() as usize;
        // SAFETY: bits of the map stand for carved objects, which lie inside their slab, inside the arena.
        Ok(unsafe { hand.first.add(place * hand.bytes as usize) })
    }

    #[cold]
    #[inline(never)]
    fn refill_and_allocate(&mut self, class: Class) -> Result<NonNull<u8>, OutOfMemory> {
        self.refill(class)?;
        self.take_from_hand(class)
    }

    /// The word in hand is used up but the batch is not: goes on with the lowest word that has free objects.
    #[inline(never)]
    pub(super) fn next_word(&mut self, class: Class) {
        let hand = &mut self.hands[class.number()];
        let number = hand.slab.expect("a batch comes from a slab");
        let slab = &self.slabs[number as usize];
        let word = slab.lowest_word().expect("a batch never promises more than the slab has");
        hand.word = slab.word(word);
        let offset = class.offset_of(number, word as u32 * 64);
        // SAFETY: the word has a free object, and its first object lies below that one in the same slab.
        hand.first = unsafe { self.base.add(offset) };
    }

    /// Gives an object back, from this or any other worker's cache of the same heap.
    ///
    /// A pointer that is not a live object of this heap is detected, counted (`Heap::violations`) and otherwise
    /// ignored: nothing outside the arena is read, and the records stay consistent.
    ///
    /// # Errors
    /// `Misuse`, which says what was wrong with the pointer. A second free of an object that has been handed out
    /// again meanwhile is indistinguishable from a correct one.
    ///
    /// # Safety
    /// Nobody uses the object's memory any more: it will be handed out again.
    #[inline]
    pub unsafe fn deallocate(&mut self, pointer: NonNull<u8>, layout: Layout) -> Result<(), Misuse> {
        let offset = pointer.addr().get().wrapping_sub(self.base.addr().get());
        let Some(class) = Class::of(layout) else { return self.deallocate_run(offset, layout) };
        let number = class.slab_at(offset);
        let Some(slab) = self.slabs.get(number) else {
            return Err(self.violation(Misuse::Foreign, offset, layout));
        };
        if slab.identity() != Identity::new(self.worker, class) {
            return self.deallocate_elsewhere(offset, class, layout);
        }
        let (index, exact) = class.object_at(offset);
        let (word, bit) = position(index);
        let free = slab.word(word).load(Relaxed);
        if free & bit != 0 || !exact || index >= slab.carved() || slab.has_pending() {
            return self.deallocate_suspect(offset, class, layout);
        }
        if slab.free_locally(index, free) == Freed::Noticeably {
            self.settle(number as u32);
        }
        Ok(())
    }

    /// Begins to count and time refills, from zero.
    pub fn start_recording(&mut self) {
        self.recorder.start();
    }

    /// Ends it and returns what was recorded. Allocates: not for timed regions.
    pub fn take_record(&mut self) -> RefillRecord {
        let mut record = RefillRecord::new();
        self.recorder.stop(&mut record);
        record
    }

    /// The same without allocating: swaps what was recorded into `record`.
    pub fn take_record_into(&mut self, record: &mut RefillRecord) {
        self.recorder.stop(record);
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
    /// When it lies outside.
    pub(super) fn address_of(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.heap.arena().bytes());
        // SAFETY: inside the arena by the assertion.
        unsafe { self.base.add(offset) }
    }
}

impl std::fmt::Debug for Cache<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("worker", &self.worker).finish_non_exhaustive()
    }
}
