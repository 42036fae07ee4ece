//! Disturbed repetitions: reported with the noise that coincides with them, and dropped only by the job's rule.

use numamark::aggregate::aggregate;
use numamark::record::run::{DropRule, Dropped};
use numamark::record::{CaseHeader, Header, Noise, Repetition, Run};
use numamark::report;
use numamark::report::Detail;
use numamark::results::{RunDirectory, verify};

use crate::fixture::{Folder, header, repetition, run_of};
use crate::table::assert_fits;

const ROUNDS: u32 = 12;
const RATE: &str = "operations_per_s";

/// Two ranks; in the rounds of `disturbed` rank 1 of the case waits for its CPUs and is a fifth slower.
fn made(disturbed: &[(&str, u32)]) -> impl Fn(&str, u32, u32) -> Repetition {
    move |case, round, rank| {
        let hit = rank == 1 && disturbed.contains(&(case, round));
        let elapsed_ns = if hit { 2_500_000_000 } else { 2_000_000_000 + u64::from(round) * 1_000_000 };
        Repetition {
            elapsed_ns,
            worker_ns: 2 * elapsed_ns,
            operations: if case.starts_with("generate") { 0 } else { 1 << 30 },
            bytes: if case.starts_with("generate") { 64 << 30 } else { 0 },
            intervals: vec![if case.starts_with("generate") { 64 << 30 } else { 1 << 30 }],
            noise: Noise {
                cpu_share_min: Some(if hit { 0.8 } else { 0.999 }),
                run_delay_ns: Some(if hit { 900_000_000 } else { 1_000_000 }),
                involuntary_switches: if hit { 400 } else { 2 },
                ..Noise::default()
            },
            ..repetition(case, round, rank, 71)
        }
    }
}

fn run(folder: &Folder, header: Header, disturbed: &[(&str, u32)]) -> (RunDirectory, Run) {
    let header = Header { repetitions: ROUNDS, ..header };
    let (directory, header, evidence) = run_of(&folder.join("run"), header, made(disturbed));
    let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
    directory.write_results(&run, &evidence).expect("room");
    (directory, run)
}

#[test]
fn a_slow_repetition_is_shown_with_its_rank_and_the_noise_that_coincides() {
    let folder = Folder::new("coincides");
    let slow = [("larson-1", 4), ("larson-1", 8), ("larson-1", 10)];
    let (directory, run) = run(&folder, header(2), &slow);
    let found: Vec<(&str, u32, u32)> = run
        .derived
        .disturbances
        .iter()
        .map(|disturbance| (disturbance.case.as_str(), disturbance.round, disturbance.rank))
        .collect();
    assert_eq!(found, slow.map(|(case, round)| (case, round, 1)));
    let first = &run.derived.disturbances[0];
    assert!((first.slower_by - 0.2).abs() < 0.01, "{first:?}");
    assert!(
        first.causes[0].starts_with("a worker had no CPU for 20.0 % of the time (usually 0.10 %)"),
        "{first:?}"
    );
    assert!(
        first.causes.iter().any(|cause| cause.starts_with("workers waited for a CPU for 18.0 %")),
        "{first:?}"
    );
    assert!(first.causes.iter().any(|cause| cause == "400 involuntary switches (usually 2)"), "{first:?}");
    let delay = run.derived.coincidences.iter().find(|one| one.cause == "run_delay").expect("it was raised");
    assert_eq!((delay.slow_raised, delay.slow, delay.others_raised, delay.others), (3, 3, 0, ROUNDS - 3));
    // One of the 220 ways to choose three of twelve.
    assert!((delay.p - 1.0 / 220.0).abs() < 1e-9, "{}", delay.p);
    let text = report::table(&run, Detail::Everything);
    println!("{text}");
    assert_fits(&text);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "slow: round 4 of larson-1 was 19.7 % below its median, rank 1 the most: a worker had no CPU for 20.0 %",
        "coincidence in larson-1: workers waited longer than usual for a CPU in 3 of 3 slow repetitions and in 0 of 9 others",
    ] {
        assert!(flat.contains(said), "{said} is not in\n{text}");
    }
    assert!(!text.contains("dropped"), "nothing is dropped without a rule");
    verify(directory.path()).expect("it follows from the parts");
}

