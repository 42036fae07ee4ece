//! Pointers that the fast path does not recognise: another worker's object, or no object at all.

use std::ptr::NonNull;

use super::cache::Cache;
use super::slab_own::Freed;
use super::slab_returned::Returned;
use super::superslab_record::{Superslab, Use};
use crate::slab::class::{PackedLayout, SLABS, SUPERSLAB_BYTES, SUPERSLAB_SHIFT, slab_number};
use crate::slab::misuse::Misuse;
use crate::units::index;

impl Cache<'_> {
    /// Gives back the objects that the fast path does not: those of another worker, those in a slab with objects to
    /// drain, those above 4 KiB; refuses pointers that are not objects.
    #[cold]
    #[inline(never)]
    pub(super) fn deallocate_unusual(
        &mut self,
        pointer: NonNull<u8>,
        layout: PackedLayout,
    ) -> Result<(), Misuse> {
        let layout = layout.unpack();
        let offset = self.offset_of(pointer);
        let superslab = offset >> SUPERSLAB_SHIFT;
        let number = match self.heap.table().superslabs().get(superslab).map(Superslab::serves) {
            Some(Use::Small) => slab_number(offset),
            Some(Use::Whole(_)) => slab_number(offset) / SLABS * SLABS,
            Some(Use::Run(_)) => return self.deallocate_run(offset, layout),
            Some(Use::Pooled | Use::RunRest) | None => {
                return Err(self.violation(self.diagnose(offset), offset, layout));
            }
        };
        let slab = self.slabs.at(number);
        let start =
            slab.class().and_then(|class| class.start_at(offset)).filter(|start| slab.is_live(*start));
        let Some(start) = start else {
            return Err(self.violation(self.diagnose(offset), offset, layout));
        };
        if slab.owner().mailbox() == Some(self.worker) {
            if slab.free_locally(start) == Freed::Noticeably {
                self.settle(number);
            }
            return Ok(());
        }
        match slab.free_remotely(start) {
            Returned::Quietly => Ok(()),
            Returned::First(owner) => {
                let mailbox = owner.unwrap_or(self.heap.orphanage());
                self.heap.mailbox(mailbox).push(self.slabs.records(), number);
                Ok(())
            }
            Returned::Again => Err(self.violation(Misuse::DoubleFree, offset, layout)),
        }
    }

    /// Diagnoses an address that cannot be freed.
    #[cold]
    pub(super) fn diagnose(&self, offset: usize) -> Misuse {
        let superslab = offset >> SUPERSLAB_SHIFT;
        let Some(record) = self.heap.table().superslabs().get(superslab) else { return Misuse::Foreign };
        let number = match record.serves() {
            Use::Pooled => return Misuse::NotAllocated,
            Use::Run(_) if offset.is_multiple_of(SUPERSLAB_BYTES) => return Misuse::WrongLayout,
            Use::Run(_) | Use::RunRest => return Misuse::Interior,
            Use::Whole(_) => slab_number(offset) / SLABS * SLABS,
            Use::Small => slab_number(offset),
        };
        let slab = self.slabs.at(number);
        let Some(class) = slab.class() else { return Misuse::NotAllocated };
        let inside = class.inside(offset);
        match inside / class.bytes() < index(slab.carved()) {
            false => Misuse::NotAllocated,
            true if inside.is_multiple_of(class.bytes()) => Misuse::DoubleFree,
            true => Misuse::Interior,
        }
    }
}
