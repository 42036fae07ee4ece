//! Comparison of several runs per side. Runs are paired in the given order and are the replicates, because two runs
//! of one job differ more than two rounds of one run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::loaded::Loaded;
use crate::aggregate::arms::quantity::{Quantity, Series};
use crate::aggregate::arms::verdict::{Basis, Matched, Paired, judge};
use crate::aggregate::arms::{Seats, paired};
use crate::aggregate::trust::believed;
use crate::compare::matching::{Matching, matching};
use crate::compare::memory;
use crate::compare::refusal;
use crate::compare::refusal::Refusal;
use crate::compare::{Compared, changes, projection};
use crate::error::{Error, Result};
use crate::record::run::{Comparison, Scope, Verdict};
use crate::stats::{Pair, median};

/// Request for a comparison of runs.
#[derive(Clone, Debug)]
pub struct ComparisonRequest {
    /// Directories of the base's runs.
    pub base: Vec<PathBuf>,
    /// Directories of the candidate's runs, as many as for the base.
    pub candidate: Vec<PathBuf>,
    /// Differences below this count as equal, as a share.
    pub difference: f64,
    /// Compare even runs that cannot be compared, and report that.
    pub force: bool,
}

/// Names of the two sides.
const NAMES: [&str; 2] = ["base", "candidate"];

/// Compares runs.
///
/// # Errors
/// [`Error::Usage`] when the runs cannot be compared and `force` is off, each reason named; [`Error::Failed`] when one
/// cannot be read.
pub fn compare_runs(asked: &ComparisonRequest) -> Result<Compared> {
    let (base, candidate) = read(asked)?;
    let Matching { pairs, alone, refused } =
        matching(&base[0].header.planned, &candidate[0].header.planned, asked.force);
    let changes = changes::between(&base[0], &candidate[0], &pairs);
    let mut refused = [refusals(&base, &candidate), refused, changes::refusals(&changes)].concat();
    if pairs.is_empty() && refused.is_empty() {
        let why = "the runs have no case in common";
        let names = |run: &Loaded| {
            run.header.planned.iter().map(|case| case.id.clone()).collect::<Vec<_>>().join(", ")
        };
        refused.push(Refusal::new("cases", names(&base[0]), names(&candidate[0]), why));
    }
    if !refused.is_empty() && (!asked.force || pairs.is_empty()) {
        return Err(refuse(&refused, !pairs.is_empty()));
    }
    let basis = match u32::try_from(base.len()) {
        Ok(1) => Basis::OneRunEach,
        runs => Basis::Runs(runs.unwrap_or(u32::MAX)),
    };
    let matched: Vec<Matched> =
        pairs.iter().map(|(ours, theirs)| matched(&base, &candidate, (*ours, *theirs), basis)).collect();
    let mut comparisons = judge(&matched, basis, asked.difference);
    if !asked.force {
        comparisons.iter_mut().for_each(|row| withhold(row, &base, &candidate, &pairs));
    }
    Ok(Compared {
        name: base[0].header.name.clone(),
        forced: !refused.is_empty()
            || (asked.force && base.iter().chain(&candidate).any(|run| run.untrusted().is_some())),
        refused,
        base: base.iter().map(Loaded::record).collect(),
        candidate: candidate.iter().map(Loaded::record).collect(),
        projections: projection::projections(&comparisons, &changes),
        changes,
        alone,
        untrusted: base.iter().chain(&candidate).filter_map(Loaded::untrusted).collect(),
        doubts: doubts(&base, &candidate),
        comparisons,
        difference: asked.difference,
        bounds: Vec::new(),
    })
}

fn read(asked: &ComparisonRequest) -> Result<(Vec<Loaded>, Vec<Loaded>)> {
    let (ours, theirs) = (asked.base.len(), asked.candidate.len());
    if ours != theirs || ours == 0 {
        return Err(Error::Usage(format!(
            "runs before --: {ours}, after it: {theirs}; runs are paired in the order given: give as many on each side"
        )));
    }
    let load = |paths: &[PathBuf]| paths.iter().map(|path| Loaded::read(path)).collect::<Result<Vec<_>>>();
    let (base, candidate) = (load(&asked.base)?, load(&asked.candidate)?);
    let all: Vec<&Loaded> = base.iter().chain(&candidate).collect();
    for (index, run) in all.iter().enumerate() {
        if let Some(twin) = all[..index].iter().find(|other| other.is(run)) {
            let (a, b) = (twin.name(), run.name());
            return Err(Error::Usage(format!(
                "{a} and {b} are one and the same measurement: it cannot be compared with itself, nor counted twice"
            )));
        }
    }
    Ok((base, candidate))
}

