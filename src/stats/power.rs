//! The smallest difference that can be detected, and the replicates that a smaller one needs.
//!
//! Let s be the standard deviation of n replicates. A measured difference is significant when it exceeds the half-width
//! of the confidence interval, about `t s / sqrt(n)`. Four of five runs measure a significant difference when the true
//! one exceeds the half-width by another `0.84 s / sqrt(n)`. Without t's correction for small n this is the rule of
//! thumb `n = 8 (s / difference)^2`.

use super::confidence::{ENOUGH, LEVEL};
use super::signed_rank::RANK_EFFICIENCY;
use super::student;

/// Probability of detecting a difference that is called detectable.
pub const POWER: f64 = 0.8;

/// The smallest relative change found with 80 % power when `replicates` scatter by `spread`, as the standard deviation
/// of log ratios, and the test is one of `tests` under Holm's correction. `None` below [`ENOUGH`]
/// replicates, which give no 95 % confidence interval.
pub fn smallest_detectable(spread: f64, replicates: usize, tests: u32) -> Option<f64> {
    (replicates >= ENOUGH).then(|| libm::expm1(spread * distance(replicates, tests)))
}

/// Number of pairs (of the replicated unit: rounds of these hosts, or hosts) that detect the relative change `change`
/// with 80 % power, when their log ratios scatter by `spread` and the test is one of `tests`. `u64::MAX` for a change
/// of 0.
pub fn pairs_needed(spread: f64, change: f64, tests: u32) -> u64 {
    let wanted = libm::log1p(change.abs());
    let distance = |replicates| distance(replicates, tests);
    if spread * distance(ENOUGH) <= wanted {
        return ENOUGH as u64;
    }
    // Above a million replicates t equals the normal distribution, so the number grows with the square of the ratio.
    const TABLED: usize = 1 << 20;
    if spread * distance(TABLED) > wanted {
        let ratio = spread * distance(TABLED) / wanted;
        let needed = ratio * ratio * TABLED as f64;
        return if needed < u64::MAX as f64 { libm::ceil(needed) as u64 } else { u64::MAX };
    }
    let (mut too_few, mut enough) = (ENOUGH, TABLED);
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        match spread * distance(middle) <= wanted {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    enough as u64
}

/// The smallest detectable log ratio in units of the spread. The level is divided by the number of tests, as in Holm's
/// first step, which the smallest p has to pass. This is conservative for the other tests.
fn distance(replicates: usize, tests: u32) -> f64 {
    let n = replicates as f64;
    let freedom = n - 1.0;
    let tail = (1.0 - LEVEL) / 2.0 / f64::from(tests.max(1));
    let seen = student::quantile(freedom, 1.0 - tail) + student::quantile(freedom, POWER);
    seen / libm::sqrt(n * RANK_EFFICIENCY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_follow_the_rule_of_thumb_and_undo_the_smallest_detectable() {
        for (spread, change) in [(0.02, 0.01), (0.05, 0.01), (0.1, 0.002)] {
            let needed = pairs_needed(spread, change, 1);
            let thumb = 8.0 * (spread / change) * (spread / change);
            let off = (needed as f64 - thumb).abs();
            assert!(off < 4.0 + 0.06 * thumb, "{spread} {change}: {needed}, not about {thumb}");
            let count = usize::try_from(needed).expect("few");
            assert!(smallest_detectable(spread, count, 1).expect("enough") <= change);
            assert!(smallest_detectable(spread, count - 1, 1).expect("enough") > change);
        }
    }

    #[test]
    fn one_of_many_tests_needs_a_larger_effect() {
        for (spread, change) in [(0.02, 0.01), (0.05, 0.01)] {
            let needed = [1, 5, 20].map(|tests| pairs_needed(spread, change, tests));
            // Normal quantiles: (2.576 + 0.842)^2 and (3.023 + 0.842)^2 over (1.960 + 0.842)^2.
            for (several, ratio) in needed[1..].iter().zip([1.49, 1.90]) {
                let found = *several as f64 / needed[0] as f64;
                assert!((found / ratio - 1.0).abs() < 0.05, "{found}, not about {ratio}");
            }
        }
    }

    #[test]
    fn at_least_six_pairs_are_needed_and_no_number_detects_a_change_of_zero() {
        assert_eq!(pairs_needed(1e-9, 0.5, 1), 6);
        assert_eq!(pairs_needed(0.0, 0.5, 1), 6);
        assert_eq!(smallest_detectable(1e-9, 5, 1), None);
        assert_eq!(pairs_needed(0.02, 0.0, 1), u64::MAX);
        let far = pairs_needed(1.0, 1e-4, 1);
        assert!((far as f64 / 8.22e8 - 1.0).abs() < 0.01, "{far}");
    }
}
