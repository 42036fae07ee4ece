//! How far a run can be believed: the rule on figures that can be checked by hand, and the lines that readers see.

use std::path::PathBuf;

use numamark::compare::{ComparisonRequest, compare_runs};
use numamark::record::run::{FindingKind, Outcome, Trust, TrustVerdict, Verdict};
use numamark::record::{Header, LimitKernel, LimitTiming, Noise, Repetition, Run, When, With};
use numamark::report;
use numamark::report::Detail;

use crate::compare::{asked, rate};
use crate::figures::{plain, run_of};
use crate::fixture::{Folder, header};
use crate::known_speed::{Made, made};
use crate::table::assert_fits;

const GB: u64 = 1_000_000_000;
const ROUNDS: u32 = 6;

/// Six repetitions of a second at 50 GB/s on memory that takes 100, with a CPU for this share of the time, and with this
/// noise.
fn repetitions(cpu_share: f64, noise: &Noise) -> Vec<Repetition> {
    let timing = |when| LimitTiming {
        when,
        with: With::All,
        kernel: LimitKernel::Memset,
        bytes: 2 * GB,
        elapsed_ns: 20_000_000,
    };
    let one = |round| Repetition {
        cpu_ns: (2e9 * cpu_share) as u64,
        noise: noise.clone(),
        limits: [When::Before, When::After].map(timing).to_vec(),
        // Rates that differ a little: equal ones would have an interval without a width.
        elapsed_ns: GB + u64::from(round - 1),
        ..plain(round, 50 * GB)
    };
    (1..=ROUNDS).map(one).collect()
}

/// The noise of a worker time of 2 s with these parts of it.
fn noise(run_delay: f64, steal: f64, quota: f64) -> Noise {
    let part = |share: f64| Some((2e9 * share) as u64);
    Noise {
        run_delay_ns: part(run_delay),
        steal_ns: part(steal),
        throttled_ns: part(quota),
        core_clock_change: Some(0.0),
        ..Noise::default()
    }
}

fn head(ranks: u32) -> Header {
    Header { repetitions: ROUNDS, ..header(ranks) }
}

/// A run of one rank with these repetitions of its one case.
fn alone(cpu_share: f64, noise: &Noise) -> Run {
    run_of(&head(1), &[repetitions(cpu_share, noise)])
}

fn trust(run: &Run) -> &Trust {
    run.derived.trust.as_ref().expect("this version says")
}

fn kinds(run: &Run) -> Vec<(FindingKind, bool)> {
    trust(run).findings.iter().map(|finding| (finding.kind, finding.severe)).collect()
}

fn second_line(run: &Run) -> String {
    let text = report::table(run, Detail::Summary);
    assert_fits(&text);
    let mut lines = text.lines().skip(1);
    let first = lines.next().expect("a second line").to_owned();
    lines
        .take_while(|line| line.starts_with("  "))
        .fold(first, |text, line| format!("{text} {}", line.trim()))
}

#[test]
fn a_quiet_run_says_that_nothing_was_wrong() {
    let run = alone(0.99, &noise(0.01, 0.0, 0.0));
    assert_eq!(
        (trust(&run).verdict, trust(&run).trustworthy),
        (TrustVerdict::Sound, 1.0),
        "{:?}",
        trust(&run)
    );
    assert_eq!(second_line(&run), "nothing was wrong");
    let share = run.derived.cases[0].metrics["limit_share"].value.expect("it is claimed");
    assert!((share - 0.5).abs() < 1e-6, "{share}");
    let text = report::table(&run, Detail::Summary);
    assert!(text.contains("generate (chunks are filled with data): 46.6 GiB/s"), "{text}");
    assert!(text.contains("50.0 % of"), "{text}");
}

/// The counter that explains at least half of what was lost gives the reason.
#[test]
fn lost_cpu_time_has_the_reason_that_the_counters_give() {
    use FindingKind::{NoCpu, OtherPrograms, Quota, Stolen};
    for (noise, kind, said) in [
        (noise(0.74, 0.01, 0.0), OtherPrograms, "other programs took 75 % of the CPU time"),
        (noise(0.74, 0.01, 0.40), Quota, "a CPU quota stopped the workers for 75 % of the time"),
        (noise(0.74, 0.70, 0.0), Stolen, "the hypervisor gave 75 % of the CPU time to other machines"),
        (noise(0.01, 0.0, 0.0), NoCpu, "the workers had no CPU for 75 % of the time"),
        (Noise::default(), NoCpu, "the workers had no CPU for 75 % of the time"),
    ] {
        let run = alone(0.25, &noise);
        assert_eq!(kinds(&run), [(kind, true)]);
        assert_eq!(trust(&run).verdict, TrustVerdict::NotTrustworthy);
        assert_eq!(second_line(&run), format!("NOT TRUSTWORTHY: {said}"));
    }
}

/// 90 % and 97 %: below the one nothing is claimed, below the other there is a doubt.
#[test]
fn the_bounds_of_the_cpu_share_are_inclusive() {
    let verdict = |share| trust(&alone(share, &noise(0.1, 0.0, 0.0))).verdict;
    assert_eq!(verdict(0.97), TrustVerdict::Sound);
    assert_eq!([0.9699, 0.90].map(verdict), [TrustVerdict::Doubtful; 2]);
    assert_eq!(verdict(0.8999), TrustVerdict::NotTrustworthy);
    let doubtful = alone(0.95, &noise(0.1, 0.0, 0.0));
    assert_eq!(second_line(&doubtful), "doubtful: other programs took 5.0 % of the CPU time");
    assert!(doubtful.derived.cases[0].metrics["limit_share"].value.is_some());
}

