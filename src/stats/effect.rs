//! Effect of an arm: the ratio of its values to the base's, pair by pair, with a confidence interval over the repeated
//! unit.
//!
//! The logarithms of the pairs' ratios are first condensed to one value per host and round (the nodes of a host share its
//! disturbances), then to one a *replicate*: a host, or a round. Each step, and the effect itself, is the centre of
//! [`signed_rank`]: half of the means of two values lie above it, half below. The confidence interval holds the centres that
//! the signed-rank test of the replicates does not reject.

use std::collections::{BTreeMap, BTreeSet};

use super::confidence::{ConfidenceInterval, ENOUGH, LEVEL};
use super::grid::SparseRows;
use super::power;
use super::signed_rank::{Ranked, centre};

/// The values of two arms at one (host, node, round).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Number of the host.
    pub host: u32,
    /// Number of the node, within the host or over all hosts.
    pub node: u32,
    /// Number of the repetition: the round of a run, or the number of the run when whole runs are compared.
    pub round: u32,
    /// The value of the base, above 0.
    pub base: f64,
    /// The value of the candidate, above 0.
    pub candidate: f64,
}

/// Population that a confidence interval describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The hosts measured: rounds are the replicates. Other hosts may differ.
    TheseHosts,
    /// Hosts like the measured ones: at least six hosts are the replicates.
    HostsLikeThese,
}

/// Effect of the candidate on the base's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Candidate over base.
    pub ratio: f64,
    /// Confidence interval of the ratio; `None` with one replicate.
    pub confidence: Option<ConfidenceInterval>,
    /// Population that the confidence interval describes.
    pub scope: Scope,
    /// Hosts with at least one pair.
    pub hosts: u32,
    /// Nodes with at least one pair.
    pub nodes: u32,
    /// Rounds with at least one pair.
    pub rounds: u32,
    /// Pairs that count.
    pub pairs: u32,
    /// Probability of a ratio this far from 1 without an effect, by the test that the confidence interval inverts.
    /// `None` without a confidence interval.
    pub p: Option<f64>,
    /// p of the signed-rank test of the replicates, for a check. It differs from `p` where rounds share an effect.
    pub p_signed_rank: Option<f64>,
    /// The relative change found with 80 % power at this size; `None` below six replicates.
    pub smallest_detectable: Option<f64>,
    /// Standard deviation of the replicates' log ratios, insensitive to outliers; `None` with one replicate.
    pub spread: Option<f64>,
    /// Number of hosts or rounds that the confidence interval is computed from.
    pub replicates: u32,
}

/// The effect over these pairs: on [`Scope::HostsLikeThese`] with six hosts or more, else on [`Scope::TheseHosts`].
/// `None` without a pair that counts: both values are finite and above 0.
pub fn effect(pairs: &[Pair]) -> Option<Effect> {
    let hosts: BTreeSet<u32> = pairs.iter().filter(|pair| counts(pair)).map(|pair| pair.host).collect();
    let scope = if hosts.len() >= ENOUGH { Scope::HostsLikeThese } else { Scope::TheseHosts };
    effect_within(pairs, scope)
}

/// [`effect`] with a given scope. On few hosts, [`Scope::HostsLikeThese`] has a low level: 50 % for two hosts.
pub fn effect_within(pairs: &[Pair], scope: Scope) -> Option<Effect> {
    let known: Vec<&Pair> = pairs.iter().filter(|pair| counts(pair)).collect();
    let hosts = hosts_by_rounds(&known);
    let (replicates, widening) = match scope {
        Scope::TheseHosts => (hosts.levelled().columns().into_values().collect(), 1.0),
        Scope::HostsLikeThese => (hosts.rows(), hosts.widening()),
    };
    let ranked = Ranked::new(replicates);
    let middle = ranked.centre()?;
    let spread = ranked.spread().map(|spread| spread * widening);
    let several = ranked.count() >= 2;
    Some(Effect {
        ratio: libm::exp(middle),
        confidence: confidence_interval(&ranked, middle, widening),
        scope,
        hosts: distinct(&known, |pair| (pair.host, 0)),
        nodes: distinct(&known, |pair| (pair.host, pair.node)),
        rounds: distinct(&known, |pair| (pair.round, 0)),
        pairs: u32::try_from(known.len()).unwrap_or(u32::MAX),
        // Widening by w around m is the same as testing m - m/w without widening.
        p: several.then(|| ranked.p(middle - middle / widening)),
        p_signed_rank: several.then(|| ranked.exact_p(0.0)),
        smallest_detectable: spread.and_then(|spread| power::smallest_detectable(spread, ranked.count(), 1)),
        spread,
        replicates: u32::try_from(ranked.count()).unwrap_or(u32::MAX),
    })
}