#[test]
fn without_a_rule_every_repetition_counts_and_with_one_it_is_null_with_the_reason() {
    let folder = Folder::new("dropped");
    let rule = DropRule { run_delay: Some(0.01), ..DropRule::default() };
    let with_rule = Header { drop: Some(rule), ..header(2) };
    let (directory, run) = run(&folder, with_rule, &[("larson-1", 4), ("larson-1", 8)]);
    let [generate, larson] = &run.derived.cases[..] else { panic!("two cases") };
    assert_eq!(generate.dropped, []);
    let why = "workers waited for a CPU for 18 % of the time, wanted at most 1 %".to_owned();
    assert_eq!(larson.dropped, [4, 8].map(|round| Dropped { round, rank: 1, why: why.clone() }));
    let metric = &larson.metrics[RATE];
    let nulls: Vec<usize> =
        (0..metric.values.len()).filter(|place| metric.values[*place].is_none()).collect();
    assert_eq!((nulls.as_slice(), metric.values.len(), metric.repetitions), (&[3, 7][..], 12, ROUNDS - 2));
    assert_eq!(metric.reason.as_deref(), Some("the job's rule dropped 2 of 12 repetitions"));
    assert_eq!(larson.per_rank[1].rate.values[3], None);
    assert_eq!(larson.metrics["slowest_rank_operations_per_s"].values[7], None);
    // The total includes dropped repetitions; distributions include only the repetitions that count.
    assert_eq!(larson.total.repetitions, ROUNDS);
    let (slow, all) = (&larson.histograms["refill_ns.slow"], &generate.histograms["refill_ns.slow"]);
    assert_eq!((slow.count, all.count), (40 * 2 * u64::from(ROUNDS - 2), 40 * 2 * u64::from(ROUNDS)));
    assert!(run.complete, "a dropped repetition was done");
    let text = report::table(&run, Detail::Everything);
    assert_fits(&text);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "dropped: 2 of 24 repetitions, by the job's rule: more than 1 % of waiting for a CPU",
        "larson-1 round 4, rank 1: workers waited for a CPU for 18 % of the time, wanted at most 1 %",
    ] {
        assert!(flat.contains(said), "{said} is not in\n{text}");
    }
    verify(directory.path()).expect("it follows from the parts");
}

#[test]
fn a_repetition_that_one_arm_drops_is_dropped_in_the_whole_pair() {
    let folder = Folder::new("dropped-pair");
    let mut arms = header(1);
    let base = &arms.planned[1];
    let arm = |name: &str| CaseHeader {
        id: format!("larson-{name}"),
        arm: Some(name.to_owned()),
        compared_as: Some("larson".to_owned()),
        ..base.clone()
    };
    arms.planned = vec![arm("base"), arm("batch-128")];
    arms.drop = Some(DropRule { cpu_share: Some(0.97), ..DropRule::default() });
    arms.ranks = 2;
    let (_, run) = run(&folder, arms, &[("larson-base", 3), ("larson-batch-128", 6)]);
    let rounds =
        |case: usize| run.derived.cases[case].dropped.iter().map(|one| one.round).collect::<Vec<_>>();
    assert_eq!((rounds(0), rounds(1)), (vec![3, 6], vec![3, 6]));
    assert_eq!(
        run.derived.cases[0].dropped[0].why,
        "a worker had its CPU for 80 % of the time, wanted at least 97 %"
    );
    assert!(run.derived.cases[0].dropped[1].why.starts_with("with its pair in arm batch-128: a worker"));
}

#[test]
fn a_rule_that_drops_everything_leaves_figures_without_a_value() {
    let folder = Folder::new("dropped-all");
    let rule = DropRule { cpu_share: Some(1.0), ..DropRule::default() };
    let (_, run) = run(&folder, Header { drop: Some(rule), ..header(2) }, &[]);
    for case in &run.derived.cases {
        let metric = &case.metrics["cpu_share"];
        assert_eq!((metric.value, metric.repetitions, metric.values.len()), (None, 0, 12));
        assert_eq!(metric.reason.as_deref(), Some("the job's rule dropped 12 of 12 repetitions"));
        assert_eq!((case.slowest_rank, case.dropped.len()), (None, 12));
    }
    assert_fits(&report::table(&run, Detail::Everything));
}

#[test]
fn a_rule_on_a_missing_counter_drops_nothing_and_is_reported() {
    let folder = Folder::new("dropped-unheld");
    let rule = DropRule { steal: Some(0.01), ..DropRule::default() };
    let (_, mut run) = run(&folder, Header { drop: Some(rule), ..header(2) }, &[("larson-1", 4)]);
    assert!(run.derived.cases.iter().all(|case| case.dropped.is_empty()));
    run.derived.unavailable.insert("steal_ns".to_owned(), "no hypervisor tells".to_owned());
    let text = report::table(&run, Detail::Everything);
    assert!(text.contains("dropped: 0 of 24 repetitions, by the job's rule: more than 1 % stolen"), "{text}");
    assert!(text.contains("  drop.steal has no effect, as it is not counted: no hypervisor tells"), "{text}");
}
