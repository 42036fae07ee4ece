//! Decides when a run has repeated enough: after every round while it runs, and again from the parts during `verify`.
//! The decision depends on the evidence alone, so a resumed run ends like an uninterrupted one.

use std::collections::BTreeMap;

use super::dropping::dropped;
use super::evidence::Evidence;
use super::rate::rate_of;
use crate::record::line::Row;
use crate::record::run::{CaseHeader, EndedBy, Header, Stop};
use crate::stats;
use crate::stats::{Decision, StopRule};

/// Returns the reason to end the run after this many whole rounds; `None` while it continues. Without a stop rule the
/// run ends after its last repetition, with [`EndedBy::Repetitions`].
pub fn ended_by(header: &Header, evidence: &Evidence, rounds: u32) -> Option<EndedBy> {
    // The rule reads the values only after certain rounds, so a thousand rounds are evaluated about a dozen times.
    let looks = header.stop.is_some() && stats::looks_after(rounds);
    decide(header, rounds, &if looks { figures(header, evidence, rounds) } else { Vec::new() })
}

/// True when the end that the ranks recorded follows from their own values: the run ended neither too early nor too
/// late.
pub(super) fn holds(header: &Header, evidence: &Evidence) -> bool {
    let mut ends = evidence.ends().values().map(|end| (end.rounds, end.ended_by));
    let Some((rounds, said)) = ends.next() else { return false };
    if ends.any(|other| other != (rounds, said)) || rounds == 0 || rounds > header.repetitions {
        return false;
    }
    let figures = figures(header, evidence, rounds);
    let right = match (said, decide(header, rounds, &figures)) {
        // The parts do not hold the time, so a time limit is accepted if the run had one.
        (EndedBy::Time, None) => header.stop.is_some_and(|stop| stop.time_ns.is_some()),
        (said, found) => found == Some(said),
    };
    let stride = stride(header);
    let mut earlier = (1..rounds).filter(|earlier| earlier % stride == 0);
    right && earlier.all(|earlier| decide(header, earlier, &figures).is_none())
}

/// Applies the stop rule after `rounds` rounds; `figures` holds values of at least as many rounds.
fn decide(header: &Header, rounds: u32, figures: &[Vec<Option<f64>>]) -> Option<EndedBy> {
    let Some(Stop { half_width, at_most, .. }) = header.stop else {
        return (rounds >= header.repetitions).then_some(EndedBy::Repetitions);
    };
    match stats::stop(&StopRule { half_width, at_most }, rounds, figures) {
        Decision::GoOn => None,
        Decision::HalfWidth => Some(EndedBy::HalfWidth),
        Decision::AtMost => Some(EndedBy::AtMost),
    }
}

/// Number of rounds that belong together: a stride.
fn stride(header: &Header) -> u32 {
    if header.planned.iter().any(|case| case.arm.is_some()) { 2 } else { 1 }
}

/// Returns the figures that the stop rule checks, each with its values by round: the ratio of every arm to its base,
/// and the rate of every case that is compared with nothing. A repetition that the drop rule excludes has no value.
fn figures(header: &Header, evidence: &Evidence, rounds: u32) -> Vec<Vec<Option<f64>>> {
    let dropped = dropped(header, evidence);
    let rates = |case: &CaseHeader| -> Vec<Option<f64>> {
        let dropped = dropped.get(&case.id);
        let counts = |round: &u32| dropped.is_none_or(|dropped| !dropped.contains_key(round));
        (1..=rounds)
            .map(|round| Some(round).filter(counts).and_then(|round| rate(case, evidence, round)))
            .collect()
    };
    let known: BTreeMap<&str, Vec<Option<f64>>> =
        header.planned.iter().map(|case| (case.id.as_str(), rates(case))).collect();
    let figure = |case: &CaseHeader| {
        let values = &known[case.id.as_str()];
        if case.compared_as.is_none() {
            return Some(values.clone());
        }
        let base = header.planned.iter().find(|other| other.compared_as == case.compared_as)?;
        let ratio = |(value, base): (&Option<f64>, &Option<f64>)| Some((*value)? / (*base)?);
        // The base stands first among its arms and has no ratio to itself.
        (base.id != case.id).then(|| values.iter().zip(&known[base.id.as_str()]).map(ratio).collect())
    };
    header.planned.iter().filter_map(figure).collect()
}

/// Rate of all ranks in one round; `None` when nothing was finished.
fn rate(case: &CaseHeader, evidence: &Evidence, round: u32) -> Option<f64> {
    let rows: Vec<&Row> = evidence.rows(&case.id, round).iter().collect();
    rate_of(case.measure, &rows)
}
