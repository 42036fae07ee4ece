//! rpmalloc 1.4, <https://github.com/mjansson/rpmalloc>.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::cell::Cell;
use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Once;

use super::Provenance;
use super::malloc::Malloc;

/// rpmalloc with its thread cache and its global cache. It has no `free` that takes a size.
///
/// A thread is prepared when its first value is made and released when its last value is dropped, so a value stays on
/// its thread. Objects outlive the thread: rpmalloc keeps the heap of a released thread for a later one.
#[derive(Debug)]
pub struct Rpmalloc(PhantomData<*const ()>);

/// `rpmalloc` aligns every object to this many bytes at least.
const NATURAL_ALIGN: usize = 16;

unsafe extern "C" {
    // The crate declares it without its parameter.
    fn rpmalloc_thread_finalize(release_caches: c_int);
}

thread_local! {
    /// Values of `Rpmalloc` on this thread.
    static VALUES: Cell<u32> = const { Cell::new(0) };
}

/// Initialises the library on a thread that never ends.
///
/// rpmalloc takes the thread that initialises it for the main thread of the program, and the main thread releases its
/// heap without the library's lock. A worker, or a later thread at the address of an ended one, would then release its
/// heap while others use the lock.
fn initialise() {
    static INITIALISED: Once = Once::new();
    INITIALISED.call_once(|| {
        let (done, wait) = std::sync::mpsc::channel();
        let keeper = std::thread::Builder::new().name("rpmalloc".to_owned()).spawn(move || {
            // SAFETY: called once, before every other function of the library.
            let code = unsafe { rpmalloc_sys::rpmalloc_initialize() };
            done.send(code).expect("the other end waits");
            loop {
                std::thread::park();
            }
        });
        keeper.expect("a thread can be started");
        assert_eq!(wait.recv().expect("it sends before it parks"), 0, "rpmalloc_initialize");
    });
}

// SAFETY: the documented interface of rpmalloc: memory is valid until it is freed, and any prepared thread may free it.
unsafe impl Malloc for Rpmalloc {
    fn provenance() -> Provenance {
        Provenance {
            // The library reports no version; that of the crate ends with the library's commit.
            version: concat!("rpmalloc 1.4, ", env!("NUMAMARK_RPMALLOC_SYS")).to_owned(),
            build: concat!(
                "rpmalloc-sys ",
                env!("NUMAMARK_RPMALLOC_SYS"),
                ": cc -O2, thread cache, global cache, without asserts",
                env!("NUMAMARK_C_FLAGS")
            )
            .to_owned(),
        }
    }

    fn enter() -> Rpmalloc {
        initialise();
        VALUES.with(|values| {
            if values.get() == 0 {
                // SAFETY: the library is initialised.
                unsafe { rpmalloc_sys::rpmalloc_thread_initialize() };
            }
            values.set(values.get() + 1);
        });
        Rpmalloc(PhantomData)
    }

    #[inline]
    fn allocate(&self, layout: Layout) -> *mut u8 {
        // SAFETY: this thread is prepared; the alignment is a power of two.
        unsafe {
            if layout.align() <= NATURAL_ALIGN {
                rpmalloc_sys::rpmalloc(layout.size()).cast()
            } else {
                rpmalloc_sys::rpaligned_alloc(layout.align(), layout.size()).cast()
            }
        }
    }

    #[inline]
    unsafe fn free(&self, pointer: NonNull<u8>, _layout: Layout) {
        // SAFETY: by the caller's promise the pointer is from rpmalloc; this thread is prepared.
        unsafe { rpmalloc_sys::rpfree(pointer.as_ptr().cast()) }
    }
}

impl Drop for Rpmalloc {
    fn drop(&mut self) {
        VALUES.with(|values| {
            values.set(values.get() - 1);
            if values.get() == 0 {
                // SAFETY: prepared in `enter`; no value is left on this thread that could allocate.
                unsafe { rpmalloc_thread_finalize(1) };
            }
        });
    }
}
