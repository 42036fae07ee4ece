//! Slabs that have room again, that are empty, or that leave the hand.

use std::ptr::NonNull;

use super::cache::Cache;
use super::list::List;
use super::slab_record::{Owner, SlabPlace};
use super::superslab_record::Use;
use crate::slab::class::{CLASS_COUNT, Class, SLABS, slab_number};
use crate::slab::misuse::Misuse;
use crate::units::index;

impl Cache<'_> {
    /// Acts on a slab that got objects back: lists it if it is worth returning to, releases it if it is empty.
    pub(super) fn settle(&mut self, number: u32) {
        let slab = self.slab(number);
        let class = slab.class().expect("objects come back to slabs");
        match slab.place() {
            SlabPlace::Full => self.shelve(class, number),
            SlabPlace::Listed if slab.is_unused() => {
                self.lists[class.number()].unlink(self.slabs.records(), number);
                self.release_slab(number);
            }
            SlabPlace::Listed | SlabPlace::InHand => {}
        }
    }

    /// Same as `settle`, as the last step of a free.
    #[cold]
    #[inline(never)]
    pub(super) fn settle_after_free(&mut self, pointer: NonNull<u8>) -> Result<(), Misuse> {
        self.settle(slab_number(self.offset_of(pointer)));
        Ok(())
    }

    /// Lists, marks full or releases an own slab that is neither in hand nor listed.
    pub(super) fn shelve(&mut self, class: Class, number: u32) {
        let slab = self.slabs.at(number);
        let list = &mut self.lists[class.number()];
        if slab.is_unused() {
            self.release_slab(number);
        } else if slab.available(0) >= class.worthwhile() {
            slab.set_place(SlabPlace::Listed, class);
            list.push_front(self.slabs.records(), number);
        } else if slab.is_carvable(class) {
            slab.set_place(SlabPlace::Listed, class);
            list.push_back(self.slabs.records(), number);
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
            self.for_each_slab(superslab, |cache, number, class| {
                let slab = cache.slabs.at(number);
                if slab.place() == SlabPlace::Full && slab.available(0) > 0 {
                    slab.set_place(SlabPlace::Listed, class);
                    cache.lists[class.number()].push_front(cache.slabs.records(), number);
                }
            });
        }
    }

    /// Frees an empty slab that is in no list, and also its superslab if this was the last slab in use.
    fn release_slab(&mut self, number: u32) {
        let slab = self.slab(number);
        slab.set_owner(Owner::NONE, slab.class().expect("a slab has a class until it is released"));
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

    /// Gives back all memory that no live object needs: batches in hand, objects that others have freed, empty slabs.
    /// To be called between two cases, so that the next case finds the arena whole.
    pub fn trim(&mut self) {
        self.drain(self.worker);
        for class in 0..CLASS_COUNT {
            self.put_down(Class::numbered(class));
        }
    }
}
