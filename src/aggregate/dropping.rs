//! The job's rule that drops disturbed repetitions from every figure. Without a rule, all repetitions count.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::evidence::Evidence;
use crate::record::line::Row;
use crate::record::run::{CaseHeader, DropRule, Dropped, Header, Metric};
use crate::units;
use crate::units::counted;

/// Dropped repetitions by case and round.
pub(crate) type AllDropped = BTreeMap<String, BTreeMap<u32, Dropped>>;

/// Applies the rule to every repetition. A repetition that one arm drops is dropped in the other arms of its
/// pair, too.
pub(crate) fn dropped(header: &Header, evidence: &Evidence) -> AllDropped {
    let Some(rule) = &header.drop else { return AllDropped::new() };
    let own: AllDropped =
        header.planned.iter().map(|case| (case.id.clone(), of_case(rule, evidence, case))).collect();
    let with_pairs = |case: &CaseHeader| {
        let mut all = own[&case.id].clone();
        let partners = header.planned.iter().filter(|other| other.id != case.id && is_pair(case, other));
        for partner in partners {
            for (round, dropped) in &own[&partner.id] {
                all.entry(*round).or_insert_with(|| of_partner(partner, dropped));
            }
        }
        // Rounds that this arm did not finish have nothing to drop.
        let finished: BTreeSet<u32> = evidence.rounds(&case.id).map(|(round, _)| round).collect();
        all.retain(|round, _| finished.contains(round));
        all
    };
    header.planned.iter().map(|case| (case.id.clone(), with_pairs(case))).collect()
}

fn is_pair(case: &CaseHeader, other: &CaseHeader) -> bool {
    case.compared_as.is_some() && case.compared_as == other.compared_as
}

fn of_partner(partner: &CaseHeader, dropped: &Dropped) -> Dropped {
    let arm = partner.arm.as_deref().unwrap_or(&partner.id);
    Dropped { why: format!("with its pair in arm {arm}: {}", dropped.why), ..dropped.clone() }
}

fn of_case(rule: &DropRule, evidence: &Evidence, case: &CaseHeader) -> BTreeMap<u32, Dropped> {
    let rounds = evidence.rounds(&case.id);
    let broken = rounds.filter_map(|(number, round)| {
        let (rank, why) = round.rows.iter().find_map(|row| Some((row.rank, broken(rule, row)?)))?;
        Some((number, Dropped { round: number, rank, why }))
    });
    broken.collect()
}

/// The first condition of the rule that a row breaks. A counter that the machine does not offer breaks none.
fn broken(rule: &DropRule, row: &Row) -> Option<String> {
    let (repetition, noise) = (&row.repetition, &row.repetition.noise);
    let of_worker_time = |ns: u64| ns as f64 / repetition.worker_ns.max(1) as f64;
    let above = |bound: Option<f64>, found: Option<f64>, what: &str| {
        let (bound, found) = (bound?, found?);
        (found > bound).then(|| {
            format!("{}, wanted at most {} %", what.replacen("{}", &per_cent(found), 1), per_cent(bound))
        })
    };
    let cpu_share = || {
        let (bound, found) = (rule.cpu_share?, noise.cpu_share_min?);
        let (found_text, bound_text) = (per_cent(found), per_cent(bound));
        (found < bound).then(|| {
            format!("a worker had its CPU for {found_text} % of the time, wanted at least {bound_text} %")
        })
    };
    cpu_share()
        .or_else(|| {
            above(rule.core_clock, noise.core_clock_change.map(f64::abs), "a core clock changed by {} %")
        })
        .or_else(|| {
            above(rule.steal, noise.steal_ns.map(of_worker_time), "the hypervisor took {} % of the time")
        })
        .or_else(|| {
            above(
                rule.run_delay,
                noise.run_delay_ns.map(of_worker_time),
                "workers waited for a CPU for {} % of the time",
            )
        })
}

/// Per cent with enough digits to show the side of the bound.
fn per_cent(share: f64) -> String {
    let rounded = (share * 1e6).round() / 1e4;
    rounded.to_string()
}

/// Rows of the case's kept rounds, and the places of its dropped rounds among all its rounds.
pub(super) fn kept<'a>(
    case: &CaseHeader,
    evidence: &'a Evidence,
    dropped: &BTreeMap<u32, Dropped>,
) -> (Vec<Vec<&'a Row>>, Vec<usize>) {
    let (mut kept, mut gaps): (Vec<Vec<&Row>>, Vec<usize>) = Default::default();
    for (place, (number, round)) in evidence.rounds(&case.id).enumerate() {
        match dropped.contains_key(&number) {
            true => gaps.push(place),
            false => kept.push(round.rows.iter().collect()),
        }
    }
    (kept, gaps)
}

/// Inserts null for each dropped round: `positions` are the places of these rounds among all rounds of the case.
pub(super) fn open_gaps(metric: &mut Metric, positions: &[usize]) {
    for position in positions {
        metric.values.insert((*position).min(metric.values.len()), None);
    }
    if positions.is_empty() {
        return;
    }
    // If all rounds were dropped, any other reason is irrelevant.
    let (count, all) = (positions.len(), metric.values.len());
    let dropped = format!("the job's rule dropped {count} of {}", counted(units::count(all), "repetition"));
    metric.reason = Some(match metric.reason.take().filter(|_| count < all) {
        Some(other) => format!("{dropped}; {other}"),
        None => dropped,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_stand_where_the_rounds_were() {
        let metric = Metric {
            value: Some(2.0),
            confidence: None,
            unit: "share".to_owned(),
            repetitions: 3,
            values: vec![Some(1.0), Some(2.0), Some(3.0)],
            reason: None,
        };
        let mut with = metric.clone();
        open_gaps(&mut with, &[]);
        assert_eq!(with, metric);
        open_gaps(&mut with, &[0, 2, 4]);
        assert_eq!(with.values, [None, Some(1.0), None, Some(2.0), None, Some(3.0)]);
        assert_eq!((with.value, with.repetitions), (Some(2.0), 3));
        assert_eq!(with.reason.as_deref(), Some("the job's rule dropped 3 of 6 repetitions"));
    }
}
