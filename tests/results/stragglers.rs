//! Nodes slower than their class: found, named, priced, explained, and left out of the next submission.

use numamark::aggregate::aggregate;
use numamark::mix::{Random, mix_words};
use numamark::record::run::{Bound, Gate, Level, Outcome};
use numamark::record::{Header, Noise, Repetition, Run};
use numamark::report;
use numamark::report::Detail;
use numamark::results::{RunDirectory, verify};

use crate::fixture::{Folder, header, repetition, run_of};
use crate::table::assert_fits;

const RANKS: u32 = 8;
const ROUNDS: u32 = 6;

/// A run in which each rank takes `time` times as long as usual, with a jitter of half a per cent, and waits for its
/// CPUs during the additional time.
fn run(folder: &Folder, seed: u64, time: impl Fn(u32) -> f64, header: Header) -> (RunDirectory, Run) {
    let header = Header { repetitions: ROUNDS, ..header };
    let made = |case: &str, round: u32, rank: u32| {
        let mut random =
            Random::new(mix_words(&[seed, case.len() as u64, u64::from(round - 1), u64::from(rank)]));
        let jitter = 1.0 + 1e-8 * f64::from(random.below(1_000_000)) - 0.005;
        let elapsed_ns = (2e9 * time(rank) * jitter) as u64;
        let (bytes, operations) = if case.starts_with("generate") { (64 << 30, 0) } else { (0, 1 << 30) };
        Repetition {
            elapsed_ns,
            bytes,
            operations,
            intervals: vec![bytes + operations],
            worker_ns: 2 * elapsed_ns,
            cpu_ns: 2 * elapsed_ns,
            noise: Noise { run_delay_ns: Some((4e9 * (time(rank) - 1.0)) as u64), ..Noise::default() },
            ..repetition(case, round, rank, seed)
        }
    };
    let (directory, header, evidence) = run_of(&folder.join("run"), header, made);
    let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
    directory.write_results(&run, &evidence).expect("room");
    (directory, run)
}

#[test]
fn one_node_of_eight_that_is_slow_is_named_with_its_price_and_its_cause() {
    let folder = Folder::new("straggler");
    let slow = |rank| if rank == 5 { 1.1 } else { 1.0 };
    let (directory, run) = run(&folder, 61, slow, header(RANKS));
    let [straggler] = &run.derived.stragglers[..] else { panic!("{:?}", run.derived.stragglers) };
    assert_eq!((straggler.rank, straggler.host.as_str(), straggler.node_index), (5, "host1", Some(2)));
    assert_eq!((straggler.class_nodes, straggler.rounds, straggler.rounds_slow), (RANKS, ROUNDS, ROUNDS));
    // 1 - 1 / 1.1, and the job waits for the slowest: both within the jitter.
    assert!((straggler.slower_by - 0.0909).abs() < 0.005, "{straggler:?}");
    assert!(
        (straggler.cost - 0.0909).abs() < 0.01 && straggler.cost == straggler.cost_with_slower,
        "{straggler:?}"
    );
    let confidence = straggler.confidence.expect("six rounds");
    assert!(
        confidence.low <= straggler.slower_by && straggler.slower_by <= confidence.high,
        "{confidence:?}"
    );
    assert!(
        straggler.cause.as_ref().is_some_and(|cause| cause.contains("waited for a CPU for 9.")),
        "{straggler:?}"
    );
    let text = report::table(&run, Detail::Everything);
    println!("{text}");
    assert_fits(&text);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "STRAGGLER host1 node 2 is ",
        " % slower than the 7 other nodes like it (",
        "in 6 of 6 rounds; ",
        "without it the job would end ",
        "likely cause: workers waited for a CPU for 9.",
        "sbatch --exclude=./suspect_nodes.txt",
    ] {
        assert!(flat.contains(said), "{said} is not in\n{text}");
    }
    assert_eq!(std::fs::read_to_string(directory.suspects()).expect("there is one"), "host1\n");
    verify(directory.path()).expect("it follows from the parts");
    std::fs::write(directory.suspects(), "host0\n").expect("room");
    let why = verify(directory.path()).expect_err("the wrong host").to_string();
    assert!(why.contains("suspect_nodes.txt: is host0, the parts give host1"), "{why}");
}

