//! Allocators of one run under the same workload, each compared with the fastest of them, round by round.

use crate::aggregate::arms::verdict::{Basis, Matched, judge};
use crate::aggregate::arms::{Seats, both_series, paired};
use crate::aggregate::evidence::Evidence;
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Comparison, Header, Parameter};
use crate::word::Word;
use crate::workload::allocate::Allocator;

/// The parameter that names the allocator.
const ALLOCATOR: &str = "allocator";
/// The parameter of an open loop.
const ARRIVALS: &str = "arrivals";
/// Parameters of one allocator alone: they make contenders, not contests.
const OF_ONE: [&str; 3] = ["batch", "hardening", "background"];

/// The cases of one workload that differ in the allocator alone.
pub(crate) struct Contest<'run> {
    /// The id that they share.
    pub(crate) name: String,
    /// In the order of the job: at least two contenders.
    pub(crate) cases: Vec<&'run CaseResult>,
}

/// The contests of a run, in the order of the job. Empty unless a workload ran on two allocators.
///
/// The rate of an open loop is that of its arrivals, and no contest of allocators.
pub(crate) fn contests(cases: &[CaseResult]) -> Vec<Contest<'_>> {
    let mut contests: Vec<Contest<'_>> = Vec::new();
    let contends =
        |case: &&CaseResult| case.parameters.contains_key(ALLOCATOR) && case.number(ARRIVALS).is_none();
    for case in cases.iter().filter(contends) {
        let name = shared_id(case);
        match contests.iter_mut().find(|contest| contest.name == name) {
            Some(contest) => contest.cases.push(case),
            None => contests.push(Contest { name, cases: vec![case] }),
        }
    }
    contests.retain(|contest| {
        let allocators = contest.cases.iter().filter(|case| !is_null(case));
        allocators
            .map(|case| &case.parameters[ALLOCATOR])
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| pair[0] != pair[1])
    });
    contests
}

/// True for the case without an allocator: it shows the workload's own cost, and wins nothing.
pub(crate) fn is_null(case: &CaseResult) -> bool {
    matches!(&case.parameters[ALLOCATOR], Parameter::Word(word) if word == Allocator::Null.word())
}

/// The allocator of a case, with its own parameters where they are swept, too: `slab`, `slab batch 64`.
pub(crate) fn contender(case: &CaseResult) -> String {
    let own = case.id.split('.').filter(|part| is_of_one(part)).map(|part| part.replacen('=', " ", 1));
    std::iter::once(case.parameters[ALLOCATOR].to_string()).chain(own).collect::<Vec<_>>().join(" ")
}

/// The id without the allocator and what belongs to one allocator.
fn shared_id(case: &CaseResult) -> String {
    let shared = case.id.split('.').filter(|part| !is_of_one(part) && !sets(part, ALLOCATOR));
    shared.collect::<Vec<_>>().join(".")
}

/// True for the part of an id that sets a parameter of one allocator alone.
fn is_of_one(part: &str) -> bool {
    OF_ONE.iter().any(|key| sets(part, key))
}

/// True for `key=value`.
fn sets(part: &str, key: &str) -> bool {
    part.strip_prefix(key).is_some_and(|rest| rest.starts_with('='))
}

impl<'run> Contest<'run> {
    /// The allocator with the highest median rate; the first of the job among equals. `None` without a rate.
    pub(crate) fn fastest(&self) -> Option<&'run CaseResult> {
        let known = self.cases.iter().filter(|case| !is_null(case) && rate(case).is_some());
        known.copied().reduce(|best, case| if rate(case) > rate(best) { case } else { best })
    }
}

fn rate(case: &CaseResult) -> Option<f64> {
    case.metrics.get(CaseMetric::OperationsPerS.word())?.value
}

/// Compares every allocator with the fastest one of its contest, by the rate. Empty without a contest.
///
/// All comparisons of allocators are corrected together. Null is no contender: its rows are no part of that.
pub(crate) fn comparisons(
    header: &Header,
    evidence: &Evidence,
    cases: &[CaseResult],
    difference: f64,
) -> Vec<Comparison> {
    let seats = Seats::of(evidence.begins());
    let (mut of_allocators, mut of_null, mut order) = (Vec::new(), Vec::new(), Vec::new());
    for contest in contests(cases) {
        let Some(fastest) = contest.fastest() else { continue };
        for case in contest.cases.iter().filter(|case| case.id != fastest.id) {
            let Some(matched) = against(header, evidence, &seats, &contest.name, fastest, case) else {
                continue;
            };
            order.push((matched.case.clone(), matched.candidate.clone()));
            if is_null(case) { &mut of_null } else { &mut of_allocators }.push(matched);
        }
    }
    let mut rows = judge(&of_allocators, Basis::OneRun, difference);
    rows.extend(judge(&of_null, Basis::OneRun, difference));
    rows.sort_by_key(|row| {
        order.iter().position(|(case, candidate)| *case == row.case && *candidate == row.candidate)
    });
    rows
}

fn against(
    header: &Header,
    evidence: &Evidence,
    seats: &Seats,
    contest: &str,
    fastest: &CaseResult,
    case: &CaseResult,
) -> Option<Matched> {
    // Only the rates are compared.
    let [base, candidate] =
        both_series(header, evidence, [fastest, case])?.map(|series| series.into_iter().next());
    let ((quantity, base), (_, candidate)) = base.zip(candidate)?;
    Some(Matched {
        case: contest.to_owned(),
        workload: case.workload.clone(),
        base: contender(fastest),
        candidate: contender(case),
        same: false,
        quantities: vec![paired(quantity, base, &candidate, seats)],
    })
}