/// Compares every run with the first of the base. Within a side, the jobs must also be equal.
fn refusals(base: &[Loaded], candidate: &[Loaded]) -> Vec<Refusal> {
    let first = &base[0];
    let mut found: Vec<Refusal> = base.iter().chain(candidate).flat_map(refusal::of_itself).collect();
    let several = base.len() > 1;
    for other in base[1..].iter().chain(candidate) {
        let of_run = refusal::between(first, other).into_iter().map(|refusal| match several {
            true => Refusal { what: format!("{} of {}", refusal.what, other.name()), ..refusal },
            false => refusal,
        });
        found.extend(of_run);
    }
    for side in [base, candidate] {
        for other in &side[1..] {
            let Matching { pairs: cases, alone, .. } =
                matching(&side[0].header.planned, &other.header.planned, true);
            let alike = "the runs of one side must be alike";
            found.extend(alone.iter().map(|case| {
                let what = format!("cases of {}", other.name());
                Refusal::new(what, "those of the first run", &**case, alike)
            }));
            let unlike = changes::between(&side[0], other, &cases);
            found.extend(unlike.iter().map(|change| {
                let what = format!("{} of {}", change.what, other.name());
                Refusal::new(what, &*change.base, &*change.candidate, alike)
            }));
        }
    }
    found
}

fn refuse(refused: &[Refusal], can_be_forced: bool) -> Error {
    let line = |refusal: &Refusal| {
        format!("\n  {}: {} here, {} there: {}", refusal.what, refusal.base, refusal.other, refusal.why)
    };
    let lines: String = refused.iter().map(line).collect();
    let force = if can_be_forced { "\n--force compares them all the same, and marks the result" } else { "" };
    Error::Usage(format!("these runs cannot be compared (base here, candidate there):{lines}{force}"))
}

fn matched(base: &[Loaded], candidate: &[Loaded], (ours, theirs): (usize, usize), basis: Basis) -> Matched {
    let (case, other) = (&base[0].header.planned[ours], &candidate[0].header.planned[theirs]);
    // Runs of one side may name a case differently: a parameter swept over one value is no part of the id.
    let partner = |first: &Loaded, index: usize, run: &Loaded| -> Option<String> {
        let pairs = matching(&first.header.planned, &run.header.planned, true).pairs;
        let (_, found) = pairs.into_iter().find(|(one, _)| *one == index)?;
        Some(run.header.planned[found].id.clone())
    };
    let (first_base, first_candidate) = (&base[0], &candidate[0]);
    let quantities = Quantity::of(case.measure).iter().enumerate().map(|(index, quantity)| {
        let runs: Vec<(Series, Series, Seats)> = base
            .iter()
            .zip(candidate)
            .filter_map(|(base, candidate)| {
                let of = |run: &Loaded, case: &str| {
                    run.series.get(case)?.get(index).map(|(_, series)| series.clone())
                };
                let own = of(base, &partner(first_base, ours, base)?)?;
                let theirs = of(candidate, &partner(first_candidate, theirs, candidate)?)?;
                Some((own, seated(theirs, &candidate.partners(base)), Seats::of(&base.begins)))
            })
            .collect();
        match basis {
            Basis::Runs(_) => of_runs(*quantity, runs),
            _ => runs.into_iter().next().map_or_else(
                || Paired { quantity: *quantity, pairs: Vec::new(), rounds: 0, hosts: 0, reason: None },
                |(base, candidate, seats)| paired(*quantity, base, &candidate, &seats),
            ),
        }
    });
    Matched {
        case: if case.id == other.id { case.id.clone() } else { format!("{} / {}", case.id, other.id) },
        workload: case.workload.clone(),
        base: NAMES[0].to_owned(),
        candidate: NAMES[1].to_owned(),
        same: false,
        quantities: quantities.filter(|paired: &Paired| !paired.is_absent()).collect(),
    }
}

