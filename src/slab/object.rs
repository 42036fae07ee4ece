//! An object as a value that can be given back only once, and the trait that lets a workload use any allocator.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::class::PackedLayout;
use super::misuse::{Misuse, OutOfMemory};

/// Operations that a workload needs from an allocator.
pub trait Allocate {
    /// Type of the objects.
    type Object;

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

    /// The object's memory. It is reached through the allocator, so that an allocator may hand out the same memory twice.
    fn memory<'a>(&'a mut self, object: &'a mut Self::Object) -> &'a mut [MaybeUninit<u8>];
}

/// A live object of a heap, in 16 bytes. Dropping it without giving it back leaks it until the heap ends.
///
/// Invariant: `pointer` was allocated with `layout` from a heap that lives as long as 'heap, has not been
/// given back, and no other `Object` has it.
#[derive(Debug)]
#[must_use = "an object that is not given back is lost until its heap ends"]
pub struct Object<'heap> {
    pointer: NonNull<u8>,
    layout: PackedLayout,
    heap: PhantomData<&'heap mut [u8]>,
}

// SAFETY: it owns its memory as a Box would, and the memory belongs to no thread.
unsafe impl Send for Object<'_> {}
// SAFETY: a shared reference gives no access that writes to the memory.
unsafe impl Sync for Object<'_> {}

impl<'heap> Object<'heap> {
    /// The object at an address that a heap has just handed out.
    ///
    /// # Safety
    /// `pointer` was allocated with `layout` from a heap that lives as long as 'heap, and no other code uses it.
    #[inline]
    pub(super) unsafe fn new(pointer: NonNull<u8>, layout: PackedLayout) -> Object<'heap> {
        Object { pointer, layout, heap: PhantomData }
    }

    /// Its address and its layout, for the heap that takes it back. The memory can no longer be used.
    #[inline]
    pub(super) fn into_parts(self) -> (NonNull<u8>, PackedLayout) {
        (self.pointer, self.layout)
    }

    /// The size and alignment it was allocated with.
    #[inline]
    pub fn layout(&self) -> Layout {
        self.layout.unpack()
    }
}

impl AsMut<[MaybeUninit<u8>]> for Object<'_> {
    #[inline]
    fn as_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: by the invariant the memory is live and ours alone; any bytes are valid `MaybeUninit`.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr().cast(), self.layout.bytes()) }
    }
}

impl AsRef<[MaybeUninit<u8>]> for Object<'_> {
    #[inline]
    fn as_ref(&self) -> &[MaybeUninit<u8>] {
        // SAFETY: as above; no thread writes while a shared reference lives.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr().cast(), self.layout.bytes()) }
    }
}
