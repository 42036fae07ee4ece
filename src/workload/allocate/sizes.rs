//! Sizes of objects: the range that a job asks for, and the two ways to draw from it.

use std::fmt;

use super::draws::Draws;
use crate::mix::{Random, scaled};
use crate::units::{Bytes, high_32};

/// The smallest and the largest size of an object, in bytes: 1 to [`Sizes::BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sizes {
    /// The smallest size.
    pub min: u32,
    /// The largest size, `min` or more.
    pub max: u32,
}

impl Sizes {
    /// The largest size that a job can ask for: larger objects of the slab allocator are runs of whole superslabs.
    pub const BYTES_MAX: u32 = 1 << 20;

    /// The sizes from `min` to `max`.
    pub const fn new(min: u32, max: u32) -> Sizes {
        assert!(1 <= min && min <= max && max <= Sizes::BYTES_MAX);
        Sizes { min, max }
    }

    /// A size, each equally likely: one multiplication.
    #[inline(always)]
    pub fn uniform(self, random: &mut Draws) -> u32 {
        self.chosen(high_32(random.bits()))
    }

    /// The size that 32 random bits choose: for a workload that needs the other half of a draw for something else.
    #[inline(always)]
    pub fn chosen(self, bits: u32) -> u32 {
        self.min + scaled(bits, self.max - self.min + 1)
    }
}

/// A way to draw the size of the next object.
pub trait Draw: Send {
    /// Draws from these sizes.
    fn from(sizes: Sizes, random: &mut Draws) -> Self;

    /// The next size, from 32 random bits.
    fn next(&mut self, bits: u32) -> u32;
}

/// Each size is equally likely.
impl Draw for Sizes {
    fn from(sizes: Sizes, _random: &mut Draws) -> Sizes {
        sizes
    }

    #[inline(always)]
    fn next(&mut self, bits: u32) -> u32 {
        self.chosen(bits)
    }
}

/// `8B..128B`; one size is written `64B`.
impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, max] = [self.min, self.max].map(|bytes| Bytes(bytes.into()));
        if min == max { min.fmt(f) } else { write!(f, "{min}..{max}") }
    }
}

/// Number of sizes in a table.
const DRAWN: usize = 4096;

/// Sizes that are drawn before the timed region: a logarithm for each object would cost more than the object.
///
/// They are log-uniform: a size is as likely to lie between 8 and 16 bytes as between 2 and 4 KiB.
#[derive(Debug)]
pub struct SizeTable {
    drawn: Box<[u32; DRAWN]>,
    next: usize,
}

impl Draw for SizeTable {
    /// Draws the table. The smallest and the largest size are always in it.
    fn from(sizes: Sizes, random: &mut Draws) -> SizeTable {
        let (low, high) = (f64::from(sizes.min).ln(), (f64::from(sizes.max) + 1.0).ln());
        let mut drawn = Box::new([sizes.min; DRAWN]);
        for size in &mut drawn[1..DRAWN - 1] {
            let share = random.bits() as f64 / u64::MAX as f64;
            *size = ((low + share * (high - low)).exp() as u32).clamp(sizes.min, sizes.max);
        }
        drawn[DRAWN - 1] = sizes.max;
        Random::new(random.bits()).shuffle(&mut drawn[..]);
        SizeTable { drawn, next: 0 }
    }

    /// The next size; after the last one the table begins again.
    #[inline(always)]
    fn next(&mut self, _bits: u32) -> u32 {
        let size = self.drawn[self.next % DRAWN];
        self.next = self.next.wrapping_add(1);
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_a_range_or_as_one_size() {
        let shown = [Sizes::new(8, 128), Sizes::new(64, 64), Sizes::new(1, Sizes::BYTES_MAX)];
        assert_eq!(shown.map(|sizes| sizes.to_string()), ["8B..128B", "64B", "1B..1MiB"]);
    }

    #[test]
    fn uniform_sizes_fill_their_range() {
        let (mut random, mut found) = (Draws::new(1), [false; 5]);
        (0..1000).for_each(|_| found[Sizes::new(3, 7).uniform(&mut random) as usize - 3] = true);
        assert_eq!(found, [true; 5]);
        assert_eq!(Sizes::new(9, 9).uniform(&mut random), 9);
    }

    #[test]
    fn log_uniform_sizes_are_equally_many_in_each_doubling() {
        // 8 bytes to 4 KiB are nine doublings.
        let mut random = Draws::new(7);
        let mut table = <SizeTable as Draw>::from(Sizes::new(8, 4095), &mut random);
        let mut doublings = [0; 9];
        let mut extremes = (u32::MAX, 0);
        for _ in 0..DRAWN {
            let size = table.next(0);
            doublings[size.ilog2() as usize - 3] += 1;
            extremes = (extremes.0.min(size), extremes.1.max(size));
        }
        assert_eq!(extremes, (8, 4095));
        // 455 of 4,096 on average, with a standard deviation of 20.
        assert!(doublings.iter().all(|count| (355..=555).contains(count)), "{doublings:?}");
    }

    #[test]
    fn a_table_of_one_size_has_no_other() {
        let mut random = Draws::new(7);
        let mut table = <SizeTable as Draw>::from(Sizes::new(1, 1), &mut random);
        assert!((0..2 * DRAWN).all(|_| table.next(0) == 1));
    }
}
