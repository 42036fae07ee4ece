//! The rank's memory: a range of addresses aligned to a superslab. This module never reads or clears it.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc};
use std::ops::Range;
use std::ptr::NonNull;

use super::class::{PAGE_BYTES, SUPERSLAB_BYTES};
use crate::error::{Error, Result};
use crate::numa::{Reservation, page_bytes};
use crate::units::index;

/// Invariant: `base` is aligned to `SUPERSLAB_BYTES`, and `base..base + superslabs * SUPERSLAB_BYTES` is memory
/// owned by `memory` until drop.
#[derive(Debug)]
pub struct Arena {
    base: NonNull<u8>,
    superslabs: u32,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    /// Held only so that its drop releases the memory.
    Bound(#[allow(dead_code)] Reservation),
    Plain(Layout),
}

// SAFETY: memory belongs to the process, not to a thread; the arena itself only hands out its address.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena over a reservation, which the caller has bound to its node (or not) before first touch.
    ///
    /// # Errors
    /// When it has 2^26 superslabs (128 TiB) or more: slabs have 32-bit numbers.
    pub fn bound(reservation: Reservation) -> Result<Arena> {
        let (base, bytes) = (reservation.base(), reservation.bytes());
        Arena::over(base, bytes, Memory::Bound(reservation))
    }

    /// An arena over ordinary memory, for tests and for Miri. `bytes` are rounded up to whole superslabs.
    ///
    /// # Errors
    /// When the system has no such memory.
    pub fn plain(bytes: usize) -> Result<Arena> {
        let rounded = bytes.max(1).checked_next_multiple_of(SUPERSLAB_BYTES);
        let layout = rounded.and_then(|bytes| Layout::from_size_align(bytes, SUPERSLAB_BYTES).ok());
        // SAFETY: the size is not zero.
        let made = layout.and_then(|layout| Some((NonNull::new(unsafe { alloc(layout) })?, layout)));
        let (base, layout) =
            made.ok_or_else(|| Error::Environment(format!("cannot allocate an arena of {bytes} bytes")))?;
        Arena::over(base, layout.size(), Memory::Plain(layout))
    }

    fn over(base: NonNull<u8>, bytes: usize, memory: Memory) -> Result<Arena> {
        assert!(base.addr().get().is_multiple_of(SUPERSLAB_BYTES) && bytes.is_multiple_of(SUPERSLAB_BYTES));
        let superslabs = u32::try_from(bytes / SUPERSLAB_BYTES).ok().filter(|count| *count < 1 << 26);
        let superslabs = superslabs
            .ok_or_else(|| Error::Environment(format!("an arena of {bytes} bytes is larger than 128 TiB")))?;
        Ok(Arena { base, superslabs, memory })
    }

    /// The first address.
    #[inline]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes, a multiple of 2 MiB.
    pub fn bytes(&self) -> usize {
        index(self.superslabs) * SUPERSLAB_BYTES
    }

    /// Length in superslabs.
    pub(super) fn superslabs(&self) -> u32 {
        self.superslabs
    }

