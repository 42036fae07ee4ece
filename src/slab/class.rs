//! Size classes: the sizes that a slab can serve, and the arithmetic from an address to an object.
//!
//! 8 to 64 bytes in steps of 8, then four classes per doubling up to 1 MiB: above 64 bytes an object wastes at most a
//! fifth of its class. Anything larger is a run of superslabs and has no class.

use std::alloc::Layout;

use crate::units;

/// A superslab: 2 MiB, one huge page on x86-64.
pub const SUPERSLAB_BYTES: usize = 1 << SUPERSLAB_SHIFT;
pub(super) const SUPERSLAB_SHIFT: u32 = 21;
/// Bytes of a small slab: 64 of them fill a superslab, so that the free ones fit a map of one word.
pub const SLAB_BYTES: usize = 1 << SLAB_SHIFT;
pub(super) const SLAB_SHIFT: u32 = 15;
/// Small slabs in a superslab.
pub(super) const SLABS: u32 = 1 << (SUPERSLAB_SHIFT - SLAB_SHIFT);
/// The most objects a slab may hold: the number of objects of the smallest size.
pub(super) const OBJECTS_MAX: usize = 64 * 64;
/// Number of size classes.
pub const CLASS_COUNT: usize = 64;
/// The largest object that shares a superslab with others.
pub const SHARED_BYTES_MAX: usize = 1 << 20;

/// New objects are carved one page at a time, or one object if it is larger: a refill faults one page.
const PAGE_BYTES: usize = 4096;
/// Most bytes in a batch, unless it is a single object: memory in hand is not available to other workers.
pub const BATCH_BYTES_MAX: usize = 256 << 10;

/// Classes below this one live in small slabs (8 B to 4 KiB), the others in slabs as large as a superslab.
const SMALL_CLASSES: usize = 32;
/// Sizes up to this are common: their classes are looked up, not computed.
const COMMON_BYTES: usize = 1024;

/// The number of the slab at the byte `offset` of the arena. Slabs have 32-bit numbers (`Arena::bound`).
#[inline]
pub(super) fn slab_number(offset: usize) -> u32 {
    debug_assert!(units::count(offset >> SLAB_SHIFT) <= u64::from(u32::MAX));
    units::low_32(units::count(offset >> SLAB_SHIFT))
}

/// The start at this many steps from the beginning of its slab, fewer than 2^15.
#[inline]
pub(super) fn start_after(steps: usize) -> u16 {
    debug_assert!(steps < SLAB_BYTES);
    units::low_16(units::count(steps))
}

const _: () = assert!(SLAB_BYTES <= 1 << 16); // so that `start_after` keeps every number

/// One size class. Invariant: the number is below `CLASS_COUNT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

/// Constants of a class that its slabs use.
struct Shape {
    /// Bytes of an object.
    bytes: u32,
    /// Objects a slab holds.
    objects: u32,
    /// Objects carved at a time.
    page: u32,
    /// Free objects that make a slab worth returning to. Without this threshold, a slab that stays full except for one
    /// object would serve one refill after the other, with one object per batch (snmalloc delays the reuse of slabs for
    /// the same reason). At most an eighth of a slab, so at most an eighth of the memory is unused.
    worthwhile: u32,
    /// Objects in `BATCH_BYTES_MAX`.
    batch_max: u32,
}

const EMPTY_SHAPE: Shape = Shape { bytes: 0, objects: 0, page: 0, worthwhile: 0, batch_max: 0 };
static SHAPES: [Shape; CLASS_COUNT] = shapes();

const fn bytes_of(class: usize) -> usize {
    if class < 8 {
        return (class + 1) * 8;
    }
    let (doubling, step) = ((class - 8) / 4, (class - 8) % 4);
    (64 << doubling) + (step + 1) * (16 << doubling)
}

const fn computed_class(bytes: usize) -> usize {
    let last = if bytes == 0 { 0 } else { bytes - 1 };
    if last < 64 {
        return last >> 3;
    }
    let log = units::index(last.ilog2());
    8 + (log - 6) * 4 + ((last >> (log - 2)) & 3)
}

/// A number of a shape: nothing about a class exceeds a superslab.
const fn narrow(number: usize) -> u32 {
    assert!(number <= SUPERSLAB_BYTES);
    units::low_32(units::count(number))
}

const fn at_least_one(count: usize) -> u32 {
    if count == 0 { 1 } else { narrow(count) }
}

