//! The kernels: the same bytes by different instructions.
//!
//! `scalar` is the specification; `avx2` and `avx512` equal it byte for byte. A [`Kernel`] is chosen once and
//! holding one proves that this CPU can run it, which is what every call below rests on. Dispatch costs one
//! `match` a segment.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(super) mod granule;
mod scalar;
pub(super) mod segment;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem::MaybeUninit;

use crate::error::{Error, Result};
use crate::generator::stores::Stores;
use granule::Granule;

/// Interleaved xoshiro256++ generators: enough for four independent AVX-512 vectors.
pub const LANES: usize = 32;

/// Bytes of one step: the next output of every lane.
pub const STEP_BYTES: usize = LANES * size_of::<u64>();

/// Words of state of one lane.
const STATE_WORDS: usize = 4;

/// Alignment at which every kernel may use non-temporal stores: one cache line, the widest vector.
const LINE_BYTES: usize = 64;

/// The state of all lanes: word `w` of lane `l` is `words[w][l]`, so that a vector holds one word of many lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Lanes {
    words: [[u64; LANES]; STATE_WORDS],
}

impl Lanes {
    /// Lanes that must be seeded before they are of use.
    pub(super) fn unseeded() -> Lanes {
        Lanes { words: [[0; LANES]; STATE_WORDS] }
    }

    /// What the filler of a granule that begins here repeats: the complement of the first word of its first step, so that
    /// it ends where that step begins even if all of the step is seen.
    #[inline]
    pub(super) fn filler(&self) -> u64 {
        let [s0, s3] = [self.words[0][0], self.words[3][0]];
        !s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0)
    }

    /// The four words of one lane.
    #[cfg(test)]
    pub(super) fn lane(&self, lane: usize) -> [u64; STATE_WORDS] {
        std::array::from_fn(|word| self.words[word][lane])
    }
}

/// What a kernel is called, in the job file and in results. Not every CPU runs every kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KernelName {
    /// Plain Rust, on every CPU; under Miri the only one.
    Scalar,
    /// Vectors of 256 bits.
    Avx2,
    /// Vectors of 512 bits, with rotations.
    Avx512,
}

impl KernelName {
    /// From the most portable to the widest.
    pub const ALL: [KernelName; 3] = [KernelName::Scalar, KernelName::Avx2, KernelName::Avx512];

