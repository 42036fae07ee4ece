//! The state of a cache, and what its fast paths fall back to.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::chain::Chains;
use super::heap::Heap;
use super::list::List;
use super::mailbox::Mailbox;
use super::object_links::{ObjectLinks, is_end};
use super::returned::Returned;
use super::slab_record::{Details, Owner, OwnerWord, Record, Slab, SlabPlace};
use crate::mix::mix_words;
use crate::slab::class::{BySize, CLASS_COUNT, Class};
use crate::slab::hardening::Hardening;
use crate::slab::misuse::{Misuse, OutOfMemory, Violation};
use crate::slab::recorder::Recorder;
use crate::units::index;

/// All of a cache but its level of hardening. The first fields are those of the fast paths: one cache line.
///
/// Invariant: all slabs of the superslabs in `owned` have this worker as owner; each is in hand, in its class's list,
/// full or quarantined. In a class's list the idle slabs are the last ones; there are `idle_count` of them in all.
#[repr(C, align(64))]
pub(super) struct Core<'heap> {
    pub(super) links: ObjectLinks,
    pub(super) owners: &'heap [OwnerWord],
    /// As many as owners.
    pub(super) records: &'heap [Record],
    /// The owner as the records of its small slabs hold it.
    pub(super) owner: Owner,
    pub(super) worker: u32,
    /// True when links are encoded and checked.
    pub(super) checks_links: bool,
    /// The worker's own.
    pub(super) mailbox: &'heap Mailbox,
    pub(super) details: &'heap [Details],
    pub(super) heap: &'heap Heap,
    /// By class: the slab in hand, which the class is being allocated from, or that of no slab.
    pub(super) hands: [&'heap Record; CLASS_COUNT],
    /// Offset in bytes into `hands` of the hand for a size.
    pub(super) hand_offsets: BySize,
    /// By class: the number of the slab in hand plus one; 0: none.
    in_hand: [u32; CLASS_COUNT],
    /// By class: slabs to take up next, first those with live objects.
    pub(super) lists: [List; CLASS_COUNT],
    pub(super) idle_count: u32,
    /// Superslabs of this worker: those with free slabs first.
    pub(super) owned: List,
    pub(super) returned: &'heap [Returned],
    pub(super) chains: Chains,
    pub(super) recorder: Recorder,
}

// SAFETY: `links` points into the arena, which lives as long as 'heap and may be used by any thread; everything else is
// Send. Owner-only fields of records and links follow the cache: moving it synchronises like moving any value.
unsafe impl Send for Core<'_> {}

