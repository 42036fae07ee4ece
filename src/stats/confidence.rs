//! Confidence interval of a median.

use super::summary::median;

/// The requested coverage. Fewer than [`ENOUGH`] values give a lower level.
pub const LEVEL: f64 = 0.95;

/// The fewest values that give a 95 % confidence interval without an assumption about the distribution. The range of n
/// values misses the median with probability 2 / 2^n, which is first below 5 % at n = 6.
pub const ENOUGH: usize = 6;

/// A confidence interval of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The share of runs whose confidence interval holds the true figure: [`LEVEL`], or less when values are few.
    pub level: f64,
}

impl ConfidenceInterval {
    /// True when `value` is inside, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// True when the level is at least 95 %.
    pub fn is_full(&self) -> bool {
        self.level >= LEVEL
    }

    /// The range of a few independent values. It misses the true median only when all values lie on one side of it.
    pub(super) fn range(sorted: &[f64]) -> Option<ConfidenceInterval> {
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let count = i32::try_from(sorted.len()).unwrap_or(i32::MAX);
        (count >= 2).then(|| ConfidenceInterval { low, high, level: 1.0 - 2.0 * 0.5_f64.powi(count) })
    }
}

/// Confidence interval for the median of repetitions on *these hosts*, for any distribution of the values.
/// `None` below two values.
///
/// From [`ENOUGH`] values on it ends between two order statistics: a pair of them covers the median with a known
/// probability for every continuous distribution, and the ends are interpolated between two such pairs
/// (Hettmansperger and Sheather, "Confidence intervals based on interpolated order statistics", Statistics and
/// Probability Letters 4, 1986). Below it the range is given with its own level: 50 % for two values, 75, 87.5, 93.75
/// % for five.
pub fn median_confidence_interval(values: &[f64]) -> Option<ConfidenceInterval> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    if sorted.len() < ENOUGH {
        return ConfidenceInterval::range(&sorted);
    }
    let (depth, share) = depth(sorted.len());
    let (from, to) = (depth - 1, sorted.len() - depth);
    let between = |outer: f64, inner: f64| outer + share * (inner - outer);
    Some(ConfidenceInterval {
        low: between(sorted[from], sorted[from + 1]),
        high: between(sorted[to], sorted[to - 1]),
        level: LEVEL,
    })
}

/// Half-width of the median's confidence interval as a share of the median, used by the stop rule. `None` without a
/// 95 % confidence interval, or around a median of 0.
pub fn half_width(values: &[f64]) -> Option<f64> {
    let middle = median(values).filter(|middle| *middle != 0.0)?;
    let confidence = median_confidence_interval(values).filter(ConfidenceInterval::is_full)?;
    Some((confidence.high - confidence.low) / 2.0 / middle.abs())
}

/// The deepest order statistic, from 1, that together with its mirror image covers the median with at least [`LEVEL`].
/// Also the share of the way from it to the next one.
fn depth(count: usize) -> (usize, f64) {
    let tail = (1.0 - LEVEL) / 2.0;
    let n = count as f64;
    let (mut depth, mut missed, mut next) = (0, 0.0, binomial(n, 0.0));
    // With six values or more the loop runs at least once, and the sum exceeds the tail before the middle value.
    while next <= tail {
        depth += 1;
        missed = next;
        next += binomial(n, depth as f64);
    }
    let wanted = (tail - missed) / (next - missed);
    let k = depth as f64;
    (depth, (n - k) * wanted / (k + (n - 2.0 * k) * wanted))
}

/// Probability of `successes` heads in `n` throws of a coin.
fn binomial(n: f64, successes: f64) -> f64 {
    let ways = libm::lgamma(n + 1.0) - libm::lgamma(successes + 1.0) - libm::lgamma(n - successes + 1.0);
    libm::exp(ways - n * std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_values_give_their_range_with_its_own_level() {
        assert_eq!(median_confidence_interval(&[]), None);
        assert_eq!(median_confidence_interval(&[3.0]), None);
        assert_eq!(
            median_confidence_interval(&[5.0, 3.0]),
            Some(ConfidenceInterval { low: 3.0, high: 5.0, level: 0.5 })
        );
        let five = median_confidence_interval(&[5.0, 3.0, 9.0, 4.0, 8.0]).expect("five values");
        assert_eq!((five.low, five.high, five.level), (3.0, 9.0, 0.9375));
        assert!(!five.is_full());
    }

    #[test]
    fn from_six_values_on_it_ends_between_order_statistics() {
        // Six: the range covers 96.875 %, the next pair 78.1 %; by hand from the paper's formula.
        let wanted: f64 = (0.025 - 1.0 / 64.0) / (6.0 / 64.0);
        let share = 5.0 * wanted / (1.0 + 4.0 * wanted);
        let six = median_confidence_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("six values");
        assert!((six.low - (1.0 + share)).abs() < 1e-9 && (six.high - (6.0 - share)).abs() < 1e-9, "{six:?}");
        // Large counts: the normal approximation, n/2 -+ 1.96 sqrt(n)/2.
        let many: Vec<f64> = (1..=10_000).map(f64::from).collect();
        let confidence = median_confidence_interval(&many).expect("many values");
        assert!(
            (confidence.low - 4902.5).abs() < 2.0 && (confidence.high - 5098.5).abs() < 2.0,
            "{confidence:?}"
        );
    }

    #[test]
    fn half_width_is_a_share_of_the_median_and_waits_for_six_values() {
        assert_eq!(half_width(&[1.0, 1.0, 1.0, 1.0, 1.0]), None);
        assert_eq!(half_width(&[2.0; 6]), Some(0.0));
        assert_eq!(half_width(&[-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]), None, "a median of 0");
        let values = [100.0, 101.0, 99.0, 100.0, 98.0, 102.0, 100.0];
        let scaled: Vec<f64> = values.iter().map(|value| value * 7.0).collect();
        let (one, other) = (half_width(&values).expect("seven"), half_width(&scaled).expect("seven"));
        assert!((one - other).abs() < 1e-12 && one > 0.0 && one < 0.02, "{one} {other}");
    }
}