const fn shapes() -> [Shape; CLASS_COUNT] {
    let mut shapes = [EMPTY_SHAPE; CLASS_COUNT];
    let mut class = 0;
    while class < CLASS_COUNT {
        let bytes = bytes_of(class);
        // A whole number of steps, in both kinds of slab.
        assert!(bytes.is_multiple_of(if class < SMALL_CLASSES { 1 } else { units::index(SLABS) }));
        let slab = if class < SMALL_CLASSES { SLAB_BYTES } else { SUPERSLAB_BYTES };
        assert!(slab / bytes <= OBJECTS_MAX && bytes <= SHARED_BYTES_MAX);
        let objects = slab / bytes;
        shapes[class] = Shape {
            bytes: narrow(bytes),
            objects: narrow(objects),
            page: at_least_one(PAGE_BYTES / bytes),
            worthwhile: at_least_one(if objects / 8 < 16 { objects / 8 } else { 16 }),
            batch_max: at_least_one(BATCH_BYTES_MAX / bytes),
        };
        class += 1;
    }
    shapes
}

/// A layout in 8 bytes: the low half of the size, and its high half with the logarithm of the alignment in the top
/// byte. Two words, because a common layout fills each of them without arithmetic.
#[derive(Clone, Copy, Debug)]
#[repr(align(8))]
pub(super) struct PackedLayout([u32; 2]);

impl PackedLayout {
    #[inline]
    pub(super) fn new(layout: Layout) -> PackedLayout {
        let (bytes, align) = (units::count(layout.size()), layout.align().trailing_zeros());
        PackedLayout([units::low_32(bytes), units::high_32(bytes) | align << 24])
    }

    #[inline]
    pub(super) fn bytes(self) -> usize {
        let PackedLayout([low, high]) = self;
        let bytes = u64::from(high & 0xFF_FFFF) << 32 | u64::from(low);
        // Where a `usize` has 64 bits, this conversion and its panic are compiled to nothing.
        usize::try_from(bytes).expect("packed from the size of a layout")
    }

    pub(super) fn unpack(self) -> Layout {
        let layout = Layout::from_size_align(self.bytes(), 1 << (self.0[1] >> 24));
        layout.expect("packed from a valid layout")
    }
}

/// Lookup table by size in bytes, for common layouts: small, and aligned to a word at most. One entry per byte saves
/// the rounding. Each cache carries its own copy, because reaching a static costs an indirection in
/// position-independent code.
#[derive(Clone, Copy)]
pub(super) struct BySize([u16; COMMON_BYTES + 1]);

impl BySize {
    /// A table from size to the class number times `factor`.
    pub(super) fn scaled(factor: u16) -> BySize {
        BySize(std::array::from_fn(|bytes| u16::from(Class::numbered(computed_class(bytes)).0) * factor))
    }

    /// Returns the entry of a layout, if the layout is common.
    #[inline]
    pub(super) fn get(&self, layout: Layout) -> Option<u16> {
        let is_common = layout.size() <= COMMON_BYTES && layout.align() <= 8;
        is_common.then(|| self.0[layout.size()])
    }
}

impl Class {
    /// The smallest class that fits this size and alignment; `None` when the object must be a run.
    ///
    /// Slabs start at multiples of 32 KiB, so an object's alignment is the largest power of two that divides its
    /// size. One of four consecutive classes is a power of two, so the search is short.
    pub(super) fn of(layout: Layout) -> Option<Class> {
        let bytes = layout.size().max(layout.align());
        if bytes > SHARED_BYTES_MAX {
            return None;
        }
        let aligned = (computed_class(bytes)..CLASS_COUNT)
            .find(|class| bytes_of(*class).is_multiple_of(layout.align()));
        aligned.map(Class::numbered)
    }

    /// The class with this number.
    ///
    /// # Panics
    /// When there is no such class.
    #[inline]
    pub(super) fn numbered(number: usize) -> Class {
        match u8::try_from(number) {
            Ok(class) if number < CLASS_COUNT => Class(class),
            _ => panic!("class {number} does not exist"),
        }
    }

    /// The number, below `CLASS_COUNT`. The mask tells the compiler this bound, so that indexing needs no check.
    #[inline]
    pub(super) fn number(self) -> usize {
        usize::from(self.0) & (CLASS_COUNT - 1)
    }

