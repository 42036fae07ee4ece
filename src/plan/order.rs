//! What runs when: rounds over all cases, each in an order of its own.

use super::Seat;
use crate::job::{self, Job};
use crate::mix::{Random, mix_words};
use crate::workload::Amount;

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
    let rounds = (0..job.run.repetitions).flat_map(|round| {
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
