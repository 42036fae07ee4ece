//! What runs when: rounds over all cases, each in an order of its own.

use super::Seat;
use crate::job::{self, Job};
use crate::mix::{Random, mix_words};
use crate::workload::Amount;
use crate::workload::intervals::Division;

/// One repetition of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The round, from 0.
    pub round: u32,
    /// Index of the case in the plan.
    pub case: usize,
}

/// Interleaved rounds: slow drift of the machine falls on all cases alike, and no case always follows the same one.
pub(super) fn turns(job: &Job, cases: usize) -> Vec<Turn> {
    let rounds = (0..job.run.repetitions.at_most()).flat_map(|round| {
        let mut order: Vec<usize> = (0..cases).collect();
        Random::new(mix_words(&[job.seed, u64::from(round)])).shuffle(&mut order);
        order.into_iter().map(move |case| Turn { round, case })
    });
    rounds.collect()
}

pub(super) fn amount(job: &Job, seat: &Seat) -> Amount {
    match job.run.amount {
        job::Amount::Duration(ns) => Amount::Duration(ns.0),
        job::Amount::Bytes(bytes) => {
            Amount::Dataset { bytes: bytes.0, rank: seat.rank, ranks: seat.ranks, digest: false }
        }
    }
}

/// Intervals for a repetition whose end nobody knows: over an hour of seconds.
const INTERVALS_OF_A_DATA_SET: u64 = 4096;

pub(super) fn division(job: &Job) -> Division {
    let count = match job.run.amount {
        // One more for the chunk that is begun before the end and finished after it.
        job::Amount::Duration(ns) => ns.0.div_ceil(job.run.interval.0) + 1,
        job::Amount::Bytes(_) => INTERVALS_OF_A_DATA_SET,
    };
    let count_max = usize::try_from(count).expect("the job bounds the intervals of a repetition");
    Division { interval_ns: job.run.interval.0, count_max }
}