#[test]
fn equal_nodes_have_no_straggler_and_no_file() {
    let folder = Folder::new("no-straggler");
    let (directory, run) = run(&folder, 62, |_| 1.0, header(RANKS));
    assert_eq!(run.derived.stragglers, []);
    assert!(!directory.suspects().exists());
    assert!(!report::table(&run, Detail::Summary).contains("STRAGGLER"));
    std::fs::write(directory.suspects(), "host0\n").expect("room");
    let why = verify(directory.path()).expect_err("nobody is suspect").to_string();
    assert!(why.contains("is host0, the parts give not there"), "{why}");
}

#[test]
fn two_equally_slow_nodes_have_no_cost_alone_and_one_together() {
    let folder = Folder::new("two-stragglers");
    let slow = |rank| if rank == 2 || rank == 5 { 1.12 } else { 1.0 };
    let (_, run) = run(&folder, 63, slow, header(RANKS));
    let found: Vec<u32> = run.derived.stragglers.iter().map(|straggler| straggler.rank).collect();
    assert_eq!([2, 5].map(|rank| found.contains(&rank)), [true, true], "{found:?}");
    let [first, second] = &run.derived.stragglers[..] else { panic!("{found:?}") };
    assert!(first.cost < 0.01 && second.cost < 0.01, "{first:?} {second:?}");
    assert!((second.cost_with_slower - (1.0 - 1.0 / 1.12)).abs() < 0.01, "{second:?}");
}

#[test]
fn nodes_of_different_classes_are_not_compared() {
    let folder = Folder::new("classes");
    let slow = |rank| if rank >= 4 { 1.5 } else { 1.0 };
    let header = Header { repetitions: ROUNDS, ..header(RANKS) };
    let (_, run_of_one_class) = run(&folder, 64, slow, header.clone());
    assert!(!run_of_one_class.derived.stragglers.iter().any(|straggler| straggler.rank < 4));
    let mut evidence = RunDirectory::open(&folder.join("run")).and_then(|run| run.evidence()).expect("parts");
    let begins = evidence.begins().iter().map(|begin| {
        let class = if begin.rank >= 4 { "slower by design" } else { "made up" };
        numamark::record::Begin { class: class.to_owned(), ..begin.clone() }
    });
    let mut classes = numamark::aggregate::Evidence::new(begins.collect()).expect("all ranks");
    for case in ["generate-1", "larson-1"] {
        for round in 1..=ROUNDS {
            let rows = evidence.rows(case, round).to_vec();
            let repetitions = rows.iter().map(|row| repetition(case, round, row.rank, 64).dense());
            let sum =
                repetitions.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect()).expect("ranks");
            classes.add(rows, &sum).expect("the same story");
        }
    }
    std::mem::swap(&mut evidence, &mut classes);
    let run = aggregate(&header, &evidence, None).expect("whole evidence");
    assert_eq!(run.derived.stragglers, [], "equal in their own class");
}

#[test]
fn a_gate_can_hold_the_number_of_stragglers() {
    let folder = Folder::new("straggler-gate");
    let gate = Gate {
        metric: "stragglers".to_owned(),
        bound: Bound::AtMost(0.0),
        level: Level::Fail,
        against: None,
    };
    let header = Header { gates: vec![gate], ..header(RANKS) };
    let slow = |rank| if rank == 3 { 1.2 } else { 1.0 };
    let (_, run) = run(&folder, 65, slow, header);
    let [result] = &run.derived.gate_results[..] else { panic!("one for the whole run") };
    assert_eq!((result.outcome, result.value, result.case.as_ref()), (Outcome::Fail, Some(1.0), None));
    assert!(report::table(&run, Detail::Summary).contains("\nFAIL stragglers 1, wanted at most 0\n"));
}
