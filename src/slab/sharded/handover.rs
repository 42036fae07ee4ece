//! Objects and superslabs that change hands between workers: mailboxes, leaving, adopting.
//!
//! Each slab has one owner. A worker that gives a chain of foreign objects back reads the owner and posts
//! the slab to that owner's mailbox; the owner may change before the post arrives. A worker that takes an entry and
//! is not the owner therefore passes it on. Mailboxes without an attendant (of workers without a cache, and the
//! orphanage) are swept by every worker that is about to take more memory. A post is thus never lost: it is found
//! before the arena grows, at the latest.

#![allow(unsafe_code)]

use super::chain::{CHAINS, Chain};
use super::core::Core;
use super::returned::Returns;
use super::slab_record::{Owner, SlabPlace};
use super::superslab_record::Use;
use crate::slab::class::{Class, SLAB_BYTES, SLABS};
use crate::slab::misuse::{Misuse, Violation};
use crate::units::index;

impl Core<'_> {
    /// Gives all chains back.
    pub(super) fn flush_chains(&mut self) {
        for place in 0..CHAINS {
            if let Some(chain) = self.chains.at(place).take() {
                self.give_chain(chain);
            }
        }
    }

    /// Gives a chain back to the slab of its objects, and posts the slab when it holds no others.
    pub(super) fn give_chain(&mut self, chain: Chain) {
        let Chain { slab, objects, head, tail } = chain;
        let (links, start, end) = (self.links, self.links.slab_address(slab), self.links.end_of(slab));
        if !self.ends_at(slab, tail) {
            return self.lose(slab, tail);
        }
        let returns = Returns { head: head - start, tail: tail - start, objects };
        let is_first = self.returned[index(slab)].add(returns, |next| {
            let next = next.map_or(end, |inside| start + inside);
            // SAFETY: an object that was given back, in a chain that only this worker has.
            unsafe { links.set_word(tail, links.code(next)) };
        });
        if is_first {
            // A slab keeps an owner as long as it has objects in flight. After a misuse it may have lost it: then
            // whoever sweeps the orphanage discards the objects.
            let owner = self.slab(slab).current_owner().mailbox().unwrap_or(self.heap.orphanage());
            self.heap.mailbox(owner).push(self.returned, slab);
        }
    }

    /// Empties a mailbox: drains own slabs, passes the others on.
    pub(super) fn drain(&mut self, mailbox: u32) {
        let mut posts = self.heap.mailbox(mailbox).take();
        while let Some(number) = posts.next(self.returned) {
            match self.slab(number).current_owner().mailbox() {
                Some(owner) if owner == self.worker => self.drain_slab(number),
                Some(owner) => self.heap.mailbox(owner).push(self.returned, number),
                None => self.discard(number),
            }
        }
    }

    /// Takes the objects back that others have returned to an own slab.
    fn drain_slab(&mut self, number: u32) {
        let slab = self.slab(number);
        let Some(Returns { head, tail, objects }) = self.returned[index(number)].take() else { return };
        if slab.place() == SlabPlace::Quarantined {
            return;
        }
        let start = self.links.slab_address(number);
        if !self.ends_at(number, start + tail) {
            return self.lose(number, start + tail);
        }
        // SAFETY: an object that was given back, in a list that only this worker has now.
        unsafe { self.links.set_word(start + tail, self.links.code(slab.local())) };
        slab.extend_local(start + head, objects);
        if slab.is_noticeable() {
            self.settle(number);
        }
    }

    /// True when the last object of a chain still is the last one. It is not when it was written to, or given back twice
    /// and handed out since: then its first word is its user's, and is left alone.
    fn ends_at(&self, slab: u32, tail: usize) -> bool {
        // SAFETY: an object that was given back, in a chain that only this worker has.
        !self.checks_links || unsafe { self.links.next_of_user(tail) } == self.links.end_of(slab)
    }

    /// Drops a chain whose last object is not free any more. Its slab keeps the objects, and so is never released.
    #[cold]
    fn lose(&mut self, slab: u32, tail: usize) {
        let bytes = self.slab(slab).class().map_or(0, Class::bytes);
        let violation = Violation { misuse: Misuse::Damaged, address: tail, bytes, worker: self.worker };
        self.heap.count_violation(violation);
    }

    /// Drops what was returned to memory that is not a slab any more: only a misuse puts it there.
    #[cold]
    fn discard(&mut self, number: u32) {
        let Some(Returns { objects, .. }) = self.returned[index(number)].take() else { return };
        let address = self.address_of(index(number) * SLAB_BYTES).addr().get();
        let violation = Violation { misuse: Misuse::DoubleFree, address, bytes: 0, worker: self.worker };
        (0..objects).for_each(|_| {
            self.heap.count_violation(violation);
        });
    }

    /// Empties the unattended mailboxes.
    pub(super) fn sweep(&mut self) {
        for mailbox in 0..=self.heap.orphanage() {
            if self.heap.is_unattended(mailbox) && !self.heap.mailbox(mailbox).is_empty() {
                self.drain(mailbox);
            }
        }
    }

    /// Takes over a superslab of a worker that has left. Returns false when there is none.
    pub(super) fn adopt(&mut self) -> bool {
        let superslabs = self.heap.table().superslabs();
        let Some(number) = self.heap.orphans().pop(superslabs) else { return false };
        self.owned.push_back(superslabs, number);
        if superslabs[index(number)].free_slabs() != 0 {
            self.owned.unlink(superslabs, number);
            self.owned.push_front(superslabs, number);
        }
        self.for_each_slab(number, |core, slab, class| {
            core.slab(slab).set_owner(core.owner, class);
            core.shelve(class, slab);
        });
        // Objects given back while the superslab had no owner were posted to the orphanage.
        self.drain(self.heap.orphanage());
        true
    }

    /// Calls `change` for each slab of an own superslab. The set of slabs is read once, before the first change: the
    /// superslab may stop being this worker's during the calls.
    pub(super) fn for_each_slab(&mut self, superslab: u32, mut change: impl FnMut(&mut Self, u32, Class)) {
        let record = &self.heap.table().superslabs()[index(superslab)];
        let mut in_use = if record.serves() == Use::Small { !record.free_slabs() } else { 1 };
        while in_use != 0 {
            let number = superslab * SLABS + in_use.trailing_zeros();
            in_use &= in_use - 1;
            let class = self.slab(number).class().expect("slabs that are not free have a class");
            change(self, number, class);
        }
    }

    /// The last resort before `OutOfMemory`: returns to the arena all memory that this worker can free.
    pub(super) fn reclaim(&mut self) {
        self.flush_chains();
        self.sweep();
        while self.adopt() {}
        self.trim();
        self.scrape();
    }

    fn orphan_all(&mut self) {
        let superslabs = self.heap.table().superslabs();
        let orphan = Owner::of_mailbox(self.heap.orphanage());
        while let Some(number) = self.owned.pop_front(superslabs) {
            debug_assert_ne!(superslabs[index(number)].serves(), Use::Pooled);
            self.for_each_slab(number, |core, slab, class| {
                core.slab(slab).set_owner(orphan, class);
            });
            self.heap.orphans().push(superslabs, number);
        }
    }
}

impl Drop for Core<'_> {
    fn drop(&mut self) {
        self.trim();
        self.orphan_all();
        // Posts that arrived since: none of these slabs is this worker's any more, so all are passed on.
        self.drain(self.worker);
        self.heap.worker_leaves(self.worker);
    }
}
