//! The kernels: the same bytes by different instructions.
//!
//! `scalar` is the specification; the others equal it byte for byte. A [`Kernel`] is chosen once and holding one
//! proves that this CPU can run it, which is what every call below rests on. Dispatch costs one call through a pointer
//! a segment.
//!
//! A kernel for another instruction set is one file, its `mod` line, and one line of the list below. The file
//! provides `ENTRIES`, and opens with `#![cfg(target_arch = "...")]` if only one architecture compiles it. The tests run
//! every kernel of the list.
#![allow(unsafe_code)]

mod avx2;
mod avx512;
mod entries;
pub(super) mod granule;
mod lanes;
mod scalar;
pub(super) mod segment;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem::MaybeUninit;

use crate::error::{Error, Result};
use crate::generator::sizes::STEP_BYTES;
use crate::generator::stores::Stores;
use crate::word::{Word, words};
use entries::Entries;
use granule::Granule;
use lanes::Lanes;

/// Declares [`KernelName`] and finds the entries of each; one `Name = "word" in module for "architecture",` per line.
macro_rules! kernels {
    ($($(#[$about:meta])* $name:ident = $word:literal in $module:ident $(for $arch:tt)?,)+) => {
        words! {
            /// The name of a kernel, in the job file and in results. Not every CPU runs every kernel.
            KernelName { $($(#[$about])* $name = $word,)+ }
        }

        impl KernelName {
            /// The functions of this kernel; `None` where they are for another architecture.
            fn entries(self) -> Option<&'static Entries> {
                match self {
                    $(
                        #[cfg(all($(target_arch = $arch)?))]
                        KernelName::$name => Some(&$module::ENTRIES),
                        #[cfg(not(all($(target_arch = $arch)?)))]
                        KernelName::$name => None,
                    )+
                }
            }
        }
    };
}

// From the most portable to the widest: `Kernel::best` takes the last that this CPU can run.
kernels! {
    /// Plain Rust, on every CPU; under Miri the only one.
    Scalar = "scalar" in scalar,
    /// Vectors of 256 bits.
    Avx2 = "avx2" in avx2 for "x86_64",
    /// Vectors of 512 bits, with rotations.
    Avx512 = "avx512" in avx512 for "x86_64",
}

impl fmt::Display for KernelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A kernel that this CPU can run.
///
/// Invariants: `entries.supported` returned true on this CPU, so the CPU has every feature that the functions of
/// `entries` enable; `entries` are those of `name`. Both are established by `Kernel::supported`, the only place that
/// makes a kernel.
#[derive(Clone, Copy)]
pub struct Kernel {
    name: KernelName,
    entries: &'static Entries,
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Kernel) -> bool {
        self.name == other.name
    }
}

impl Eq for Kernel {}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kernel").field(&self.name).finish()
    }
}

impl Kernel {
    /// The widest kernel of this CPU.
    pub fn best() -> Kernel {
        let widest_first = KernelName::ALL.iter().rev();
        { widest_first }.find_map(|name| Kernel::supported(*name)).expect("the scalar kernel runs everywhere")
    }

    /// Every kernel of this CPU, from the most portable to the widest.
    pub fn all() -> Vec<Kernel> {
        KernelName::ALL.iter().filter_map(|name| Kernel::supported(*name)).collect()
    }

    /// The kernel of this name.
    ///
    /// # Errors
    /// When this CPU cannot run it; the message lists those it can.
    pub fn named(name: KernelName) -> Result<Kernel> {
        Kernel::supported(name).ok_or_else(|| unsupported(name))
    }

    /// The only place that makes a kernel: it asks the CPU. Under Miri there is only the scalar one.
    fn supported(name: KernelName) -> Option<Kernel> {
        let entries = name.entries()?;
        (entries.supported)().then_some(Kernel { name, entries })
    }

    /// Its name.
    pub fn name(self) -> KernelName {
        self.name
    }

    /// Sets the lanes to the start of a segment.
    #[inline]
    fn seed(self, keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
        // SAFETY: the invariant of Kernel: this CPU can run the entries.
        unsafe { (self.entries.seed)(keys, segment, lanes) }
    }

    /// Advances the lanes without writing.
    #[inline]
    fn skip(self, lanes: &mut Lanes, steps: usize) {
        // Without this test the lanes would be loaded into registers and stored again: a fifth of the time of a unit of 4 KiB.
        if steps > 0 {
            // SAFETY: the invariant of Kernel: this CPU can run the entries.
            unsafe { (self.entries.skip)(lanes, steps) }
        }
    }

    /// Writes the next steps into `out`, all of it.
    ///
    /// Non-temporal stores are not ordered with later ones until [`Kernel::fence`].
    ///
    /// # Panics
    /// When `out` is not a whole number of steps.
    #[inline]
    fn write(self, lanes: &mut Lanes, stores: Stores, out: &mut [MaybeUninit<u8>]) {
        assert_whole_steps(out);
        let write = self.entries.write.choose(stores, out);
        // SAFETY: the invariant of Kernel; whole steps were checked above, the alignment by `choose`.
        unsafe { write(lanes, out) }
    }

    /// Seeds and writes the first steps of a segment: `seed` and `write` in one, after which the state of the lanes is
    /// unspecified.
    ///
    /// # Panics
    /// When `out` is not a whole number of steps.
    #[inline]
    fn write_segment(
        self,
        keys: [u64; 2],
        segment: u64,
        lanes: &mut Lanes,
        stores: Stores,
        out: &mut [MaybeUninit<u8>],
    ) {
        assert_whole_steps(out);
        let write_segment = self.entries.write_segment.choose(stores, out);
        // SAFETY: the invariant of Kernel; whole steps were checked above, the alignment by `choose`.
        unsafe { write_segment(keys, segment, lanes, out) }
    }

    /// Writes the next granules into `out`, all of it; otherwise as [`Kernel::write`].
    ///
    /// # Panics
    /// When `out` is not a whole number of granules.
    #[inline]
    fn write_granules(
        self,
        lanes: &mut Lanes,
        granule: &Granule,
        stores: Stores,
        out: &mut [MaybeUninit<u8>],
    ) {
        assert!(out.len().is_multiple_of(granule.bytes()), "{} bytes are not whole granules", out.len());
        let write_granules = self.entries.write_granules.choose(stores, out);
        // SAFETY: the invariant of Kernel; whole granules were checked above, the alignment by `choose`.
        unsafe { write_granules(lanes, granule, out) }
    }

    /// Orders every non-temporal store before whatever the caller does next: needed before memory is handed over.
    #[inline]
    fn fence(self) {
        (self.entries.fence)();
    }
}

#[inline]
fn assert_whole_steps(out: &[MaybeUninit<u8>]) {
    assert!(out.len().is_multiple_of(STEP_BYTES), "{} bytes are not whole steps", out.len());
}

#[cold]
fn unsupported(name: KernelName) -> Error {
    let supported: Vec<&str> = Kernel::all().into_iter().map(|kernel| kernel.name().word()).collect();
    Error::Environment(format!(
        "this CPU cannot run the kernel \"{name}\"; it can run {}, and \"auto\" takes the widest of them",
        supported.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
    ))
}
