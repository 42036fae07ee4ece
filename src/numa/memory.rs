//! A reserved range of addresses that can be bound to a node before its first touch.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use crate::error::{Error, Result};

/// Alignment of every reservation: one huge page on x86-64 and the size of a superslab.
pub const RESERVATION_ALIGNMENT: usize = 2 << 20;

/// An anonymous private mapping, aligned to 2 MiB, without memory behind it until it is touched.
///
/// Invariant: `base..base + bytes` is mapped readable and writable, and owned by this value alone, until drop.
#[derive(Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread; all access goes through raw pointers whose
// users (slab::Arena) synchronise among themselves.
unsafe impl Send for Reservation {}
// SAFETY: as above; a shared reference gives out the address only.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `bytes`, rounded up to 2 MiB, and asks for huge pages.
    ///
    /// # Errors
    /// When the kernel has no address space or refuses to overcommit.
    pub fn new(bytes: usize) -> Result<Reservation> {
        let bytes = bytes.max(1).next_multiple_of(RESERVATION_ALIGNMENT);
        let padded = bytes + RESERVATION_ALIGNMENT;
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                padded,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            let why = std::io::Error::last_os_error();
            return Err(Error::Environment(format!(
                "cannot reserve {bytes} bytes of address space: {why}; check ulimit -v and vm.overcommit_memory"
            )));
        }
        let start = start as usize;
        let aligned = start.next_multiple_of(RESERVATION_ALIGNMENT);
        let (before, after) = (aligned - start, start + padded - (aligned + bytes));
        // SAFETY: both ends lie inside the mapping made above and nothing has been told of them.
        unsafe {
            if before > 0 {
                libc::munmap(start as *mut libc::c_void, before);
            }
            if after > 0 {
                libc::munmap((aligned + bytes) as *mut libc::c_void, after);
            }
            // A refusal only costs speed; the pages' real size is read back with the locality.
            libc::madvise(aligned as *mut libc::c_void, bytes, libc::MADV_HUGEPAGE);
        }
        let base = NonNull::new(aligned as *mut u8).expect("a mapping is never at address 0");
        Ok(Reservation { base, bytes })
    }

    /// First address.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes, a multiple of 2 MiB.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the invariant says this range is ours, and by ownership nobody uses it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_aligned_and_writable_to_its_last_byte() {
        let reservation = Reservation::new(3 << 20).expect("4 MiB");
        assert_eq!(reservation.bytes(), 4 << 20);
        assert_eq!(reservation.base().as_ptr() as usize % RESERVATION_ALIGNMENT, 0);
        // SAFETY: the last byte of a live reservation.
        unsafe {
            let last = reservation.base().as_ptr().add(reservation.bytes() - 1);
            last.write(7);
            assert_eq!(last.read(), 7);
        }
    }
}
