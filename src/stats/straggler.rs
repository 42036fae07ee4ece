//! Nodes that are slower than the others of their class.
//!
//! Throughput is skewed and outliers are common, so medians and centres replace means and variances. A node is compared
//! with the median of the *others* of its class in the same column (one case in one round), on the log scale. The
//! differences of a round's columns are condensed to their median, and those of the rounds to their centre: the node's
//! gap. A node is a straggler when its gap exceeds a threshold. The threshold has two sources: the lasting differences
//! between good nodes of the class, and the uncertainty of so few rounds.

use std::collections::BTreeMap;

use super::confidence::{ConfidenceInterval, LEVEL};
use super::signed_rank::{RANK_EFFICIENCY, Ranked, centre};
use super::student;
use super::summary::median;

/// Measured rates of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRates {
    /// Class of the node: nodes of one class should be equally fast.
    pub class: u32,
    /// Rates by column, the same columns for all nodes; `None` where the node has no rate. Larger is better.
    pub values: Vec<Option<f64>>,
}

/// A node that is slower than its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Straggling {
    /// Index of the node in the input.
    pub index: usize,
    /// Loss against the median of the others of its class: 0.05 is 5 % slower.
    pub slower_by: f64,
    /// Confidence interval of `slower_by`; `None` below two rounds.
    pub confidence: Option<ConfidenceInterval>,
    /// Rounds in which the node was about as slow as a straggler: see `SLOW_ROUND`.
    pub rounds_slow: u32,
    /// Rounds in which it could be compared with others.
    pub rounds: u32,
    /// Number of other nodes in its class. With one other node it is unknown if this node is too slow or the other is
    /// unusually fast.
    pub peers: u32,
    /// The share of its time that the job would save without this node: repetitions wait for the slowest.
    pub cost: f64,
}

/// Prior for the lasting difference between good nodes of a class, as a standard deviation. It has the weight of
/// [`GUESS_NODES`] nodes, so that even a class of two has an estimate.
const GUESS: f64 = 0.01;
const GUESS_NODES: f64 = 4.0;
/// Degrees of freedom of the prior's variance.
const GUESS_FREEDOM: f64 = 20.0;
/// Probability that a good node exceeds the threshold (false positive).
const FALSE_ALARM: f64 = 0.002;
/// Smallest loss of a straggler: the threshold is never lower.
const SMALLEST: f64 = 0.02;
/// A round is slow when the node's gap in it is at least this share of the threshold.
const SLOW_ROUND: f64 = 0.7;
/// A straggler is slow in at least this many rounds, and in more than half of its rounds: disturbed rounds move a
/// centre, but are rarely the majority.
const ROUNDS_SLOW_MIN: usize = 2;
/// With fewer rounds than this, a straggler exceeds the whole threshold in every round.
const FEW_ROUNDS: usize = 4;
/// In a larger class than this, a straggler's confidence interval excludes 0. Up to this size a disturbed round of
/// another node makes a straggler look fast, so it is enough that it is slower in three rounds of four.
const SMALL_CLASS: usize = 3;

/// Returns the stragglers, the slowest first. `rounds` has the round of each column. A class of one node has none.
///
/// # Panics
/// When a node does not have as many values as there are columns.
pub fn stragglers(rounds: &[u32], nodes: &[NodeRates]) -> Vec<Straggling> {
    let aligned = nodes.iter().all(|node| node.values.len() == rounds.len());
    assert!(aligned, "every node has a value, or none, in each of the {} columns", rounds.len());
    let logs: Vec<Vec<Option<f64>>> = nodes.iter().map(|node| logarithms(&node.values)).collect();
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        classes.entry(node.class).or_default().push(index);
    }
    let mut found: Vec<Straggling> =
        classes.values().flat_map(|class| of_class(rounds, &logs, class)).collect();
    for straggling in &mut found {
        straggling.cost = cost(nodes, &[straggling.index]);
    }
    found.sort_by(|a, b| b.slower_by.total_cmp(&a.slower_by));
    found
}

