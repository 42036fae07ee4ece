//! Links of free objects, kept in the objects' own first words.
//!
//! A list leads from object to object of one slab and ends at the slab's address with bit 0 set. A stored link is the
//! exclusive or of the next address and the heap's key, a random number. So a link that was overwritten, or an object
//! that was handed out while it was still listed, decodes to an address outside the slab, except with probability
//! 2^-49 (bytes of a slab / 2^64); the end of a list passes the same test as every other link.
//!
//! Only the worker that holds a list reads or writes its links: no atomics. Lists that change hands are published by
//! the operation that hands them over.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use crate::slab::class::{SLAB_BYTES, SLAB_SHIFT};
use crate::units::index;

/// Access to the first words of an arena's objects.
///
/// Invariant: `base` is the first byte of the arena, which outlives every copy of this value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectLinks {
    base: NonNull<u8>,
    key: usize,
}

// SAFETY: the address of memory that belongs to no thread; whoever follows a link must have the right to.
unsafe impl Send for ObjectLinks {}
// SAFETY: as above.
unsafe impl Sync for ObjectLinks {}

impl ObjectLinks {
    /// Links in the arena at `base`, encoded with `key`; a key of 0 stores plain addresses.
    pub(super) fn new(base: NonNull<u8>, key: usize) -> ObjectLinks {
        ObjectLinks { base, key }
    }

    /// The first address of the arena.
    #[inline]
    pub(super) fn base(&self) -> usize {
        self.base.addr().get()
    }

    /// The pointer to an address of the arena.
    #[inline]
    pub(super) fn pointer(&self, address: usize) -> NonNull<u8> {
        // SAFETY: callers pass addresses of the arena, which does not contain address 0.
        unsafe { NonNull::new_unchecked(self.base.as_ptr().with_addr(address)) }
    }

    /// The address of a slab.
    #[inline]
    pub(super) fn slab_address(&self, number: u32) -> usize {
        self.base() + (index(number) << SLAB_SHIFT)
    }

    /// The end of every list of a slab.
    #[inline]
    pub(super) fn end_of(&self, number: u32) -> usize {
        self.slab_address(number) | 1
    }

    /// An address as it is stored, or a stored link as an address.
    #[inline]
    pub(super) fn code(&self, word: usize) -> usize {
        word ^ self.key
    }

    /// The first word of an object.
    ///
    /// # Safety
    /// `object` is the address of an object's first word inside the arena, and no other thread writes to it.
    #[inline]
    pub(super) unsafe fn word(&self, object: usize) -> usize {
        let word = self.pointer(object).cast::<usize>();
        // SAFETY: readable by the caller's guarantee. Not necessarily aligned, because a misused pointer may have been
        // accepted.
        unsafe { word.read_unaligned() }
    }

    /// Replaces the first word of an object.
    ///
    /// # Safety
    /// As `word`, and no other thread reads it.
    #[inline]
    pub(super) unsafe fn set_word(&self, object: usize, word: usize) {
        // SAFETY: writable by the caller's guarantee.
        unsafe { self.pointer(object).cast::<usize>().write_unaligned(word) }
    }

    /// The object after this one in its list, or the list's end.
    ///
    /// # Safety
    /// As `word`.
    #[inline]
    pub(super) unsafe fn next(&self, object: usize) -> usize {
        // SAFETY: by the caller's guarantee.
        self.code(unsafe { self.word(object) })
    }

    /// The first word of an object that its user has just given back. The compiler must not follow the word to its
    /// source: the user may have left it uninitialised, and what an allocator reads there is any bits.
    ///
    /// # Safety
    /// As `word`.
    #[inline]
    pub(super) unsafe fn next_of_user(&self, object: usize) -> usize {
        let word: usize;
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: a load from readable memory.
        unsafe {
            std::arch::asm!("mov {}, [{}]", out(reg) word, in(reg) self.pointer(object).as_ptr(),
                options(nostack, readonly, preserves_flags));
        }
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        // SAFETY: a load from readable memory.
        unsafe {
            std::arch::asm!("ldr {}, [{}]", out(reg) word, in(reg) self.pointer(object).as_ptr(),
                options(nostack, readonly, preserves_flags));
        }
        #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
        // SAFETY: by the caller's guarantee.
        let _: () = {
            word = unsafe { self.word(object) };
        };
        self.code(word)
    }
}

/// True when the two addresses lie in one small slab; slabs are aligned to their size. The end of the slab's lists
/// lies in it as well.
#[inline]
pub(super) fn in_one_slab(a: usize, b: usize) -> bool {
    (a ^ b) < SLAB_BYTES
}

/// The end of the list of no slab.
pub(super) const NO_LIST: usize = 1;

/// True for the end of a list: objects are aligned.
#[inline]
pub(super) fn is_end(address: usize) -> bool {
    address & 1 != 0
}

/// Requests the line of the next object, to be written: an allocation that follows soon finds it. A prefetch never
/// faults, whatever the address.
#[inline]
pub(super) fn prefetch_for_write(address: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint; it reads and writes nothing the program can see.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let _ = address;
}
