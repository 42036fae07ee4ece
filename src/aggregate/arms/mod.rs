//! Arms of one run: measured in turns by the same processes, and paired by host, node and round.

pub(crate) mod quantity;
pub(crate) mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::arms::quantity::{Grain, Quantity, Series, series};
use crate::aggregate::arms::verdict::{Basis, Matched, Paired, judge};
use crate::aggregate::evidence::Evidence;
use crate::job::Arm;
use crate::record::line::Begin;
use crate::record::run::{CaseResult, Comparison, Header};
use crate::stats::Pair;

/// Default difference of interest, 2 %: smaller differences count as none.
pub const DIFFERENCE: f64 = 0.02;

/// Compares every arm with the base, in every case they have in common. Empty for a job without arms.
pub(crate) fn comparisons(
    header: &Header,
    evidence: &Evidence,
    cases: &[CaseResult],
    difference: f64,
) -> Vec<Comparison> {
    let seats = Seats::of(evidence.begins());
    let mut matched = Vec::new();
    for base in cases.iter().filter(|case| case.arm.as_deref() == Some(Arm::BASE)) {
        for candidate in cases.iter().filter(|case| case.arm.is_some() && case.arm != base.arm) {
            if candidate.compared_as == base.compared_as {
                matched.extend(arms_of(header, evidence, &seats, base, candidate));
            }
        }
    }
    judge(&matched, Basis::OneRun, difference)
}

fn arms_of(
    header: &Header,
    evidence: &Evidence,
    seats: &Seats,
    base: &CaseResult,
    candidate: &CaseResult,
) -> Option<Matched> {
    let [ours, theirs] = both_series(header, evidence, [base, candidate])?;
    let quantities = ours.into_iter().zip(theirs);
    let candidate = candidate.arm.clone()?;
    Some(Matched {
        case: base.compared_as.clone()?,
        workload: base.workload.clone(),
        base: Arm::BASE.to_owned(),
        same: candidate == Arm::BASE_AGAIN,
        candidate,
        quantities: quantities
            .map(|((quantity, ours), (_, theirs))| paired(quantity, ours, &theirs, seats))
            .filter(|paired| !paired.is_absent())
            .collect(),
    })
}

/// The quantities of the two sides of a comparison, with their values; the rate comes first.
pub(crate) fn both_series(
    header: &Header,
    evidence: &Evidence,
    sides: [&CaseResult; 2],
) -> Option<[Vec<(Quantity, Series)>; 2]> {
    let measure = header.planned.iter().find(|case| case.id == sides[0].id)?.measure;
    // A round dropped from one side has no partner in the other.
    let dropped: BTreeSet<u32> =
        sides.iter().flat_map(|case| &case.dropped).map(|dropped| dropped.round).collect();
    Some(sides.map(|case| series(evidence, &case.id, measure, &dropped)))
}

/// Host and node of every rank, as running numbers.
pub(crate) struct Seats(Vec<(u32, u32)>);

impl Seats {
    pub(crate) fn of(begins: &[Begin]) -> Seats {
        // By host: its number, and its ranks so far.
        let mut hosts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        let mut seats = Vec::with_capacity(begins.len());
        for begin in begins {
            let next = u32::try_from(hosts.len()).expect("there are fewer hosts than ranks");
            let (host, ranks) = hosts.entry(&begin.host).or_insert((next, 0));
            seats.push((*host, *ranks));
            *ranks += 1;
        }
        Seats(seats)
    }

    /// Host and node of a rank's values; (0, 0) for values of all ranks together.
    pub(crate) fn of_rank(&self, rank: u32, grain: Grain) -> (u32, u32) {
        match grain {
            Grain::World => (0, 0),
            Grain::Rank => {
                usize::try_from(rank).ok().and_then(|rank| self.0.get(rank)).copied().unwrap_or((0, rank))
            }
        }
    }
}

/// Pairs the values at each rank and round that both arms have.
pub(crate) fn paired(quantity: Quantity, base: Series, candidate: &Series, seats: &Seats) -> Paired {
    let pairs: Vec<Pair> = base
        .values
        .iter()
        .filter_map(|((rank, round), base)| {
            let candidate = *candidate.values.get(&(*rank, *round))?;
            let (host, node) = seats.of_rank(*rank, quantity.grain);
            Some(Pair { host, node, round: *round, base: *base, candidate })
        })
        .collect();
    let count = |of: fn(&Pair) -> u32| {
        u32::try_from(pairs.iter().map(of).collect::<BTreeSet<_>>().len()).unwrap_or(u32::MAX)
    };
    let (hosts, rounds) = (count(|pair| pair.host), count(|pair| pair.round));
    Paired { quantity, rounds, hosts, reason: base.reason.or_else(|| candidate.reason.clone()), pairs }
}
