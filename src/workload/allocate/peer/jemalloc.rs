//! jemalloc 5.3, <https://github.com/jemalloc/jemalloc>.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ffi::c_int;
use std::ptr::NonNull;

use super::malloc::Malloc;

/// jemalloc, through its functions with flags. They have a prefix of their own, so `malloc` stays the C library's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jemalloc;

/// Without a flag every object is aligned to this many bytes at least: the smallest size class has 8 bytes, and the
/// others are multiples of 16.
const NATURAL_ALIGN: usize = 8;

/// 0 where the natural alignment is enough: only then do both functions take their short path.
#[inline]
fn flags(layout: Layout) -> c_int {
    if layout.align() <= NATURAL_ALIGN { 0 } else { tikv_jemalloc_sys::MALLOCX_ALIGN(layout.align()) }
}

// SAFETY: the documented interface of jemalloc: memory is valid until it is freed, and any thread may free it.
unsafe impl Malloc for Jemalloc {
    fn enter() -> Jemalloc {
        Jemalloc
    }

    #[inline]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero; the flags hold an alignment that is a power of two.
        unsafe { tikv_jemalloc_sys::mallocx(layout.size(), flags(layout)).cast() }
    }

    #[inline]
    unsafe fn free(&self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller's promise it was allocated with this size and these flags.
        unsafe { tikv_jemalloc_sys::sdallocx(pointer.as_ptr().cast(), layout.size(), flags(layout)) }
    }
}
