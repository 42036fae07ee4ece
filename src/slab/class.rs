//! Size classes: the sizes that a slab can serve, and the arithmetic from an address to an object.
//!
//! 16 to 128 bytes in steps of 16, then eight classes per doubling up to 4 KiB and four up to 1 MiB: an object wastes at
//! most a ninth of its class up to 4 KiB, a fifth above. Anything larger is a run of superslabs and has no class.

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
/// Number of size classes.
pub const CLASS_COUNT: usize = 80;
/// The largest object that shares a superslab with others.
pub const SHARED_BYTES_MAX: usize = 1 << 20;

/// Most bytes that are carved at a time, unless it is a single object.
pub const BATCH_BYTES_MAX: usize = 256 << 10;

/// A page of the system, where it is smallest.
pub(super) const PAGE_BYTES: usize = 4096;

/// The unit of sizes in small slabs, and the alignment of every object. A free object holds a link of 8 bytes.
pub(super) const GRAIN_BYTES: usize = 1 << GRAIN_SHIFT;
pub(super) const GRAIN_SHIFT: u32 = 4;
/// Classes below this one grow by one grain each.
const EVEN_CLASSES: usize = 8;
/// Classes below this one live in small slabs (16 B to 4 KiB), the others in slabs as large as a superslab.
const SMALL_CLASSES: usize = 48;
/// Sizes up to this are common: their classes are looked up, not computed.
const COMMON_BYTES: usize = 4096;

/// The number of the slab at the byte `offset` of the arena. Slabs have 32-bit numbers (`Arena::bound`).
#[inline]
pub(super) fn slab_number(offset: usize) -> u32 {
    debug_assert!(units::count(offset >> SLAB_SHIFT) <= u64::from(u32::MAX));
    units::low_32(units::count(offset >> SLAB_SHIFT))
}

/// One size class. Invariant: the number is below `CLASS_COUNT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

/// Constants of a class that its slabs use.
struct Shape {
    /// Bytes of an object.
    bytes: u32,
    /// Objects a slab holds.
    objects: u32,
    /// Objects in `BATCH_BYTES_MAX`.
    batch_max: u32,
    /// Objects in a page.
    page_objects: u32,
    /// Free objects that make a slab worth returning to. Without this threshold, a slab that stays full except for one
    /// object would serve one refill after the other, with one object per batch (snmalloc delays the reuse of slabs for
    /// the same reason). At most an eighth of a slab, so at most an eighth of the memory is unused.
    worthwhile: u32,
    /// 2^64 / `bytes`, rounded up, modulo 2^64: for an exact test of divisibility without a division.
    reciprocal: u64,
}

const EMPTY_SHAPE: Shape =
    Shape { bytes: 0, objects: 0, batch_max: 0, page_objects: 0, worthwhile: 0, reciprocal: 0 };
static SHAPES: [Shape; CLASS_COUNT] = shapes();

const fn bytes_of(class: usize) -> usize {
    if class < EVEN_CLASSES {
        return (class + 1) * GRAIN_BYTES;
    }
    if class < SMALL_CLASSES {
        let (doubling, step) = ((class - EVEN_CLASSES) / 8, (class - EVEN_CLASSES) % 8);
        return (128 << doubling) + (step + 1) * (16 << doubling);
    }
    let (doubling, step) = ((class - SMALL_CLASSES) / 4, (class - SMALL_CLASSES) % 4);
    (4096 << doubling) + (step + 1) * (1024 << doubling)
}

const fn computed_class(bytes: usize) -> usize {
    let last = if bytes == 0 { 0 } else { bytes - 1 };
    if last < 128 {
        return last >> GRAIN_SHIFT;
    }
    let log = last.ilog2();
    if last < COMMON_BYTES {
        return EVEN_CLASSES + (units::index(log) - 7) * 8 + ((last >> (log - 3)) & 7);
    }
    SMALL_CLASSES + (units::index(log) - 12) * 4 + ((last >> (log - 2)) & 3)
}

