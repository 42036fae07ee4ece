//! The checks of the level `full`: the whole object is looked at when it is freed and when it is handed out again.
//!
//! A live object is followed by a canary where its class has room for one: the bytes that a user who asked for fewer
//! than the class has must not write. A free object is filled with a pattern behind its link. Behind a large object is a
//! guard (`guards.rs`).
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::core::Core;
use super::superslab_record::{Superslab, Use};
use crate::mix::mix64;
use crate::slab::class::{Class, PackedLayout, SLABS, SUPERSLAB_BYTES, SUPERSLAB_SHIFT, slab_number};
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
        let guards = self.heap.guards();
        let Some(class) = self.class_of(guards.with_room(layout)) else {
            return self.allocate_run(layout).inspect(|run| {
                let bytes = guards.with_room(layout).size().next_multiple_of(SUPERSLAB_BYTES);
                guards.put(self.heap.arena(), self.offset_of(*run), layout.size(), bytes);
            });
        };
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
            let (room, bytes) = self.canary_room(class, object, layout.size());
            // SAFETY: inside the object's class, behind what its user asked for.
            unsafe { write_first(self.canary(object, layout.size()), room, bytes) };
            let pointer = self.links.pointer(object);
            guards.put(self.heap.arena(), self.offset_of(pointer), layout.size(), class.bytes());
            return Ok(pointer);
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
        if !class.begins_at(inside) || inside >= index(self.slab(number).carved()) * class.bytes() {
            return Err(self.refused(self.diagnose(offset), pointer, layout));
        }
        let object = pointer.addr().get();
        // SAFETY: an object's place, and its memory is no longer used.
        if (unsafe { self.links.next_of_user(object) } ^ object) < class.slab_bytes() {
            return Ok(());
        }
        let guards = self.heap.guards();
        let is_other = self.class_of(guards.with_room(layout.unpack())) != Some(class);
        let may_have_guard = guards.may_follow(class);
        if is_other || may_have_guard && guards.contradicts(offset, layout.bytes()) {
            return Err(self.refused(Misuse::WrongLayout, pointer, layout));
        }
        let (room, bytes) = self.canary_room(class, object, layout.bytes());
        // SAFETY: inside the object's class; written when the object was handed out.
        if !unsafe { begins_with(room, bytes, self.canary(object, layout.bytes())) } {
            return Err(self.refused(Misuse::Overflow, pointer, layout));
        }
        if may_have_guard {
            guards.lift(self.heap.arena(), offset);
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
        // Arrays of fixed size are compared without a loop over their bytes. Classes are whole words.
        let (lines, rest) = filling.as_chunks::<64>();
        let (words, none) = rest.as_chunks::<LINK_BYTES>();
        lines.iter().all(|line| *line == [POISON; 64])
            && words.iter().all(|word| *word == [POISON; LINK_BYTES])
            && none.is_empty()
    }

    /// The canary of an object: it differs between objects, sizes and heaps.
    fn canary(&self, object: usize, bytes: usize) -> [u8; 8] {
        mix64(count(self.links.code(object)) ^ count(bytes)).to_le_bytes()
    }

    /// The place of the canary of an object of `bytes` bytes, and the number of its bytes that have room.
    fn canary_room(&self, class: Class, object: usize, bytes: usize) -> (NonNull<u8>, usize) {
        let slack = self.heap.guards().slack(object - self.links.base(), bytes);
        (self.links.pointer(object + bytes), slack.unwrap_or(class.bytes() - bytes).min(8))
    }
}

/// Writes the first `bytes` bytes of a canary, at most all 8.
///
/// # Safety
/// `place` has that many bytes, which no other thread uses.
unsafe fn write_first(canary: [u8; 8], place: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's guarantee; the slice checks the length.
    unsafe { place.as_ptr().copy_from_nonoverlapping(canary[..bytes].as_ptr(), bytes) };
}

/// True when the memory begins with the first `bytes` bytes of a canary, at most all 8.
///
/// # Safety
/// `place` has that many bytes, which were written and which no other thread writes.
unsafe fn begins_with(place: NonNull<u8>, bytes: usize, canary: [u8; 8]) -> bool {
    // SAFETY: by the caller's guarantee.
    let found = unsafe { std::slice::from_raw_parts(place.as_ptr(), bytes) };
    *found == canary[..bytes]
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_written_and_compared_to_its_last_byte_and_no_further() {
        let canary = [1, 2, 3, 4, 5, 6, 7, 8];
        for bytes in 0..=canary.len() {
            let mut memory = [0xEE; 10];
            // SAFETY: at most 8 of the 10 bytes, the first left out.
            unsafe { write_first(canary, NonNull::from(&mut memory[1..]).cast(), bytes) };
            assert_eq!(memory[1..=bytes], canary[..bytes]);
            assert!(memory[0] == 0xEE && memory[bytes + 1..].iter().all(|byte| *byte == 0xEE));
            for wrong in 1..=bytes + 1 {
                let mut damaged = memory;
                damaged[wrong] ^= 0x10;
                // SAFETY: as above.
                let equal = unsafe { begins_with(NonNull::from(&mut damaged[1..]).cast(), bytes, canary) };
                assert_eq!(equal, wrong > bytes, "byte {wrong} of {bytes}");
            }
        }
    }
}