/// Moves the candidate's values to the base's ranks in the same seats.
fn seated(series: Series, partners: &BTreeMap<u32, u32>) -> Series {
    let back: BTreeMap<u32, u32> = partners.iter().map(|(ours, theirs)| (*theirs, *ours)).collect();
    let values = series.values.into_iter();
    Series {
        values: values
            .map(|((rank, round), value)| ((back.get(&rank).copied().unwrap_or(rank), round), value))
            .collect(),
        reason: series.reason,
    }
}

/// One pair for each run and node: the medians over the rounds, of which one side may have more. The number of
/// the run takes the place of the round, because runs are the replicates.
fn of_runs(quantity: Quantity, runs: Vec<(Series, Series, Seats)>) -> Paired {
    let (mut pairs, mut rounds, mut hosts, mut reason) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), None);
    for (run, (base, candidate, seats)) in (1u32..).zip(runs) {
        let [ours, theirs] = [&base, &candidate].map(medians);
        for (rank, base) in ours {
            let Some(candidate) = theirs.get(&rank) else { continue };
            let (host, node) = seats.of_rank(rank, quantity.grain);
            hosts.insert(host);
            pairs.push(Pair { host, node, round: run, base, candidate: *candidate });
        }
        rounds.extend(base.values.keys().chain(candidate.values.keys()).map(|(_, round)| *round));
        reason = reason.or(base.reason).or(candidate.reason);
    }
    let count = |found: usize| u32::try_from(found).unwrap_or(u32::MAX);
    Paired { quantity, pairs, rounds: count(rounds.len()), hosts: count(hosts.len()), reason }
}

/// Median over the rounds, by rank.
fn medians(series: &Series) -> BTreeMap<u32, f64> {
    let mut by_rank: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((rank, _), value) in &series.values {
        by_rank.entry(*rank).or_default().push(*value);
    }
    by_rank.into_iter().filter_map(|(rank, values)| Some((rank, median(&values)?))).collect()
}

/// Takes back the verdict on a case that one of the runs cannot be believed in.
fn withhold(row: &mut Comparison, base: &[Loaded], candidate: &[Loaded], pairs: &[(usize, usize)]) {
    let of_row = |(ours, _): &&(usize, usize)| {
        let case = &base[0].header.planned[*ours];
        case.compared_as.as_ref().unwrap_or(&case.id) == &row.case
    };
    let Some((ours, theirs)) = pairs.iter().find(of_row) else { return };
    let doubted = |runs: &[Loaded], case: usize| {
        let run = runs.iter().find(|run| !believed(&run.findings, &run.header.planned[case].id));
        run.map(Loaded::name)
    };
    if let Some(name) = doubted(base, *ours).or_else(|| doubted(candidate, *theirs)) {
        row.verdict = Verdict::CannotTell;
        // So that no bound is decided by it either.
        row.scope = Some(Scope::TheseProcesses);
        row.reason = Some(format!("{name} cannot be trusted; repeat it on a quiet machine"));
    }
}

/// Doubts about the comparison that do not forbid it.
fn doubts(base: &[Loaded], candidate: &[Loaded]) -> Vec<String> {
    let started =
        |runs: &[Loaded]| runs.iter().map(|run| run.header.started.clone()).collect::<BTreeSet<_>>();
    let (ours, theirs) = (started(base), started(candidate));
    // RFC 3339 in UTC sorts by time.
    let apart = ours.last() < theirs.first() || theirs.last() < ours.first();
    let all = || base.iter().chain(candidate);
    let mut doubts: Vec<String> =
        all().filter_map(|run| Some(super::partial(&run.name(), run.standing.as_deref()?))).collect();
    if let ([ours], [theirs]) = (base, candidate) {
        let (ours, theirs) = (ours.rounds(), theirs.rounds());
        if ours != theirs {
            doubts.push(format!(
                "one side has {ours} rounds and the other {theirs}: only the first {} of each are compared",
                ours.min(theirs)
            ));
        }
    }
    if apart && base.len() > 1 {
        doubts.push(
            "all runs of one side came before all of the other: what changed on the machine meanwhile counts as \
             a difference; run them in turns (A B B A)"
                .to_owned(),
        );
    }
    doubts.extend(base[1..].iter().chain(candidate).find_map(|other| memory::note(&base[0], other)));
    for run in all() {
        let other = &run.header.environment_differences;
        doubts.extend(other.iter().take(1).map(|line| format!("{}: hosts differ: {line}", run.name())));
    }
    doubts
}
