//! From rates to a judgement: every chunk size compared with the fastest, round by round.

use std::ops::Range;

use crate::stats::{
    Better, ConfidenceInterval, ENOUGH, Judgement, Pair, Scope, effect_within, holm, judge, pairs_needed,
};

/// Largest relative difference between rates that count as equally good; other criteria then decide.
pub(super) const ALIKE: f64 = 0.05;
/// Share of the limit from which on memory is the bottleneck.
const AT_LIMIT: f64 = 0.9;

/// The sizes of one sweep, ascending, at least two of them.
pub(super) struct Sweep {
    pub(super) points: Vec<Point>,
    /// Number of ranks behind the rates of the points.
    pub(super) ranks: f64,
}

/// One chunk size and its measurements.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) chunk_bytes: u64,
    /// Bytes per second of all ranks, one value per round.
    pub(super) rates: Vec<Option<f64>>,
    /// Median of the rates, above 0.
    pub(super) rate: f64,
    /// Share of the limit: the rate of plain stores on the same pages.
    pub(super) limit_share: Option<f64>,
    /// Bytes of the chunks in flight.
    pub(super) working_set_bytes: u64,
    /// L3 available to a rank's workers, in bytes; `None` when unknown.
    pub(super) l3_bytes: Option<u64>,
    /// Number of workers of a rank.
    pub(super) workers: u32,
    /// Number of workers that have a block in every chunk.
    pub(super) busy_workers: u32,
}

impl Point {
    /// True when the chunks in flight fit into the L3; `None` when its size is unknown.
    pub(super) fn fits(&self) -> Option<bool> {
        self.l3_bytes.map(|l3| self.working_set_bytes <= l3)
    }
}

/// A chunk size compared with the fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    /// The highest median of all.
    Fastest,
    /// Certainly within [`ALIKE`] of the fastest.
    Alike,
    /// Certainly slower.
    Slower(RatioToFastest),
    /// Undecided: as fast or slower.
    Unknown,
}

/// Ratio of a rate to the fastest one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RatioToFastest {
    pub(super) ratio: f64,
    pub(super) confidence: ConfidenceInterval,
}

/// Result of a sweep. Every `usize` is the index of a point.
#[derive(Debug, PartialEq)]
pub(super) struct SweepResult {
    /// Standing of every point.
    pub(super) standings: Vec<Standing>,
    pub(super) fastest: usize,
    /// Smallest size as good as the fastest, without a slower one between them; `None` when this run cannot
    /// decide.
    pub(super) recommended: Option<usize>,
    /// Points around the fastest, up to the nearest that are certainly slower.
    pub(super) plateau: Range<usize>,
    /// Largest size as good as the fastest, without a slower one between them.
    pub(super) last: usize,
    /// Nearest smaller size that is certainly slower: its chunks are too short.
    pub(super) too_short: Option<usize>,
    /// Nearest larger size that is certainly slower: its chunks left the cache.
    pub(super) too_large: Option<usize>,
    /// First size from which on memory is the limit.
    pub(super) memory_from: Option<usize>,
    /// Repetitions that would decide the open points; `None` when none is open, or the number is unknown.
    pub(super) repetitions_needed: Option<u64>,
}

/// Judges a sweep. `None` without a point.
pub(super) fn read(sweep: &Sweep) -> Option<SweepResult> {
    let points = &sweep.points;
    let fastest = (0..points.len()).reduce(|best, index| {
        // The smaller size wins a tie.
        if points[index].rate > points[best].rate { index } else { best }
    })?;
    let (standings, repetitions_needed) = standings(points, fastest);
    let slower = |index: &usize| matches!(standings[*index], Standing::Slower(_));
    let good = |index: &usize| matches!(standings[*index], Standing::Fastest | Standing::Alike);
    let too_short = (0..fastest).rev().find(slower);
    let too_large = (fastest + 1..points.len()).find(slower);
    let plateau = too_short.map_or(0, |index| index + 1)..too_large.unwrap_or(points.len());
    // Among medians that cannot be told apart, the highest is highest by chance.
    let open = plateau.clone().any(|index| standings[index] == Standing::Unknown);
    let recommended = plateau.clone().find(good).filter(|index| *index != fastest || !open);
    Some(SweepResult {
        recommended,
        plateau: plateau.clone(),
        last: plateau.rev().find(good).unwrap_or(fastest),
        fastest,
        too_short,
        too_large,
        memory_from: memory_from(points),
        repetitions_needed,
        standings,
    })
}