    /// Faults in the memory of `count` superslabs from `first` on, without changing their contents. The caller holds
    /// these superslabs: they are out of the pool and carry no object.
    pub(super) fn populate(&self, first: u32, count: u32) -> Result<()> {
        let (start, bytes) = self.superslabs_at(first, count);
        if let Memory::Bound(_) = self.memory {
            match populate_write(start, bytes) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(why) => return Err(no_memory(bytes, &why)),
            }
        }
        for offset in (0..bytes).step_by(PAGE_BYTES) {
            // SAFETY: inside the arena; the caller holds the superslabs, so no other thread reads or writes there.
            unsafe { start.add(offset).write_volatile(0) };
        }
        Ok(())
    }

    /// Same as `populate`, for a superslab that other threads may take, read and write meanwhile.
    ///
    /// # Errors
    /// When memory is short, or the kernel cannot do it: see `can_populate_in_use`.
    pub(super) fn populate_in_use(&self, number: u32) -> Result<()> {
        let (start, bytes) = self.superslabs_at(number, 1);
        match populate_write(start, bytes) {
            Ok(true) => Ok(()),
            // The kernel gives the same reason for a page that is inaccessible: a worker has taken the superslab
            // meanwhile, and put a guard into it.
            Ok(false) if can_populate_in_use() => Ok(()),
            Ok(false) => Err(Error::Environment(NO_POPULATE.to_owned())),
            Err(why) => Err(no_memory(bytes, &why)),
        }
    }

    /// Gives the memory of these superslabs back to the operating system; only of an arena that is a reservation. Their
    /// contents are lost: the caller holds them.
    ///
    /// # Errors
    /// When the kernel refuses, as it does for memory that is locked.
    pub(super) fn discard(&self, first: u32, count: u32) -> Result<()> {
        let (start, bytes) = self.superslabs_at(first, count);
        match self.memory {
            Memory::Bound(_) => discard(start, bytes).map_err(|why| {
                Error::Environment(format!(
                    "cannot give {bytes} bytes of the arena back: {why}; is the memory locked (mlockall)?"
                ))
            }),
            Memory::Plain(_) => Ok(()),
        }
    }

    /// True when parts of the arena can be made inaccessible: it is a mapping of its own, with pages of 4 KiB.
    pub(super) fn can_guard(&self) -> bool {
        cfg!(all(target_os = "linux", not(miri)))
            && matches!(self.memory, Memory::Bound(_))
            && page_bytes() == PAGE_BYTES
    }

    /// Makes these bytes inaccessible, from one page boundary to another. The caller holds them.
    ///
    /// # Errors
    /// When the process has no mappings left (`vm.max_map_count`): then nothing is changed.
    pub(super) fn protect(&self, range: Range<usize>) -> std::io::Result<()> {
        set_access(self.bytes_at(&range), range.len(), libc::PROT_NONE)
    }

    /// Makes bytes accessible again that `protect` made inaccessible.
    ///
    /// # Panics
    /// When the kernel refuses, which it has no reason to: the range is a mapping of its own, so none is cut.
    pub(super) fn unprotect(&self, range: Range<usize>) {
        let done = set_access(self.bytes_at(&range), range.len(), libc::PROT_READ | libc::PROT_WRITE);
        done.expect("a guard is a mapping of its own");
    }

    /// Address of the first of these bytes.
    fn bytes_at(&self, range: &Range<usize>) -> NonNull<u8> {
        assert!(range.start < range.end && range.end <= self.bytes());
        // SAFETY: inside the arena by the assertion.
        unsafe { self.base.add(range.start) }
    }

    /// Address and length of these superslabs.
    fn superslabs_at(&self, first: u32, count: u32) -> (NonNull<u8>, usize) {
        assert!(first.checked_add(count).is_some_and(|end| end <= self.superslabs));
        // SAFETY: inside the arena by the assertion.
        let start = unsafe { self.base.add(index(first) * SUPERSLAB_BYTES) };
        (start, index(count) * SUPERSLAB_BYTES)
    }
}

/// The error of a kernel that cannot populate memory that is in use.
pub(super) const NO_POPULATE: &str =
    "this system cannot populate memory that is in use; expected Linux 5.14 or later (MADV_POPULATE_WRITE)";

fn no_memory(bytes: usize, why: &std::io::Error) -> Error {
    Error::Environment(format!(
        "cannot put memory behind {bytes} bytes of the arena: {why}; is the node's memory, or the cgroup's, used up?"
    ))
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Memory::Plain(layout) = self.memory {
            // SAFETY: allocated with this layout in `plain`, and owned.
            unsafe { dealloc(self.base.as_ptr(), layout) };
        }
    }
}

/// Faults all pages in one call: with huge pages 190 us per superslab, against 588 us when 4 KiB pages are touched one
/// by one. The call fails on a node without memory, where touching would end the process. Returns false where there is
/// no such call: before Linux 5.14, and on other systems.
#[cfg(all(target_os = "linux", not(miri)))]
fn populate_write(start: NonNull<u8>, bytes: usize) -> std::io::Result<bool> {
    loop {
        // SAFETY: the range lies in a live reservation, and populating does not change what it holds.
        if unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_POPULATE_WRITE) } == 0 {
            return Ok(true);
        }
        let why = std::io::Error::last_os_error();
        match why.raw_os_error() {
            Some(libc::EINVAL) => return Ok(false),
            Some(libc::EAGAIN | libc::EINTR) => {}
            _ => return Err(why),
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn populate_write(_start: NonNull<u8>, _bytes: usize) -> std::io::Result<bool> {
    Ok(false)
}

/// True when the kernel can populate memory that other threads use. It checks the advice before the length, so an empty
/// range tells.
pub(super) fn can_populate_in_use() -> bool {
    matches!(populate_write(NonNull::<Page>::dangling().cast(), 0), Ok(true))
}

#[cfg(all(target_os = "linux", not(miri)))]
fn set_access(start: NonNull<u8>, bytes: usize, access: libc::c_int) -> std::io::Result<()> {
    // SAFETY: whole pages of a live reservation, and memory that the caller holds.
    match unsafe { libc::mprotect(start.as_ptr().cast(), bytes, access) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Never called: such an arena cannot have guards.
#[cfg(not(all(target_os = "linux", not(miri))))]
fn set_access(_start: NonNull<u8>, _bytes: usize, _access: libc::c_int) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Gives a dangling pointer the alignment of a page.
#[repr(align(4096))]
struct Page;

#[cfg(all(target_os = "linux", not(miri)))]
fn discard(start: NonNull<u8>, bytes: usize) -> std::io::Result<()> {
    // SAFETY: the range lies in a live reservation, and the caller has said that no contents are needed.
    match unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_DONTNEED) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Memory that stays is as good as memory that comes anew.
#[cfg(not(all(target_os = "linux", not(miri))))]
fn discard(_start: NonNull<u8>, _bytes: usize) -> std::io::Result<()> {
    Ok(())
}
