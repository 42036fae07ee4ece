//! Change of a figure between two measurements, one before and one after.

use super::confidence::{ConfidenceInterval, LEVEL};
use super::signed_rank::Ranked;

/// Change of a figure that was measured before and again after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// After over before, less 1: -0.03 is a loss of 3 %.
    pub change: f64,
    /// Confidence interval of the change; `None` for one pair.
    pub confidence: Option<ConfidenceInterval>,
    /// True when a 95 % confidence interval excludes no change. Always false below six pairs.
    pub certain: bool,
}

/// Returns the drift over pairs of (before, after). `None` without a pair of finite values above 0.
pub fn drift(pairs: &[(f64, f64)]) -> Option<Drift> {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    let known = pairs.iter().filter(|(before, after)| usable(*before) && usable(*after));
    let ranked = Ranked::new(known.map(|(before, after)| libm::log(*after) - libm::log(*before)).collect());
    let change = libm::expm1(ranked.centre()?);
    let full =
        ranked.confidence_interval(LEVEL).map(|(low, high)| ConfidenceInterval { low, high, level: LEVEL });
    let confidence = full.or_else(|| ranked.range()).map(|confidence| ConfidenceInterval {
        low: libm::expm1(confidence.low),
        high: libm::expm1(confidence.high),
        level: confidence.level,
    });
    let certain = confidence.is_some_and(|confidence| confidence.is_full() && !confidence.contains(0.0));
    Some(Drift { change, confidence, certain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_losses_are_certain_and_five_are_not() {
        let loss = |count: u32| -> Vec<(f64, f64)> {
            (0..count).map(|i| (100.0 + f64::from(i), 97.0 + 1.01 * f64::from(i))).collect()
        };
        let six = drift(&loss(6)).expect("pairs");
        assert!(six.certain && six.change < -0.025 && six.change > -0.03, "{six:?}");
        assert!(!drift(&loss(5)).expect("pairs").certain);
        let both = [(1.0, 1.1), (1.1, 1.0)].repeat(5);
        let none = drift(&both).expect("pairs");
        assert!(!none.certain && none.change.abs() < 1e-12, "{none:?}");
        assert_eq!(drift(&[(0.0, 1.0), (1.0, f64::NAN)]), None);
    }
}
