//! Nodes that are slower than the others of their class.
//!
//! Throughput is skewed and its outliers are common, so nothing here is a mean or a variance: a node is held against the
//! median of the *others* of its class in the same column (one case in one round), on the log scale. What the columns of a
//! round say is condensed to their median, what the rounds say to their centre: the node's gap. A gap is that of a
//! straggler when it is longer than good nodes leave: by how much the class's nodes differ for good, and how well so few
//! rounds know it.

use std::collections::BTreeMap;

use super::confidence::{ConfidenceInterval, LEVEL};
use super::signed_rank::{RANK_EFFICIENCY, Ranked, centre};
use super::student;
use super::summary::median;

/// Measured rates of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRates {
    /// Nodes of one class should be equally fast.
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
    /// Rounds in which the node was about as slow as a straggler is.
    pub rounds_slow: u32,
    /// Rounds in which it could be compared with others.
    pub rounds: u32,
    /// Number of other nodes in its class. With one, it is only known that the two differ and which is the slower.
    pub peers: u32,
    /// The share of its time that the job would save without this node: repetitions wait for the slowest.
    pub cost: f64,
}

/// Good nodes of a class differ for good by about this much: a guess that counts as much as [`GUESS_NODES`] nodes, so
/// that a class of two has one.
const GUESS: f64 = 0.01;
const GUESS_NODES: f64 = 4.0;
/// ... and is as certain as a variance of this many degrees of freedom.
const GUESS_FREEDOM: f64 = 20.0;
/// Probability that a good node lies on the wrong side of the limit (false positive).
const FALSE_ALARM: f64 = 0.002;
/// The smallest loss that makes a straggler.
const SMALLEST: f64 = 0.02;
/// A round is slow when the node's gap in it is at least this share of what makes a straggler.
const SLOW_ROUND: f64 = 0.7;
/// A node is slow in most of its rounds: disturbed ones move a centre, but are rarely most ...
const ROUNDS_SLOW_MIN: usize = 2;
/// ... or, with fewer than so many rounds, in every single one, and by all that makes a straggler.
const FEW_ROUNDS: usize = 4;
/// Its confidence interval says that it is slower; in a class of so many nodes, where a disturbed round of another one
/// makes it look fast, it is enough that it is slower in three rounds of four.
const SMALL_CLASS: usize = 3;

/// The stragglers, the slowest first. `rounds` has the round of each column. A class of one node has none.
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

/// The share of its time that the job would save without the nodes `without`: the longest time of all nodes against
/// the
/// longest of the others, over the columns. 0 when no node is left.
pub fn cost(nodes: &[NodeRates], without: &[usize]) -> f64 {
    let columns = nodes.iter().map(|node| node.values.len()).max().unwrap_or(0);
    let slowest = |column: usize, all: bool| {
        let counted = nodes.iter().enumerate().filter(|(index, _)| all || !without.contains(index));
        let rates = counted.filter_map(|(_, node)| node.values.get(column).copied().flatten());
        rates.filter(|rate| rate.is_finite() && *rate > 0.0).reduce(f64::min)
    };
    // Each column has the same weight, whatever the unit of its case.
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

/// One node against the others of its class.
struct Gap {
    index: usize,
    /// By round: its log rate minus that of the others, below 0 when it is slow.
    by_round: Vec<f64>,
    /// The centre of them.
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

/// The gaps of those nodes of a class that have one.
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

/// Pooled over the class; `None` when no node has two rounds.
fn noise(gaps: &[Gap]) -> Option<Noise> {
    let several = || gaps.iter().filter(|gap| gap.by_round.len() >= 2);
    let distances: Vec<f64> = several()
        .flat_map(|gap| {
            let rounds = gap.by_round.len() as f64;
            // A centre made of the same rounds lies too close to them.
            let closeness = libm::sqrt(rounds / (rounds - 1.0));
            gap.by_round.iter().map(move |by| (by - gap.centre).abs() * closeness)
        })
        .collect();
    let rounds: f64 = several().map(|gap| gap.by_round.len() as f64 - 1.0).sum();
    // The gaps of two nodes mirror each other.
    let freedom = if gaps.len() == 2 { rounds / 2.0 } else { rounds };
    Some(Noise { deviation: student::deviation_per_mad() * median(&distances)?, freedom })
}

/// The largest distance below the others that a good node of this class may have, from the lasting differences
/// between nodes, as far as this class shows them, and from the uncertainty that the rounds leave.
fn threshold(gaps: &[Gap], place: usize, noise: Option<&Noise>) -> Option<f64> {
    let noise = noise?;
    let centres: Vec<f64> =
        gaps.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, gap)| gap.centre).collect();
    let others = centres.len() as f64;
    let rounds = gaps[place].by_round.len() as f64;
    let unknown = noise.deviation * noise.deviation / (rounds * RANK_EFFICIENCY);
    // Differences between the others beyond the uncertainty of the rounds, weighed against the guess.
    let weight = MAD_EFFICIENCY * (others - 1.0);
    let seen = (squared_deviation(&centres)? - unknown).max(0.0);
    let between = (GUESS_NODES * GUESS * GUESS + weight * seen) / (GUESS_NODES + weight);
    // The median that the node is compared with is itself uncertain, by its own nodes.
    let nodes = between * (1.0 + 1.0 / others);
    let squared = nodes + unknown;
    // Welch and Satterthwaite: the degrees of freedom of a sum of two variances.
    let freedom =
        squared * squared / (nodes * nodes / (GUESS_FREEDOM + weight) + unknown * unknown / noise.freedom);
    let farthest = student::quantile(freedom, 1.0 - FALSE_ALARM) * libm::sqrt(squared);
    Some(farthest.max(-libm::log1p(-SMALLEST)))
}

