//! Size classes: what sizes a slab can serve, and the arithmetic from an address to an object.
//!
//! 8 to 64 bytes in steps of 8, then four classes a doubling up to 1 MiB: an object wastes at most a fifth of
//! its class above 64 bytes. Anything larger is a run of superslabs and has no class.

use std::alloc::Layout;

/// A superslab: 2 MiB, one huge page on x86-64.
pub const SUPERSLAB_BYTES: usize = 1 << SUPERSLAB_SHIFT;
pub(super) const SUPERSLAB_SHIFT: u32 = 21;
/// A small slab: 64 of them fill a superslab, so that one word tells which are free.
pub const SLAB_BYTES: usize = 1 << SLAB_SHIFT;
pub(super) const SLAB_SHIFT: u32 = 15;
/// Small slabs in a superslab.
pub(super) const SLABS: usize = SUPERSLAB_BYTES / SLAB_BYTES;
/// The most objects a slab may hold: 64 words of 64 bits, so that one word tells which words have free objects.
pub(super) const OBJECTS_MAX: usize = 64 * 64;
/// How many classes there are.
pub const CLASS_COUNT: usize = 64;
/// The largest object that shares a superslab with others.
pub const SHARED_BYTES_MAX: usize = 1 << 20;

/// Classes below this one live in small slabs (8 B to 4 KiB), the others in slabs as large as a superslab.
const SMALL_CLASSES: usize = 32;
/// Sizes up to this are looked up instead of computed: the branch between the two formulas mispredicts.
const LOOKED_UP_BYTES: usize = 1024;
/// Fixed-point digits of `Shape::reciprocal`.
const RECIPROCAL_SHIFT: u32 = 41;

/// One size class. Invariant: the number is below `CLASS_COUNT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

/// What a class fixes for its slabs.
struct Shape {
    /// Bytes of an object.
    bytes: u32,
    /// Objects a slab holds.
    objects: u32,
    /// `2^41 / bytes` rounded up to the next integer. For a numerator n < 2^21 the product's error is below
    /// n * bytes / 2^41 < 1 because bytes <= 2^20: the quotient is exact (Granlund and Montgomery, "Division by
    /// invariant integers using multiplication", PLDI 1994, theorem 4.2). A test walks all of them.
    reciprocal: u64,
}

static SHAPES: [Shape; CLASS_COUNT] = shapes();
static LOOKUP: [u8; LOOKED_UP_BYTES / 8 + 1] = lookup();

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
    let log = last.ilog2() as usize;
    8 + (log - 6) * 4 + ((last >> (log - 2)) & 3)
}

const fn shapes() -> [Shape; CLASS_COUNT] {
    let mut shapes = [const { Shape { bytes: 0, objects: 0, reciprocal: 0 } }; CLASS_COUNT];
    let mut class = 0;
    while class < CLASS_COUNT {
        let bytes = bytes_of(class);
        let slab = if class < SMALL_CLASSES { SLAB_BYTES } else { SUPERSLAB_BYTES };
        assert!(slab / bytes <= OBJECTS_MAX && bytes <= SHARED_BYTES_MAX);
        let reciprocal = (1u64 << RECIPROCAL_SHIFT) / bytes as u64 + 1;
        shapes[class] = Shape { bytes: bytes as u32, objects: (slab / bytes) as u32, reciprocal };
        class += 1;
    }
    shapes
}

const fn lookup() -> [u8; LOOKED_UP_BYTES / 8 + 1] {
    let mut table = [0; LOOKED_UP_BYTES / 8 + 1];
    let mut eighth = 0;
    while eighth < table.len() {
        table[eighth] = computed_class(eighth * 8) as u8;
        eighth += 1;
    }
    table
}

impl Class {
    /// The smallest class whose objects have this size and alignment; `None` when the object must be a run.
    #[inline]
    pub(super) fn of(layout: Layout) -> Option<Class> {
        if layout.size() <= LOOKED_UP_BYTES && layout.align() <= 8 {
            return Some(Class(LOOKUP[layout.size().div_ceil(8)]));
        }
        Class::of_uncommon(layout)
    }

    /// Slabs start at multiples of 32 KiB, so an object is aligned as well as its size is. One of four
    /// consecutive classes is a power of two, so the search is short.
    fn of_uncommon(layout: Layout) -> Option<Class> {
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
    /// When there is none.
    pub(super) fn numbered(number: usize) -> Class {
        assert!(number < CLASS_COUNT, "class {number} does not exist");
        Class(number as u8)
    }

    /// Its number, below `CLASS_COUNT`. The mask tells the compiler, so that indexing needs no check.
    #[inline]
    pub(super) fn number(self) -> usize {
        usize::from(self.0) & (CLASS_COUNT - 1)
    }

    /// Bytes of an object.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        SHAPES[self.number()].bytes as usize
    }

    /// Objects a slab holds.
    #[inline]
    pub(super) fn objects(self) -> u32 {
        SHAPES[self.number()].objects
    }

    /// Whether its slabs are small, 64 to a superslab.
    #[inline]
    pub(super) fn is_small(self) -> bool {
        self.number() < SMALL_CLASSES
    }

    /// The number of the slab of this class that holds the byte `offset` of the arena. A slab as large as a
    /// superslab goes by the number of the first of the 64 it displaces.
    #[inline]
    pub(super) fn slab_at(self, offset: usize) -> usize {
        if self.is_small() { offset >> SLAB_SHIFT } else { (offset >> SUPERSLAB_SHIFT) * SLABS }
    }

    /// Where object `index` of slab `number` begins, in bytes from the arena's base.
    #[inline]
    pub(super) fn offset_of(self, number: u32, index: u32) -> usize {
        number as usize * SLAB_BYTES + index as usize * self.bytes()
    }

    /// The object that holds the byte `offset` of the arena, and whether the offset is where it starts.
    #[inline]
    pub(super) fn object_at(self, offset: usize) -> (u32, bool) {
        let mask = if self.is_small() { SLAB_BYTES - 1 } else { SUPERSLAB_BYTES - 1 };
        let shape = &SHAPES[self.number()];
        let inside = (offset & mask) as u64;
        let index = (inside * shape.reciprocal) >> RECIPROCAL_SHIFT;
        (index as u32, index * u64::from(shape.bytes) == inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(bytes: usize, align: usize) -> Option<Class> {
        Class::of(Layout::from_size_align(bytes, align).expect("a valid layout"))
    }

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        let sizes: Vec<usize> = (0..CLASS_COUNT).map(bytes_of).collect();
        assert!(sizes.is_sorted() && sizes[0] == 8 && sizes[CLASS_COUNT - 1] == SHARED_BYTES_MAX);
        // Below 5,000 every size; above, the edges of each class, where an off-by-one would show.
        let edges = sizes.iter().flat_map(|bytes| [bytes - 1, *bytes, bytes + 1]);
        for bytes in (0..5000).chain(edges) {
            let oracle = sizes.iter().position(|class| *class >= bytes);
            assert_eq!(class(bytes, 1).map(Class::number), oracle, "{bytes} bytes");
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
    fn division_by_the_reciprocal_is_exact_for_every_offset() {
        for class in (0..CLASS_COUNT).map(Class::numbered) {
            let slab = if class.is_small() { SLAB_BYTES } else { SUPERSLAB_BYTES };
            let step = if cfg!(miri) { 4093 } else { 1 };
            for inside in (0..slab).step_by(step) {
                let expected = ((inside / class.bytes()) as u32, inside % class.bytes() == 0);
                assert_eq!(class.object_at(3 * SUPERSLAB_BYTES + inside), expected);
            }
        }
    }
}
