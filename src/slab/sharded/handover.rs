//! Objects and superslabs that change hands between workers: mailboxes, leaving, adopting.
//!
//! Each slab has one owner. A worker that frees a foreign object reads the owner and posts
//! the slab to that owner's mailbox; the owner may change before the post arrives. A worker that takes an entry and
//! is not the owner therefore passes it on. Mailboxes without an attendant (of workers without a cache, and the
//! orphanage) are swept by every worker that is about to take more memory. A post is thus never lost: it is found
//! before the arena grows, at the latest.

use super::cache::Cache;
use super::slab_record::Owner;
use super::superslab_record::Use;
use crate::slab::class::{Class, SLAB_BYTES, SLABS};
use crate::slab::misuse::{Misuse, Violation};
use crate::units::index;

impl Cache<'_> {
    /// Empties a mailbox: drains own slabs, passes the others on.
    pub(super) fn drain(&mut self, mailbox: u32) {
        let mut chain = self.heap.mailbox(mailbox).take();
        while let Some(number) = chain.next(self.slabs.records()) {
            let slab = self.slab(number);
            let bad = match slab.current_owner().mailbox() {
                Some(owner) if owner == self.worker => {
                    let (good, bad) = slab.drain();
                    if good > 0 && slab.is_noticeable() {
                        self.settle(number);
                    }
                    bad
                }
                Some(owner) => {
                    self.heap.mailbox(owner).push(self.slabs.records(), number);
                    0
                }
                None => slab.discard(),
            };
            (0..bad).for_each(|_| self.late_violation(number));
        }
    }

    /// Reports a double free that could not be detected when it happened, because two workers freed at the same time.
    #[cold]
    fn late_violation(&self, number: u32) {
        let address = self.address_of(index(number) * SLAB_BYTES).addr().get();
        let violation = Violation { misuse: Misuse::DoubleFree, address, bytes: 0, worker: self.worker };
        self.heap.count_violation(violation);
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
        self.for_each_slab(number, |cache, slab, class| {
            cache.slab(slab).set_owner(cache.owner, class);
            cache.shelve(class, slab);
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
            self.for_each_slab(number, |cache, slab, class| {
                cache.slab(slab).set_owner(orphan, class);
            });
            self.heap.orphans().push(superslabs, number);
        }
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        self.trim();
        self.orphan_all();
        // Posts that arrived since: none of these slabs is this worker's any more, so all are passed on.
        self.drain(self.worker);
        self.heap.worker_leaves(self.worker);
    }
}
