//! variable-size: as larson, with sizes that differ by orders of magnitude.
//!
//! The pattern of a program with strings, buffers and pages. A worker keeps a table of live objects and replaces a random
//! one again and again; the size of the new one is log-uniform, 8 bytes to 4 KiB unless the job sets `sizes`: small objects
//! are as many as in most programs, and the large ones have most of the bytes. `sizes = "8B..1MiB"` is the other standard
//! range. The memory is bounded by the number of places. Sizes come from a table of 4,096 that is drawn beforehand.
//! One operation is one object given back and one allocated.

use super::larson::Larson;
use super::sizes::{SizeTable, Sizes};

/// Places of a worker's table unless the job sets `slots`.
pub const SLOTS: u32 = 1024;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 4096);

/// One worker's table of live objects.
pub type VariableSize<O> = Larson<O, SizeTable>;

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check, setup};
    use super::super::pattern::{Dimensions, Pattern};
    use super::*;

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        check::<VariableSize<Numbered>>(Dimensions { objects: SLOTS, sizes: SIZES }, 1);
        check::<VariableSize<Numbered>>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, 1);
    }

    #[test]
    fn small_objects_are_many_and_large_ones_have_most_of_the_bytes() {
        let dimensions = Dimensions { objects: SLOTS, sizes: SIZES };
        let mut allocator = Numbering::with_room_for(SLOTS.into());
        let mut table = VariableSize::new(&mut allocator, setup(dimensions, &())).expect("room");
        table.run_for(&mut allocator, &(), 4096).expect("room");
        let small = allocator.sizes.iter().filter(|bytes| **bytes < 256).count();
        assert!(small * 2 > allocator.sizes.len(), "{small} of {}", allocator.sizes.len());
        let bytes: usize = allocator.sizes.iter().sum();
        let of_small: usize = allocator.sizes.iter().filter(|bytes| **bytes < 256).sum();
        assert!(of_small * 4 < bytes, "{of_small} of {bytes}");
    }
}