/// Compares every size with the fastest, with Holm's correction for their number. Also returns the repetitions
/// needed to decide the open ones.
fn standings(points: &[Point], fastest: usize) -> (Vec<Standing>, Option<u64>) {
    let effects: Vec<_> = points.iter().map(|point| against(&points[fastest], point)).collect();
    let others: Vec<usize> = (0..points.len()).filter(|index| *index != fastest).collect();
    let p: Vec<f64> = others.iter().map(|index| effects[*index].and_then(|e| e.p).unwrap_or(1.0)).collect();
    let adjusted = holm(&p);
    let tests = u32::try_from(others.len()).unwrap_or(u32::MAX);
    let mut standings = vec![Standing::Fastest; points.len()];
    let mut needed = None;
    for (index, p) in others.into_iter().zip(adjusted) {
        let effect = effects[index];
        let judgement =
            effect.map_or(Judgement::CannotTell, |effect| judge(&effect, Better::Higher, p, ALIKE, None));
        let known = effect.and_then(|effect| Some((effect.ratio, effect.confidence?)));
        standings[index] = match (judgement, known) {
            (Judgement::Slower, Some((ratio, confidence))) => {
                Standing::Slower(RatioToFastest { ratio, confidence })
            }
            (Judgement::NoDifference, _) => Standing::Alike,
            _ => {
                let spread = effect.and_then(|effect| effect.spread);
                needed =
                    needed.max(spread.map(|spread| pairs_needed(spread, ALIKE, tests).max(fewest(tests))));
                Standing::Unknown
            }
        };
    }
    (standings, needed)
}

/// Effect of this size relative to the fastest, paired by round.
fn against(fastest: &Point, point: &Point) -> Option<crate::stats::Effect> {
    let rounds = fastest.rates.iter().zip(&point.rates).zip(1u32..);
    let pairs: Vec<Pair> = rounds
        .filter_map(|((base, candidate), round)| {
            Some(Pair { host: 0, node: 0, round, base: (*base)?, candidate: (*candidate)? })
        })
        .collect();
    effect_within(&pairs, Scope::TheseHosts)
}

/// Fewest repetitions with which any of `tests` simultaneous signed-rank tests can be significant: the strongest
/// result, all on one side, has a probability of 2 / 2^n.
fn fewest(tests: u32) -> u64 {
    let n = (2.0 * f64::from(tests) / 0.05).log2().ceil();
    (n as u64).max(ENOUGH as u64)
}

