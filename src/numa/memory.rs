//! A reserved address range that can be bound to a node before its first touch.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use super::page::page_bytes;
use crate::error::{Error, Result};

/// Alignment of every reservation, in bytes: one huge page on x86-64, and the size of a superslab.
pub const RESERVATION_ALIGNMENT: usize = 2 << 20;

/// An anonymous private mapping, aligned to 2 MiB, without memory behind it until it is touched.
///
/// An inaccessible guard page lies on either side. So an overrun faults instead of writing into another mapping, and
/// the kernel cannot merge the mapping with another one: its figures for the mapping are figures for this range alone.
///
/// Invariant: until drop, `base..base + bytes` is mapped readable and writable, and this value alone owns it and its
/// guard pages.
#[derive(Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread. All access goes through raw pointers, and the users of
// these (slab::Arena) synchronise among themselves.
unsafe impl Send for Reservation {}
// SAFETY: as above; a shared reference gives only the address and the length.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `bytes`, rounded up to 2 MiB, and asks for huge pages.
    ///
    /// # Errors
    /// When the kernel has no address space or refuses to overcommit.
    pub fn new(bytes: usize) -> Result<Reservation> {
        let too_large = || Error::Environment(format!("{bytes} bytes are more than any address space has"));
        let guard = page_bytes();
        let bytes = bytes.max(1).checked_next_multiple_of(RESERVATION_ALIGNMENT).ok_or_else(too_large)?;
        let padded = bytes.checked_add(2 * RESERVATION_ALIGNMENT).ok_or_else(too_large)?;
        let start = map_untouchable(padded)?;
        let aligned = (start + guard).next_multiple_of(RESERVATION_ALIGNMENT);
        let (first, last) = (aligned - guard, aligned + bytes + guard);
        // SAFETY: both ends lie inside the mapping just made, and no other code has its address yet. Unmapping them can
        // only fail for lack of a mapping entry; then they stay reserved, inaccessible and unused.
        unsafe {
            if first > start {
                libc::munmap(start as *mut libc::c_void, first - start);
            }
            if start + padded > last {
                libc::munmap(last as *mut libc::c_void, start + padded - last);
            }
        }
        let base = NonNull::new(aligned as *mut u8).expect("a mapping is never at address 0");
        let reservation = Reservation { base, bytes };
        // SAFETY: this is the invariant's range, and no other code uses it yet. A refusal of huge pages only costs
        // speed; `huge_page_bytes` reports the result.
        unsafe {
            if libc::mprotect(base.as_ptr().cast(), bytes, libc::PROT_READ | libc::PROT_WRITE) != 0 {
                return Err(no_space(bytes));
            }
            libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE);
        }
        Ok(reservation)
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
        let guard = page_bytes();
        let first = self.base.as_ptr() as usize - guard;
        // SAFETY: by the invariant this value owns the range and its guard pages; when it is dropped, nobody uses them.
        unsafe { libc::munmap(first as *mut libc::c_void, self.bytes + 2 * guard) };
    }
}

/// Maps address space that faults on any access. Returns its first address.
fn map_untouchable(bytes: usize) -> Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice affects no existing mapping.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED { Err(no_space(bytes)) } else { Ok(start as usize) }
}

/// The error of a refused mapping. Reads errno, so it must be called right after the refusal.
fn no_space(bytes: usize) -> Error {
    let why = std::io::Error::last_os_error();
    Error::Environment(format!(
        "cannot reserve {bytes} bytes of address space: {why}; check ulimit -v and vm.overcommit_memory"
    ))
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

    #[test]
    fn the_kernel_sees_every_reservation_as_a_mapping_of_its_own() {
        let reservations: Vec<Reservation> = (0..8).map(|_| Reservation::new(1).expect("2 MiB")).collect();
        let maps = std::fs::read_to_string("/proc/self/maps").expect("procfs");
        for reservation in &reservations {
            let start = reservation.base().as_ptr() as usize;
            let range = format!("{start:x}-{:x} rw-p", start + reservation.bytes());
            assert!(maps.lines().any(|line| line.starts_with(&range)), "{range} in\n{maps}");
        }
    }

    #[test]
    fn impossible_sizes_are_errors() {
        for bytes in [usize::MAX, usize::MAX - (3 << 20), 1 << 60] {
            let message = Reservation::new(bytes).expect_err("no such memory").to_string();
            assert!(message.contains("bytes"), "{message}");
        }
    }
}
