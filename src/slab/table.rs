//! The records of all superslabs and slabs of an arena, by number.
//!
//! They stand outside the arena, so that a stray write into an object cannot reach them. They come
//! zeroed from the system and take memory only where they are used: 2 bytes and a bit for each object that exists.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::Deref;
use std::ptr::NonNull;

use super::class::SLABS;
use super::slab_record::{Objects, Record, Slab};
use super::superslab_record::Superslab;

/// One record for each superslab, and `SLABS` for each superslab's slabs: those of superslab s begin at s * `SLABS`.
///
/// A slab's record is small and apart from what is known about its objects, so that the records in use lie close
/// together. Invariant: there are as many `objects` as `records`.
#[derive(Debug)]
pub(super) struct Table {
    superslabs: Zeroed<Superslab>,
    records: Zeroed<Record>,
    objects: Zeroed<Objects>,
}

/// The slabs of a table. Invariant: as many `objects` as `records`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slabs<'heap> {
    records: &'heap [Record],
    objects: &'heap [Objects],
}

impl<'heap> Slabs<'heap> {
    /// The slab with this number, if there is one.
    #[inline]
    pub(super) fn get(self, number: usize) -> Option<Slab<'heap>> {
        let record = self.records.get(number)?;
        // SAFETY: by the invariant, and there is a record with this number.
        let objects = unsafe { self.objects.get_unchecked(number) };
        Some(Slab { record, objects })
    }

    /// The slab with this number.
    ///
    /// # Panics
    /// When there is none.
    #[inline]
    pub(super) fn at(self, number: u32) -> Slab<'heap> {
        self.get(number as usize).expect("slab numbers come from the table")
    }

    /// The records, to be strung together.
    #[inline]
    pub(super) fn records(self) -> &'heap [Record] {
        self.records
    }
}

impl Table {
    /// Records for an arena of this many superslabs, all in the pool.
    pub(super) fn new(superslabs: u32) -> Table {
        let superslabs = superslabs as usize;
        let slabs = superslabs * SLABS;
        Table {
            superslabs: Zeroed::new(superslabs),
            records: Zeroed::new(slabs),
            objects: Zeroed::new(slabs),
        }
    }

    /// All superslabs.
    #[inline]
    pub(super) fn superslabs(&self) -> &[Superslab] {
        &self.superslabs
    }

    /// All slabs.
    pub(super) fn slabs(&self) -> Slabs<'_> {
        Slabs { records: &self.records, objects: &self.objects }
    }
}

/// Types for which all-zero bytes are a value.
///
/// # Safety
/// Every field, recursively, must be an atomic integer or padding.
unsafe trait ZeroIsValid {}
// SAFETY: atomic integers only (slab_record.rs).
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Record {}
// SAFETY: atomic integers only (slab_record.rs).
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Objects {}
// SAFETY: atomic integers only (superslab_record.rs).
#[cfg(not(all(test, loom)))]
unsafe impl ZeroIsValid for Superslab {}
// Under loom atomics are not integers. Only the lock-free parts are model-checked, and no table is ever made.
#[cfg(all(test, loom))]
// SAFETY: never instantiated.
unsafe impl<T> ZeroIsValid for T {}

/// A fixed slice of zeroed records. Not `Box<[T]>` made with `alloc_zeroed`: for alignments above 16 the standard
/// library clears such memory by writing to all of it, instead of asking the system for untouched pages.
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
    /// `count` records, at least one.
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
