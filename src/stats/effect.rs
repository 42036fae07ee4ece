//! What an arm changes: the ratio of its values to the base's, pair by pair, with an interval that knows what was
//! repeated.
//!
//! The logarithms of the pairs' ratios are first condensed to one value a host and round (the nodes of a host share its
//! disturbances), then to one a *replicate*: a host, or a round. Each step, and the effect itself, is the centre of
//! [`signed_rank`]: half of the means of two values lie above it, half below. The interval holds the centres that the
//! signed-rank test of the replicates does not reject.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::Grid;
use super::interval::{ENOUGH, Interval, LEVEL};
use super::power;
use super::signed_rank::{Ranked, centre};

/// The values of two arms at one (host, node, round).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// A running number.
    pub host: u32,
    /// A running number within the host or over all hosts.
    pub node: u32,
    /// What was repeated: the round of a run, or the number of the run when whole runs are compared.
    pub round: u32,
    /// The value of the base, above 0.
    pub base: f64,
    /// The value of the candidate, above 0.
    pub candidate: f64,
}

/// Of what an interval speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of the hosts measured: rounds are the replicates. What other hosts would show is open.
    TheseHosts,
    /// Of hosts like those measured: hosts are the replicates, and there are at least six.
    HostsLikeThese,
}

/// What the candidate makes of the base's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Candidate over base.
    pub ratio: f64,
    /// Of the ratio; `None` with one replicate.
    pub interval: Option<Interval>,
    /// Of what the interval speaks.
    pub scope: Scope,
    /// Hosts with at least one pair.
    pub hosts: u32,
    /// Nodes with at least one pair.
    pub nodes: u32,
    /// Rounds with at least one pair.
    pub rounds: u32,
    /// Pairs that count.
    pub pairs: u32,
    /// The probability to see such a ratio were there no effect: the interval's own test. `None` without an interval.
    pub p: Option<f64>,
    /// The signed-rank test of the replicates, for a check. It differs from `p` where rounds have something in common.
    pub p_signed_rank: Option<f64>,
    /// The relative change found with 80 % power at this size; `None` below six replicates.
    pub smallest_detectable: Option<f64>,
    /// The standard deviation of the replicates' log ratios, as a quiet middle has it; `None` with one replicate.
    pub spread: Option<f64>,
    /// How many hosts or rounds the interval is made of.
    pub replicates: u32,
}

/// The effect over these pairs: on [`Scope::HostsLikeThese`] with six hosts or more, else on [`Scope::TheseHosts`].
/// `None` without a pair that counts: both values are finite and above 0.
pub fn effect(pairs: &[Pair]) -> Option<Effect> {
    let hosts: BTreeSet<u32> = pairs.iter().filter(|pair| counts(pair)).map(|pair| pair.host).collect();
    let scope = if hosts.len() >= ENOUGH { Scope::HostsLikeThese } else { Scope::TheseHosts };
    effect_within(pairs, scope)
}

/// [`effect`] on a scope of one's own choice. On few hosts, [`Scope::HostsLikeThese`] claims little: two give 50 %.
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
    let tested = |centre: f64| (ranked.count() >= 2).then(|| ranked.p(centre));
    Some(Effect {
        ratio: libm::exp(middle),
        interval: interval(&ranked, middle, widening),
        scope,
        hosts: distinct(&known, |pair| (pair.host, 0)),
        nodes: distinct(&known, |pair| (pair.host, pair.node)),
        rounds: distinct(&known, |pair| (pair.round, 0)),
        pairs: u32::try_from(known.len()).unwrap_or(u32::MAX),
        // An interval that is wider around the same middle holds 0 as a narrower one would hold a point nearer to it.
        p: tested(middle - middle / widening),
        p_signed_rank: tested(0.0),
        smallest_detectable: spread.and_then(|spread| power::smallest_detectable(spread, ranked.count())),
        spread,
        replicates: u32::try_from(ranked.count()).unwrap_or(u32::MAX),
    })
}

/// Whether the values of a pair have a ratio.
fn counts(pair: &Pair) -> bool {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    usable(pair.base) && usable(pair.candidate)
}

/// One log ratio a host and round, condensed from those of the host's nodes.
fn hosts_by_rounds(pairs: &[&Pair]) -> Grid {
    let mut hosts: BTreeMap<u32, BTreeMap<u32, BTreeMap<u32, Vec<f64>>>> = BTreeMap::new();
    for pair in pairs {
        let rounds = hosts.entry(pair.host).or_default().entry(pair.node).or_default();
        rounds.entry(pair.round).or_default().push(libm::log(pair.candidate) - libm::log(pair.base));
    }
    let row_of_host = |nodes: BTreeMap<u32, BTreeMap<u32, Vec<f64>>>| {
        Grid::new(nodes.into_values().map(condensed).collect()).levelled().columns()
    };
    Grid::new(hosts.into_values().map(row_of_host).collect())
}

/// One value a column.
fn condensed(columns: BTreeMap<u32, Vec<f64>>) -> BTreeMap<u32, f64> {
    columns.into_iter().filter_map(|(column, values)| Some((column, centre(values)?))).collect()
}

fn distinct(pairs: &[&Pair], key: fn(&Pair) -> (u32, u32)) -> u32 {
    let keys: BTreeSet<(u32, u32)> = pairs.iter().map(|pair| key(pair)).collect();
    u32::try_from(keys.len()).unwrap_or(u32::MAX)
}

/// Of the ratio: 95 % from six replicates on, below the range with the level that it has.
fn interval(ranked: &Ranked, middle: f64, widening: f64) -> Option<Interval> {
    let (low, high, level) = match ranked.interval(LEVEL) {
        Some((low, high)) => (low, high, LEVEL),
        None => ranked.range().map(|range| (range.low, range.high, range.level))?,
    };
    let end = |end: f64| libm::exp(middle + (end - middle) * widening);
    Some(Interval { low: end(low), high: end(high), level })
}