/// The share of its time that the job would save without the nodes `without`: the longest time of all nodes compared
/// with the longest of the others, averaged over the columns. 0 when no node is left.
pub fn cost(nodes: &[NodeRates], without: &[usize]) -> f64 {
    let columns = nodes.iter().map(|node| node.values.len()).max().unwrap_or(0);
    let slowest = |column: usize, all: bool| {
        let counted = nodes.iter().enumerate().filter(|(index, _)| all || !without.contains(index));
        let rates = counted.filter_map(|(_, node)| node.values.get(column).copied().flatten());
        rates.filter(|rate| rate.is_finite() && *rate > 0.0).reduce(f64::min)
    };
    // Each column has the same weight, independent of the unit of its case.
    let saved: Vec<f64> = (0..columns)
        .filter_map(|column| Some(1.0 - slowest(column, true)? / slowest(column, false)?))
        .collect();
    if saved.is_empty() { 0.0 } else { saved.iter().sum::<f64>() / saved.len() as f64 }
}

fn logarithms(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let logarithm =
        |value: &Option<f64>| value.filter(|value| value.is_finite() && *value > 0.0).map(libm::log);
    values.iter().map(logarithm).collect()
}

/// One node compared with the others of its class.
struct Gap {
    index: usize,
    /// By round: its log rate minus that of the others, below 0 when it is slow.
    by_round: Vec<f64>,
    /// The centre of `by_round`.
    centre: f64,
}

fn of_class(rounds: &[u32], logs: &[Vec<Option<f64>>], class: &[usize]) -> Vec<Straggling> {
    let gaps = gaps(rounds, logs, class);
    let noise = noise(&gaps);
    let judged = (0..gaps.len()).filter_map(|place| {
        let (gap, threshold) = (&gaps[place], threshold(&gaps, place, noise.as_ref())?);
        let (rounds, few) = (gap.by_round.len(), gap.by_round.len() < FEW_ROUNDS);
        let slow_by = if few { threshold } else { SLOW_ROUND * threshold };
        let slow = gap.by_round.iter().filter(|by| **by <= -slow_by).count();
        let often = slow >= ROUNDS_SLOW_MIN && if few { slow == rounds } else { 2 * slow > rounds };
        let found = straggling(gap, slow, gaps.len() - 1);
        let faster = gap.by_round.iter().filter(|by| **by >= 0.0).count();
        let sure = match gaps.len() > SMALL_CLASS {
            true => found.confidence.is_some_and(|confidence| confidence.low > 0.0),
            false => faster <= rounds / 4,
        };
        (gap.centre <= -threshold && often && sure).then_some(found)
    });
    judged.collect()
}

fn straggling(gap: &Gap, slow: usize, peers: usize) -> Straggling {
    let ranked = Ranked::new(gap.by_round.clone());
    let slower = |log: f64| -libm::expm1(log);
    let ends =
        ranked.confidence_interval(LEVEL).map(|(low, high)| ConfidenceInterval { low, high, level: LEVEL });
    let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
    Straggling {
        index: gap.index,
        slower_by: slower(gap.centre),
        // The slower end is the higher one.
        confidence: ends.or_else(|| ranked.range()).map(|ends| ConfidenceInterval {
            low: slower(ends.high),
            high: slower(ends.low),
            level: ends.level,
        }),
        rounds_slow: count(slow),
        rounds: count(gap.by_round.len()),
        peers: count(peers),
        cost: 0.0,
    }
}

