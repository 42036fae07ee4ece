//! The allocator of the C library.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::Provenance;
use super::malloc::{Malloc, MallocObject, never_empty};
use crate::slab::{Allocate, Misuse, OutOfMemory};

/// The C library's allocator, as `malloc` and `free`.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

/// The C library's allocator with zeroed memory (`calloc`), as `vec![0; bytes]` uses it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeroed;

/// A live object of the C library's allocator.
pub type SystemObject = MallocObject<System>;

// SAFETY: as the standard library promises of its `System`.
unsafe impl Malloc for System {
    fn provenance() -> Provenance {
        Provenance { version: c_library(), build: "the C library of this machine".to_owned() }
    }

    fn enter() -> System {
        System
    }

    #[inline]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero.
        unsafe { std::alloc::System.alloc(layout) }
    }

    #[inline]
    unsafe fn free(&self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise is that of `dealloc`.
        unsafe { std::alloc::System.dealloc(pointer.as_ptr(), layout) }
    }
}

/// Name and version of the C library.
fn c_library() -> String {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: returns a static string that ends with a zero.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        format!("glibc {}", version.to_string_lossy())
    }
    #[cfg(not(target_env = "gnu"))]
    "a C library that does not tell its version".to_owned()
}

impl Allocate for Zeroed {
    type Object = SystemObject;

    #[inline]
    fn take(&mut self, layout: Layout) -> Result<SystemObject, OutOfMemory> {
        let layout = never_empty(layout)?;
        // SAFETY: the size is not zero, and `System` frees what `alloc_zeroed` returns.
        unsafe { MallocObject::new(std::alloc::System.alloc_zeroed(layout), layout) }
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
