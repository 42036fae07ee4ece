//! The end of a run by its stop rule, and the check of the recorded end against the values in the parts.

use numamark::aggregate::aggregate;
use numamark::aggregate::{Evidence, ended_by};
use numamark::record::run::{EndedBy, Stop};
use numamark::record::{End, Header, Repetition, Row};

use crate::fixture::{begin, end, header, repetition};

const RANKS: u32 = 2;

/// A job with one allocator case: the rate of every round follows from its time. With `arms` the case has two arms.
fn asked(arms: bool, stop: Option<Stop>, repetitions: u32) -> Header {
    let mut header = header(RANKS);
    header.planned.remove(0);
    if arms {
        let mut candidate = header.planned[0].clone();
        for (case, arm) in [(&mut header.planned[0], "base"), (&mut candidate, "other")] {
            case.compared_as = Some("larson-1".to_owned());
            case.id = format!("larson-1.arm={arm}");
            case.arm = Some(arm.to_owned());
        }
        header.planned.push(candidate);
    }
    Header { stop, repetitions, ..header }
}

fn rule(half_width: f64) -> Option<Stop> {
    Some(Stop { half_width, at_most: 14, time_ns: None })
}

/// `rounds` rounds, in which case `i` took `slower(i, round)` times as long as usual.
fn evidence(header: &Header, rounds: u32, slower: impl Fn(usize, u32) -> f64) -> Evidence {
    let mut evidence = Evidence::new((0..RANKS).map(|rank| begin(rank, RANKS)).collect()).expect("all ranks");
    for round in 1..=rounds {
        for (index, case) in header.planned.iter().enumerate() {
            let one = |rank: u32| {
                let elapsed_ns = (2e9 * slower(index, round)) as u64;
                let (operations, intervals) = (100_000_000, vec![100_000_000]);
                Repetition { elapsed_ns, operations, intervals, ..repetition(&case.id, round, rank, 7) }
            };
            let all: Vec<Repetition> = (0..RANKS).map(one).collect();
            let mut sum = vec![0; all[0].dense().len()];
            for one in &all {
                sum.iter_mut().zip(one.dense()).for_each(|(sum, counter)| *sum += counter);
            }
            let rows: Vec<Row> = (0..RANKS).zip(&all).map(|(rank, one)| one.row(rank)).collect();
            evidence.add(rows, &sum).expect("all ranks tell the same story");
        }
    }
    evidence
}

/// True when a run with this recorded end counts as complete.
fn complete(header: &Header, mut evidence: Evidence, rounds: u32, ended_by: EndedBy) -> bool {
    evidence.finish((0..RANKS).map(|rank| (rank, End { rounds, ended_by, ..end(rank) })));
    aggregate(header, &evidence, None).expect("whole evidence").complete
}

/// Times that differ by at most half a per cent.
fn quiet(_: usize, round: u32) -> f64 {
    1.0 + 0.001 * f64::from(round * 7 % 5)
}

/// Times that differ by up to 40 %.
fn loud(_: usize, round: u32) -> f64 {
    1.0 + 0.1 * f64::from(round * 7 % 5)
}

/// Number of rounds after which a run with these times ends, and the reason.
fn end_of(header: &Header, slower: fn(usize, u32) -> f64) -> (u32, EndedBy) {
    let evidence = evidence(header, header.repetitions, slower);
    let ends = |rounds| Some((rounds, ended_by(header, &evidence, rounds)?));
    (1..=header.repetitions).find_map(ends).expect("every rule ends")
}

#[test]
fn a_quiet_run_ends_early_and_a_noisy_one_after_the_most_rounds() {
    let header = asked(false, rule(0.02), 14);
    let (rounds, why) = end_of(&header, quiet);
    assert!((6..14).contains(&rounds) && why == EndedBy::HalfWidth, "{why:?} after {rounds}");
    assert_eq!(end_of(&header, loud), (14, EndedBy::AtMost));
    assert_eq!(end_of(&asked(false, None, 5), quiet), (5, EndedBy::Repetitions));
}

#[test]
fn the_recorded_end_is_checked_against_the_values() {
    let header = asked(false, rule(0.02), 14);
    let enough = end_of(&header, quiet).0;
    let of_quiet = |rounds| evidence(&header, rounds, quiet);
    let of_loud = |rounds| evidence(&header, rounds, loud);
    assert!(complete(&header, of_quiet(enough), enough, EndedBy::HalfWidth));
    assert!(complete(&header, of_loud(14), 14, EndedBy::AtMost));
    // Wrong reasons, an end too early, an end too late, a reason that the values contradict, and a time limit that the
    // rule does not have.
    assert!(!complete(&header, of_quiet(enough), enough, EndedBy::AtMost));
    assert!(!complete(&header, of_quiet(enough), enough, EndedBy::Repetitions));
    assert!(!complete(&header, of_quiet(enough - 2), enough - 2, EndedBy::HalfWidth));
    assert!(!complete(&header, of_quiet(enough + 2), enough + 2, EndedBy::HalfWidth));
    assert!(!complete(&header, of_loud(enough), enough, EndedBy::HalfWidth));
    assert!(!complete(&header, of_loud(4), 4, EndedBy::Time));
    let timed = asked(false, rule(0.02).map(|rule| Stop { time_ns: Some(1), ..rule }), 14);
    assert!(complete(&timed, evidence(&timed, 4, loud), 4, EndedBy::Time));
    let late = enough + 2;
    assert!(
        !complete(&timed, evidence(&timed, late, quiet), late, EndedBy::Time),
        "certain two rounds before"
    );
    // The recorded end has more rounds than the parts.
    assert!(!complete(&header, of_quiet(enough - 2), enough, EndedBy::HalfWidth));
    let fixed = asked(false, None, 5);
    assert!(complete(&fixed, evidence(&fixed, 5, loud), 5, EndedBy::Repetitions));
    assert!(!complete(&fixed, evidence(&fixed, 4, loud), 4, EndedBy::Repetitions));
    assert!(!complete(&fixed, evidence(&fixed, 5, loud), 5, EndedBy::AtMost));
}

#[test]
fn ranks_that_disagree_about_the_end_make_no_complete_run() {
    let header = asked(false, rule(0.02), 14);
    let rounds = end_of(&header, quiet).0;
    let word = |rank| End { rounds, ended_by: EndedBy::HalfWidth, ..end(rank) };
    for (other, whole) in [(EndedBy::HalfWidth, true), (EndedBy::AtMost, false)] {
        let mut evidence = evidence(&header, rounds, quiet);
        evidence.finish([(0, word(0)), (1, End { ended_by: other, ..word(1) })]);
        assert_eq!(aggregate(&header, &evidence, None).expect("whole evidence").complete, whole);
    }
}

/// A disturbance of both arms of a round leaves their ratio as it is; a disturbance of one arm changes it.
#[test]
fn arms_are_certain_when_their_ratio_is_certain() {
    let header = asked(true, rule(0.02), 14);
    let (rounds, why) = end_of(&header, |case, round| loud(case, round) * [1.0, 0.9][case]);
    assert_eq!(why, EndedBy::HalfWidth);
    assert!(rounds < 14, "{rounds}");
    let together = evidence(&header, rounds, |case, round| loud(case, round) * [1.0, 0.9][case]);
    assert!(complete(&header, together, rounds, EndedBy::HalfWidth));
    let apart = end_of(&header, |case, round| if case == 1 { loud(case, round) } else { 1.0 });
    assert_eq!(apart, (14, EndedBy::AtMost));
}
