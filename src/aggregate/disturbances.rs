//! Slow repetitions and the noise on their cores at the same time: coincidence, not proof.

use super::rate::rate_of;
use crate::aggregate::cause::{CAUSES, Cause, beyond_usual};
use crate::aggregate::evidence::{Evidence, Round};
use crate::record::line::{Repetition, Row};
use crate::record::run::{CaseHeader, Coincidence, Disturbance, Header};
use crate::stats::{coincidence, median, slow_repetitions};

/// Fewest rounds with a usual value; two are too few.
const ROUNDS_MIN: usize = 3;

/// Finds every slow repetition, and the causes that coincide with slow repetitions, in the order of the cases.
/// Dropped repetitions are included: they are the reason for the drop rule.
pub(super) fn of_run(header: &Header, evidence: &Evidence) -> (Vec<Disturbance>, Vec<Coincidence>) {
    let (mut disturbances, mut coincidences): (Vec<Disturbance>, Vec<Coincidence>) = Default::default();
    for case in &header.planned {
        let of_case = Slow::of_case(case, evidence);
        disturbances.extend(of_case.places.iter().map(|place| of_case.disturbance(*place)));
        coincidences.extend(CAUSES.iter().filter_map(|cause| of_case.coincidence(cause)));
    }
    (disturbances, coincidences)
}

/// Repetitions of a case, with the places of the slow ones.
struct Slow<'a> {
    case: &'a CaseHeader,
    rounds: Vec<(u32, &'a Round)>,
    rates: Vec<Option<f64>>,
    places: Vec<usize>,
}

impl<'a> Slow<'a> {
    fn of_case(case: &'a CaseHeader, evidence: &'a Evidence) -> Slow<'a> {
        let rounds: Vec<(u32, &Round)> = evidence.rounds(&case.id).collect();
        let rate =
            |(_, round): &(u32, &Round)| rate_of(case.measure, &round.rows.iter().collect::<Vec<&Row>>());
        let rates: Vec<Option<f64>> = rounds.iter().map(rate).collect();
        let places = if rounds.len() < ROUNDS_MIN { Vec::new() } else { slow_repetitions(&rates) };
        Slow { case, rounds, rates, places }
    }

    fn row(&self, place: usize, rank: usize) -> &'a Row {
        &self.rounds[place].1.rows[rank]
    }

    fn disturbance(&self, place: usize) -> Disturbance {
        let known: Vec<f64> = self.rates.iter().copied().flatten().collect();
        let usual = median(&known).expect("a slow repetition has a rate");
        let rank = self.most_disturbed(place);
        let repetition = |place: usize| -> &Repetition { &self.row(place, rank).repetition };
        let others = (0..self.rounds.len()).filter(|other| *other != place);
        let others: Vec<Vec<&Repetition>> = others.map(|other| vec![repetition(other)]).collect();
        Disturbance {
            case: self.case.id.clone(),
            round: self.rounds[place].0,
            rank: self.row(place, rank).rank,
            slower_by: 1.0 - self.rates[place].expect("a slow repetition has a rate") / usual,
            causes: beyond_usual(&[repetition(place)], &others),
        }
    }

    /// Index of the rank with the rate that fell farthest below its own median.
    fn most_disturbed(&self, place: usize) -> usize {
        let rate =
            |place: usize, rank: usize| rate_of(self.case.measure, &[self.row(place, rank)]).unwrap_or(0.0);
        let fall = |rank: usize| {
            let all: Vec<f64> = (0..self.rounds.len()).map(|place| rate(place, rank)).collect();
            // A rank without work in this case cannot be disturbed.
            let usual = median(&all).filter(|usual| *usual > 0.0);
            usual.map_or(f64::INFINITY, |usual| rate(place, rank) / usual)
        };
        let falls = (0..self.rounds[place].1.rows.len()).map(|rank| (rank, fall(rank)));
        falls.min_by(|a, b| a.1.total_cmp(&b.1)).expect("a round has a row of every rank").0
    }

    /// Counts the repetitions in which a cause was above its usual amount on the worst rank; `None` when no slow
    /// repetition had that.
    fn coincidence(&self, cause: &Cause) -> Option<Coincidence> {
        let worst = |(_, round): &(u32, &Round)| {
            round.rows.iter().filter_map(|row| cause.amount(&row.repetition)).reduce(f64::max)
        };
        let amounts: Vec<Option<f64>> = self.rounds.iter().map(worst).collect();
        let found = coincidence(&self.places, &amounts).filter(|found| found.slow_raised > 0)?;
        Some(Coincidence {
            case: self.case.id.clone(),
            cause: cause.name().to_owned(),
            slow_raised: found.slow_raised,
            slow: found.slow,
            others_raised: found.others_raised,
            others: found.others,
            p: found.p,
        })
    }
}