/// True when the values of a pair have a ratio: both are finite and above 0.
fn counts(pair: &Pair) -> bool {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    usable(pair.base) && usable(pair.candidate)
}

/// One log ratio per host and round, condensed from those of the host's nodes.
fn hosts_by_rounds(pairs: &[&Pair]) -> SparseRows {
    let mut hosts: BTreeMap<u32, BTreeMap<u32, BTreeMap<u32, Vec<f64>>>> = BTreeMap::new();
    for pair in pairs {
        let rounds = hosts.entry(pair.host).or_default().entry(pair.node).or_default();
        rounds.entry(pair.round).or_default().push(libm::log(pair.candidate) - libm::log(pair.base));
    }
    let row_of_host = |nodes: BTreeMap<u32, BTreeMap<u32, Vec<f64>>>| {
        SparseRows::new(nodes.into_values().map(condensed).collect()).levelled().columns()
    };
    SparseRows::new(hosts.into_values().map(row_of_host).collect())
}

/// One value per column.
fn condensed(columns: BTreeMap<u32, Vec<f64>>) -> BTreeMap<u32, f64> {
    columns.into_iter().filter_map(|(column, values)| Some((column, centre(values)?))).collect()
}

fn distinct(pairs: &[&Pair], key: fn(&Pair) -> (u32, u32)) -> u32 {
    let keys: BTreeSet<(u32, u32)> = pairs.iter().map(|pair| key(pair)).collect();
    u32::try_from(keys.len()).unwrap_or(u32::MAX)
}

/// Confidence interval of the ratio: 95 % from six replicates on; below, the range with its own level.
fn confidence_interval(ranked: &Ranked, middle: f64, widening: f64) -> Option<ConfidenceInterval> {
    let (low, high, level) = match ranked.confidence_interval(LEVEL) {
        Some((low, high)) => (low, high, LEVEL),
        None => ranked.range().map(|range| (range.low, range.high, range.level))?,
    };
    let end = |end: f64| libm::exp(middle + (end - middle) * widening);
    Some(ConfidenceInterval { low: end(low), high: end(high), level })
}

#[cfg(test)]
mod tests {
    use super::super::summary::median;
    use super::*;

    fn pair(host: u32, node: u32, round: u32, base: f64, candidate: f64) -> Pair {
        Pair { host, node, round, base, candidate }
    }

    /// Hosts with two nodes each, candidate over base about 1.1; every pair a little different.
    fn pairs(hosts: u32, rounds: u32) -> Vec<Pair> {
        let wobble =
            |host: u32, node: u32, round: u32| f64::from((host * 5 + node * 3 + round * 7) % 13) / 1300.0;
        (0..hosts)
            .flat_map(|host| (0..2).flat_map(move |node| (0..rounds).map(move |round| (host, node, round))))
            .map(|(host, node, round)| {
                pair(host, node, round, 50.0, 55.0 * (1.0 + wobble(host, node, round)))
            })
            .collect()
    }

