//! Slabs that have room again, that have no live object, or that leave the hand.
//!
//! A slab without live objects stays with its class, behind the slabs that have some: a program that frees much soon
//! allocates as much again. It is released when another class or another worker needs memory (`map`), or on request
//! (`trim`). Its list is walked first: an object that was given back twice may have been counted in place of one that
//! is live, and a slab is never released under a live object.

use std::ptr::NonNull;

use super::core::Core;
use super::list::List;
use super::slab_record::{Owner, SlabPlace};
use super::superslab_record::Use;
use crate::slab::class::{CLASS_COUNT, Class, SLABS, slab_number};
use crate::slab::misuse::Misuse;
use crate::units::index;

impl Core<'_> {
    /// Acts on a slab that got objects back: lists it if it is worth returning to, marks it idle if it has no live
    /// object.
    pub(super) fn settle(&mut self, number: u32) {
        let slab = self.slab(number);
        let class = slab.class().expect("objects come back to slabs");
        match slab.place() {
            SlabPlace::Full => self.shelve(class, number),
            SlabPlace::Listed if slab.is_unused() => {
                self.lists[class.number()].unlink(self.details, number);
                self.shelve(class, number);
            }
            // A thousand million objects were freed into the slab in hand: the next notice is as far.
            SlabPlace::InHand => slab.set_freed(0),
            SlabPlace::Listed | SlabPlace::Idle | SlabPlace::Quarantined => {}
        }
    }

    /// Same as `settle`, as the last step of a free.
    #[cold]
    #[inline(never)]
    pub(super) fn settle_after_free(&mut self, pointer: NonNull<u8>) -> Result<(), Misuse> {
        self.settle(slab_number(self.offset_of(pointer)));
        Ok(())
    }

    /// Lists an own slab that is neither in hand nor listed, or marks it full or idle.
    pub(super) fn shelve(&mut self, class: Class, number: u32) {
        let slab = self.slab(number);
        let list = &mut self.lists[class.number()];
        if slab.place() == SlabPlace::Quarantined {
            return;
        }
        if slab.is_unused() {
            slab.set_place(SlabPlace::Idle, class);
            list.push_back(self.details, number);
            self.idle_count += 1;
        } else if slab.freed() >= class.worthwhile() || slab.is_carvable(class) {
            slab.set_place(SlabPlace::Listed, class);
            list.push_front(self.details, number);
        } else {
            slab.set_place(SlabPlace::Full, class);
        }
    }

    /// Lists every slab that has a free object, worthwhile or not: when the arena is used up, a single free object is
    /// useful.
    pub(super) fn scrape(&mut self) {
        let superslabs = self.heap.table().superslabs();
        let mut next = self.owned.front();
        while let Some(superslab) = next {
            next = List::after(superslabs, superslab);
            self.for_each_slab(superslab, |core, number, class| {
                let slab = core.slab(number);
                if slab.place() == SlabPlace::Full && slab.freed() > 0 {
                    slab.set_place(SlabPlace::Listed, class);
                    core.lists[class.number()].push_front(core.details, number);
                }
            });
        }
    }

    /// Releases idle slabs, at most `most`. Returns true when there was one.
    pub(super) fn release_idle(&mut self, most: u32) -> bool {
        let mut left = most;
        for class in (0..CLASS_COUNT).map(Class::numbered) {
            if self.idle_count == 0 {
                break;
            }
            while left > 0
                && let Some(number) = self.lists[class.number()].back()
                && self.slab(number).place() == SlabPlace::Idle
            {
                self.lists[class.number()].unlink(self.details, number);
                self.idle_count -= 1;
                self.release_slab(class, number);
                left -= 1;
            }
        }
        left < most
    }

    /// Frees an idle slab that is in no list, and also its superslab if this was the last slab in use. A slab that is
    /// not what its counts say is put away instead.
    fn release_slab(&mut self, class: Class, number: u32) {
        let slab = self.slab(number);
        match self.walk(class, number) {
            Ok(objects) if objects == slab.carved() => {}
            Ok(_) => return self.quarantine(class, number, self.links.slab_address(number)),
            Err(object) => return self.quarantine(class, number, object),
        }
        slab.set_owner(Owner::NONE, class);
        let (superslab, place) = (number / SLABS, number % SLABS);
        let superslabs = self.heap.table().superslabs();
        let record = &superslabs[index(superslab)];
        if record.serves() == Use::Small {
            let (before, after) = record.give_slab(place);
            if after != u64::MAX {
                if before == 0 {
                    self.owned.unlink(superslabs, superslab);
                    self.owned.push_front(superslabs, superslab);
                }
                return;
            }
        }
        self.owned.unlink(superslabs, superslab);
        record.set_recycled();
        record.set_use(Use::Pooled);
        self.heap.pool().give(superslab, 1);
    }

    /// `Cache::trim`.
    pub(super) fn trim(&mut self) {
        self.flush_chains();
        self.drain(self.worker);
        for class in 0..CLASS_COUNT {
            self.put_down(Class::numbered(class));
        }
        self.release_idle(u32::MAX);
        debug_assert_eq!(self.idle_count, 0);
    }
}
