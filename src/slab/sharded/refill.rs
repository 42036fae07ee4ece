//! The slow path of allocation: a cache gets its next batch.
//!
//! ```text
//! refill -> drain     the own mailbox, when something has arrived
//!        -> find      the slab in hand, then the class's list
//!        -> map       a free slab of an own superslab; slabs drained from unattended mailboxes; an orphan; the pool
//!        -> carve     a page of new objects, when the slab found has none that are free
//! ```

use super::cache::Cache;
use super::slab_record::{Slab, SlabPlace};
use super::superslab_record::Use;
use crate::slab::class::{Class, SLABS};
use crate::slab::misuse::OutOfMemory;
use crate::slab::record::Stage;
use crate::slab::recorder::TimedRefill;
use crate::units::index;

impl<'heap> Cache<'heap> {
    /// Puts the next batch of the class in hand. Afterwards at least one object can be taken.
    pub(super) fn refill(&mut self, class: Class) -> Result<(), OutOfMemory> {
        // Read once: posts that arrive later wait for the next refill.
        let has_post = !self.heap.mailbox(self.worker).is_empty();
        let mut timing = self.recorder.begin(has_post || self.might_be_slow(class));
        if has_post {
            self.recorder.lap(&mut timing, Stage::Find);
            self.drain(self.worker);
            self.recorder.lap(&mut timing, Stage::Drain);
        }
        let slow = self.next_batch(class, &mut timing)?;
        self.recorder.end(timing, Stage::Carve, class.number(), slow);
        Ok(())
    }

    /// True when a slab has enough free objects to be worth a batch; `held` as in `Slab::available`.
    fn is_roomy(&self, class: Class, number: Option<u32>, held: u32) -> bool {
        number.is_some_and(|number| self.slab(number).available(held) >= class.worthwhile())
    }

    /// True when the refill may reach beyond the cache's own slabs: the clock must start before this is known. False
    /// only when a batch is certain to be found, unless draining the mailbox takes its slab away.
    fn might_be_slow(&self, class: Class) -> bool {
        let (hand, listed) = (self.hands[class.number()].slab(), self.lists[class.number()].front());
        !self.is_roomy(class, hand, 1) && !self.is_roomy(class, listed, 0)
    }

    /// Prepares the next batch. Returns true when its memory came from beyond the cache's own slabs, or was new.
    fn next_batch(&mut self, class: Class, timing: &mut Option<TimedRefill>) -> Result<bool, OutOfMemory> {
        let mut slow = false;
        let number = loop {
            if let Some(number) = self.find(class) {
                break number;
            }
            self.recorder.lap(timing, Stage::Find);
            slow |= self.map(class, timing)?;
        };
        self.recorder.lap(timing, Stage::Find);
        let slab = self.slab(number);
        if slab.available(1) < class.worthwhile() && slab.is_carvable(class) {
            let fresh = slab.carve(class, class.page().min(class.objects() - slab.carved()));
            slow |= fresh && !self.heap.table().superslabs()[index(number / SLABS)].is_recycled();
        }
        self.begin_batch(class, self.heap.options().batch.min(class.batch_max()));
        Ok(slow)
    }

    /// Puts in hand a slab that has free objects or can be carved; prefers memory that has been used.
    fn find(&mut self, class: Class) -> Option<u32> {
        let (hand, listed) = (self.hands[class.number()].slab(), self.lists[class.number()].front());
        if self.is_roomy(class, hand, 1) {
            return hand;
        }
        let is_carvable = |number: u32| self.slab(number).is_carvable(class);
        if hand.is_some_and(is_carvable) && !self.is_roomy(class, listed, 0) {
            return hand;
        }
        let number = listed?;
        self.put_down(class);
        self.take_up(class, number);
        Some(number)
    }

    /// Makes a slab available to `find`. Returns true when it came from beyond the own superslabs.
    fn map(&mut self, class: Class, timing: &mut Option<TimedRefill>) -> Result<bool, OutOfMemory> {
        if self.map_own(class, timing) {
            return Ok(false);
        }
        self.sweep();
        self.recorder.lap(timing, Stage::Drain);
        let mut adopted = false;
        while !self.is_served(class) && self.adopt() {
            adopted = true;
        }
        self.recorder.lap(timing, Stage::Map);
        if self.is_served(class) {
            if self.lists[class.number()].front().is_none() {
                self.map_own(class, timing);
            }
            return Ok(adopted);
        }
        if !self.map_superslab(class) {
            self.reclaim();
            self.recorder.lap(timing, Stage::Drain);
            if !self.is_served(class) && !self.map_superslab(class) {
                return Err(OutOfMemory);
            }
        }
        self.recorder.lap(timing, Stage::Map);
        self.map_own(class, timing);
        Ok(true)
    }

    /// True when the own superslabs can give the class a slab.
    fn is_served(&self, class: Class) -> bool {
        let has_free_slab = |number: u32| self.heap.table().superslabs()[index(number)].free_slabs() != 0;
        self.lists[class.number()].front().is_some()
            || class.is_small() && self.owned.front().is_some_and(has_free_slab)
    }

    /// Takes a free slab of an own superslab. Returns false when the class is not small or there is none.
    fn map_own(&mut self, class: Class, timing: &mut Option<TimedRefill>) -> bool {
        if !class.is_small() {
            return false;
        }
        let superslabs = self.heap.table().superslabs();
        let Some(front) = self.owned.front() else { return false };
        let Some((place, more)) = superslabs[index(front)].take_slab() else { return false };
        if !more {
            self.owned.unlink(superslabs, front);
            self.owned.push_back(superslabs, front);
        }
        self.recorder.lap(timing, Stage::Map);
        self.start_slab(class, front * SLABS + place);
        self.recorder.lap(timing, Stage::Initialise);
        true
    }

    /// Takes a superslab from the pool for slabs of this class. Returns false when the pool has none.
    fn map_superslab(&mut self, class: Class) -> bool {
        let Some(number) = self.heap.pool().take_lowest() else { return false };
        let superslabs = self.heap.table().superslabs();
        let superslab = &superslabs[index(number)];
        if class.is_small() {
            superslab.begin(Use::Small);
            self.owned.push_front(superslabs, number);
        } else {
            superslab.begin(Use::Whole(class));
            self.owned.push_back(superslabs, number);
            self.start_slab(class, number * SLABS);
        }
        true
    }

    /// Makes a slab of the class out of free memory and lists it.
    fn start_slab(&mut self, class: Class, number: u32) {
        self.slab(number).initialise(self.owner, class);
        self.slab(number).set_place(SlabPlace::Listed, class);
        self.lists[class.number()].push_back(self.slabs.records(), number);
    }

    /// The record of a slab.
    #[inline]
    pub(super) fn slab(&self, number: u32) -> Slab<'heap> {
        self.slabs.at(number)
    }
}
