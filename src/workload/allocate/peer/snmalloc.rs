//! snmalloc, <https://github.com/microsoft/snmalloc>.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::Provenance;
use super::malloc::Malloc;

/// snmalloc, through the functions that it has for Rust: alignment and size are passed on allocation and on `free`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snmalloc;

// SAFETY: the documented interface of snmalloc: memory is valid until it is freed, and any thread may free it.
unsafe impl Malloc for Snmalloc {
    fn provenance() -> Provenance {
        Provenance {
            // The crate has the version of the library, which itself reports none.
            version: concat!("snmalloc ", env!("NUMAMARK_SNMALLOC_SYS")).to_owned(),
            build: concat!(
                "snmalloc-sys ",
                env!("NUMAMARK_SNMALLOC_SYS"),
                ": CMake Release, -O3 -DNDEBUG, without checks",
                env!("NUMAMARK_C_FLAGS")
            )
            .to_owned(),
        }
    }

    fn enter() -> Snmalloc {
        Snmalloc
    }

    #[inline]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        // SAFETY: plain C call; the alignment is a power of two.
        unsafe { snmalloc_sys::sn_rust_alloc(layout.align(), layout.size()).cast() }
    }

    #[inline]
    unsafe fn free(&self, pointer: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller's promise it was allocated with this alignment and this size.
        unsafe { snmalloc_sys::sn_rust_dealloc(pointer.as_ptr().cast(), layout.align(), layout.size()) };
    }
}
