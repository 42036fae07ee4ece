//! Operations of a slab's owner: handing objects out, taking its own back, changing the slab's place.
#![allow(unsafe_code)]

use super::slab_record::{END, Owner, Record, Slab, SlabPlace, WHOLE};
use crate::slab::class::{Class, start_after};
use crate::slab::sync::{AtomicU16, Ordering::Relaxed};
use crate::units::{self, index};

/// A value of `notice` that `used` never reaches, modulo 2^32.
const NEVER: u32 = 0u32.wrapping_sub(1 << 30);

/// Action the owner must take after an object came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freed {
    /// None: the slab stays in its place.
    Quietly,
    /// `Cache::settle`: the slab is worth returning to again, or empty.
    Noticeably,
    /// None: the object is not live, and nothing changed.
    Not,
}

impl Record {
    /// Takes an object back, if this is a small slab of `owner` with nothing to drain and a live object starts `inside`
    /// bytes, the steps of small slabs, from the slab's beginning. This is the fast path: it reads only this record and
    /// the object's link.
    #[inline]
    pub(super) fn free_plainly(&self, owner: Owner, inside: usize) -> Freed {
        let shift = self.shared.tag.load(Relaxed).wrapping_sub(owner.bits());
        if shift >= u64::from(WHOLE) {
            return Freed::Not;
        }
        // SAFETY: `initialise` set the pointer before the slab had an owner; it points into the table that holds this
        // record.
        let links = unsafe { &*self.shared.links.load(Relaxed) };
        // SAFETY: an own slab's tag minus the owner is the shift of its class, and a start has 15 bits.
        let link = unsafe { links.at_unchecked(inside >> shift) };
        self.push_local(link, start_after(inside))
    }

    #[inline]
    fn push_local(&self, link: &AtomicU16, start: u16) -> Freed {
        if link.load(Relaxed) != start {
            return Freed::Not;
        }
        link.store(self.own.local.load(Relaxed), Relaxed);
        self.own.local.store(start, Relaxed);
        let left = self.own.countdown.load(Relaxed).wrapping_sub(1);
        self.own.countdown.store(left, Relaxed);
        if left == 0 { Freed::Noticeably } else { Freed::Quietly }
    }
}

impl Slab<'_> {
    /// Takes an object back that is not in `returned`.
    pub(super) fn free_locally(self, start: u16) -> Freed {
        self.record.push_local(self.links().at(self.entry_of(start)), start)
    }

    pub(super) fn used(self) -> u32 {
        self.record.own.countdown.load(Relaxed).wrapping_add(self.record.own.notice.load(Relaxed))
    }

    pub(super) fn set_used(self, used: u32) {
        self.record.own.countdown.store(used.wrapping_sub(self.record.own.notice.load(Relaxed)), Relaxed);
    }

    /// Prepares the slab for a class, without objects. Links of the previous class are wiped, because one of them
    /// might equal the start of an object of the new class.
    pub(super) fn initialise(self, owner: Owner, class: Class) {
        let wiped = match self.record.shared.carved.load(Relaxed) {
            // A link that was never written is 0, which equals the start of the first object.
            0 => 1,
            carved => {
                let last = Class::numbered(index(self.record.shared.class.load(Relaxed)));
                (usize::from(last.start_of(carved - 1)) >> last.entry_shift()) + 1
            }
        };
        (0..wiped).for_each(|entry| self.links().at(entry).store(END, Relaxed));
        self.record.own.free.store(END, Relaxed);
        self.record.own.local.store(END, Relaxed);
        self.record.own.free_count.store(0, Relaxed);
        self.set_used(0);
        self.record.shared.carved.store(0, Relaxed);
        let number = u32::try_from(class.number()).expect("a class has 6 bits");
        self.record.shared.class.store(number, Relaxed);
        self.record.shared.links.store(std::ptr::from_ref(self.links()).cast_mut(), Relaxed);
        self.set_owner(owner, class);
    }

    /// Adds `count` new objects at the front of `local`. Returns true when they include memory that no object of this
    /// superslab has used.
    pub(super) fn carve(self, class: Class, count: u32) -> bool {
        let (first, end) = (self.carved(), self.carved() + count);
        assert!(0 < count && end <= class.objects(), "a slab never holds more objects than fit");
        let mut next = self.record.own.local.load(Relaxed);
        for object in (first..end).rev() {
            let steps = class.steps_to(object);
            self.links().at(self.entry_at(steps)).store(next, Relaxed);
            next = start_after(index(steps));
        }
        self.record.own.local.store(next, Relaxed);
        self.record.shared.carved.store(end, Relaxed);
        // At most a superslab.
        let bytes = units::low_32(units::count(index(end) * class.bytes()));
        let fresh = bytes > self.record.own.touched.load(Relaxed);
        if fresh {
            self.record.own.touched.store(bytes, Relaxed);
        }
        fresh
    }

    /// Promises up to `largest` objects of `free`, the list that begins at `head`, to the hand; exchanges the lists
    /// when `free` is used up. Returns the new head and the number of objects.
    #[inline]
    pub(super) fn begin_batch(self, head: u16, largest: u32) -> (u16, u32) {
        let (mut head, mut count) = (head, self.record.own.free_count.load(Relaxed));
        if count == 0 {
            (head, count) = (self.record.own.local.load(Relaxed), self.available(1));
            self.record.own.local.store(END, Relaxed);
        }
        let batch = largest.min(count);
        self.record.own.free_count.store(count - batch, Relaxed);
        self.set_used(self.used() + batch);
        (head, batch)
    }

    /// Becomes the slab in hand. Returns the head of `free`.
    #[inline]
    pub(super) fn take_up(self, class: Class) -> u16 {
        self.set_used(self.used() + 1);
        self.set_place(SlabPlace::InHand, class);
        self.record.own.free.load(Relaxed)
    }

    /// Stops being the slab in hand, with `left` objects of the batch not handed out.
    #[inline]
    pub(super) fn put_down(self, head: u16, left: u32) {
        self.set_used(self.used() - left - 1);
        self.record.own.free_count.store(self.record.own.free_count.load(Relaxed) + left, Relaxed);
        self.record.own.free.store(head, Relaxed);
    }

    /// True when more objects of the class can be carved.
    pub(super) fn is_carvable(self, class: Class) -> bool {
        self.carved() < class.objects()
    }

    /// Free objects that are not promised to a batch; `held` is 1 while in hand, else 0.
    pub(super) fn available(self, held: u32) -> u32 {
        self.carved() - (self.used() - held)
    }

    /// True when no object is live and the slab is not in hand.
    pub(super) fn is_unused(self) -> bool {
        self.used() == 0
    }

    /// Stores the slab's place, and the value of `used` at which the owner must act. A full slab: when enough objects
    /// are free. A listed slab: when no object is live. The slab in hand: never.
    pub(super) fn set_place(self, place: SlabPlace, class: Class) {
        let notice = match place {
            SlabPlace::Full => self.carved() - class.worthwhile(),
            SlabPlace::Listed => 0,
            SlabPlace::InHand => NEVER,
        };
        let used = self.used();
        self.record.own.notice.store(notice, Relaxed);
        self.set_used(used);
        self.record.own.place.store(place.number(), Relaxed);
    }

    /// The slab's place.
    pub(super) fn place(self) -> SlabPlace {
        SlabPlace::numbered(self.record.own.place.load(Relaxed))
    }

    /// True when a drain returned enough objects that the owner must act.
    pub(super) fn is_noticeable(self) -> bool {
        // The countdown is 0 or below.
        self.record.own.countdown.load(Relaxed).wrapping_sub(1) >= 1 << 31
    }
}
