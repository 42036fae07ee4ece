//! A histogram of nanoseconds with one fixed layout, so that any two can be summed counter by counter.
//!
//! Range: 1 ns to 60 s at 3 significant digits (High Dynamic Range histogram, Gil Tene): 27,648 counters. Values
//! outside the range are clamped to it and counted. Exact minimum, maximum and sum are kept beside the counters,
//! because counters alone give only bucket edges.

use hdrhistogram::Histogram as Hdr;

/// The smallest value distinguished from 0, in nanoseconds.
pub const LOWEST_NS: u64 = 1;
/// The largest value recorded unchanged, in nanoseconds; larger values are clamped to it and counted in `clamped`.
pub const HIGHEST_NS: u64 = 60_000_000_000;
/// Significant decimal digits kept.
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// Counters, and beside them the exact extremes and the exact sum.
///
/// Invariant: `sum` is over the values as measured; `min <= max` whenever `count() > 0`.
#[derive(Clone, Debug)]
pub struct Histogram {
    counters: Hdr<u64>,
    min: u64,
    max: u64,
    sum: u128,
    clamped: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::new()
    }
}

impl Histogram {
    /// An empty histogram. Allocates all its memory here, so recording allocates nothing.
    pub fn new() -> Histogram {
        let counters = Hdr::new_with_bounds(LOWEST_NS, HIGHEST_NS, SIGNIFICANT_DIGITS)
            .expect("the layout is a constant that hdrhistogram accepts");
        Histogram { counters, min: u64::MAX, max: 0, sum: 0, clamped: 0 }
    }

    /// Counts one value, in nanoseconds.
    #[inline]
    pub fn record(&mut self, value_ns: u64) {
        self.min = self.min.min(value_ns);
        self.max = self.max.max(value_ns);
        self.sum += u128::from(value_ns);
        self.clamped += u64::from(value_ns > HIGHEST_NS);
        self.counters.saturating_record(value_ns);
    }

    /// Adds another histogram. The result is exact and does not depend on the order of additions.
    pub fn add(&mut self, other: &Histogram) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.clamped += other.clamped;
        self.counters.add(&other.counters).expect("all histograms have the same layout");
    }

    /// Empties the histogram and keeps its memory.
    pub fn clear(&mut self) {
        self.counters.reset();
        (self.min, self.max, self.sum, self.clamped) = (u64::MAX, 0, 0, 0);
    }

    /// Number of values recorded.
    pub fn count(&self) -> u64 {
        self.counters.len()
    }

    /// The exact smallest value, `None` when empty.
    pub fn min(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.min)
    }

    /// The exact largest value, `None` when empty.
    pub fn max(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.max)
    }

    /// The exact sum of all values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Number of values above the range.
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// The smallest recorded value with at least `q` of all values at or below it, as the upper edge of its counter.
    /// `None` when fewer than `10 / (1 - q)` values were recorded: a quantile on a handful of values is noise.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let enough = self.count() as f64 * (1.0 - q) >= 10.0 - 1e-6;
        enough.then(|| self.counters.value_at_quantile(q).min(self.max))
    }

    /// Counters that are not zero, as (index, count), ascending.
    pub fn nonzero(&self) -> Vec<(u32, u64)> {
        let dense = self.dense();
        let numbered = dense.iter().enumerate().filter(|(_, count)| **count > 0);
        numbered
            .map(|(index, count)| (u32::try_from(index).expect("the layout has few counters"), *count))
            .collect()
    }

    /// All counters, in the order of the layout. Ranks sum these.
    pub fn dense(&self) -> Vec<u64> {
        let all = self.counters.iter_all();
        all.map(|step| step.count_at_value()).collect()
    }
}

/// The value that represents each counter of the layout, by index: the counter's upper edge.
pub fn layout() -> &'static [u64] {
    static LAYOUT: std::sync::OnceLock<Vec<u64>> = std::sync::OnceLock::new();
    LAYOUT.get_or_init(|| {
        let empty = Histogram::new();
        empty.counters.iter_all().map(|step| step.value_iterated_to()).collect()
    })
}

/// Index of the counter of the highest value, which also counts the clamped values. The layout has further counters
/// above it, because its widths are powers of two.
pub fn highest_index() -> usize {
    layout().partition_point(|upper_edge| *upper_edge < HIGHEST_NS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    fn sample(seed: u64, count: u32) -> Histogram {
        let mut random = Random::new(seed);
        let mut histogram = Histogram::new();
        for _ in 0..count {
            // Log-uniform over the whole range, so that every part of the layout gets values.
            let bits = random.below(36);
            histogram.record(random.bits() & ((1 << bits) - 1));
        }
        histogram
    }

    #[test]
    fn a_merged_histogram_equals_the_sum_of_its_parts_bit_for_bit() {
        let (mut a, b) = (sample(1, 5000), sample(2, 3000));
        let sums: Vec<u64> = a.dense().iter().zip(b.dense()).map(|(x, y)| x + y).collect();
        let (min, max, sum) = (a.min.min(b.min), a.max.max(b.max), a.sum + b.sum);
        a.add(&b);
        assert_eq!(a.dense(), sums);
        assert_eq!((a.min, a.max, a.sum, a.count()), (min, max, sum, 8000));
    }

    #[test]
    fn counters_that_are_not_zero_are_all_there_is() {
        let histogram = sample(3, 10_000);
        let mut dense = vec![0; layout().len()];
        for (index, count) in histogram.nonzero() {
            assert!(count > 0);
            dense[index as usize] = count;
        }
        assert_eq!(dense, histogram.dense());
    }

    #[test]
    fn a_quantile_needs_ten_values_beyond_it() {
        let mut histogram = Histogram::new();
        (1..=999).for_each(|value| histogram.record(value));
        assert_eq!(histogram.quantile(0.99), None);
        histogram.record(1000);
        assert_eq!(histogram.quantile(0.99), Some(990));
        assert_eq!(histogram.quantile(0.999), None);
    }

    #[test]
    fn values_above_the_range_are_counted_not_lost() {
        let mut histogram = Histogram::new();
        histogram.record(HIGHEST_NS * 2);
        assert_eq!((histogram.count(), histogram.clamped(), histogram.max()), (1, 1, Some(HIGHEST_NS * 2)));
        let index = u32::try_from(highest_index()).expect("few counters");
        assert_eq!(histogram.nonzero(), [(index, 1)], "with the highest value, not in the last counter");
        assert!(highest_index() + 1 < layout().len() && layout()[highest_index()] >= HIGHEST_NS);
    }
}
