//! Wilcoxon's signed-rank test, inverted: the centre of a few symmetric values and a confidence interval for it.
//!
//! The *Walsh averages* of n values are the n (n + 1) / 2 means of each value with itself and with each other one.
//! Their median estimates the centre (Hodges and Lehmann, "Estimates of location based on rank tests", Annals of
//! Mathematical Statistics 34, 1963). The number of averages on either side of a point tests if the point is the centre
//! (Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945; Tukey 1949). The test is exact
//! for *every* symmetric distribution. The difference of two identical arms has one by construction. An outlier counts
//! as one value of n, however far away it is.

use super::confidence::{ConfidenceInterval, LEVEL};
use super::student;

/// Efficiency of ranks for normal values: ranks of n values are as precise as the mean of 3 n / pi values (Hodges and
/// Lehmann, "The efficiency of some nonparametric competitors of the t-test", Annals of Mathematical Statistics 27,
/// 1956).
pub(super) const RANK_EFFICIENCY: f64 = 3.0 * std::f64::consts::FRAC_1_PI;

/// Up to this many values the null distribution is counted. Beyond that, the normal approximation is exact to three
/// digits.
const EXACT_MAX: usize = 64;

/// Values in ascending order.
#[derive(Clone, Debug)]
pub(super) struct Ranked(Vec<f64>);

