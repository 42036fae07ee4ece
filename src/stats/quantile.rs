//! Quantiles of a population that was sampled in strata: each timed value stands for `count / timed` events.

use std::collections::BTreeMap;

/// One stratum: the number of its events, and the counters of those that were timed.
#[derive(Clone, Copy, Debug)]
pub struct Stratum<'counters> {
    /// Events, timed or not.
    pub count: u64,
    /// Timed events: the sum of the counters.
    pub timed: u64,
    /// Timed events by counter of a layout that ascends with the value.
    pub counters: &'counters BTreeMap<u32, u64>,
}

/// Timed values required at or above a quantile, and also at or below it.
const ENOUGH: u64 = 10;
/// Tolerance for comparing sums of weights, relative to the total: the sums are rounded, counts are not.
const TOLERANCE: f64 = 1e-9;

/// The first counter at which at least the share `q` of all events is reached.
///
/// `None` when the answer would be noise: fewer than `10 / (1 - q)` timed values in all, fewer than ten of them on
/// either side of the answer (a stratum with many timed values does not replace one with few), or a stratum with events
/// of which none was timed.
pub fn quantile(strata: &[Stratum], q: f64) -> Option<u32> {
    let timed: u64 = strata.iter().map(|stratum| stratum.timed).sum();
    // The slack lets 1000 values have a p99 although 1 - 0.99 is not quite 0.01.
    let enough = timed as f64 * (1.0 - q) >= ENOUGH as f64 - 1e-6;
    if !enough || strata.iter().any(|stratum| stratum.count > 0 && stratum.timed == 0) {
        return None;
    }
    let total: f64 = strata.iter().map(|stratum| stratum.count as f64).sum();
    let target = (q - TOLERANCE) * total;
    let (mut reached, mut below) = (0.0, 0);
    for (index, (mass, values)) in masses(strata) {
        reached += mass;
        if reached >= target {
            let at_or_above = timed - below;
            let at_or_below = below + values;
            return (at_or_above >= ENOUGH && at_or_below >= ENOUGH).then_some(index);
        }
        below += values;
    }
    None
}

/// For each counter in use: the events it stands for, and the timed values in it.
fn masses(strata: &[Stratum]) -> BTreeMap<u32, (f64, u64)> {
    let mut masses: BTreeMap<u32, (f64, u64)> = BTreeMap::new();
    for stratum in strata.iter().filter(|stratum| stratum.timed > 0) {
        let weight = stratum.count as f64 / stratum.timed as f64;
        for (index, values) in stratum.counters {
            let entry = masses.entry(*index).or_default();
            entry.0 += *values as f64 * weight;
            entry.1 += values;
        }
    }
    masses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    fn stratum(counters: &BTreeMap<u32, u64>, count: u64) -> Stratum<'_> {
        Stratum { count, timed: counters.values().sum(), counters }
    }

    /// The definition: sort every event, take the one at the quantile.
    fn oracle(events: &mut [u32], q: f64) -> u32 {
        events.sort_unstable();
        let rank = (events.len() as f64 * q - 1e-6).ceil() as usize;
        events[rank.max(1) - 1]
    }

    #[test]
    fn without_sampling_it_is_the_quantile_of_the_sorted_values() {
        let mut random = Random::new(11);
        for round in 1..200u32 {
            let mut events: Vec<u32> = (0..round * 20).map(|_| random.below(1000)).collect();
            let mut counters = BTreeMap::new();
            events.iter().for_each(|index| *counters.entry(*index).or_default() += 1);
            let count = events.len() as u64;
            for q in [0.5, 0.9, 0.99, 0.999] {
                let expected = (count as f64 * (1.0 - q) >= 10.0 - 1e-6).then(|| oracle(&mut events, q));
                assert_eq!(
                    quantile(&[stratum(&counters, count)], q),
                    expected,
                    "seed 11, {count} events, q {q}"
                );
            }
        }
    }

    #[test]
    fn strata_weigh_by_count_over_timed() {
        // 100 slow events at 50, all timed; 10,000 fast events, of which 1 in 10 was timed, at 1 to 4.
        let slow = BTreeMap::from([(50, 100)]);
        let fast = BTreeMap::from([(1, 250), (2, 250), (3, 250), (4, 250)]);
        let strata = [stratum(&slow, 100), stratum(&fast, 10_000)];
        let mut events = vec![50; 100];
        (1..=4).for_each(|index| events.extend(std::iter::repeat_n(index, 2500)));
        for q in [0.5, 0.9, 0.99] {
            assert_eq!(quantile(&strata, q), Some(oracle(&mut events, q)), "q {q}");
        }
        // Without the weights the slow ones would be a tenth of all values and reach the p95.
        assert_eq!(quantile(&strata, 0.95), Some(4));
    }

    #[test]
    fn a_stratum_with_few_timed_values_allows_no_quantile() {
        let slow = BTreeMap::from([(50, 10_000)]);
        let none = BTreeMap::new();
        assert_eq!(quantile(&[stratum(&slow, 10_000), stratum(&none, 1)], 0.5), None, "an untimed event");
        let few = BTreeMap::from([(1, 9)]);
        let strata = [stratum(&slow, 10_000), stratum(&few, 1_000_000)];
        assert_eq!(quantile(&strata, 0.5), None, "nine values stand for a million events");
        assert_eq!(
            quantile(&strata, 0.999),
            Some(50),
            "the tail is all slow events, and they were all timed"
        );
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[stratum(&BTreeMap::new(), 0)], 0.5), None);
    }
}
