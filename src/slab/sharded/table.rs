//! The records of all superslabs and slabs of an arena, by number.
//!
//! They are outside the arena, so that a stray write into an object cannot reach them. The system provides them
//! zeroed, and they take memory only where they are used: less than 200 bytes for each slab that exists.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::Deref;
use std::ptr::NonNull;

use super::returned::Returned;
use super::slab_record::{Details, OwnerWord, Record};
use super::superslab_record::Superslab;
use crate::slab::class::SLABS;
use crate::units::index;

/// One record for each superslab, and `SLABS` owners and records for its slabs: those of superslab s begin at s * `SLABS`.
#[derive(Debug)]
pub(super) struct RecordTable {
    superslabs: Zeroed<Superslab>,
    owners: Zeroed<OwnerWord>,
    records: Zeroed<Record>,
    details: Zeroed<Details>,
    returned: Zeroed<Returned>,
}

impl RecordTable {
    /// Records for an arena of this many superslabs, all in the pool.
    pub(super) fn new(superslabs: u32) -> RecordTable {
        let superslabs = index(superslabs);
        let slabs = superslabs * index(SLABS);
        RecordTable {
            superslabs: Zeroed::new(superslabs),
            owners: Zeroed::new(slabs),
            records: Zeroed::new(slabs + 1),
            details: Zeroed::new(slabs),
            returned: Zeroed::new(slabs),
        }
    }

    /// All superslabs.
    #[inline]
    pub(super) fn superslabs(&self) -> &[Superslab] {
        &self.superslabs
    }

    /// The owners of all slabs.
    pub(super) fn owners(&self) -> &[OwnerWord] {
        &self.owners
    }

    /// The records of all slabs, as many as there are owners.
    pub(super) fn records(&self) -> &[Record] {
        &self.records[..self.details.len()]
    }

    /// The record of no slab: its list is empty.
    pub(super) fn no_slab(&self) -> &Record {
        &self.records[self.details.len()]
    }

    /// The parts of all slabs that a free does not touch.
    pub(super) fn details(&self) -> &[Details] {
        &self.details
    }

    /// The objects in flight of all slabs.
    pub(super) fn returned(&self) -> &[Returned] {
        &self.returned
    }
}

/// Types for which all-zero bytes are a valid value.
///
/// # Safety
/// Every field, recursively, must be an atomic integer or padding. An atomic has the layout of its integer: zeroed, the
/// integer 0.
unsafe trait ZeroIsValid {}
// SAFETY: atomic integers (slab_record.rs): zeroed they are 0.
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for OwnerWord {}
// SAFETY: as above.
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Record {}
// SAFETY: as above.
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Details {}
// SAFETY: `AtomicU64` and `AtomicU32` (returned.rs): zeroed they are 0.
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Returned {}
// SAFETY: `AtomicU64` and `AtomicU32` (superslab_record.rs): zeroed they are 0.
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Superslab {}
// Under loom atomics are not integers. Only the lock-free parts are model-checked, and no table is ever made.
#[cfg(all(test, loom))]
// SAFETY: never instantiated.
unsafe impl<T> ZeroIsValid for T {}

/// A fixed slice of zeroed records. Not `Box<[T]>` from `alloc_zeroed`: for alignments above 16 the standard library
/// clears such memory by writing all of it, instead of requesting untouched pages from the system.
///
/// Invariant: `first..first + count` lies in the allocation `memory` of layout `layout`, is aligned for `T`, and
/// holds valid values.
#[derive(Debug)]
struct Zeroed<T> {
    memory: NonNull<u8>,
    layout: Layout,
    first: NonNull<T>,
    count: usize,
}

// SAFETY: it owns its records as a Box would.
unsafe impl<T: Send> Send for Zeroed<T> {}
// SAFETY: it shares its records as a Box would.
unsafe impl<T: Sync> Sync for Zeroed<T> {}

impl<T> Zeroed<T> {
    /// Creates `count` zeroed records, at least one.
    fn new(count: usize) -> Zeroed<T>
    where
        T: ZeroIsValid,
    {
        assert!(count > 0 && !std::mem::needs_drop::<T>());
        let records =
            Layout::array::<T>(count).expect("records of an arena that fits the address space fit too");
        let layout = Layout::from_size_align(records.size() + records.align(), 16).expect("as above");
        // SAFETY: the size is not zero.
        let Some(memory) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        let skipped = memory.align_offset(records.align());
        // SAFETY: `layout` has room for the records after at most one alignment.
        let first = unsafe { memory.add(skipped) }.cast();
        Zeroed { memory, layout, first, count }
    }
}

impl<T> Deref for Zeroed<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: by the invariant; `ZeroIsValid` makes the zeroed bytes values.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T> Drop for Zeroed<T> {
    fn drop(&mut self) {
        // SAFETY: by the invariant, and the borrow checker ended all borrows. Records need no drop.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) };
    }
}
