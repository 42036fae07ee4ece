//! Slow repetitions that coincide with noise. A coincidence does not prove a cause; it is the first cause to check.

use super::student;
use super::summary::median;

/// Counts of how often one kind of noise and the slow repetitions of a case occur together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coincidence {
    /// Slow repetitions in which the noise was raised.
    pub slow_raised: u32,
    /// Slow repetitions in which the noise is known.
    pub slow: u32,
    /// Other repetitions in which it was raised.
    pub others_raised: u32,
    /// Other repetitions in which it is known.
    pub others: u32,
    /// Probability of at least this many slow repetitions with raised noise by chance (Fisher's exact test,
    /// one-sided).
    pub p: f64,
}

/// A repetition is slow when it is this many standard deviations of the quiet ones below their median ...
const DEVIATIONS: f64 = 3.0;
/// ... and by at least this share; a smaller loss needs no cause.
const SHARE: f64 = 0.01;

/// Indices in `rates` of the repetitions that are slower than the case's median by more than its spread.
pub fn slow_repetitions(rates: &[Option<f64>]) -> Vec<usize> {
    let logarithm = |rate: &Option<f64>| rate.filter(|rate| rate.is_finite() && *rate > 0.0).map(libm::log);
    let logs: Vec<Option<f64>> = rates.iter().map(logarithm).collect();
    let Some((middle, deviation)) = usual(&logs) else { return Vec::new() };
    let threshold = middle - (DEVIATIONS * deviation).max(SHARE);
    (0..logs.len()).filter(|place| logs[*place].is_some_and(|log| log < threshold)).collect()
}

/// Counts the repetitions with `noise` (by repetition, larger is worse) above its usual values, among the repetitions
/// `slow` and among the others. `None` when the noise is not known for any slow repetition.
///
/// # Panics
/// When `slow` holds an index that `noise` does not have.
pub fn coincidence(slow: &[usize], noise: &[Option<f64>]) -> Option<Coincidence> {
    let (middle, deviation) = usual(noise)?;
    let threshold = middle + DEVIATIONS * deviation;
    let mut counts = Coincidence { slow_raised: 0, slow: 0, others_raised: 0, others: 0, p: 1.0 };
    assert!(slow.iter().all(|place| *place < noise.len()), "a slow repetition that the noise does not have");
    for (place, value) in noise.iter().enumerate() {
        let Some(value) = value else { continue };
        let raised = u32::from(*value > threshold);
        match slow.contains(&place) {
            true => (counts.slow, counts.slow_raised) = (counts.slow + 1, counts.slow_raised + raised),
            false => {
                (counts.others, counts.others_raised) = (counts.others + 1, counts.others_raised + raised)
            }
        }
    }
    counts.p = by_chance(&counts);
    (counts.slow > 0).then_some(counts)
}

/// The median, and the standard deviation of normal values with the same median absolute deviation. Both are 0 for a
/// noise that is almost always 0; then every value above 0 counts as raised.
fn usual(values: &[Option<f64>]) -> Option<(f64, f64)> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let middle = median(&known)?;
    let distances: Vec<f64> = known.iter().map(|value| (value - middle).abs()).collect();
    Some((middle, student::deviation_per_mad() * median(&distances)?))
}

/// The hypergeometric probability that at least this many of the raised repetitions are slow ones.
fn by_chance(counts: &Coincidence) -> f64 {
    let (slow, all) = (f64::from(counts.slow), f64::from(counts.slow + counts.others));
    let raised = f64::from(counts.slow_raised + counts.others_raised);
    let ways = |n: f64, k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let most = (counts.slow_raised + counts.others_raised).min(counts.slow);
    let share = |both: u32| {
        let both = f64::from(both);
        let rest = raised - both;
        if rest > all - slow {
            return 0.0;
        }
        libm::exp(ways(slow, both) + ways(all - slow, rest) - ways(all, raised))
    };
    (counts.slow_raised..=most).map(share).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_slow_when_it_lies_below_the_spread_of_the_others() {
        let rates = [100.0, 101.0, 80.0, 99.0, 100.5, 0.0, 130.0].map(Some);
        assert_eq!(slow_repetitions(&rates), [2], "neither the fast one nor the one without a rate");
        let quiet = [100.0, 100.0, 100.0, 99.5, 100.0].map(Some);
        assert!(slow_repetitions(&quiet).is_empty(), "half a percent needs no cause");
        assert!(slow_repetitions(&[None, None]).is_empty());
    }

    #[test]
    fn a_noise_of_exactly_the_slow_repetitions_is_unlikely_by_chance() {
        let noise = [0.0, 0.0, 9.0, 0.0, 7.0, 0.0, 0.0, 0.0].map(Some);
        let found = coincidence(&[2, 4], &noise).expect("known");
        assert_eq!((found.slow_raised, found.slow, found.others_raised, found.others), (2, 2, 0, 6));
        // One of the 28 ways to choose two of eight.
        assert!((found.p - 1.0 / 28.0).abs() < 1e-12, "{}", found.p);
    }

    #[test]
    fn a_noise_of_all_repetitions_does_not_coincide() {
        let noise = [5.0, 5.2, 5.1, 4.9, 5.0, 5.1].map(Some);
        let found = coincidence(&[1, 2], &noise).expect("known");
        assert_eq!((found.slow_raised, found.others_raised), (0, 0));
        assert!((found.p - 1.0).abs() < 1e-12);
        assert_eq!(coincidence(&[1], &[Some(1.0), None, Some(1.0)]), None, "unknown where it matters");
    }

    #[test]
    fn fishers_p_is_that_of_the_published_example() {
        // Fisher, "The Design of Experiments", 1935: three of four cups right, 17 in 70.
        let noise = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0].map(Some);
        let counts = Coincidence { slow_raised: 3, slow: 4, others_raised: 1, others: 4, p: 0.0 };
        assert!((by_chance(&counts) - 17.0 / 70.0).abs() < 1e-12);
        assert_eq!(coincidence(&[0, 1, 2, 3], &noise).map(|found| found.slow_raised), Some(3));
    }
}