/// A number of a shape: nothing about a class exceeds a superslab.
const fn narrow(number: usize) -> u32 {
    assert!(number <= SUPERSLAB_BYTES);
    units::low_32(units::count(number))
}

const fn at_least_one(count: usize) -> u32 {
    if count == 0 { 1 } else { narrow(count) }
}

/// `Shape::worthwhile` of a class with this many objects per slab.
const fn worthwhile(class: usize, objects: usize) -> u32 {
    // An object above 4 KiB takes so long to fill that a refill for a few of them hardly counts, but its memory does.
    let (share, most) = if class < SMALL_CLASSES { (objects / 8, 32) } else { (objects / 64, 4) };
    at_least_one(if share < most { share } else { most })
}

const fn shapes() -> [Shape; CLASS_COUNT] {
    let mut shapes = [EMPTY_SHAPE; CLASS_COUNT];
    let mut class = 0;
    while class < CLASS_COUNT {
        let bytes = bytes_of(class);
        assert!(bytes.is_multiple_of(GRAIN_BYTES) && bytes <= SHARED_BYTES_MAX);
        let slab = if class < SMALL_CLASSES { SLAB_BYTES } else { SUPERSLAB_BYTES };
        let objects = slab / bytes;
        shapes[class] = Shape {
            bytes: narrow(bytes),
            objects: narrow(objects),
            batch_max: at_least_one(BATCH_BYTES_MAX / bytes),
            page_objects: narrow(PAGE_BYTES / bytes),
            worthwhile: worthwhile(class, objects),
            reciprocal: (u64::MAX / units::count(bytes)).wrapping_add(1),
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

impl From<Layout> for PackedLayout {
    #[inline]
    fn from(layout: Layout) -> PackedLayout {
        PackedLayout::new(layout)
    }
}

/// Lookup table by size in grains, for common layouts: up to 4 KiB, and aligned to a grain at most. Each cache carries
/// its own copy, because reaching a static costs an indirection in position-independent code.
#[derive(Clone, Copy)]
pub(super) struct BySize([u16; COMMON_BYTES / GRAIN_BYTES + 1]);

impl BySize {
    /// A table from size to the class number times `factor`.
    pub(super) fn scaled(factor: u16) -> BySize {
        BySize(std::array::from_fn(|grains| {
            u16::from(Class::numbered(computed_class(grains * GRAIN_BYTES)).0) * factor
        }))
    }

    /// Returns the entry of a layout, if the layout is common.
    #[inline]
    pub(super) fn get(&self, layout: Layout) -> Option<u16> {
        // No size of a layout is within a grain of `usize::MAX`.
        let grains = (layout.size() + (GRAIN_BYTES - 1)) >> GRAIN_SHIFT;
        if layout.align() > GRAIN_BYTES { None } else { self.0.get(grains).copied() }
    }
}

impl Class {
    /// The smallest class that fits this size and alignment; `None` when the object must be a run.
    ///
    /// Slabs start at multiples of 32 KiB, so an object's alignment is the largest power of two that divides its
    /// size. One of eight consecutive classes is a power of two, so the search is short.
    pub(super) fn of(layout: Layout) -> Option<Class> {
        let bytes = layout.size().max(layout.align());
        if bytes > SHARED_BYTES_MAX {
            return None;
        }
        let smallest = computed_class(bytes);
        if layout.align() <= GRAIN_BYTES {
            return Some(Class::numbered(smallest));
        }
        let aligned = (smallest..CLASS_COUNT).find(|class| bytes_of(*class).is_multiple_of(layout.align()));
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

    /// The number, below `CLASS_COUNT`.
    #[inline]
    pub(super) fn number(self) -> usize {
        usize::from(self.0)
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

    /// The most objects that are carved at a time.
    #[inline]
    pub(super) fn batch_max(self) -> u32 {
        SHAPES[self.number()].batch_max
    }

    /// Objects in a page; 0 for one that is larger.
    #[inline]
    pub(super) fn page_objects(self) -> u32 {
        SHAPES[self.number()].page_objects
    }

    /// Free objects that make a slab worth returning to.
    #[inline]
    pub(super) fn worthwhile(self) -> u32 {
        SHAPES[self.number()].worthwhile
    }

    /// True when its slabs are small, 64 to a superslab.
    #[inline]
    pub(super) fn is_small(self) -> bool {
        self.number() < SMALL_CLASSES
    }

    /// Bytes of a slab of this class.
    #[inline]
    pub(super) fn slab_bytes(self) -> usize {
        if self.is_small() { SLAB_BYTES } else { SUPERSLAB_BYTES }
    }

    /// Distance in bytes from the start of its slab to the byte `offset` of the arena.
    pub(super) fn inside(self, offset: usize) -> usize {
        offset & (self.slab_bytes() - 1)
    }

    /// True when an object of a slab begins `inside` bytes from the slab's start.
    ///
    /// D. Lemire, O. Kaser and N. Kurz, "Faster remainder by direct computation", Software: Practice and Experience
    /// 49 (2019): n is a multiple of d exactly when n times the rounded-up 2^64 / d, modulo 2^64, is below that
    /// reciprocal; n and d have fewer than 32 bits.
    #[inline]
    pub(super) fn begins_at(self, inside: usize) -> bool {
        let reciprocal = SHAPES[self.number()].reciprocal;
        // A class as large as 2^64 does not exist, so the reciprocal is above 0.
        units::count(inside).wrapping_mul(reciprocal) < reciprocal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class of a layout, which the table of three times the class number must agree with.
    fn class(thrice: &BySize, bytes: usize, align: usize) -> Option<Class> {
        let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
        let class = Class::of(layout);
        let looked_up = thrice.get(layout).map(usize::from);
        assert!(looked_up.is_none_or(|thrice| Some(thrice) == class.map(|class| 3 * class.number())));
        class
    }

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        let sizes: Vec<usize> = (0..CLASS_COUNT).map(bytes_of).collect();
        assert!(sizes.is_sorted() && sizes[0] == GRAIN_BYTES && sizes[CLASS_COUNT - 1] == SHARED_BYTES_MAX);
        // Below 5,000 every size is tested; above, the edges of each class, where an off-by-one would show. Under Miri,
        // which finds nothing in plain arithmetic, fewer.
        let edges = sizes.iter().flat_map(|bytes| [bytes - 1, *bytes, bytes + 1]);
        let thrice = BySize::scaled(3);
        for bytes in (0..5000).step_by(if cfg!(miri) { 61 } else { 1 }).chain(edges) {
            let oracle = sizes.partition_point(|class| *class < bytes);
            let oracle = Some(oracle).filter(|class| *class < CLASS_COUNT);
            assert_eq!(class(&thrice, bytes, 1).map(Class::number), oracle, "{bytes} bytes");
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
        let thrice = BySize::scaled(3);
        for align in (0..=20).map(|log| 1usize << log) {
            for bytes in [1, 8, 24, 72, 100, 1000, 5000, 70_000, SHARED_BYTES_MAX] {
                let class = class(&thrice, bytes, align).expect("at most 1 MiB");
                assert!(class.bytes() >= bytes && class.bytes().is_multiple_of(align), "{bytes} {align}");
            }
        }
        assert_eq!(class(&thrice, 8, 2 << 20), None);
        assert_eq!(class(&thrice, SHARED_BYTES_MAX + 1, 1), None);
    }

    #[test]
    fn objects_begin_at_multiples_of_their_size_and_nowhere_else() {
        for class in (0..CLASS_COUNT).map(Class::numbered) {
            assert_eq!(units::index(class.objects()), class.slab_bytes() / class.bytes());
            let step = if class.is_small() { 1 } else { 64 };
            let step = if cfg!(miri) { 509 * step } else { step };
            for inside in (0..class.slab_bytes()).step_by(step) {
                assert_eq!(class.begins_at(inside), inside % class.bytes() == 0, "{class:?} {inside}");
            }
        }
    }
}
