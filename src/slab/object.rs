//! An object as a value that can be given back only once, and the trait that lets a workload use any allocator.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::cache::Cache;
use super::class::Packed;
use super::misuse::{Misuse, OutOfMemory};

/// Operations that a workload needs from an allocator.
pub trait Allocate {
    /// Type of the objects: memory that belongs to the holder alone.
    type Object: AsMut<[MaybeUninit<u8>]>;

    /// Returns an object of this size and alignment.
    ///
    /// # Errors
    /// When there is no room.
    fn take(&mut self, layout: Layout) -> Result<Self::Object, OutOfMemory>;

    /// Takes an object back.
    ///
    /// # Errors
    /// When the object is not from this allocator.
    fn give_back(&mut self, object: Self::Object) -> Result<(), Misuse>;
}

/// A live object of a heap, in 16 bytes. Dropping it without giving it back leaks it until the heap ends.
///
/// Invariant: `pointer` was allocated with `layout` from a heap that lives as long as 'heap, has not been
/// given back, and no other `Object` has it.
#[derive(Debug)]
#[must_use = "an object that is not given back is lost until its heap ends"]
pub struct Object<'heap> {
    pointer: NonNull<u8>,
    layout: Packed,
    heap: PhantomData<&'heap mut [u8]>,
}

// SAFETY: it owns its memory as a Box would, and the memory belongs to no thread.
unsafe impl Send for Object<'_> {}
// SAFETY: a shared reference gives no access to the memory.
unsafe impl Sync for Object<'_> {}

impl Object<'_> {
    /// The size and alignment it was allocated with.
    #[inline]
    pub fn layout(&self) -> Layout {
        self.layout.unpack()
    }

    /// Start address.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.pointer
    }
}

impl AsMut<[MaybeUninit<u8>]> for Object<'_> {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: by the invariant the memory is live and ours alone; any bytes are valid `MaybeUninit`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.layout.bytes()) }
    }
}

impl<'heap> Allocate for Cache<'heap> {
    type Object = Object<'heap>;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<Object<'heap>, OutOfMemory> {
        let pointer = self.allocate(layout)?;
        Ok(Object { pointer, layout: Packed::new(layout), heap: PhantomData })
    }

    /// An object of another heap is refused as foreign, and lost.
    #[inline]
    fn give_back(&mut self, object: Object<'heap>) -> Result<(), Misuse> {
        // The object is consumed, so its memory cannot be used any more.
        self.deallocate_unused(object.pointer, object.layout)
    }
}

/// The allocator of the system, for comparison.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

/// The allocator of the system, with zeroed memory as in `vec![0; bytes]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeroed;

impl Allocate for Zeroed {
    type Object = SystemObject;

    fn take(&mut self, layout: Layout) -> Result<SystemObject, OutOfMemory> {
        // The system's allocator must not get a size of 0.
        let layout =
            Layout::from_size_align(layout.size().max(1), layout.align()).map_err(|_| OutOfMemory)?;
        // SAFETY: the size is not zero.
        let pointer = unsafe { std::alloc::System.alloc_zeroed(layout) };
        NonNull::new(pointer).map(|pointer| SystemObject { pointer, layout }).ok_or(OutOfMemory)
    }

    fn give_back(&mut self, object: SystemObject) -> Result<(), Misuse> {
        System.give_back(object)
    }
}

/// A live object of the system's allocator. Dropping it without giving it back leaks it.
///
/// Invariant: `pointer` was allocated with `layout` by the system and has not been given back.
#[derive(Debug)]
#[must_use = "an object that is not given back is leaked"]
pub struct SystemObject {
    pointer: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory as a Box would.
unsafe impl Send for SystemObject {}
// SAFETY: a shared reference gives no access to the memory.
unsafe impl Sync for SystemObject {}

impl SystemObject {
    /// Start address.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.pointer
    }
}

impl AsMut<[MaybeUninit<u8>]> for SystemObject {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: by the invariant the memory is live and ours alone; any bytes are valid `MaybeUninit`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.layout.size()) }
    }
}

impl Allocate for System {
    type Object = SystemObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<SystemObject, OutOfMemory> {
        // The system's allocator must not get a size of 0.
        let layout =
            Layout::from_size_align(layout.size().max(1), layout.align()).map_err(|_| OutOfMemory)?;
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
}