/// The gaps of a class. A node that never ran together with another node of the class has none.
fn gaps(rounds: &[u32], logs: &[Vec<Option<f64>>], class: &[usize]) -> Vec<Gap> {
    let mut by_round: Vec<BTreeMap<u32, Vec<f64>>> = vec![BTreeMap::new(); class.len()];
    for (column, round) in rounds.iter().enumerate() {
        let mut present: Vec<(f64, usize)> =
            (0..class.len()).filter_map(|place| Some((logs[class[place]][column]?, place))).collect();
        present.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (rank, (value, place)) in present.iter().enumerate() {
            if let Some(others) = median_without(&present, rank) {
                by_round[*place].entry(*round).or_default().push(value - others);
            }
        }
    }
    let condensed = by_round.into_iter().zip(class).filter_map(|(by_round, index)| {
        let by_round: Vec<f64> = by_round.values().filter_map(|columns| median(columns)).collect();
        Some(Gap { index: *index, centre: centre(by_round.clone())?, by_round })
    });
    condensed.collect()
}

/// The median of sorted values without the one at `rank`.
fn median_without(sorted: &[(f64, usize)], rank: usize) -> Option<f64> {
    let others = sorted.len().checked_sub(1).filter(|others| *others > 0)?;
    let at = |position: usize| sorted[position + usize::from(position >= rank)].0;
    Some(0.5 * at((others - 1) / 2) + 0.5 * at(others / 2))
}

/// Scatter of rounds around the gap of their node, as a standard deviation, with its degrees of freedom.
struct Noise {
    deviation: f64,
    freedom: f64,
}

/// Returns the noise pooled over the class; `None` when no node has two rounds.
fn noise(gaps: &[Gap]) -> Option<Noise> {
    let several = || gaps.iter().filter(|gap| gap.by_round.len() >= 2);
    let distances: Vec<f64> = several()
        .flat_map(|gap| {
            let rounds = gap.by_round.len() as f64;
            // A centre computed from these rounds is closer to them than the true centre, so distances are lengthened.
            let closeness = libm::sqrt(rounds / (rounds - 1.0));
            gap.by_round.iter().map(move |by| (by - gap.centre).abs() * closeness)
        })
        .collect();
    let rounds: f64 = several().map(|gap| gap.by_round.len() as f64 - 1.0).sum();
    // In a class of two, each gap is the negative of the other.
    let freedom = if gaps.len() == 2 { rounds / 2.0 } else { rounds };
    Some(Noise { deviation: student::deviation_per_mad() * median(&distances)?, freedom })
}

/// The threshold: the largest loss of a good node of this class, except for false positives. It follows from the
/// lasting differences between the class's nodes and from the uncertainty of its rounds.
fn threshold(gaps: &[Gap], place: usize, noise: Option<&Noise>) -> Option<f64> {
    let noise = noise?;
    let centres: Vec<f64> =
        gaps.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, gap)| gap.centre).collect();
    let others = centres.len() as f64;
    let rounds = gaps[place].by_round.len() as f64;
    let unknown = noise.deviation * noise.deviation / (rounds * RANK_EFFICIENCY);
    // Variance between the other nodes, less the uncertainty of the rounds, averaged with the prior.
    let weight = MAD_EFFICIENCY * (others - 1.0);
    let seen = (squared_deviation(&centres)? - unknown).max(0.0);
    let between = (GUESS_NODES * GUESS * GUESS + weight * seen) / (GUESS_NODES + weight);
    // The median of the others is uncertain, too.
    let nodes = between * (1.0 + 1.0 / others);
    let squared = nodes + unknown;
    // Welch and Satterthwaite: the degrees of freedom of a sum of two variances.
    let freedom =
        squared * squared / (nodes * nodes / (GUESS_FREEDOM + weight) + unknown * unknown / noise.freedom);
    let farthest = student::quantile(freedom, 1.0 - FALSE_ALARM) * libm::sqrt(squared);
    Some(farthest.max(-libm::log1p(-SMALLEST)))
}

/// Efficiency of the median absolute deviation of normal values, compared with their variance.
const MAD_EFFICIENCY: f64 = 0.37;

