//! mimalloc 3, <https://github.com/microsoft/mimalloc>.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ffi::c_int;
use std::ptr::NonNull;

use super::Provenance;
use super::malloc::Malloc;

/// mimalloc. Its `free` that takes a size only checks the size in debug builds, so plain `free` is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mimalloc;

/// `mi_malloc` aligns every object to this many bytes at least.
const NATURAL_ALIGN: usize = 8;

unsafe extern "C" {
    // The crate declares it only with its feature `extended`.
    fn mi_version() -> c_int;
}

// SAFETY: the documented interface of mimalloc: memory is valid until it is freed, and any thread may free it.
unsafe impl Malloc for Mimalloc {
    fn provenance() -> Provenance {
        // SAFETY: plain C call.
        let version = unsafe { mi_version() };
        let (major, minor, patch) = (version / 10_000, version / 100 % 100, version % 100);
        Provenance {
            version: format!("mimalloc {major}.{minor}.{patch}"),
            build: concat!(
                "libmimalloc-sys ",
                env!("NUMAMARK_LIBMIMALLOC_SYS"),
                ": cc -O3 -DNDEBUG -DMI_DEBUG=0",
                env!("NUMAMARK_C_FLAGS")
            )
            .to_owned(),
        }
    }

    fn enter() -> Mimalloc {
        Mimalloc
    }

    #[inline]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        // SAFETY: plain C calls; the alignment is a power of two.
        unsafe {
            if layout.align() <= NATURAL_ALIGN {
                libmimalloc_sys::mi_malloc(layout.size()).cast()
            } else {
                libmimalloc_sys::mi_malloc_aligned(layout.size(), layout.align()).cast()
            }
        }
    }

    #[inline]
    unsafe fn free(&self, pointer: NonNull<u8>, _layout: Layout) {
        // SAFETY: by the caller's promise the pointer is from `mi_malloc`.
        unsafe { libmimalloc_sys::mi_free(pointer.as_ptr().cast()) }
    }
}
