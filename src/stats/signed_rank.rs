//! Wilcoxon's signed-rank test, turned around: the centre of a few symmetric values and an interval for it.
//!
//! The *Walsh averages* of n values are the n (n + 1) / 2 means of each value with itself and with each other one. Their
//! median estimates the centre (Hodges and Lehmann, "Estimates of location based on rank tests", Annals of Mathematical
//! Statistics 34, 1963), and counting how many of them lie on either side of a point tests whether it is the centre
//! (Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945; Tukey 1949). The test is exact for
//! *every* symmetric distribution, which is what the difference of two arms that are the same has by construction. An
//! outlier is one value of n, however far away it is.

use super::interval::{Interval, LEVEL};
use super::student;

/// What the ranks make of n normal values: as much as their mean makes of 3 n / pi (Hodges and Lehmann, "The efficiency of
/// some nonparametric competitors of the t-test", Annals of Mathematical Statistics 27, 1956).
pub(super) const RANK_EFFICIENCY: f64 = 3.0 * std::f64::consts::FRAC_1_PI;

/// Up to this many values the null distribution is counted, beyond it is normal to three digits.
const EXACT_MAX: usize = 64;

/// Values in ascending order, ready to be asked for their centre.
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
    pub fn range(&self) -> Option<Interval> {
        Interval::range(&self.0)
    }

    /// The standard deviation that normal values would need for an interval as long as theirs: outliers weigh in it as
    /// little as in the interval. `None` below two values.
    pub fn spread(&self) -> Option<f64> {
        let n = self.count() as f64;
        let (low, high) = match self.interval(LEVEL) {
            Some(ends) => ends,
            None => return deviation(&self.0),
        };
        let depth = Null::new(self.count());
        let tail = depth.depth((1.0 - LEVEL) / 2.0).map_or(0.0, |depth_at| depth.at_most(depth_at - 1));
        let quantile = student::quantile(n - 1.0, 1.0 - tail);
        Some((high - low) / 2.0 * libm::sqrt(n * RANK_EFFICIENCY) / quantile)
    }

    /// The shortest interval of Walsh averages that covers the centre with at least `level`: its ends. `None` when so
    /// few values cannot give it.
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let depth = Null::new(self.count()).depth((1.0 - level) / 2.0)?;
        Some((self.average(depth), self.average(self.averages() + 1 - depth)))
    }

    /// The probability to see as few Walsh averages on one side of `centre`, in either direction, were it the centre.
    /// Averages that equal it count for the side they hurt.
    pub fn p(&self, centre: f64) -> f64 {
        let at_most = self.count_up_to(centre);
        let at_least = self.averages() - self.count_up_to(centre.next_down());
        (2.0 * Null::new(self.count()).at_most(at_most.min(at_least))).min(1.0)
    }

    fn averages(&self) -> usize {
        self.count() * (self.count() + 1) / 2
    }

    /// How many Walsh averages are at most `limit`: one walk from both ends, as the partners of a larger value are fewer.
    fn count_up_to(&self, limit: f64) -> usize {
        let mut partners = self.0.len();
        let mut count = 0;
        for (index, value) in self.0.iter().enumerate() {
            while partners > index && mean(*value, self.0[partners - 1]) > limit {
                partners -= 1;
            }
            if partners <= index {
                break;
            }
            count += partners - index;
        }
        count
    }

    /// The Walsh average at `rank`, from 1: the smallest number that `rank` of them do not exceed, by bisection over the
    /// numbers themselves. No average is stored, so that thousands of values take no memory.
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
fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() >= 2).then(|| libm::sqrt(squares / (n - 1.0)))
}

/// Halves first: the sum of two large numbers is not a number.
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

/// How the number of Walsh averages on one side is distributed when the centre is right.
enum Null {
    /// Probability to have at most so many; up to half of all, which is as far as it is asked.
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
            // Half a step for the continuous curve through whole numbers.
            Null::Normal { mean, deviation } => student::normal((count as f64 + 0.5 - mean) / deviation),
        }
    }

    /// The largest rank, from 1, at which an interval may begin and miss at most `tail` below it.
    fn depth(&self, tail: f64) -> Option<usize> {
        let beyond = match self {
            Null::Counted(cumulative) => cumulative.iter().take_while(|share| **share <= tail).count(),
            Null::Normal { mean, deviation } => {
                let last = mean - 0.5 + deviation * student::normal_quantile(tail);
                // Positive and far below 2^53: there are more than EXACT_MAX values.
                last.floor() as usize + 1
            }
        };
        (beyond > 0).then_some(beyond)
    }
}