/// The variance of normal values with their median absolute deviation; 0 for one value.
fn squared_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let n = values.len() as f64;
    let deviation = student::deviation_per_mad() * median(&distances)? * n / (n - 0.8);
    Some(deviation * deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates of nodes in rounds: `slow` of them is slower by `by`; a little of everything else.
    fn class(nodes: u32, rounds: u32, slow: u32, by: f64) -> Vec<NodeRates> {
        let wobble =
            |node: u32, round: u32| 1.0 + 0.001 * f64::from((node * 7 + round * 5 + node * round) % 11);
        let rate =
            |node, round| Some(if node == slow { 1.0 - by } else { 1.0 } * 500.0 * wobble(node, round));
        (0..nodes)
            .map(|node| NodeRates { class: 0, values: (0..rounds).map(|round| rate(node, round)).collect() })
            .collect()
    }

    #[test]
    fn the_slow_node_is_named_with_its_cost() {
        let found = stragglers(&[0, 1, 2, 3, 4], &class(16, 5, 3, 0.08));
        assert_eq!(found.iter().map(|one| one.index).collect::<Vec<_>>(), [3]);
        let one = found[0];
        assert!((one.slower_by - 0.08).abs() < 0.01, "{one:?}");
        assert!(
            one.confidence.is_some_and(|confidence| confidence.contains(0.08) && confidence.low > 0.06),
            "{one:?}"
        );
        assert_eq!((one.rounds_slow, one.rounds, one.peers), (5, 5, 15));
        // Without this node the lowest rate is 1.0 instead of 0.92.
        assert!((one.cost - 0.08).abs() < 0.01, "{one:?}");
    }

    #[test]
    fn a_class_of_two_names_the_slower_node_and_a_class_of_one_has_no_straggler() {
        let found = stragglers(&[0, 1, 2, 3, 4, 5], &class(2, 6, 1, 0.1));
        assert_eq!(found.iter().map(|one| (one.index, one.peers)).collect::<Vec<_>>(), [(1, 1)]);
        assert!(stragglers(&[0, 1, 2, 3, 4, 5], &class(1, 6, 0, 0.5)).is_empty());
        let mut apart = class(2, 6, 1, 0.1);
        apart[1].class = 1;
        assert!(stragglers(&[0, 1, 2, 3, 4, 5], &apart).is_empty(), "another class may be slower");
    }

    #[test]
    fn one_slow_round_is_never_enough() {
        assert!(stragglers(&[0], &class(16, 1, 3, 0.5)).is_empty(), "one round");
        // Two cases in one round are one round.
        assert!(stragglers(&[0, 0], &class(16, 2, 3, 0.5)).is_empty());
        let mut unlucky = class(16, 5, 99, 0.0);
        unlucky[3].values[2] = Some(200.0);
        assert!(stragglers(&[0, 1, 2, 3, 4], &unlucky).is_empty(), "slow in one round of five");
    }

    #[test]
    fn disturbances_of_all_nodes_and_missing_values_make_no_straggler() {
        let mut nodes = class(8, 6, 99, 0.0);
        for (index, node) in nodes.iter_mut().enumerate() {
            node.values[1] = node.values[1].map(|rate| rate * 0.4);
            node.values[index % 6] = None;
        }
        nodes[7].values = vec![None, Some(f64::NAN), Some(0.0), None, None, None];
        assert!(stragglers(&[0, 1, 2, 3, 4, 5], &nodes).is_empty());
        assert!(stragglers(&[], &[]).is_empty());
    }

    #[test]
    fn two_equally_slow_nodes_have_no_cost_alone_and_one_together() {
        let nodes: Vec<NodeRates> =
            [1.0, 0.9, 0.9, 1.0].map(|rate| NodeRates { class: 0, values: vec![Some(rate); 3] }).to_vec();
        assert!(cost(&nodes, &[1]).abs() < 1e-12);
        assert!((cost(&nodes, &[1, 2]) - 0.1).abs() < 1e-12);
        assert!(cost(&nodes, &[0, 1, 2, 3]).abs() < 1e-12, "nobody is left");
    }
}
