//! The checks of the level `full`: the whole object is looked at when it is freed and when it is handed out again.
//!
//! A live object is followed by a canary where its class has room for one: the bytes that a user who asked for fewer
//! than the class has must not write. A free object is filled with a pattern behind its link.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::core::Core;
use super::superslab_record::{Superslab, Use};
use crate::mix::mix64;
use crate::slab::class::{Class, PackedLayout, SLABS, SUPERSLAB_SHIFT, slab_number};
use crate::slab::misuse::{Misuse, OutOfMemory, Violation};
use crate::units::{count, index};

/// Bytes of a link, at the beginning of a free object.
const LINK_BYTES: usize = size_of::<usize>();
/// The filling of a free object behind its link: as an address it is in no program, as a number it is negative.
const POISON: u8 = 0xDF;

impl Core<'_> {
    /// `Cache::allocate` at the level `full`.
    #[inline(never)]
    pub(super) fn allocate_checked(&mut self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        let Some(class) = Class::of(layout) else { return self.allocate_run(layout) };
        loop {
            let Some(object) = self.take(class) else {
                self.refill(class)?;
                continue;
            };
            if !self.is_poisoned(class, object) {
                // It is not handed out, and its slab never released: the writer still has the address.
                self.heap.count_violation(Violation {
                    misuse: Misuse::Damaged,
                    address: object,
                    bytes: class.bytes(),
                    worker: self.worker,
                });
                continue;
            }
            let canary = self.canary(object, layout.size());
            let room = self.canary_room(class, object, layout.size());
            for (place, byte) in canary.iter().enumerate().take(room.1) {
                // SAFETY: inside the object's class, behind what its user asked for.
                unsafe { room.0.add(place).write(*byte) };
            }
            return Ok(self.links.pointer(object));
        }
    }

    /// Looks at a whole object before it is freed, and fills it.
    ///
    /// # Errors
    /// When the pointer is not that of an object of this size, or what is behind the object was overwritten. Pointers
    /// outside all slabs, and objects that are free already, pass: the next step refuses them.
    #[inline(never)]
    pub(super) fn check_object(&self, pointer: NonNull<u8>, layout: PackedLayout) -> Result<(), Misuse> {
        let offset = self.offset_of(pointer);
        let superslab = self.heap.table().superslabs().get(offset >> SUPERSLAB_SHIFT).map(Superslab::serves);
        let number = match superslab {
            Some(Use::Small) => slab_number(offset),
            Some(Use::Whole(_)) => slab_number(offset) / SLABS * SLABS,
            Some(Use::Run(_) | Use::RunRest | Use::Pooled) | None => return Ok(()),
        };
        let Some(class) = self.slab(number).class() else { return Ok(()) };
        let inside = class.inside(offset);
        if !class.begins_at(inside) || inside / class.bytes() >= index(self.slab(number).carved()) {
            return Err(self.refused(self.diagnose(offset), pointer, layout));
        }
        let object = pointer.addr().get();
        // SAFETY: an object's place, and its memory is no longer used.
        if (unsafe { self.links.next_of_user(object) } ^ object) < class.slab_bytes() {
            return Ok(());
        }
        if Class::of(layout.unpack()) != Some(class) {
            return Err(self.refused(Misuse::WrongLayout, pointer, layout));
        }
        let canary = self.canary(object, layout.bytes());
        let (room, bytes) = self.canary_room(class, object, layout.bytes());
        for (place, byte) in canary.iter().enumerate().take(bytes) {
            // SAFETY: inside the object's class; written when the object was handed out.
            if unsafe { room.add(place).read() } != *byte {
                return Err(self.refused(Misuse::Overflow, pointer, layout));
            }
        }
        self.fill(class, object);
        Ok(())
    }

    /// Fills a free object behind its link.
    pub(super) fn fill(&self, class: Class, object: usize) {
        let filling = self.links.pointer(object + LINK_BYTES);
        // SAFETY: an object of an own slab, or one that its user gives back: its memory is not used.
        unsafe { filling.write_bytes(POISON, class.bytes() - LINK_BYTES) };
    }

    /// True when a free object still has its filling.
    fn is_poisoned(&self, class: Class, object: usize) -> bool {
        let filling = self.links.pointer(object + LINK_BYTES);
        // SAFETY: an object that was free until now and that nobody has yet; it was filled when it was freed.
        let filling = unsafe { std::slice::from_raw_parts(filling.as_ptr(), class.bytes() - LINK_BYTES) };
        filling.iter().all(|byte| *byte == POISON)
    }

    /// The canary of an object: it differs between objects, sizes and heaps.
    fn canary(&self, object: usize, bytes: usize) -> [u8; 8] {
        mix64(count(self.links.code(object)) ^ count(bytes)).to_le_bytes()
    }

    /// The place of the canary of an object of `bytes` bytes, and the number of its bytes that have room.
    fn canary_room(&self, class: Class, object: usize, bytes: usize) -> (NonNull<u8>, usize) {
        (self.links.pointer(object + bytes), (class.bytes() - bytes).min(8))
    }
}
