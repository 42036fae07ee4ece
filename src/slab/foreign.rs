//! Pointers that the fast path does not recognise: another worker's object, or not an object at all.

use std::alloc::Layout;

use super::cache::Cache;
use super::class::{Class, SLAB_BYTES, SLABS, SUPERSLAB_BYTES, SUPERSLAB_SHIFT};
use super::misuse::Misuse;
use super::slab_record::{Freed, Returned, position};
use super::superslab_record::Use;
use super::sync::Ordering::Relaxed;

impl Cache<'_> {
    /// The slab at `offset` is not this worker's slab of this class.
    #[inline(never)]
    pub(super) fn deallocate_elsewhere(
        &mut self,
        offset: usize,
        class: Class,
        layout: Layout,
    ) -> Result<(), Misuse> {
        let number = class.slab_at(offset);
        let slab = &self.slabs[number];
        let owner = slab.identity().owner();
        let (index, exact) = class.object_at(offset);
        if slab.identity().class() != Some(class)
            || !exact
            || index >= slab.carved()
            || slab.word(position(index).0).load(Relaxed) & position(index).1 != 0
        {
            return Err(self.violation(self.diagnose(offset), offset, layout));
        }
        match slab.free_remotely(index) {
            Returned::Quietly => Ok(()),
            Returned::First => {
                let mailbox = owner.unwrap_or(self.heap.orphanage());
                self.heap.mailbox(mailbox).push(self.slabs, number as u32);
                Ok(())
            }
            Returned::Again => Err(self.violation(Misuse::DoubleFree, offset, layout)),
        }
    }

    /// The slab is this worker's, but something is not as it should be, or others have given back objects of it
    /// that are not drained.
    #[cold]
    #[inline(never)]
    pub(super) fn deallocate_suspect(
        &mut self,
        offset: usize,
        class: Class,
        layout: Layout,
    ) -> Result<(), Misuse> {
        let number = class.slab_at(offset);
        let slab = &self.slabs[number];
        let (index, exact) = class.object_at(offset);
        if !exact || index >= slab.carved() || slab.is_free(index) {
            return Err(self.violation(self.diagnose(offset), offset, layout));
        }
        let before = slab.word(position(index).0).load(Relaxed);
        if slab.free_locally(index, before) == Freed::Noticeably {
            self.settle(number as u32);
        }
        Ok(())
    }

    /// What is wrong with an address that cannot be freed with the layout that came with it.
    #[cold]
    pub(super) fn diagnose(&self, offset: usize) -> Misuse {
        let superslab = offset >> SUPERSLAB_SHIFT;
        let Some(record) = self.heap.table().superslabs().get(superslab) else { return Misuse::Foreign };
        let number = match record.serves() {
            Use::Pooled => return Misuse::NotAllocated,
            Use::Run(_) if offset.is_multiple_of(SUPERSLAB_BYTES) => return Misuse::WrongLayout,
            Use::Run(_) | Use::RunRest => return Misuse::Interior,
            Use::Whole(_) => superslab * SLABS,
            Use::Small => offset / SLAB_BYTES,
        };
        let slab = &self.slabs[number];
        let Some(class) = slab.identity().class() else { return Misuse::NotAllocated };
        let (index, exact) = class.object_at(offset);
        match (index < slab.carved(), exact) {
            (false, _) => Misuse::NotAllocated,
            (true, false) => Misuse::Interior,
            (true, true) if slab.is_free(index) => Misuse::DoubleFree,
            (true, true) => Misuse::WrongLayout,
        }
    }
}
