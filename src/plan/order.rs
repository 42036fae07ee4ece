//! Order of all repetitions: rounds over all cases, each in an order of its own.

use super::{Case, Seat};
use crate::job::{self, Job, Order};
use crate::mix::{Random, mix_words};
use crate::workload::Amount;
use crate::workload::intervals::Division;

/// One repetition of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The round, from 1.
    pub round: u32,
    /// Index of the case in the plan.
    pub case: usize,
}

impl Turn {
    /// The turn of a case in the first round, in which some things are measured that hold for all its rounds.
    pub fn of_first_round(case: usize) -> Turn {
        Turn { round: 1, case }
    }

    /// True in the first round.
    pub fn is_of_first_round(self) -> bool {
        self.round == 1
    }

    /// Index of the stride that this turn is part of, when `stride` rounds belong together.
    pub(super) fn stride_index(self, stride: u32) -> u32 {
        (self.round - 1) / stride
    }
}

/// Rounds that belong together: with arms two, in which each arm comes as early as every other.
pub(super) fn stride(cases: &[Case]) -> u32 {
    if cases.iter().any(|case| case.arm.is_some()) { 2 } else { 1 }
}

/// Every repetition in the order that the job asks for.
pub(super) fn turns(job: &Job, cases: &[Case]) -> Vec<Turn> {
    match job.run.order {
        Order::Interleaved => interleaved(job, cases),
    }
}

/// Interleaved rounds: slow drift of the machine falls on all cases alike, and no case always follows the same one.
///
/// With arms, two rounds at a time. The arms of a comparison follow each other without another case in between, there
/// and back: A B in the first round, B A in the second. So whatever drifts steadily does the same to all arms, and the
/// two rounds after that begin with the last arm: A B B A, B A A B, which cancels a drift that bends as well (Thue and
/// Morse's sequence). An odd number of rounds ends without its way back.
fn interleaved(job: &Job, cases: &[Case]) -> Vec<Turn> {
    let (stride, repetitions) = (stride(cases), job.run.repetitions.at_most());
    let groups: Vec<Vec<usize>> = groups(cases);
    let strides = (0..repetitions.div_ceil(stride)).flat_map(|index| {
        let mut order: Vec<&Vec<usize>> = groups.iter().collect();
        Random::new(mix_words(&[job.seed, u64::from(index)])).shuffle(&mut order);
        let rounds = index * stride + 1..=repetitions.min((index + 1) * stride);
        let of_group = move |group: &Vec<usize>| {
            let there = arms(job, group, index);
            let back: Vec<usize> = there.iter().rev().copied().collect();
            let rounds = rounds.clone().zip([there, back]);
            let turns =
                rounds.flat_map(|(round, arms)| arms.into_iter().map(move |case| Turn { round, case }));
            turns.collect::<Vec<Turn>>()
        };
        order.into_iter().flat_map(of_group).collect::<Vec<Turn>>()
    });
    strides.collect()
}

/// The cases of each comparison, which stand together in the plan.
fn groups(cases: &[Case]) -> Vec<Vec<usize>> {
    let together = cases.chunk_by(|one, next| one.compared_as == next.compared_as);
    let mut first = 0;
    let numbered = together.map(|group| {
        first += group.len();
        (first - group.len()..first).collect()
    });
    numbered.collect()
}

/// The arms of one comparison in the order of the first round of a stride: drawn for every second stride, and reversed in
/// the stride after it. Strides count from 0.
fn arms(job: &Job, group: &[usize], stride_index: u32) -> Vec<usize> {
    let mut arms = group.to_vec();
    let first = group.first().copied().unwrap_or_default();
    let seed = [job.seed, u64::from(stride_index / 2), 1 + first as u64];
    Random::new(mix_words(&seed)).shuffle(&mut arms);
    if stride_index % 2 == 1 {
        arms.reverse();
    }
    arms
}

pub(super) fn amount(job: &Job, seat: &Seat) -> Amount {
    match job.run.amount {
        job::Amount::Duration(ns) => Amount::Duration(ns.0),
        job::Amount::Bytes(bytes) => {
            Amount::Dataset { bytes: bytes.0, rank: seat.rank, ranks: seat.ranks, digest: false }
        }
    }
}

/// Intervals for a repetition of unknown length: over an hour of seconds.
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