/// Efficiency of a median absolute deviation of normal values, against their variance.
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
    fn the_slow_one_is_named_with_what_it_costs() {
        let found = stragglers(&[0, 1, 2, 3, 4], &class(16, 5, 3, 0.08));
        assert_eq!(found.iter().map(|one| one.index).collect::<Vec<_>>(), [3]);
        let one = found[0];
        assert!((one.slower_by - 0.08).abs() < 0.01, "{one:?}");
        assert!(
            one.confidence.is_some_and(|confidence| confidence.contains(0.08) && confidence.low > 0.06),
            "{one:?}"
        );
        assert_eq!((one.rounds_slow, one.rounds, one.peers), (5, 5, 15));
        // Without it the next slowest, at 1.0, sets the pace.
        assert!((one.cost - 0.08).abs() < 0.01, "{one:?}");
    }

    #[test]
    fn of_two_the_slower_is_named_and_of_one_nothing_is_said() {
        let found = stragglers(&[0, 1, 2, 3, 4, 5], &class(2, 6, 1, 0.1));
        assert_eq!(found.iter().map(|one| (one.index, one.peers)).collect::<Vec<_>>(), [(1, 1)]);
        assert!(stragglers(&[0, 1, 2, 3, 4, 5], &class(1, 6, 0, 0.5)).is_empty());
        let mut apart = class(2, 6, 1, 0.1);
        apart[1].class = 1;
        assert!(stragglers(&[0, 1, 2, 3, 4, 5], &apart).is_empty(), "another class may be slower");
    }

    #[test]
    fn once_is_never_enough() {
        assert!(stragglers(&[0], &class(16, 1, 3, 0.5)).is_empty(), "one round");
        // Two cases in one round are one round.
        assert!(stragglers(&[0, 0], &class(16, 2, 3, 0.5)).is_empty());
        let mut unlucky = class(16, 5, 99, 0.0);
        unlucky[3].values[2] = Some(200.0);
        assert!(stragglers(&[0, 1, 2, 3, 4], &unlucky).is_empty(), "slow in one round of five");
    }

    #[test]
    fn what_slows_all_alike_and_what_is_missing_makes_no_straggler() {
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
    fn two_equally_slow_nodes_cost_nothing_alone_and_their_share_together() {
        let nodes: Vec<NodeRates> =
            [1.0, 0.9, 0.9, 1.0].map(|rate| NodeRates { class: 0, values: vec![Some(rate); 3] }).to_vec();
        assert!(cost(&nodes, &[1]).abs() < 1e-12);
        assert!((cost(&nodes, &[1, 2]) - 0.1).abs() < 1e-12);
        assert!(cost(&nodes, &[0, 1, 2, 3]).abs() < 1e-12, "nobody is left");
    }
}
