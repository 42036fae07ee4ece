//! Pointers that the fast path does not recognise: another worker's object, a large one, or no object at all.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::chain::{CHAIN_OBJECTS_MAX, Chain};
use super::core::Core;
use super::object_links::in_one_slab;
use super::superslab_record::{Superslab, Use};
use crate::slab::class::{
    Class, GRAIN_BYTES, PackedLayout, SLAB_SHIFT, SLABS, SUPERSLAB_BYTES, SUPERSLAB_SHIFT, slab_number,
};
use crate::slab::misuse::Misuse;
use crate::units::index;

impl Core<'_> {
    /// Gives back the objects that the fast path does not: those of another worker, those above 4 KiB; refuses pointers
    /// that are not objects.
    // Not cold: where objects are freed by other workers than their owner, most frees come this way.
    #[inline(never)]
    pub(super) fn deallocate_unusual(
        &mut self,
        pointer: NonNull<u8>,
        layout: PackedLayout,
    ) -> Result<(), Misuse> {
        let offset = self.offset_of(pointer);
        if let Some(owner) = self.owners.get(offset >> SLAB_SHIFT)
            && owner.get().is_small()
            && owner.get() != self.owner
            && offset.is_multiple_of(GRAIN_BYTES)
        {
            return self.chain_up(pointer, layout);
        }
        self.deallocate_rare(pointer, layout)
    }

    /// Adds a small object of another worker to its chain.
    #[inline]
    fn chain_up(&mut self, pointer: NonNull<u8>, layout: PackedLayout) -> Result<(), Misuse> {
        let object = pointer.addr().get();
        // SAFETY: the object lies in a slab, and its memory is no longer used.
        if self.checks_links && in_one_slab(unsafe { self.links.next_of_user(object) }, object) {
            return Err(self.refused(Misuse::DoubleFree, pointer, layout));
        }
        let slab = slab_number(self.offset_of(pointer));
        let links = self.links;
        let chain = self.chains.at(slab);
        if (chain.slab != slab || chain.objects == CHAIN_OBJECTS_MAX)
            && let Some(whole) = chain.take()
        {
            self.give_chain(whole);
        }
        let chain = self.chains.at(slab);
        if chain.objects == 0 {
            *chain = Chain { slab, objects: 0, head: links.end_of(slab), tail: object };
        }
        // SAFETY: as above.
        unsafe { links.set_word(object, links.code(chain.head)) };
        chain.head = object;
        chain.objects += 1;
        Ok(())
    }

    /// Gives back objects of slabs as large as a superslab, and runs; refuses the rest.
    #[inline(never)]
    fn deallocate_rare(&mut self, pointer: NonNull<u8>, layout: PackedLayout) -> Result<(), Misuse> {
        let offset = self.offset_of(pointer);
        let superslab = offset >> SUPERSLAB_SHIFT;
        match self.heap.table().superslabs().get(superslab).map(Superslab::serves) {
            Some(Use::Whole(class)) => self.deallocate_whole(class, pointer, layout),
            Some(Use::Run(_)) => self.deallocate_run(offset, layout.unpack()),
            Some(Use::Pooled | Use::RunRest | Use::Small) | None => {
                Err(self.refused(self.diagnose(offset), pointer, layout))
            }
        }
    }

    /// Gives back an object of a slab as large as a superslab. All checks are made at every level: they cost little
    /// compared with the use of such an object.
    fn deallocate_whole(
        &mut self,
        class: Class,
        pointer: NonNull<u8>,
        layout: PackedLayout,
    ) -> Result<(), Misuse> {
        let (object, offset) = (pointer.addr().get(), self.offset_of(pointer));
        let number = slab_number(offset) / SLABS * SLABS;
        let slab = self.slab(number);
        let inside = class.inside(offset);
        if !class.begins_at(inside) || inside >= index(slab.carved()) * class.bytes() {
            return Err(self.refused(self.diagnose(offset), pointer, layout));
        }
        // SAFETY: an object's place, and its memory is no longer used.
        let is_listed = (unsafe { self.links.next_of_user(object) } ^ object) < SUPERSLAB_BYTES;
        if is_listed && self.checks_links {
            return Err(self.refused(Misuse::DoubleFree, pointer, layout));
        }
        if slab.owner().mailbox() == Some(self.worker) {
            // SAFETY: as above.
            unsafe { self.links.set_word(object, self.links.code(slab.local())) };
            if slab.record.push_local(object) {
                self.settle(number);
            }
        } else {
            // SAFETY: as above.
            unsafe { self.links.set_word(object, self.links.code(self.links.end_of(number))) };
            self.give_chain(Chain { slab: number, objects: 1, head: object, tail: object });
        }
        Ok(())
    }

    #[cold]
    pub(super) fn refused(&self, misuse: Misuse, pointer: NonNull<u8>, layout: PackedLayout) -> Misuse {
        self.violation(misuse, self.offset_of(pointer), layout.unpack())
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
        let Some(class) = self.slab(number).class() else { return Misuse::NotAllocated };
        let inside = class.inside(offset);
        match inside / class.bytes() < index(self.slab(number).carved()) {
            false => Misuse::NotAllocated,
            true if class.begins_at(inside) => Misuse::DoubleFree,
            true => Misuse::Interior,
        }
    }
}
