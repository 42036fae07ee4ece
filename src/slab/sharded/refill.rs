//! The slow path of allocation: a cache gets its next batch.
//!
//! ```text
//! refill -> drain     the own mailbox, when something has arrived
//!        -> find      the slab in hand, then the class's list
//!        -> map       a free slab of an own superslab; an idle slab of another class; slabs drained from unattended
//!                     mailboxes; an orphan; the pool
//!        -> carve     a range of new objects, when the slab found has none that is free
//! ```
//!
//! A batch is the free list of another slab, whatever its length, or a range of the slab in hand that was never handed
//! out: its objects are linked, and so its memory is touched. A range is therefore no longer than a page at first.

use super::core::Core;
use super::object_links::is_end;
use super::slab_record::SlabPlace;
use super::superslab_record::Use;
use crate::slab::class::{Class, SLABS};
use crate::slab::misuse::OutOfMemory;
use crate::slab::record::Stage;
use crate::slab::recorder::TimedRefill;
use crate::units::index;

/// Idle slabs that one refill releases at most: a walk along the objects of a slab takes about a microsecond.
const IDLE_SLABS_AT_ONCE: u32 = 16;

/// The batch that `find` found in the slab in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// The free objects of the slab in hand.
    List,
    /// Objects of the slab in hand that were never handed out.
    Range,
}

impl Core<'_> {
    /// Puts the next batch of the class in hand. Afterwards at least one object can be taken.
    pub(super) fn refill(&mut self, class: Class) -> Result<(), OutOfMemory> {
        // Read once: posts that arrive later wait for the next refill.
        let has_post = !self.mailbox.is_empty();
        if self.recorder.is_on() {
            return self.recorded_refill(class, has_post);
        }
        if has_post {
            self.drain(self.worker);
        }
        self.next_batch(class, &mut None).map(|_| ())
    }

    fn recorded_refill(&mut self, class: Class, has_post: bool) -> Result<(), OutOfMemory> {
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

    /// True when the refill may reach beyond the cache's own slabs, or to new memory: the clock must start before this
    /// is known. False only when this is certain not to happen, unless draining the mailbox changes the slabs.
    fn might_be_slow(&self, class: Class) -> bool {
        let objects = |number: u32| {
            let carved = self.slab(number).carved();
            self.range_of(class, carved).min(class.objects() - carved)
        };
        let is_old = |number: u32| {
            let slab = self.slab(number);
            slab.place() != SlabPlace::InHand && slab.freed() > 0
                || slab.is_carvable(class)
                    && (self.is_recycled(number) || !slab.would_be_fresh(class, objects(number)))
        };
        let (hand, listed) = (self.in_hand(class), self.lists[class.number()].front());
        match hand {
            Some(number) if self.batch_of(class, number).is_some() => !is_old(number),
            _ => !listed.is_some_and(is_old),
        }
    }

    /// Objects of the next range of a slab with this many carved: what fits into a page, or a part of what the slab has
    /// so far. What is carved is touched, so that a class with few objects must not take much memory.
    fn range_of(&self, class: Class, carved: u32) -> u32 {
        self.heap.options().batch.min(class.batch_max()).min(class.page_objects().max(1 + carved / 4))
    }

    /// True when the memory of a slab has been used in an earlier life of its superslab.
    fn is_recycled(&self, number: u32) -> bool {
        self.heap.table().superslabs()[index(number / SLABS)].is_recycled()
    }

    /// The batch that the slab in hand offers. A slab is carved to its end before others are returned to.
    fn batch_of(&self, class: Class, number: u32) -> Option<Batch> {
        let slab = self.slab(number);
        if !is_end(slab.local()) {
            return Some(Batch::List);
        }
        slab.is_carvable(class).then_some(Batch::Range)
    }

    /// Prepares the next batch. Returns true when its memory came from beyond the cache's own slabs, or was new.
    fn next_batch(&mut self, class: Class, timing: &mut Option<TimedRefill>) -> Result<bool, OutOfMemory> {
        let mut slow = false;
        let batch = loop {
            if let Some(batch) = self.find(class) {
                break batch;
            }
            self.recorder.lap(timing, Stage::Find);
            slow |= self.map(class, timing)?;
        };
        self.recorder.lap(timing, Stage::Find);
        match batch {
            Batch::List => {}
            Batch::Range => {
                let number = self.in_hand(class).expect("found in hand");
                let fresh = self.carve(class, self.range_of(class, self.slab(number).carved()));
                slow |= fresh && !self.is_recycled(number);
            }
        }
        Ok(slow)
    }

    /// Puts in hand a slab that has a batch. The list in hand is used up.
    fn find(&mut self, class: Class) -> Option<Batch> {
        let hand = self.in_hand(class);
        if let Some(batch) = hand.and_then(|number| self.batch_of(class, number)) {
            return Some(batch);
        }
        let number = self.lists[class.number()].front()?;
        if let Some(number) = hand {
            // It offers no batch, so this is what `shelve` would find.
            self.slab(number).set_freed(0);
            self.slab(number).set_place(SlabPlace::Full, class);
        }
        self.take_up(class, number);
        self.batch_of(class, number)
    }

    /// Makes a slab available to `find`. Returns true when it came from beyond the own superslabs.
    fn map(&mut self, class: Class, timing: &mut Option<TimedRefill>) -> Result<bool, OutOfMemory> {
        if self.map_own(class, timing) {
            return Ok(false);
        }
        if self.release_idle(IDLE_SLABS_AT_ONCE) && self.map_own(class, timing) {
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
        let end = self.links.end_of(number);
        self.slab(number).initialise(self.owner, class, end);
        self.slab(number).set_place(SlabPlace::Full, class);
        self.shelve(class, number);
    }
}
