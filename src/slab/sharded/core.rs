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
use super::slab_record::{Details, Owner, Record, Slab, SlabPlace};
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
    pub(super) hands: [Hand; CLASS_COUNT],
    /// Offset in bytes into `hands` of the hand for a size.
    pub(super) hand_offsets: BySize,
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

/// The slab that a class is being allocated from: half a cache line.
#[derive(Debug)]
#[repr(C, align(32))]
pub(super) struct Hand {
    /// The next object to hand out, or the end of the list.
    pub(super) head: usize,
    /// The first of the objects that have never been handed out.
    fresh: usize,
    /// Their number.
    fresh_left: u32,
    /// The slab's number plus one; 0: none.
    slab_plus_one: u32,
}

/// The head of an empty list of no slab.
const NO_LIST: usize = 1;

impl Hand {
    const EMPTY: Hand = Hand { head: NO_LIST, fresh: 0, fresh_left: 0, slab_plus_one: 0 };

    /// Number of the slab in hand.
    pub(super) fn slab(&self) -> Option<u32> {
        self.slab_plus_one.checked_sub(1)
    }
}

impl<'heap> Core<'heap> {
    pub(super) fn new(heap: &'heap Heap, worker: u32) -> Core<'heap> {
        let options = heap.options();
        let hand_bytes = u16::try_from(size_of::<Hand>()).expect("half a cache line");
        let seed = mix_words(&[options.seed, u64::from(worker)]);
        Core {
            links: heap.links(),
            records: heap.table().records(),
            owner: Owner::of_mailbox(worker),
            worker,
            checks_links: options.hardening != Hardening::Off,
            mailbox: heap.mailbox(worker),
            details: heap.table().details(),
            heap,
            hands: [const { Hand::EMPTY }; CLASS_COUNT],
            hand_offsets: BySize::scaled(hand_bytes),
            lists: [List::default(); CLASS_COUNT],
            idle_count: 0,
            owned: List::default(),
            returned: heap.table().returned(),
            chains: Chains::new(),
            recorder: Recorder::new(options.clock, options.sample_gap, seed),
        }
    }

    /// Allocates what the fast path does not: from the range in hand, after a refill, with an uncommon layout.
    // Not cold: each object comes this way once, when it is handed out for the first time.
    #[inline(never)]
    pub(super) fn allocate_uncommon(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let class = match self.hand_offsets.get(layout) {
            Some(offset) => Class::numbered(usize::from(offset) / size_of::<Hand>()),
            None => match Class::of(layout) {
                Some(class) => class,
                None => return self.allocate_run(layout),
            },
        };
        loop {
            if let Some(object) = self.take(class) {
                return Ok(self.links.pointer(object));
            }
            self.refill(class)?;
        }
    }

    /// Takes an object from the hand, unless it is empty.
    #[inline]
    pub(super) fn take(&mut self, class: Class) -> Option<usize> {
        let checks = self.checks_links;
        let hand = &mut self.hands[class.number()];
        let object = hand.head;
        if !is_end(object) {
            // SAFETY: objects in hand are in the arena, and only this worker reads and writes them.
            let next = unsafe { self.links.next(object) };
            if checks && (next ^ object) >= class.slab_bytes() {
                self.abandon_hand(class, object);
                return None;
            }
            hand.head = next;
            // SAFETY: as above.
            unsafe { self.links.set_word(object, 0) };
            return Some(object);
        }
        hand.fresh_left = hand.fresh_left.checked_sub(1)?;
        let object = hand.fresh;
        hand.fresh = object + class.bytes();
        // The memory may hold a link of an earlier life of the slab.
        // SAFETY: as above.
        unsafe { self.links.set_word(object, 0) };
        Some(object)
    }

    /// Puts the slab in hand away for good: the link of `object` is destroyed. Which object was misused, and when, is
    /// not known; what the list had beyond this object is lost.
    #[cold]
    #[inline(never)]
    fn abandon_hand(&mut self, class: Class, object: usize) {
        let hand = std::mem::replace(&mut self.hands[class.number()], Hand::EMPTY);
        let number = hand.slab().expect("a list in hand comes from a slab");
        self.quarantine(class, number, object);
    }

    /// Puts a slab away for good that is in no list and not in hand. `object` is where the damage was found.
    #[cold]
    pub(super) fn quarantine(&mut self, class: Class, number: u32, object: usize) {
        let slab = self.slab(number);
        slab.take_local(self.links.code(self.links.end_of(number)));
        slab.set_place(SlabPlace::Quarantined, class);
        self.heap.count_violation(Violation {
            misuse: Misuse::Damaged,
            address: object,
            bytes: class.bytes(),
            worker: self.worker,
        });
    }

    /// Makes the free objects of the slab in hand the list in hand.
    pub(super) fn exchange_lists(&mut self, class: Class) {
        let number = self.hands[class.number()].slab().expect("a batch comes from a slab");
        let end = self.links.code(self.links.end_of(number));
        self.hands[class.number()].head = self.links.code(self.slab(number).take_local(end));
    }

    /// Puts a range of at most `largest` new objects of the slab in hand into the hand. Returns true when they include
    /// memory that no object of this superslab has used.
    pub(super) fn carve(&mut self, class: Class, largest: u32) -> bool {
        let number = self.hands[class.number()].slab().expect("a batch comes from a slab");
        let slab = self.slab(number);
        let objects = largest.min(class.objects() - slab.carved());
        let (first, fresh) = slab.carve(class, objects);
        let hand = &mut self.hands[class.number()];
        hand.fresh = self.links.slab_address(number) + index(first) * class.bytes();
        hand.fresh_left = objects;
        fresh
    }

    /// Makes a listed slab the one in hand, with its free objects. Returns their number.
    pub(super) fn take_up(&mut self, class: Class, number: u32) -> u32 {
        self.lists[class.number()].unlink(self.details, number);
        let slab = self.slab(number);
        self.idle_count -= u32::from(slab.place() == SlabPlace::Idle);
        let freed = slab.freed();
        let head = self.links.code(slab.take_up(self.links.code(self.links.end_of(number))));
        self.hands[class.number()] = Hand { head, slab_plus_one: number + 1, ..Hand::EMPTY };
        freed
    }

    /// Stops using the slab in hand and returns to it what has not been handed out.
    pub(super) fn put_down(&mut self, class: Class) {
        let hand = std::mem::replace(&mut self.hands[class.number()], Hand::EMPTY);
        let Some(number) = hand.slab() else { return };
        let slab = self.slab(number);
        slab.uncarve(hand.fresh_left);
        if !is_end(hand.head) {
            match self.walk(class, number, hand.head) {
                Ok((objects, last)) => {
                    // SAFETY: the last object of a list in hand, which only this worker reads and writes.
                    unsafe { self.links.set_word(last, slab.local()) };
                    slab.extend_local(self.links.code(hand.head), objects);
                }
                Err(object) => return self.quarantine(class, number, object),
            }
        }
        self.shelve(class, number);
    }

    /// Walks along a list of a slab. Returns the number of its objects, at least 1, and the last one; or the first
    /// object that is damaged. An object that is listed twice makes a circle, which is found by its length.
    pub(super) fn walk(&self, class: Class, number: u32, head: usize) -> Result<(u32, usize), usize> {
        let (start, end) = (self.links.slab_address(number), self.links.end_of(number));
        let carved_bytes = index(self.slab(number).carved()) * class.bytes();
        let (mut object, mut last, mut objects) = (head, head, 0);
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
        Ok((objects, last))
    }

    /// A slab.
    #[inline]
    pub(super) fn slab(&self, number: u32) -> Slab<'heap> {
        Slab { record: &self.records[index(number)], details: &self.details[index(number)] }
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