impl<'heap> Core<'heap> {
    pub(super) fn new(heap: &'heap Heap, worker: u32) -> Core<'heap> {
        let options = heap.options();
        let hand_bytes = u16::try_from(size_of::<&Record>()).expect("a pointer");
        let seed = mix_words(&[options.seed, u64::from(worker)]);
        Core {
            links: heap.links(),
            owners: heap.table().owners(),
            records: heap.table().records(),
            owner: Owner::of_mailbox(worker),
            worker,
            checks_links: options.hardening != Hardening::Off,
            mailbox: heap.mailbox(worker),
            details: heap.table().details(),
            heap,
            hands: [heap.table().no_slab(); CLASS_COUNT],
            hand_offsets: BySize::scaled(hand_bytes),
            in_hand: [0; CLASS_COUNT],
            lists: [List::default(); CLASS_COUNT],
            idle_count: 0,
            owned: List::default(),
            returned: heap.table().returned(),
            chains: Chains::new(),
            recorder: Recorder::new(options.clock, options.sample_gap, seed),
        }
    }

    /// Allocates what the fast path does not: after a refill, with an uncommon layout.
    #[inline(never)]
    pub(super) fn allocate_uncommon(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let Some(class) = self.class_of(layout) else { return self.allocate_run(layout) };
        loop {
            if let Some(object) = self.take(class) {
                return Ok(self.links.pointer(object));
            }
            self.refill(class)?;
        }
    }

    /// As [`Class::of`]; a common layout is looked up.
    pub(super) fn class_of(&self, layout: Layout) -> Option<Class> {
        match self.hand_offsets.get(layout) {
            Some(offset) => Some(Class::numbered(usize::from(offset) / size_of::<&Record>())),
            None => Class::of(layout),
        }
    }

    /// Takes an object from the slab in hand, unless none is free.
    #[inline]
    pub(super) fn take(&mut self, class: Class) -> Option<usize> {
        let hand = self.hands[class.number()];
        let object = hand.local();
        if is_end(object) {
            return None;
        }
        // SAFETY: objects in hand are in the arena, and only this worker reads and writes them.
        let next = unsafe { self.links.next(object) };
        if self.checks_links && (next ^ object) >= class.slab_bytes() {
            self.abandon_hand(class, object);
            return None;
        }
        hand.set_local(next);
        // SAFETY: as above.
        unsafe { self.links.set_word(object, 0) };
        Some(object)
    }

    /// The number of the slab in hand.
    pub(super) fn in_hand(&self, class: Class) -> Option<u32> {
        self.in_hand[class.number()].checked_sub(1)
    }

    /// Leaves the class without a slab in hand. Returns the number of the one that was.
    fn empty_hand(&mut self, class: Class) -> Option<u32> {
        let number = self.in_hand(class);
        self.hands[class.number()] = self.heap.table().no_slab();
        self.in_hand[class.number()] = 0;
        number
    }

    /// Puts the slab in hand away for good: the link of `object` is destroyed. Which object was misused, and when, is
    /// not known; what the list had beyond this object is lost.
    #[cold]
    #[inline(never)]
    fn abandon_hand(&mut self, class: Class, object: usize) {
        let number = self.empty_hand(class).expect("a list in hand comes from a slab");
        self.quarantine(class, number, object);
    }

    /// Puts a slab away for good that is in no list and not in hand. `object` is where the damage was found.
    #[cold]
    pub(super) fn quarantine(&mut self, class: Class, number: u32, object: usize) {
        let slab = self.slab(number);
        slab.empty_local(self.links.end_of(number));
        slab.set_place(SlabPlace::Quarantined, class);
        self.heap.count_violation(Violation {
            misuse: Misuse::Damaged,
            address: object,
            bytes: class.bytes(),
            worker: self.worker,
        });
    }

    /// Carves at most `largest` new objects of the slab in hand, which has no free ones, and links them in the order of
    /// their addresses: the first touch of their memory. Returns true when they include memory that no object of this
    /// superslab has used.
    pub(super) fn carve(&mut self, class: Class, largest: u32) -> bool {
        let number = self.in_hand(class).expect("a batch comes from a slab");
        let slab = self.slab(number);
        debug_assert!(is_end(slab.local()));
        let objects = largest.min(class.objects() - slab.carved());
        let (first, fresh) = slab.carve(class, objects);
        let head = self.links.slab_address(number) + index(first) * class.bytes();
        let (mut object, last) = (head, head + index(objects - 1) * class.bytes());
        while object != last {
            let next = object + class.bytes();
            // SAFETY: memory of an own slab that no object uses.
            unsafe { self.links.set_word(object, self.links.code(next)) };
            object = next;
        }
        // SAFETY: as above.
        unsafe { self.links.set_word(last, self.links.code(slab.local())) };
        slab.record.set_local(head);
        if self.heap.options().hardening == Hardening::Full {
            (0..index(objects)).for_each(|place| self.fill(class, head + place * class.bytes()));
        }
        fresh
    }

    /// Makes a listed slab the one in hand.
    pub(super) fn take_up(&mut self, class: Class, number: u32) {
        self.lists[class.number()].unlink(self.details, number);
        let slab = self.slab(number);
        self.idle_count -= u32::from(slab.place() == SlabPlace::Idle);
        slab.set_place(SlabPlace::InHand, class);
        self.hands[class.number()] = slab.record;
        self.in_hand[class.number()] = number + 1;
    }

    /// Stops using the slab in hand.
    pub(super) fn put_down(&mut self, class: Class) {
        let Some(number) = self.empty_hand(class) else { return };
        match self.walk(class, number) {
            Ok(objects) => {
                self.slab(number).set_freed(objects);
                self.shelve(class, number);
            }
            Err(object) => self.quarantine(class, number, object),
        }
    }

    /// Walks along the free objects of a slab. Returns their number; or the first object with a damaged link. An object
    /// that is listed twice makes a circle, which is found by its length.
    pub(super) fn walk(&self, class: Class, number: u32) -> Result<u32, usize> {
        let (start, end) = (self.links.slab_address(number), self.links.end_of(number));
        let carved_bytes = index(self.slab(number).carved()) * class.bytes();
        let mut object = self.slab(number).local();
        let (mut last, mut objects) = (object, 0);
        while object != end {
            let inside = object.wrapping_sub(start);
            if inside >= carved_bytes || !class.begins_at(inside) || objects == class.objects() {
                return Err(last);
            }
            last = object;
            objects += 1;
            // SAFETY: an object of a slab of this worker; free objects are read and written by this worker only.
            object = unsafe { self.links.next(object) };
        }
        Ok(objects)
    }

    /// A slab.
    #[inline]
    pub(super) fn slab(&self, number: u32) -> Slab<'heap> {
        let number = index(number);
        Slab { owner: &self.owners[number], record: &self.records[number], details: &self.details[number] }
    }

    #[inline]
    pub(super) fn offset_of(&self, pointer: NonNull<u8>) -> usize {
        pointer.addr().get().wrapping_sub(self.links.base())
    }

    #[cold]
    pub(super) fn violation(&self, misuse: Misuse, offset: usize, layout: Layout) -> Misuse {
        let address = self.links.base().wrapping_add(offset);
        let violation = Violation { misuse, address, bytes: layout.size(), worker: self.worker };
        self.heap.count_violation(violation)
    }

    /// The address of a byte of the arena.
    ///
    /// # Panics
    /// When the offset lies outside the arena.
    pub(super) fn address_of(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.heap.arena().bytes());
        self.links.pointer(self.links.base() + offset)
    }
}
