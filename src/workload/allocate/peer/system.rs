//! The allocator of the C library.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::Peer;
use crate::error::Result;
use crate::slab::{Allocate, Demand, Heap, Misuse, OutOfMemory};

/// The C library's allocator, as `malloc` and `free`.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

/// The C library's allocator with zeroed memory (`calloc`), as `vec![0; bytes]` uses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeroed;

/// A live object of the C library's allocator. Dropping it without giving it back leaks it.
///
/// Invariant: `pointer` was allocated with `layout` by the C library and has not been given back.
#[derive(Debug)]
#[must_use = "an object that is not given back is leaked"]
pub struct SystemObject {
    pointer: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory as a Box would.
unsafe impl Send for SystemObject {}
// SAFETY: a shared reference gives no access that writes to the memory.
unsafe impl Sync for SystemObject {}

impl AsMut<[MaybeUninit<u8>]> for SystemObject {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: by the invariant the memory is live and ours alone; any bytes are valid `MaybeUninit`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.layout.size()) }
    }
}

impl AsRef<[MaybeUninit<u8>]> for SystemObject {
    #[inline]
    fn as_ref(&self) -> &[MaybeUninit<u8>] {
        // SAFETY: as above; no thread writes while a shared reference lives.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr().cast(), self.layout.size()) }
    }
}

impl Peer<'_> for System {
    fn serve(_worker: u32, _demand: Demand, _heap: Option<&Heap>) -> Result<System> {
        Ok(System)
    }
}

impl Allocate for System {
    type Object = SystemObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<SystemObject, OutOfMemory> {
        let layout = never_empty(layout)?;
        // SAFETY: the size is not zero.
        let pointer = unsafe { std::alloc::System.alloc(layout) };
        NonNull::new(pointer).map(|pointer| SystemObject { pointer, layout }).ok_or(OutOfMemory)
    }

    #[inline]
    fn give_back(&mut self, object: SystemObject) -> Result<(), Misuse> {
        // SAFETY: by the invariant; the object is consumed.
        unsafe { std::alloc::System.dealloc(object.pointer.as_ptr(), object.layout) };
        Ok(())
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut SystemObject) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

impl Allocate for Zeroed {
    type Object = SystemObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<SystemObject, OutOfMemory> {
        let layout = never_empty(layout)?;
        // SAFETY: the size is not zero.
        let pointer = unsafe { std::alloc::System.alloc_zeroed(layout) };
        NonNull::new(pointer).map(|pointer| SystemObject { pointer, layout }).ok_or(OutOfMemory)
    }

    #[inline]
    fn give_back(&mut self, object: SystemObject) -> Result<(), Misuse> {
        System.give_back(object)
    }

    #[inline]
    fn memory<'a>(&'a mut self, object: &'a mut SystemObject) -> &'a mut [MaybeUninit<u8>] {
        object.as_mut()
    }
}

/// The layout with at least one byte: `GlobalAlloc` forbids layouts of size 0.
#[inline]
fn never_empty(layout: Layout) -> Result<Layout, OutOfMemory> {
    Layout::from_size_align(layout.size().max(1), layout.align()).map_err(|_| OutOfMemory)
}