#[test]
fn a_run_that_cannot_be_trusted_claims_no_limit_and_says_why() {
    let run = alone(0.25, &noise(0.74, 0.0, 0.0));
    let case = &run.derived.cases[0];
    let share = &case.metrics["limit_share"];
    assert_eq!((share.value, share.confidence), (None, None));
    assert_eq!(share.values.iter().flatten().count(), ROUNDS as usize, "what was measured stays");
    let why = share.reason.as_deref().expect("a reason");
    assert_eq!(
        why,
        "the workers of rank 0 had a CPU for only 25 % of the time, and below 90 % no limit is claimed"
    );
    assert_eq!((case.per_rank[0].limit_share, case.slowest_rank), (None, Some(0)));
    let limits = case.limits.as_ref().expect("it was measured");
    assert!(limits.nodes.iter().chain(&limits.hosts).all(|group| group.share.is_none()));
    assert!(limits.nodes[0].write_bytes_per_s.is_some(), "what was measured stays");
    let text = report::table(&run, Detail::Summary);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("limit not shown: not trustworthy") && !text.contains("limit 50"), "{text}");
    assert!(!text.contains("trustworthy 0 %"), "the second line says it: {text}");
}

#[test]
fn the_gate_warns_by_default_and_can_fail() {
    let run = alone(0.25, &noise(0.74, 0.0, 0.0));
    let of_run = |run: &Run| {
        let result = run.derived.gate_results.iter().find(|result| result.metric == "trustworthy");
        result.map(|result| (result.value, result.outcome)).expect("every job has the gate")
    };
    assert_eq!(of_run(&run), (Some(0.0), Outcome::Warn));
    assert_eq!(of_run(&alone(0.99, &noise(0.0, 0.0, 0.0))), (Some(1.0), Outcome::Pass));
}

/// One disturbed rank makes the rate of all ranks untrue; the three others are no stragglers.
#[test]
fn the_most_disturbed_rank_decides_and_is_named() {
    let quiet = || repetitions(0.99, &noise(0.0, 0.0, 0.0));
    let disturbed = repetitions(0.40, &noise(0.6, 0.0, 0.0));
    let run = run_of(&head(4), &[quiet(), quiet(), disturbed, quiet()]);
    assert_eq!(kinds(&run), [(FindingKind::OtherPrograms, true)]);
    assert_eq!(trust(&run).findings[0].rank, Some(2));
    let said = "NOT TRUSTWORTHY: other programs took 60 % of the CPU time of rank 2 (node 1 of host0)";
    assert_eq!(second_line(&run), said);
}

#[test]
fn a_share_above_the_limit_is_marked_and_explained() {
    let mut own = repetitions(0.99, &noise(0.0, 0.0, 0.0));
    own.iter_mut().for_each(|repetition| repetition.bytes = 150 * GB);
    own.iter_mut().for_each(|repetition| repetition.intervals = vec![150 * GB]);
    let run = run_of(&head(1), &[own]);
    assert_eq!(kinds(&run), [(FindingKind::LimitExceeded, false)]);
    let said = "doubtful: 150 % of the limit: something slowed the plain stores that measure it";
    assert_eq!(second_line(&run), said);
    let text = report::table(&run, Detail::Summary);
    assert!(text.contains("limit 150 % !"), "{text}");
}

/// Severe findings come first, then kinds in their order; the line names four, and the full report all.
#[test]
fn the_worst_comes_first() {
    let mut own = repetitions(0.25, &noise(0.74, 0.0, 0.0));
    // A rate known to +-30 %, a changing core clock.
    for (index, repetition) in (0..).zip(&mut own) {
        repetition.elapsed_ns = GB * (2 + index % 3);
        repetition.noise.core_clock_change = Some(-0.2);
    }
    let run = run_of(&head(1), &[own]);
    let found: Vec<FindingKind> = trust(&run).findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(found, [FindingKind::OtherPrograms, FindingKind::CoreClock, FindingKind::WideInterval]);
    let line = second_line(&run);
    let begins = "NOT TRUSTWORTHY: other programs took 75 % of the CPU time; a core clock changed by 20 %; the rate is";
    assert!(line.starts_with(begins), "{line}");
}

/// A run that cannot be believed gives no verdict and decides no bound; a forced comparison gives both, marked.
#[test]
fn a_run_that_cannot_be_trusted_gives_no_verdict() {
    let folder = Folder::new("compare-untrusted");
    let quiet: Vec<PathBuf> =
        (0..9).map(|run| made(400 + run).write(&folder.join(&format!("quiet{run}")))).collect();
    let loaded: Vec<PathBuf> = (0..9)
        .map(|run| {
            // Half as fast, because a CPU was there for half of the time.
            let made = Made { speed: &|_| 0.5, cpu_share: 0.5, ..made(500 + run) };
            made.write(&folder.join(&format!("loaded{run}")))
        })
        .collect();
    let compared = compare_runs(&asked(&quiet, &loaded)).expect("alike").bounded(0.05);
    assert!(!compared.comparisons.is_empty());
    for row in compared.comparisons.iter().filter(|row| !row.same) {
        assert_eq!(row.verdict, Verdict::CannotTell, "{row:?}");
        assert!(row.reason.as_ref().is_some_and(|why| why.contains("cannot be trusted")), "{row:?}");
    }
    assert!(compared.bounds.iter().all(|bound| bound.outcome == Outcome::Warn), "{:?}", compared.bounds);
    let text = report::compared(&compared, Detail::Summary);
    assert!(text.starts_with("NOT TRUSTWORTHY: ") && text.contains("50 %"), "{text}");
    let forced = compare_runs(&ComparisonRequest { force: true, ..asked(&quiet, &loaded) }).expect("forced");
    assert_eq!(rate(&forced, "larson-1", "candidate").verdict, Verdict::Slower);
}
