//! Where slabs go when they have room again, when they are empty, and when they leave the hand.

use super::cache::Cache;
use super::class::{CLASS_COUNT, Class, SLABS};
use super::slab_record::Identity;
use super::superslab_record::Use;

impl Cache<'_> {
    /// After objects of a slab came back: lists it if it was full, lets go of it if it is empty.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&mut self, number: u32) {
        let slab = self.slab(number);
        let class = slab.identity().class().expect("objects come back to slabs").number();
        if slab.is_full() {
            slab.set_full(false);
            self.lists[class].push_front(self.slabs, number);
        }
        if self.slab(number).is_unused() {
            self.lists[class].unlink(self.slabs, number);
            self.release_slab(number);
        }
    }

    /// Takes the slab in hand out of it, with what is left of the batch.
    pub(super) fn put_down(&mut self, class: Class) {
        let hand = &mut self.hands[class.number()];
        let Some(number) = hand.slab.take() else { return };
        let slab = &self.slabs[number as usize];
        slab.let_go(hand.left + 1);
        hand.left = 0;
        self.shelve(class, number);
    }

    /// Puts an own slab that is neither in hand nor listed where it belongs.
    pub(super) fn shelve(&mut self, class: Class, number: u32) {
        let slab = &self.slabs[number as usize];
        let list = &mut self.lists[class.number()];
        slab.set_full(false);
        if slab.is_unused() {
            self.release_slab(number);
        } else if slab.available(0) > 0 {
            list.push_front(self.slabs, number);
        } else if slab.is_carvable(class) {
            list.push_back(self.slabs, number);
        } else {
            slab.set_full(true);
        }
    }

    /// Frees an empty slab that is in no list, and its superslab with it if it was the last.
    fn release_slab(&mut self, number: u32) {
        self.slab(number).set_identity(Identity::NONE);
        let (superslab, place) = (number / SLABS as u32, number % SLABS as u32);
        let superslabs = self.heap.table().superslabs();
        let record = &superslabs[superslab as usize];
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

    /// Gives back everything that no live object needs: batches in hand, what others have freed, empty slabs. For
    /// the time between two cases, so that the next one finds the arena whole.
    pub fn trim(&mut self) {
        self.drain(self.worker);
        for class in 0..CLASS_COUNT {
            self.put_down(Class::numbered(class));
        }
    }
}