    /// As the job file writes it.
    pub fn text(self) -> &'static str {
        match self {
            KernelName::Scalar => "scalar",
            KernelName::Avx2 => "avx2",
            KernelName::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for KernelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

/// A kernel that this CPU can run.
///
/// Invariant: the CPU has every feature that the functions of the `Isa` inside enable; established by
/// `Kernel::supported`, the only place that makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Isa);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isa {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// The widest kernel of this CPU.
    pub fn best() -> Kernel {
        let widest_first = KernelName::ALL.into_iter().rev();
        { widest_first }.find_map(Kernel::supported).expect("the scalar kernel runs everywhere")
    }

    /// Every kernel of this CPU, from the most portable to the widest.
    pub fn all() -> Vec<Kernel> {
        KernelName::ALL.into_iter().filter_map(Kernel::supported).collect()
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
        match name {
            KernelName::Scalar => Some(Kernel(Isa::Scalar)),
            #[cfg(target_arch = "x86_64")]
            KernelName::Avx2 => is_x86_feature_detected!("avx2").then_some(Kernel(Isa::Avx2)),
            #[cfg(target_arch = "x86_64")]
            KernelName::Avx512 => {
                let features = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
                features.then_some(Kernel(Isa::Avx512))
            }
            #[cfg(not(target_arch = "x86_64"))]
            KernelName::Avx2 | KernelName::Avx512 => None,
        }
    }

    /// Its name.
    pub fn name(self) -> KernelName {
        match self.0 {
            Isa::Scalar => KernelName::Scalar,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => KernelName::Avx2,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => KernelName::Avx512,
        }
    }

    /// Sets the lanes to the start of a segment.
    #[inline]
    pub(super) fn seed(self, keys: [u64; 2], segment: u64, lanes: &mut Lanes) {
        match self.0 {
            Isa::Scalar => scalar::seed(keys, segment, lanes),
            // SAFETY: the invariant of Kernel: this CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2::seed(keys, segment, lanes) },
            // SAFETY: the invariant of Kernel: this CPU has AVX-512 F and DQ.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512::seed(keys, segment, lanes) },
        }
    }

    /// Advances the lanes without writing.
    #[inline]
    pub(super) fn skip(self, lanes: &mut Lanes, steps: usize) {
        // Or lanes would go into registers and out again: a fifth of the time of a unit of 4 KiB.
        if steps == 0 {
            return;
        }
        match self.0 {
            Isa::Scalar => scalar::skip(lanes, steps),
            // SAFETY: the invariant of Kernel: this CPU has AVX2.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2::skip(lanes, steps) },
            // SAFETY: the invariant of Kernel: this CPU has AVX-512 F.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512::skip(lanes, steps) },
        }
    }

    /// Writes the next steps into `out`, all of it.
    ///
    /// Non-temporal stores are not ordered with later ones until [`Kernel::fence`].
    ///
    /// # Panics
    /// When `out` is not a whole number of steps.
    #[inline]
    pub(super) fn write(self, lanes: &mut Lanes, stores: Stores, out: &mut [MaybeUninit<u8>]) {
        assert!(out.len().is_multiple_of(STEP_BYTES), "{} bytes are not whole steps", out.len());
        let aligned = out.as_ptr().addr().is_multiple_of(LINE_BYTES);
        let non_temporal = stores == Stores::NonTemporal && aligned;
        match (self.0, non_temporal) {
            (Isa::Scalar, false) => scalar::write::<false>(lanes, out),
            (Isa::Scalar, true) => scalar::write::<true>(lanes, out),
            // SAFETY: the invariant of Kernel: this CPU has AVX2; whole steps and the alignment were checked above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, false) => unsafe { avx2::write::<false>(lanes, out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, true) => unsafe { avx2::write::<true>(lanes, out) },
            // SAFETY: the invariant of Kernel: this CPU has AVX-512 F; whole steps and the alignment were checked.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, false) => unsafe { avx512::write::<false>(lanes, out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, true) => unsafe { avx512::write::<true>(lanes, out) },
        }
    }

    /// Seeds and writes the first steps of a segment: `seed` and `write` in one, after which the lanes are in no
    /// particular state.
    ///
    /// # Panics
    /// When `out` is not a whole number of steps.
    #[inline]
    pub(super) fn write_segment(
        self,
        keys: [u64; 2],
        segment: u64,
        lanes: &mut Lanes,
        stores: Stores,
        out: &mut [MaybeUninit<u8>],
    ) {
        #[cfg(target_arch = "x86_64")]
        if self.0 == Isa::Avx512 {
            assert!(out.len().is_multiple_of(STEP_BYTES), "{} bytes are not whole steps", out.len());
            // SAFETY: the invariant of Kernel: this CPU has AVX-512 F and DQ; whole steps were checked above, and
            // where the alignment is missing the stores are ordinary.
            return unsafe {
                match stores == Stores::NonTemporal && out.as_ptr().addr().is_multiple_of(LINE_BYTES) {
                    true => avx512::write_segment::<true>(keys, segment, out),
                    false => avx512::write_segment::<false>(keys, segment, out),
                }
            };
        }
        self.seed(keys, segment, lanes);
        self.write(lanes, stores, out);
    }

    /// Writes the next granules into `out`, all of it; otherwise as [`Kernel::write`].
    ///
    /// # Panics
    /// When `out` is not a whole number of granules.
    #[inline]
    pub(super) fn write_granules(
        self,
        lanes: &mut Lanes,
        granule: &Granule,
        stores: Stores,
        out: &mut [MaybeUninit<u8>],
    ) {
        assert!(out.len().is_multiple_of(granule.bytes()), "{} bytes are not whole granules", out.len());
        let aligned = out.as_ptr().addr().is_multiple_of(LINE_BYTES);
        let non_temporal = stores == Stores::NonTemporal && aligned;
        match (self.0, non_temporal) {
            (Isa::Scalar, false) => scalar::write_granules::<false>(lanes, granule, out),
            (Isa::Scalar, true) => scalar::write_granules::<true>(lanes, granule, out),
            // SAFETY: the invariant of Kernel: this CPU has AVX2; granules and alignment were checked above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, false) => unsafe { avx2::write_granules::<false>(lanes, granule, out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, true) => unsafe { avx2::write_granules::<true>(lanes, granule, out) },
            // SAFETY: the invariant of Kernel: this CPU has AVX-512 F; granules and alignment were checked.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, false) => unsafe { avx512::write_granules::<false>(lanes, granule, out) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, true) => unsafe { avx512::write_granules::<true>(lanes, granule, out) },
        }
    }

    /// Orders every non-temporal store before whatever the caller does next: needed before memory is handed over.
    #[inline]
    pub(super) fn fence() {
        // SAFETY: SFENCE touches no memory and is part of SSE, which every x86-64 CPU has.
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        unsafe {
            std::arch::x86_64::_mm_sfence()
        };
    }
}

#[cold]
fn unsupported(name: KernelName) -> Error {
    let supported: Vec<&str> = Kernel::all().into_iter().map(|kernel| kernel.name().text()).collect();
    Error::Environment(format!(
        "this CPU cannot run the kernel \"{name}\"; it can run {}, and \"auto\" takes the widest of them",
        supported.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
    ))
}
