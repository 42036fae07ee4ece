//! The functions that make up a kernel: what a file for another instruction set has to provide.

use std::mem::MaybeUninit;

use super::granule::Granule;
use super::lanes::Lanes;
use crate::generator::sizes::STEP_BYTES;
use crate::generator::stores::Stores;

/// Alignment at which every kernel may use non-temporal stores: one cache line, the widest vector.
pub(super) const LINE_BYTES: usize = 64;

/// A cache line of output.
pub(super) type CacheLine = [MaybeUninit<u8>; LINE_BYTES];

/// The lines of a step.
pub(super) type StepLines = [CacheLine; STEP_BYTES / LINE_BYTES];

/// `out`, which is whole steps, as the lines of its steps.
///
/// Kernels loop over arrays of fixed size and not over `chunks_exact`, `zip` or `map`: without link-time optimisation
/// the adaptors of iterators are not always inlined, because they may be compiled in another codegen unit. The state of
/// the lanes then goes through memory at every line, which costs nine tenths of the throughput.
#[inline(always)]
pub(super) fn steps_of(out: &mut [MaybeUninit<u8>]) -> &mut [StepLines] {
    let (lines, _) = out.as_chunks_mut();
    lines.as_chunks_mut().0
}

/// Writes whole steps.
pub(super) type Write = unsafe fn(&mut Lanes, out: &mut [MaybeUninit<u8>]);

/// Seeds and writes the first steps of a segment.
pub(super) type WriteSegment =
    unsafe fn(keys: [u64; 2], segment: u64, &mut Lanes, out: &mut [MaybeUninit<u8>]);

/// Writes whole granules.
pub(super) type WriteGranules = unsafe fn(&mut Lanes, &Granule, out: &mut [MaybeUninit<u8>]);

/// The functions of one kernel. Each equals the function of the same name in `scalar`.
///
/// # Safety
/// All but `supported` and `fence` may only be called on a CPU for which `supported` returns true. The functions that
/// write have a second condition: `out` is a whole number of steps (of granules, for `write_granules`), and those for
/// non-temporal stores need `out` aligned to [`LINE_BYTES`], which [`ByStores::choose`] sees to.
pub(super) struct Entries {
    /// True when this CPU has every instruction that the functions below use.
    pub(super) supported: fn() -> bool,
    /// Sets the lanes to the start of a segment.
    pub(super) seed: unsafe fn(keys: [u64; 2], segment: u64, &mut Lanes),
    /// Advances the lanes by this number of steps without writing.
    pub(super) skip: unsafe fn(&mut Lanes, usize),
    /// Writes whole steps.
    pub(super) write: ByStores<Write>,
    /// Seeds and writes the first steps of a segment. The lanes are scratch memory: their state afterwards is unspecified.
    pub(super) write_segment: ByStores<WriteSegment>,
    /// Writes whole granules.
    pub(super) write_granules: ByStores<WriteGranules>,
    /// Orders the non-temporal stores of the functions above before all later stores.
    pub(super) fence: fn(),
}

/// A function in two versions, one for each kind of store.
pub(super) struct ByStores<F> {
    pub(super) ordinary: F,
    pub(super) non_temporal: F,
}

impl<F: Copy> ByStores<F> {
    /// The version for these stores. Where `out` is not aligned to [`LINE_BYTES`] the stores are ordinary ones.
    #[inline]
    pub(super) fn choose(&self, stores: Stores, out: &[MaybeUninit<u8>]) -> F {
        let aligned = out.as_ptr().addr().is_multiple_of(LINE_BYTES);
        match stores {
            Stores::NonTemporal if aligned => self.non_temporal,
            Stores::NonTemporal | Stores::Ordinary => self.ordinary,
        }
    }
}