/// First of the largest sizes that all leave the cache and reach the memory limit.
fn memory_from(points: &[Point]) -> Option<usize> {
    let limited = |point: &Point| {
        point.fits() != Some(true) && point.limit_share.is_some_and(|share| share >= AT_LIMIT)
    };
    let beyond = points.iter().rev().take_while(|point| limited(point)).count();
    (beyond > 0).then(|| points.len() - beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{Random, mix_words};

    const GIB: f64 = (1u64 << 30) as f64;

    /// Chunks from 4 MiB on, each twice as large as the previous, two in flight, in an L3 of 32 MiB. `rates` are in
    /// GiB/s, for 10 rounds that scatter by `noise`; `shares` are shares of the limit.
    fn sweep(rates: &[f64], shares: &[f64], noise: f64) -> Sweep {
        let of = |(index, (rate, share)): (usize, (&f64, &f64))| {
            let scattered = |round: u64| {
                let word = mix_words(&[index as u64, round, 5]);
                let offset = f64::from(Random::new(word).below(2001)) / 1000.0 - 1.0;
                Some(rate * GIB * (1.0 + noise * offset))
            };
            let rates: Vec<Option<f64>> = (0..10).map(scattered).collect();
            let known: Vec<f64> = rates.iter().copied().flatten().collect();
            let chunk_bytes = (4 << 20) << index;
            Point {
                chunk_bytes,
                rate: crate::stats::median(&known).expect("ten values"),
                rates,
                limit_share: Some(*share),
                working_set_bytes: 2 * chunk_bytes,
                l3_bytes: Some(32 << 20),
                workers: 2,
                busy_workers: 2,
            }
        };
        Sweep { points: rates.iter().zip(shares).enumerate().map(of).collect(), ranks: 1.0 }
    }

    #[test]
    fn a_cache_and_a_memory_have_their_edges_and_the_smallest_as_good_as_the_fastest_is_taken() {
        let reading = read(&sweep(
            &[60.0, 79.0, 80.0, 45.0, 27.0, 26.5, 26.5],
            &[0.5, 0.7, 0.7, 0.8, 0.97, 0.98, 1.0],
            0.01,
        ))
        .expect("points");
        assert_eq!((reading.fastest, reading.recommended, reading.last), (2, Some(1), 2));
        assert_eq!((reading.too_short, reading.too_large), (Some(0), Some(3)));
        assert_eq!((reading.memory_from, reading.repetitions_needed), (Some(4), None));
        assert!(matches!(reading.standings[1], Standing::Alike));
    }

    #[test]
    fn a_flat_sweep_has_no_edges_and_its_smallest_is_as_good_as_any() {
        let reading = read(&sweep(&[26.0, 26.2, 26.1, 26.0, 26.1], &[0.95; 5], 0.01)).expect("points");
        assert_eq!((reading.recommended, reading.last), (Some(0), 4));
        assert_eq!((reading.too_short, reading.too_large), (None, None));
        // The first three working sets fit into the L3.
        assert_eq!(reading.memory_from, Some(3));
    }

    #[test]
    fn chunks_that_are_too_short_for_their_workers_are_an_edge_below() {
        let reading = read(&sweep(&[10.0, 18.0, 30.0, 40.0, 41.0], &[0.2; 5], 0.01)).expect("points");
        assert_eq!((reading.too_short, reading.recommended, reading.too_large), (Some(2), Some(3), None));
        assert_eq!(reading.memory_from, None);
    }

    #[test]
    fn noise_is_not_read_as_an_edge_and_what_would_tell_is_said() {
        let reading = read(&sweep(&[26.0, 27.0, 28.0, 27.0], &[0.5; 4], 0.5)).expect("points");
        assert_eq!((reading.recommended, reading.too_short, reading.too_large), (None, None, None));
        assert!(reading.repetitions_needed > Some(20), "{reading:?}");
        let unknown = reading.standings.iter().filter(|standing| **standing == Standing::Unknown).count();
        assert_eq!(unknown, 3);
    }

    /// Seven simultaneous tests need 9 rounds: five rounds decide nothing, however clear the difference.
    #[test]
    fn few_repetitions_tell_nothing_about_what_is_slower() {
        let mut few = sweep(&[60.0, 80.0, 40.0, 27.0], &[0.5; 4], 0.01);
        for point in &mut few.points {
            point.rates.truncate(5);
        }
        let reading = read(&few).expect("points");
        assert_eq!((reading.recommended, reading.too_large), (None, None));
        assert_eq!(reading.repetitions_needed, Some(fewest(3)));
        assert_eq!([fewest(1), fewest(7), fewest(100)], [6, 9, 12]);
    }

    #[test]
    fn the_highest_of_medians_that_cannot_be_told_apart_is_no_advice() {
        let mut sweep = sweep(&[10.0, 39.0, 40.0, 39.0], &[0.5; 4], 0.01);
        for (index, point) in sweep.points.iter_mut().enumerate().filter(|(index, _)| [1, 3].contains(index))
        {
            let wild = |(round, rate): (usize, &mut Option<f64>)| {
                *rate = rate.map(|rate| rate * if (round + index / 2) % 2 == 0 { 0.6 } else { 1.3 });
            };
            point.rates.iter_mut().enumerate().for_each(wild);
        }
        let reading = read(&sweep).expect("points");
        assert_eq!((reading.too_short, reading.plateau.clone(), reading.recommended), (Some(0), 1..4, None));
    }

    #[test]
    fn a_slower_size_between_parts_the_good_ones() {
        let reading = read(&sweep(&[80.0, 60.0, 81.0, 30.0], &[0.5; 4], 0.005)).expect("points");
        assert_eq!((reading.too_short, reading.recommended), (Some(1), Some(2)));
    }

    #[test]
    fn an_unknown_cache_does_not_hide_the_limit_of_the_memory() {
        let mut sweep = sweep(&[80.0, 40.0, 27.0], &[0.5, 0.95, 0.99], 0.01);
        for point in &mut sweep.points {
            point.l3_bytes = None;
        }
        assert_eq!(read(&sweep).expect("points").memory_from, Some(1));
        for point in &mut sweep.points {
            point.limit_share = None;
        }
        assert_eq!(read(&sweep).expect("points").memory_from, None);
    }
}