    #[test]
    fn below_six_hosts_rounds_are_repeated_and_from_six_on_hosts() {
        let few = effect(&pairs(5, 8)).expect("pairs");
        assert_eq!((few.scope, few.replicates), (Scope::TheseHosts, 8));
        let many = effect(&pairs(6, 8)).expect("pairs");
        assert_eq!((many.scope, many.replicates), (Scope::HostsLikeThese, 6));
        assert_eq!((many.hosts, many.nodes, many.rounds, many.pairs), (6, 12, 8, 96));
        for effect in [few, many] {
            let confidence = effect.confidence.expect("replicates");
            assert!(confidence.is_full() && confidence.contains(effect.ratio) && !confidence.contains(1.0));
            assert!((effect.ratio - 1.1).abs() < 0.02, "{effect:?}");
            assert!(effect.p < Some(0.05) && effect.smallest_detectable < Some(0.02), "{effect:?}");
        }
    }

    #[test]
    fn five_rounds_have_their_level_and_no_verdict() {
        let effect = effect(&pairs(1, 5)).expect("pairs");
        let confidence = effect.confidence.expect("five rounds");
        assert_eq!((confidence.level, effect.p, effect.smallest_detectable), (0.9375, Some(0.0625), None));
        assert!(effect.spread.is_some());
    }

    #[test]
    fn one_round_on_few_hosts_has_a_ratio_and_nothing_more() {
        let effect = effect(&[pair(0, 0, 0, 2.0, 3.0), pair(1, 0, 0, 2.0, 3.0)]).expect("pairs");
        assert!((effect.ratio - 1.5).abs() < 1e-12);
        assert_eq!((effect.confidence, effect.p, effect.spread), (None, None, None));
    }

    #[test]
    fn swapped_arms_have_the_inverse_effect() {
        let there = pairs(7, 4);
        let back: Vec<Pair> =
            there.iter().map(|pair| Pair { base: pair.candidate, candidate: pair.base, ..*pair }).collect();
        let (there, back) = (effect(&there).expect("pairs"), effect(&back).expect("pairs"));
        assert!((there.ratio * back.ratio - 1.0).abs() < 1e-12);
        let (ends, mirrored) =
            (there.confidence.expect("seven hosts"), back.confidence.expect("seven hosts"));
        assert!((ends.low * mirrored.high - 1.0).abs() < 1e-12);
        assert_eq!(there.p_signed_rank, back.p_signed_rank);
    }

    #[test]
    fn the_order_of_the_pairs_and_the_unit_of_the_values_do_not_matter() {
        let straight = pairs(3, 9);
        let mut turned: Vec<Pair> = straight.clone();
        turned.reverse();
        assert_eq!(effect(&straight), effect(&turned), "to the last bit");
        let larger: Vec<Pair> = straight
            .iter()
            .map(|pair| Pair { base: pair.base * 1e9, candidate: pair.candidate * 1e9, ..*pair })
            .collect();
        let (one, other) = (effect(&straight).expect("pairs"), effect(&larger).expect("pairs"));
        assert!((one.ratio / other.ratio - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_outlying_pair_moves_the_ratio_less_than_the_others_differ() {
        let quiet = effect(&pairs(4, 8)).expect("pairs").ratio;
        let mut wild = pairs(4, 8);
        wild[5].candidate = 1e-3;
        let moved = effect(&wild).expect("pairs").ratio;
        assert!((moved / quiet - 1.0).abs() < 0.01, "{moved} from {quiet}");
        let middle = median(&wild.iter().map(|pair| pair.candidate / pair.base).collect::<Vec<f64>>());
        assert!((moved / middle.expect("ratios") - 1.0).abs() < 0.01);
    }

    #[test]
    fn pairs_without_a_ratio_are_not_counted() {
        let mut some = pairs(2, 6);
        some.push(pair(0, 0, 6, 0.0, 1.0));
        some.push(pair(0, 0, 7, 1.0, f64::NAN));
        some.push(pair(9, 0, 0, 1.0, f64::INFINITY));
        assert_eq!(effect(&some), effect(&pairs(2, 6)));
        assert_eq!(effect(&[pair(0, 0, 0, -1.0, 1.0)]), None);
    }
}