impl Ranked {
    /// # Panics
    /// When a value is not finite.
    pub fn new(mut values: Vec<f64>) -> Ranked {
        assert!(values.iter().all(|value| value.is_finite()), "only finite values have a centre");
        values.sort_unstable_by(f64::total_cmp);
        Ranked(values)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The median of the Walsh averages; `None` without a value.
    pub fn centre(&self) -> Option<f64> {
        let averages = self.averages();
        match averages {
            0 => None,
            odd if odd % 2 == 1 => Some(self.average(odd / 2 + 1)),
            even => Some((self.average(even / 2) + self.average(even / 2 + 1)) / 2.0),
        }
    }

    /// The smallest and the largest value.
    pub fn range(&self) -> Option<ConfidenceInterval> {
        ConfidenceInterval::range(&self.0)
    }

    /// The standard deviation of normal values with a confidence interval of the same length: outliers affect it as
    /// little as they affect the confidence interval. `None` below two values.
    pub fn spread(&self) -> Option<f64> {
        let n = self.count() as f64;
        let (low, high) = match self.confidence_interval(LEVEL) {
            Some(ends) => ends,
            None => return deviation(&self.0),
        };
        let quantile = student::quantile(n - 1.0, 0.5 + LEVEL / 2.0);
        Some((high - low) / 2.0 * libm::sqrt(n * RANK_EFFICIENCY) / quantile)
    }

    /// Ends of the confidence interval that covers the centre with `level`. `None` if there are too few values for this
    /// level.
    ///
    /// Each end is interpolated between two Walsh averages: with the outer ones the level would be higher, with the
    /// inner ones lower. Without interpolation the level of six values would be 96.9 % or 93.8 %.
    pub fn confidence_interval(&self, level: f64) -> Option<(f64, f64)> {
        let (depth, share) = Null::new(self.count()).depth((1.0 - level) / 2.0)?;
        let between = |outer: f64, inner: f64| outer + share * (inner - outer);
        let last = self.averages() + 1;
        Some((
            between(self.average(depth), self.average(depth + 1)),
            between(self.average(last - depth), self.average(last - depth - 1)),
        ))
    }

    /// The p of the test that [`Ranked::confidence_interval`] inverts: at most 1 - level if that interval does not
    /// contain `centre`.
    pub fn p(&self, centre: f64) -> f64 {
        let null = Null::new(self.count());
        let below = self.tail(&null, centre);
        let mirrored = Ranked(self.0.iter().rev().map(|value| -value).collect());
        (2.0 * below.min(mirrored.tail(&null, -centre))).min(1.0)
    }

    /// Probability that a confidence interval lies above the true centre, at the level at which the interval of these
    /// values begins at `centre`.
    fn tail(&self, null: &Null, centre: f64) -> f64 {
        let up_to = self.count_up_to(centre);
        if up_to == 0 || up_to == self.averages() {
            return if up_to == 0 { null.at_most(0) } else { 1.0 };
        }
        let (outer, inner) = (self.average(up_to), self.average(up_to + 1));
        let share = (centre - outer) / (inner - outer);
        null.at_most(up_to - 1) + share * (null.at_most(up_to) - null.at_most(up_to - 1))
    }

    /// Wilcoxon's own p, two-sided: the probability of this few Walsh averages on one side of `centre`, if it is the
    /// true centre. Averages equal to `centre` count on both sides, which makes p larger. For a symmetric distribution
    /// p is never too small.
    pub fn exact_p(&self, centre: f64) -> f64 {
        let at_most = self.count_up_to(centre);
        let at_least = self.averages() - self.count_up_to(centre.next_down());
        (2.0 * Null::new(self.count()).at_most(at_most.min(at_least))).min(1.0)
    }

    fn averages(&self) -> usize {
        self.count() * (self.count() + 1) / 2
    }

    /// Number of Walsh averages that are at most `bound`. One pass from both ends is enough, because a larger value has
    /// fewer partners.
    fn count_up_to(&self, bound: f64) -> usize {
        let mut partners = self.0.len();
        let mut count = 0;
        for (index, value) in self.0.iter().enumerate() {
            while partners > index && mean(*value, self.0[partners - 1]) > bound {
                partners -= 1;
            }
            if partners <= index {
                break;
            }
            count += partners - index;
        }
        count
    }

    /// The Walsh average at `rank`, from 1: the smallest number that at least `rank` averages do not exceed, found by
    /// bisection over all numbers. No average is stored: thousands of values have millions of averages.
    fn average(&self, rank: usize) -> f64 {
        let (mut low, mut high) = (position(self.0[0]), position(self.0[self.0.len() - 1]));
        while low < high {
            let middle = low.midpoint(high);
            match self.count_up_to(at(middle)) >= rank {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        at(low)
    }
}

/// The centre of a few values: [`Ranked::centre`].
pub(super) fn centre(values: Vec<f64>) -> Option<f64> {
    Ranked::new(values).centre()
}

/// The standard deviation of at least two values.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() >= 2).then(|| libm::sqrt(squares / (n - 1.0)))
}

/// Halves first: the sum of two large numbers may overflow to infinity.
fn mean(a: f64, b: f64) -> f64 {
    0.5 * a + 0.5 * b
}

/// The sign bit of a number.
const SIGN: u64 = 1 << 63;

/// The place of a number in the order of all numbers: neighbours differ by one.
fn position(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number at a place: undoes [`position`].
fn at(position: u64) -> f64 {
    f64::from_bits(if position & SIGN == 0 { !position } else { position ^ SIGN })
}

/// Distribution of the number of Walsh averages on one side, under the true centre.
enum Null {
    /// Cumulative probability of a count; stored for up to half of all averages, because no larger count is needed.
    Counted(Vec<f64>),
    Normal {
        mean: f64,
        deviation: f64,
    },
}

impl Null {
    fn new(count: usize) -> Null {
        if count > EXACT_MAX {
            let n = count as f64;
            let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0;
            return Null::Normal { mean: n * (n + 1.0) / 4.0, deviation: libm::sqrt(variance) };
        }
        // Each rank is added with probability 1/2: the coefficients of the product of (1 + x^rank) / 2.
        let sums = count * (count + 1) / 2 + 1;
        let mut probability = vec![0.0; sums];
        probability[0] = 1.0;
        for rank in 1..=count {
            for sum in (0..sums).rev() {
                let with = if sum >= rank { probability[sum - rank] } else { 0.0 };
                probability[sum] = 0.5 * (probability[sum] + with);
            }
        }
        let mut total = 0.0;
        probability.truncate(sums / 2 + 1);
        probability.iter_mut().for_each(|share| {
            total += *share;
            *share = total;
        });
        Null::Counted(probability)
    }

    fn at_most(&self, count: usize) -> f64 {
        match self {
            Null::Counted(cumulative) => cumulative.get(count).copied().unwrap_or(1.0),
            // Continuity correction: half a step.
            Null::Normal { mean, deviation } => student::normal((count as f64 + 0.5 - mean) / deviation),
        }
    }

    /// The largest rank, from 1, at which a confidence interval may begin and miss at most `tail` below it, and the
    /// share of the way to the next rank that misses exactly `tail`.
    fn depth(&self, tail: f64) -> Option<(usize, f64)> {
        let beyond = match self {
            Null::Counted(cumulative) => cumulative.iter().take_while(|share| **share <= tail).count(),
            Null::Normal { mean, deviation } => {
                // Positive and far below 2^53: there are more than EXACT_MAX values.
                libm::floor(mean + 0.5 + deviation * student::normal_quantile(tail)) as usize
            }
        };
        let missed = self.at_most(beyond.checked_sub(1)?);
        Some((beyond, (tail - missed) / (self.at_most(beyond) - missed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    fn values(random: &mut Random, count: usize) -> Vec<f64> {
        (0..count).map(|_| f64::from(random.below(2001)) / 100.0 - 10.0).collect()
    }

    /// The definition: every Walsh average, sorted.
    fn averages(values: &[f64]) -> Vec<f64> {
        let mut all: Vec<f64> =
            (0..values.len()).flat_map(|i| (0..=i).map(move |j| mean(values[i], values[j]))).collect();
        all.sort_unstable_by(f64::total_cmp);
        all
    }

    #[test]
    fn the_average_at_each_rank_is_that_of_the_sorted_list() {
        let mut random = Random::new(5);
        for count in 1..40 {
            let values = values(&mut random, count);
            let all = averages(&values);
            let ranked = Ranked::new(values.clone());
            for (index, expected) in all.iter().enumerate() {
                assert_eq!(ranked.average(index + 1), *expected, "seed 5, {count} values, rank {index}");
            }
            let expected = super::super::summary::median(&all).expect("an average a pair");
            let found = centre(values).expect("at least one value");
            assert!((found - expected).abs() < 1e-12, "seed 5, {count} values");
        }
        assert_eq!(centre(Vec::new()), None);
    }

    #[test]
    fn places_of_numbers_keep_their_order() {
        let ordered = [-f64::MAX, -1.0, -f64::MIN_POSITIVE, -0.0, 0.0, 5e-324, 1.0, 1e300];
        assert!(ordered.map(position).is_sorted());
        assert_eq!(ordered.map(|value| at(position(value)).to_bits()), ordered.map(f64::to_bits));
    }

    #[test]
    fn the_null_distribution_is_that_of_the_published_table() {
        // Wilcoxon 1945 and every textbook since: largest rank sums significant at 5 %, two-sided.
        for (count, critical) in
            [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (15, 25), (20, 52), (25, 89)]
        {
            let null = Null::new(count);
            assert!(2.0 * null.at_most(critical) <= 0.05, "{count}");
            assert!(2.0 * null.at_most(critical + 1) > 0.05, "{count}");
        }
        assert!(Null::new(5).depth(0.025).is_none(), "2 / 2^5 is 6.25 %");
        // The counts are compared with an enumeration of all signs.
        let by_hand =
            (0..1u32 << 9).filter(|signs| (0..9).map(|i| (signs >> i & 1) * (i + 1)).sum::<u32>() <= 11);
        assert_eq!(Null::new(9).at_most(11), by_hand.count() as f64 / 512.0);
    }

    #[test]
    fn the_normal_approximation_continues_the_counted_distribution() {
        let mut random = Random::new(6);
        let many = values(&mut random, EXACT_MAX + 1);
        let counted =
            Ranked::new(many[..EXACT_MAX].to_vec()).confidence_interval(0.95).expect("enough values");
        let normal = Ranked::new(many).confidence_interval(0.95).expect("enough values");
        assert!(
            (counted.0 - normal.0).abs() < 0.4 && (counted.1 - normal.1).abs() < 0.4,
            "{counted:?} {normal:?}"
        );
    }

    #[test]
    fn the_confidence_interval_holds_exactly_what_its_test_does_not_reject() {
        let mut random = Random::new(7);
        for count in 6..30 {
            let ranked = Ranked::new(values(&mut random, count));
            let (low, high) = ranked.confidence_interval(0.95).expect("six values or more");
            for (end, outwards) in [(low, -1e-6), (high, 1e-6)] {
                assert!(ranked.p(end + outwards) <= 0.05 + 1e-9, "seed 7, {count} values, beyond {end}");
                assert!(ranked.p(end - outwards) >= 0.05 - 1e-9, "seed 7, {count} values, inside {end}");
            }
            let middle = ranked.centre().expect("values");
            assert!(ranked.p(middle) > 0.9 && ranked.exact_p(middle) > 0.9);
        }
    }

    #[test]
    fn the_exact_p_is_that_of_published_software() {
        // R 4: wilcox.test(x)$p.value; eight differences, ranks of the negative ones 1 and 3.
        let ranked = Ranked::new(vec![6.0, -1.0, 8.0, 2.0, -3.0, 4.0, 5.0, 7.0]);
        assert!((ranked.exact_p(0.0) - 14.0 / 256.0).abs() < 1e-12, "{}", ranked.exact_p(0.0));
        // Ties and zeros make p larger: values without a difference never give a small p.
        assert_eq!(Ranked::new(vec![0.0; 10]).exact_p(0.0), 1.0);
        assert_eq!(Ranked::new(vec![0.0; 10]).p(0.0), 1.0);
    }

    #[test]
    fn the_spread_is_the_standard_deviation_and_an_outlier_hardly_moves_it() {
        let quantiles: Vec<f64> = (1..200).map(|i| student::normal_quantile(f64::from(i) / 200.0)).collect();
        let quiet = Ranked::new(quantiles.clone()).spread().expect("many");
        assert!((quiet - 1.0).abs() < 0.05, "{quiet}");
        let loud = Ranked::new([quantiles, vec![1e6; 5]].concat()).spread().expect("many");
        assert!(loud < 1.15, "{loud}");
    }
}
