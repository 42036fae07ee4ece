//! The arena size that a demand needs.

use std::alloc::Layout;

use super::class::{CLASS_COUNT, Class, PAGE_BYTES, SLABS, SUPERSLAB_BYTES};
use super::hardening::Hardening;
use crate::units::count;

/// Slabs whose objects one worker may have freed for others and not given back yet, in superslabs: chains to 64 slabs
/// (`sharded/chain.rs`). That many freed objects count as live for at most 8/7 as many slabs.
const IN_FLIGHT_SUPERSLABS: u64 = 2;

/// Objects of at least this size have a guard at the level `full`. Placing and lifting one takes 7 us, as long as
/// filling 64 KiB, and the room for it is a class more, or a superslab.
const GUARDED_BYTES_MIN: usize = 64 << 10;

/// Bytes that an object of this size needs for a guard, behind itself.
pub(super) const fn with_guard(bytes: usize) -> usize {
    if bytes >= GUARDED_BYTES_MIN { PAGE_BYTES } else { 0 }
}

/// The most that one case keeps live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The most objects that one worker has allocated and that no worker has given back yet.
    pub live_per_worker: u64,
    /// The smallest size of these objects, in bytes.
    pub bytes_min: u64,
    /// The largest size of these objects, in bytes.
    pub bytes_max: u64,
}

impl Demand {
    /// The demand of the same objects at this level: `full` needs room for guards.
    pub fn hardened(self, hardening: Hardening) -> Demand {
        let guard = match hardening {
            Hardening::Off | Hardening::Cheap | Hardening::Strict => 0,
            Hardening::Full => usize::try_from(self.bytes_max).map_or(0, with_guard),
        };
        Demand { bytes_max: self.bytes_max + count(guard), ..self }
    }
}

/// Returns the bytes of an arena that never runs out under this demand, in any order of sizes and frees.
///
/// A worker takes another slab of a class only when all its slabs of that class have too few free objects (less than an
/// eighth of a slab). Such a slab is skipped; let n be the fewest live objects it can have. A class then never has more
/// than `live / n + 1` slabs, and small slabs share superslabs; to them come objects on their way between workers. Runs
/// are counted in whole superslabs. The bound holds
/// when all runs have one length, `bytes_max` rounded up to 2 MiB. Runs of several lengths can leave holes: then
/// compute with the longest length for all of them.
///
/// # Panics
/// When the result does not fit 64 bits.
pub fn arena_bytes_needed(workers: u32, demand: Demand) -> u64 {
    let Demand { live_per_worker: live, bytes_min, bytes_max } = demand;
    let class_of = |bytes: u64| {
        let layout = usize::try_from(bytes).ok().and_then(|bytes| Layout::from_size_align(bytes, 1).ok());
        layout.and_then(Class::of).map_or(CLASS_COUNT, Class::number)
    };
    let (first, last) = (class_of(bytes_min), class_of(bytes_max));
    let (mut small_slabs, mut superslabs) = (0u64, 0u64);
    for class in (first..=last.min(CLASS_COUNT - 1)).map(Class::numbered) {
        let live_at_least = class.objects() - (class.worthwhile() - 1);
        let slabs = live.div_ceil(u64::from(live_at_least)) + 1;
        *(if class.is_small() { &mut small_slabs } else { &mut superslabs }) += slabs;
    }
    superslabs += small_slabs.div_ceil(u64::from(SLABS));
    if small_slabs > 0 && workers > 1 {
        superslabs += IN_FLIGHT_SUPERSLABS;
    }
    if last == CLASS_COUNT {
        let run = bytes_max.div_ceil(count(SUPERSLAB_BYTES));
        superslabs =
            live.checked_mul(run).and_then(|runs| runs.checked_add(superslabs)).expect("fits 64 bits");
    }
    let needed = superslabs.checked_mul(u64::from(workers) * count(SUPERSLAB_BYTES));
    needed.expect("an arena that fits 64 bits")
}
