//! Judgement of an effect.

use super::confidence::LEVEL;
use super::effect::Effect;

/// The good direction of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Rates.
    Higher,
    /// Times and costs.
    Lower,
}

/// Result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The candidate is better.
    Faster,
    /// The candidate is worse.
    Slower,
    /// The difference is smaller than the difference of interest.
    NoDifference,
    /// This run cannot tell: it was too short, or too disturbed.
    CannotTell,
}

/// Lowest level of a confidence interval that shows *no difference*: the two one-sided tests in it have an error of
/// at most 5 % each (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
const LEVEL_OF_NO_DIFFERENCE: f64 = 0.9;

/// Judges the candidate by its `effect`.
///
/// - *no difference*: the whole confidence interval lies within `difference` of 1 (0.02: from 0.98 to 1.02). It may
///   exclude 1: the change is then certain, but too small to matter.
/// - *faster*, *slower*: the 95 % confidence interval excludes 1, `p_adjusted` (Holm over all tests) is at most 0.05,
///   and the ratio is farther from 1 than the [`reach`] of `floor`, the effect between two identical arms.
/// - *cannot tell*: everything else.
pub fn judge(
    effect: &Effect,
    better: Better,
    p_adjusted: f64,
    difference: f64,
    floor: Option<&Effect>,
) -> Judgement {
    let Some(confidence) = effect.confidence else { return Judgement::CannotTell };
    let within = confidence.low >= 1.0 - difference && confidence.high <= 1.0 + difference;
    if within && confidence.level >= LEVEL_OF_NO_DIFFERENCE {
        return Judgement::NoDifference;
    }
    let certain = confidence.is_full() && !confidence.contains(1.0) && p_adjusted <= 1.0 - LEVEL;
    let beyond = floor.is_none_or(|floor| distance(effect.ratio) > reach(floor));
    match (certain && beyond, (effect.ratio > 1.0) == (better == Better::Higher)) {
        (false, _) => Judgement::CannotTell,
        (true, true) => Judgement::Faster,
        (true, false) => Judgement::Slower,
    }
}

/// The largest plausible distance of an effect from 1: the farther end of its confidence interval, on the log scale.
pub fn reach(effect: &Effect) -> f64 {
    match effect.confidence {
        Some(confidence) => distance(confidence.low).max(distance(confidence.high)),
        None => distance(effect.ratio),
    }
}

fn distance(ratio: f64) -> f64 {
    libm::log(ratio).abs()
}

#[cfg(test)]
mod tests {
    use super::super::confidence::ConfidenceInterval;
    use super::super::effect::Scope;
    use super::*;

    fn effect(low: f64, ratio: f64, high: f64, level: f64) -> Effect {
        Effect {
            ratio,
            confidence: Some(ConfidenceInterval { low, high, level }),
            scope: Scope::TheseHosts,
            hosts: 1,
            nodes: 1,
            rounds: 10,
            pairs: 10,
            p: Some(0.01),
            p_signed_rank: Some(0.01),
            smallest_detectable: Some(0.02),
            spread: Some(0.02),
            replicates: 10,
        }
    }

    #[test]
    fn a_confidence_interval_beside_one_is_faster_or_slower_by_the_metrics_direction() {
        let up = effect(1.03, 1.04, 1.05, 0.95);
        assert_eq!(judge(&up, Better::Higher, 0.01, 0.02, None), Judgement::Faster);
        assert_eq!(judge(&up, Better::Lower, 0.01, 0.02, None), Judgement::Slower);
        let down = effect(0.93, 0.95, 0.99, 0.95);
        assert_eq!(judge(&down, Better::Higher, 0.01, 0.02, None), Judgement::Slower);
        assert_eq!(judge(&down, Better::Lower, 0.01, 0.02, None), Judgement::Faster);
    }

    #[test]
    fn a_certain_difference_that_is_too_small_to_matter_is_no_difference() {
        let small = effect(1.004, 1.008, 1.012, 0.95);
        assert_eq!(judge(&small, Better::Higher, 0.001, 0.02, None), Judgement::NoDifference);
        assert_eq!(judge(&small, Better::Higher, 0.001, 0.005, None), Judgement::Faster);
    }

    #[test]
    fn any_doubt_gives_cannot_tell() {
        let wide = effect(0.95, 1.04, 1.13, 0.95);
        assert_eq!(judge(&wide, Better::Higher, 0.3, 0.02, None), Judgement::CannotTell, "holds 1");
        let up = effect(1.03, 1.04, 1.05, 0.95);
        assert_eq!(judge(&up, Better::Higher, 0.06, 0.02, None), Judgement::CannotTell, "many questions");
        let few = effect(1.03, 1.04, 1.05, 0.9375);
        assert_eq!(judge(&few, Better::Higher, 0.01, 0.02, None), Judgement::CannotTell, "too few pairs");
        let alone = Effect { confidence: None, ..up };
        assert_eq!(judge(&alone, Better::Higher, 0.01, 0.02, None), Judgement::CannotTell, "one pair");
    }

    #[test]
    fn identical_arms_set_the_floor() {
        let up = effect(1.01, 1.03, 1.05, 0.95);
        let quiet = effect(0.995, 1.001, 1.01, 0.95);
        let loud = effect(0.96, 1.001, 1.02, 0.95);
        assert_eq!(judge(&up, Better::Higher, 0.01, 0.005, Some(&quiet)), Judgement::Faster);
        assert_eq!(judge(&up, Better::Higher, 0.01, 0.005, Some(&loud)), Judgement::CannotTell);
    }

    #[test]
    fn a_range_of_five_can_show_no_difference_and_one_of_four_cannot() {
        assert_eq!(
            judge(&effect(0.995, 1.0, 1.005, 0.9375), Better::Higher, 1.0, 0.02, None),
            Judgement::NoDifference
        );
        assert_eq!(
            judge(&effect(0.995, 1.0, 1.005, 0.875), Better::Higher, 1.0, 0.02, None),
            Judgement::CannotTell
        );
    }
}