    /// Bytes of an object.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        units::index(SHAPES[self.number()].bytes)
    }

    /// Objects a slab holds.
    #[inline]
    pub(super) fn objects(self) -> u32 {
        SHAPES[self.number()].objects
    }

    /// Objects carved at a time.
    pub(super) fn page(self) -> u32 {
        SHAPES[self.number()].page
    }

    /// Free objects that make a slab worth returning to.
    pub(super) fn worthwhile(self) -> u32 {
        SHAPES[self.number()].worthwhile
    }

    /// The most objects in a batch.
    pub(super) fn batch_max(self) -> u32 {
        SHAPES[self.number()].batch_max
    }

    /// True when its slabs are small, 64 to a superslab.
    #[inline]
    pub(super) fn is_small(self) -> bool {
        self.number() < SMALL_CLASSES
    }

    /// The unit of starts: 1 byte in small slabs, 64 in those as large as a superslab. Either way a start has 15 bits.
    #[inline]
    pub(super) fn step_shift(self) -> u32 {
        if self.is_small() { 0 } else { SUPERSLAB_SHIFT - SLAB_SHIFT }
    }

    /// Shift from a start to its entry in the slab's tables. Objects are at least this far apart, so no two share an
    /// entry.
    #[inline]
    pub(super) fn entry_shift(self) -> u32 {
        self.bytes().ilog2() - self.step_shift()
    }

    /// The steps from the beginning of a slab to its object `index`.
    pub(super) fn steps_to(self, index: u32) -> u32 {
        index * units::low_32(units::count(self.bytes() >> self.step_shift()))
    }

    /// The start of object `index` of a slab, in steps.
    pub(super) fn start_of(self, index: u32) -> u16 {
        start_after(units::index(self.steps_to(index)))
    }

    /// Distance in bytes from the start of its slab to the byte `offset` of the arena.
    pub(super) fn inside(self, offset: usize) -> usize {
        offset & if self.is_small() { SLAB_BYTES - 1 } else { SUPERSLAB_BYTES - 1 }
    }

    /// Returns the start at the byte `offset` of the arena; `None` when the offset lies between two steps.
    pub(super) fn start_at(self, offset: usize) -> Option<u16> {
        let inside = self.inside(offset);
        inside.is_multiple_of(1 << self.step_shift()).then(|| start_after(inside >> self.step_shift()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(bytes: usize, align: usize) -> Option<Class> {
        let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
        let class = Class::of(layout);
        let looked_up = BySize::scaled(3).get(layout).map(usize::from);
        assert!(looked_up.is_none_or(|thrice| Some(thrice) == class.map(|class| 3 * class.number())));
        class
    }

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        let sizes: Vec<usize> = (0..CLASS_COUNT).map(bytes_of).collect();
        assert!(sizes.is_sorted() && sizes[0] == 8 && sizes[CLASS_COUNT - 1] == SHARED_BYTES_MAX);
        // Below 5,000 every size is tested; above, the edges of each class, where an off-by-one would show.
        let edges = sizes.iter().flat_map(|bytes| [bytes - 1, *bytes, bytes + 1]);
        for bytes in (0..5000).chain(edges) {
            let oracle = sizes.iter().position(|class| *class >= bytes);
            assert_eq!(class(bytes, 1).map(Class::number), oracle, "{bytes} bytes");
        }
    }

    #[test]
    fn a_layout_survives_packing() {
        for bytes in [0, 1, 1024, u32::MAX as usize, 1 << 32, (1 << 40) + 7] {
            for align in [1, 8, 4096, 2 << 20] {
                let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
                assert_eq!(PackedLayout::new(layout).unpack(), layout);
            }
        }
    }

    #[test]
    fn objects_are_aligned_as_asked() {
        for align in (0..=20).map(|log| 1usize << log) {
            for bytes in [1, 8, 24, 72, 100, 1000, 5000, 70_000, SHARED_BYTES_MAX] {
                let class = class(bytes, align).expect("at most 1 MiB");
                assert!(class.bytes() >= bytes && class.bytes().is_multiple_of(align), "{bytes} {align}");
            }
        }
        assert_eq!(class(8, 2 << 20), None);
        assert_eq!(class(SHARED_BYTES_MAX + 1, 1), None);
    }

    #[test]
    fn every_object_of_a_slab_has_a_start_of_15_bits_and_an_entry_of_its_own() {
        for class in (0..CLASS_COUNT).map(Class::numbered) {
            let mut taken = [false; OBJECTS_MAX];
            for index in 0..class.objects() {
                let start = class.start_of(index);
                let entry = usize::from(start) >> class.entry_shift();
                assert!(start < 0x7FFF && !std::mem::replace(&mut taken[entry], true));
                let offset = 3 * SUPERSLAB_BYTES + index as usize * class.bytes();
                assert_eq!(class.start_at(offset), Some(start));
                assert_eq!(class.start_at(offset + 1), class.is_small().then_some(start + 1));
            }
        }
    }
}
