//! jemalloc 5.3, <https://github.com/jemalloc/jemalloc>.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::NonNull;

use super::Provenance;
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

/// A text that the library reports.
fn text(name: &CStr) -> Option<String> {
    let mut value: *const c_char = std::ptr::null();
    let mut bytes = size_of_val(&value);
    // SAFETY: the names asked for here have values of this type; nothing is written to the library.
    let code = unsafe {
        let place = std::ptr::from_mut(&mut value).cast();
        tikv_jemalloc_sys::mallctl(name.as_ptr(), place, &mut bytes, std::ptr::null_mut(), 0)
    };
    // SAFETY: a static string that ends with a zero.
    (code == 0 && !value.is_null()).then(|| unsafe { CStr::from_ptr(value) }.to_string_lossy().into_owned())
}

/// An option of the build that the library reports.
fn is_on(name: &CStr) -> bool {
    let mut value = false;
    let mut bytes = size_of_val(&value);
    // SAFETY: as above.
    let code = unsafe {
        let place = std::ptr::from_mut(&mut value).cast();
        tikv_jemalloc_sys::mallctl(name.as_ptr(), place, &mut bytes, std::ptr::null_mut(), 0)
    };
    code == 0 && value
}

// SAFETY: the documented interface of jemalloc: memory is valid until it is freed, and any thread may free it.
unsafe impl Malloc for Jemalloc {
    fn provenance() -> Provenance {
        let conf = text(c"config.malloc_conf").unwrap_or_default();
        let conf = if conf.is_empty() { "none".to_owned() } else { conf };
        let debug = if is_on(c"config.debug") { "on" } else { "off" };
        let statistics = if is_on(c"config.stats") { "on" } else { "off" };
        Provenance {
            version: format!(
                "jemalloc {}",
                text(c"version").unwrap_or_else(|| "of unknown version".to_owned())
            ),
            build: format!(
                "tikv-jemalloc-sys {}: configure, -O3, debug {debug}, stats {statistics}, malloc_conf {conf}{}",
                env!("NUMAMARK_TIKV_JEMALLOC_SYS"),
                env!("NUMAMARK_C_FLAGS")
            ),
        }
    }

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
