//! The definition of each figure, with numbers that can be checked by hand.

use numamark::aggregate::Evidence;
use numamark::aggregate::aggregate;
use numamark::measure::Histogram;
use numamark::measure::histogram::layout;
use numamark::record::run::Pages;
use numamark::record::run::{Bound, Gate, Level, Outcome};
use numamark::record::{
    End, Header, HistogramRecord, LocalityRecord, Measuring, Noise, Repetition, Row, Run,
};

use crate::fixture::{STAGES, begin, end, header, locality, repetition};

/// The evidence of these repetitions: by rank, one round after the other.
pub fn evidence(by_rank: &[Vec<Repetition>]) -> Evidence {
    let ranks = u32::try_from(by_rank.len()).expect("few");
    let mut evidence = Evidence::new((0..ranks).map(|rank| begin(rank, ranks)).collect()).expect("all ranks");
    for turn in 0..by_rank[0].len() {
        let (rows, sum) = gathered(by_rank, turn);
        evidence.add(rows, &sum).expect("all ranks tell the same story");
    }
    let rounds = by_rank[0].iter().map(|repetition| repetition.round).max().unwrap_or(0);
    evidence.finish((0..ranks).map(|rank| (rank, End { rounds, ..end(rank) })));
    evidence
}

fn gathered(by_rank: &[Vec<Repetition>], turn: usize) -> (Vec<Row>, Vec<u64>) {
    let rows = (0..).zip(by_rank).map(|(rank, repetitions)| repetitions[turn].row(rank)).collect();
    let mut sum = by_rank[0][turn].dense();
    for repetitions in &by_rank[1..] {
        sum.iter_mut().zip(repetitions[turn].dense()).for_each(|(sum, counter)| *sum += counter);
    }
    (rows, sum)
}

pub fn run_of(header: &Header, by_rank: &[Vec<Repetition>]) -> Run {
    aggregate(header, &evidence(by_rank), Some(1.0)).expect("whole evidence")
}

/// A repetition of 1 s with 2 workers, 4 refills of 10 ns and nothing else.
pub fn plain(round: u32, bytes: u64) -> Repetition {
    let mut slow = Histogram::new();
    (0..4).for_each(|_| slow.record(10));
    let empty = Histogram::new();
    Repetition {
        case: "generate-1".to_owned(),
        round,
        began_unix_ms: 0,
        elapsed_ns: 1_000_000_000,
        bytes,
        operations: 0,
        worker_ns: 2_000_000_000,
        cpu_ns: 1_500_000_000,
        busy_workers: 2,
        memory_peak_bytes: None,
        background_cpu_ns: None,
        intervals: vec![bytes],
        histograms: [
            ("refill_ns.slow".to_owned(), HistogramRecord::new(4, &slow)),
            ("refill_ns.fast".to_owned(), HistogramRecord::new(0, &empty)),
        ]
        .into(),
        heap_offset_bytes: 0,
        noise: Noise::default(),
        measuring: Measuring::default(),
        limits: Vec::new(),
        digest: None,
        check: None,
    }
}

const GIB: u64 = 1 << 30;

#[test]
fn throughput_is_all_bytes_over_the_longest_time_never_a_mean_of_rates() {
    // Rank 0: 3 GiB in 1 s. Rank 1: 1 GiB in 2 s. Together 4 GiB in 2 s; a mean of rates would say 3.5.
    let slow = Repetition { elapsed_ns: 2_000_000_000, ..plain(1, GIB) };
    let run = run_of(&header(2), &[vec![plain(1, 3 * GIB)], vec![slow]]);
    let case = &run.derived.cases[0];
    let metric = &case.metrics["throughput_bytes_per_s"];
    assert_eq!(
        (metric.value, metric.repetitions, metric.unit.as_str()),
        (Some(2.0 * GIB as f64), 1, "bytes/s")
    );
    assert_eq!(metric.values, [Some(2.0 * GIB as f64)]);
    let slowest = case.slowest().expect("there are two");
    assert_eq!(
        (slowest.rank, slowest.host.as_str(), slowest.rate.value),
        (1, "host1", Some(0.5 * GIB as f64))
    );
    assert_eq!(case.metrics["slowest_rank_throughput_bytes_per_s"], slowest.rate);
    // 3 CPU seconds for 4 GiB; 8 refills of 10 ns in 4 s of worker time.
    assert_eq!(case.metrics["core_seconds_per_gib"].value, Some(0.75));
    assert_eq!(case.metrics["cpu_share"].value, Some(0.75));
    assert_eq!(case.metrics["refill_share"].value, Some(80.0 / 4e9));
    assert!(!run.complete, "one of three repetitions, and nothing of the other case");
}

#[test]
fn noise_is_summed_over_the_ranks_and_null_where_one_does_not_count_it() {
    let with = |involuntary_switches, run_delay_ns, steal_ns, change, cost_ns| {
        let (run_delay_ns, core_clock_change) = (Some(run_delay_ns), Some(change));
        let noise =
            Noise { involuntary_switches, run_delay_ns, steal_ns, core_clock_change, ..Noise::default() };
        let measuring = Measuring { cost_ns, ..Measuring::default() };
        vec![Repetition { noise, measuring, ..plain(1, GIB) }]
    };
    let first = with(3, 100_000_000, Some(20_000_000), 0.01, 1_000_000);
    let second = with(4, 300_000_000, None, -0.03, 3_000_000);
    let run = run_of(&header(2), &[first.clone(), second]);
    let metrics = &run.derived.cases[0].metrics;
    // Two workers of two ranks: 4 s of worker time.
    for (name, value, unit) in [
        ("measuring_share", Some(0.001), "share"),
        ("involuntary_switches", Some(7.0), "switches"),
        ("run_delay_share", Some(0.1), "share"),
        ("steal_share", None, "share"),
        // The change with the largest absolute value.
        ("core_clock_change", Some(-0.03), "share"),
    ] {
        assert_eq!((metrics[name].value, metrics[name].unit.as_str()), (value, unit), "{name}");
    }
    let why = metrics["steal_share"].reason.as_deref();
    assert_eq!(why, Some("stolen time is not counted on every rank's machine"));
    let alone = run_of(&header(1), &[first]);
    assert_eq!(alone.derived.cases[0].metrics["steal_share"].value, Some(0.01));
}

#[test]
fn a_value_is_the_median_over_the_repetitions_in_the_order_of_the_rounds() {
    let rounds = [(3, 9), (1, 5), (2, 1)].map(|(round, gib)| plain(round, gib * GIB)).to_vec();
    let run = run_of(&header(1), &[rounds]);
    let metric = &run.derived.cases[0].metrics["throughput_bytes_per_s"];
    assert_eq!(metric.values, [5, 1, 9].map(|gib| Some((gib * GIB) as f64)));
    assert_eq!(metric.value, Some((5 * GIB) as f64));
}

#[test]
fn a_figure_that_cannot_be_derived_is_null_with_a_reason() {
    let idle = Repetition { bytes: 0, cpu_ns: 0, histograms: [].into(), ..plain(1, 0) };
    let run = run_of(&header(1), &[vec![idle]]);
    let metrics = &run.derived.cases[0].metrics;
    for (name, reason) in [
        ("throughput_bytes_per_s", "no byte was finished in a repetition"),
        ("core_seconds_per_gib", "the CPU time of the workers is not known"),
        ("refill_share", "the case records no refill_ns"),
    ] {
        assert_eq!((metrics[name].value, metrics[name].reason.as_deref()), (None, Some(reason)), "{name}");
        assert_eq!((metrics[name].repetitions, metrics[name].values.as_slice()), (0, &[None][..]), "{name}");
    }
    assert_eq!(run.derived.cases[0].slowest_rank, None);
    assert_eq!(
        run.derived.cases[1].metrics["operations_per_s"].reason.as_deref(),
        Some("no repetition was finished")
    );
}

#[test]
fn a_case_of_all_ranks_has_the_histogram_of_all_values() {
    let by_rank: Vec<Vec<Repetition>> =
        (0..4).map(|rank| (1..=3).map(|round| repetition("generate-1", round, rank, 21)).collect()).collect();
    let run = run_of(&header(4), &by_rank);
    let records: Vec<&HistogramRecord> =
        by_rank.iter().flatten().map(|repetition| &repetition.histograms["chunk_ns"]).collect();
    let mut counters = vec![0; layout().len()];
    for (index, count) in records.iter().flat_map(|record| &record.counters) {
        counters[*index as usize] += count;
    }
    let count: u64 = counters.iter().sum();
    let min = records.iter().filter_map(|record| record.min).min();
    let max = records.iter().filter_map(|record| record.max).max();
    let summary = &run.derived.cases[0].histograms["chunk_ns"];
    assert_eq!((summary.count, summary.timed), (count, count));
    assert_eq!((summary.min, summary.max), (min, max));
    assert_eq!(summary.sum, records.iter().map(|record| record.sum).sum::<u64>());
    // By definition: the smallest value with this share of all values at or below it, if ten values lie beyond it.
    let quantile = |share: f64| {
        let mut values = 0;
        let reaches = |counter: &u64| {
            values += counter;
            values as f64 >= share * count as f64
        };
        let index = counters.iter().position(reaches).expect("all values together are enough");
        let is_known = count as f64 * (1.0 - share) >= 10.0 - 1e-6;
        max.filter(|_| is_known).map(|max| layout()[index].min(max))
    };
    let quantiles = [summary.p50, summary.p90, summary.p99, summary.p999];
    assert_eq!(quantiles, [0.5, 0.9, 0.99, 0.999].map(quantile), "seed 21");
}

#[test]
fn stages_of_refills_sum_to_the_total_also_after_weighting() {
    let by_rank: Vec<Vec<Repetition>> =
        (0..3).map(|rank| (1..=3).map(|round| repetition("larson-1", round, rank, 22)).collect()).collect();
    let run = run_of(&header(3), &by_rank);
    let histograms = &run.derived.cases[1].histograms;
    for stratum in [".slow", ".fast", ""] {
        let total = &histograms[&format!("refill_ns{stratum}")];
        let stages = STAGES.map(|stage| &histograms[&format!("refill_stage_ns.{stage}{stratum}")]);
        assert_eq!(stages.iter().map(|stage| stage.sum).sum::<u64>(), total.sum, "timed sums are exact");
        let estimate: f64 =
            stages.iter().map(|stage| stage.sum_estimate.expect("every stratum was timed")).sum();
        let total_estimate = total.sum_estimate.expect("every stratum was timed");
        assert!((estimate / total_estimate - 1.0).abs() < 1e-12, "{estimate} and {total_estimate}");
    }
    let (both, slow, fast) =
        (&histograms["refill_ns"], &histograms["refill_ns.slow"], &histograms["refill_ns.fast"]);
    assert_eq!((both.count, both.timed), (slow.count + fast.count, slow.timed + fast.timed));
    assert_eq!((slow.count, slow.timed), (9 * 40, 9 * 40), "slow refills are all timed");
    assert_eq!((fast.count, fast.timed), (9 * 19_200, 9 * 300));
    // One fast value stands for 64 events, so the estimate is far above the sum of the timed values.
    let expected = slow.sum as f64 + 64.0 * fast.sum as f64;
    assert!((both.sum_estimate.expect("timed") / expected - 1.0).abs() < 1e-12);
}

#[test]
fn locality_is_the_lower_of_start_and_end_and_needs_every_rank() {
    let locality_of = |change: fn(&mut Vec<LocalityRecord>, &mut Vec<LocalityRecord>)| {
        let (mut starts, mut ends) = (vec![locality(100, 0); 2], vec![locality(90, 10); 2]);
        change(&mut starts, &mut ends);
        let begins = (0..2).zip(starts).map(|(rank, locality)| {
            let begin = begin(rank, 2);
            numamark::record::Begin { locality, ..begin }
        });
        let mut evidence = Evidence::new(begins.collect()).expect("all ranks");
        evidence.finish(
            (0..).zip(ends).map(|(rank, locality)| (rank, numamark::record::End { locality, ..end(rank) })),
        );
        aggregate(&header(2), &evidence, None).expect("no repetition is no error").derived.locality
    };
    let normal = locality_of(|_, _| {});
    assert_eq!((normal.share, normal.unverified), (Some(0.9), None));
    assert_eq!(normal.start, Pages { local: 200, remote: 0, absent: 6 });
    assert_eq!(normal.end, Some(Pages { local: 180, remote: 20, absent: 6 }));
    let died = locality_of(|_, ends| ends.truncate(1));
    assert_eq!((died.share, died.end), (Some(0.9), None), "one rank's bad end counts");
    let refused =
        locality_of(|starts, _| starts[1].unverified = Some("move_pages: not permitted".to_owned()));
    assert_eq!(
        (refused.share, refused.unverified),
        (None, Some("on 1 of 2 ranks: move_pages: not permitted".to_owned()))
    );
    let empty = locality_of(|starts, _| starts.iter_mut().for_each(|start| *start = locality(0, 0)));
    assert!(empty.share.is_none() && empty.unverified.is_some(), "no page is no proof");
}

#[test]
fn ranks_that_contradict_each_other_are_refused() {
    let by_rank = [0, 1].map(|rank| vec![repetition("generate-1", 1, rank, 23)]);
    let refused = |change: fn(&mut Vec<Row>, &mut Vec<u64>), why: &str| {
        let mut evidence = Evidence::new(vec![begin(0, 2), begin(1, 2)]).expect("all ranks");
        let (mut rows, mut sum) = gathered(&by_rank, 0);
        change(&mut rows, &mut sum);
        let error = evidence.add(rows, &sum).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    refused(|rows, _| drop(rows.pop()), "exactly one row from each of ranks 0 to 1");
    refused(|rows, _| rows[1].rank = 0, "exactly one row from each of ranks 0 to 1");
    refused(|rows, _| rows[1].repetition.case = "larson-1".to_owned(), "rank 1 is at case larson-1");
    refused(|rows, _| rows[1].repetition.round = 7, "rank 1 is at case generate-1, round 7");
    refused(
        |rows, _| drop(rows[1].repetition.histograms.pop_first()),
        "rank 1 has other histograms than rank 0",
    );
    refused(|_, sum| sum[1000] += 1, "values, the ranks timed");
    refused(|_, sum| sum.truncate(100), "100 counters were summed");
    refused(|rows, _| rows.clear(), "counters were summed over the ranks, 0 were recorded");

    let ranks = |begins: Vec<_>, why: &str| {
        let error = Evidence::new(begins).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    ranks(vec![], "there is no part of any rank");
    ranks(vec![begin(1, 2)], "rank 0 of 2 is missing");
    ranks(vec![begin(0, 2), begin(0, 2)], "two ranks say that they are rank 0");
    ranks(vec![begin(0, u32::MAX)], "parts of 1 rank found, rank 0 recorded 4294967295");
    let other_job = numamark::record::Begin { job_hash: "other".to_owned(), ..begin(1, 2) };
    ranks(vec![begin(0, 2), other_job], "rank 1 is of a run of 2 ranks and job other");
}

#[test]
fn the_same_repetition_twice_is_refused() {
    let by_rank = [vec![repetition("generate-1", 1, 0, 24)]];
    let mut evidence = evidence(&by_rank);
    let before = evidence.clone();
    let (rows, sum) = gathered(&by_rank, 0);
    let why = evidence.add(rows, &sum).expect_err("it is there already").to_string();
    assert!(why.contains("case generate-1 has round 1 a second time"), "{why}");
    assert_eq!(evidence, before, "what is refused leaves no trace");
}

#[test]
fn the_digest_is_the_sum_of_the_ranks_and_the_same_in_every_repetition() {
    let with = |round, digest: &str| Repetition { digest: Some(digest.to_owned()), ..plain(round, GIB) };
    let (a, b) = ("fffffffffffffffffffffffffffffff0", "00000000000000000000000000000011");
    let same = run_of(&header(2), &[vec![with(1, a), with(2, b)], vec![with(1, b), with(2, a)]]);
    assert_eq!(same.derived.cases[0].digest.as_deref(), Some("00000000000000000000000000000001"));
    assert_eq!(same.derived.cases[1].digest, None);
    let failed = |by_rank: &[Vec<Repetition>], why: &str| {
        let error = aggregate(&header(2), &evidence(by_rank), None).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    failed(&[vec![with(1, a), with(2, a)], vec![with(1, b), with(2, a)]], "have different digests");
    failed(&[vec![with(1, a)], vec![with(1, "+1")]], "rank 1: \"+1\" is not a digest");
}

#[test]
fn a_gate_is_met_on_its_bound_and_never_by_a_figure_that_is_not_there() {
    let mut header = header(2);
    let gate = |metric: &str, bound, level| Gate { metric: metric.to_owned(), bound, level, against: None };
    header.gates = vec![
        gate("throughput_bytes_per_s", Bound::AtLeast(2.0 * GIB as f64), Level::Fail),
        gate("throughput_bytes_per_s", Bound::AtLeast(2.0 * GIB as f64 + 1.0), Level::Fail),
        gate("refill_share", Bound::AtMost(2e-8), Level::Warn),
        gate("refill_share", Bound::AtMost(1e-8), Level::Warn),
        gate("refill_ns.max", Bound::AtMost(10.0), Level::Fail),
        gate("refill_ns.p999", Bound::AtMost(1e9), Level::Fail),
        gate("speed_of_light", Bound::AtMost(1.0), Level::Fail),
    ];
    let run = run_of(&header, &[vec![plain(1, GIB)], vec![plain(1, GIB)]]);
    // larson has not run here, so its metrics are null and fail their gates.
    let of_generate = |metric: &str| {
        let results = run.derived.gate_results.iter();
        let of_case =
            results.filter(|result| result.metric == metric && result.case.as_deref() != Some("larson-1"));
        of_case.map(|result| result.outcome).collect::<Vec<_>>()
    };
    use Outcome::{Fail, Pass, Warn};
    assert_eq!(of_generate("throughput_bytes_per_s"), [Pass, Fail]);
    assert_eq!(of_generate("refill_share"), [Pass, Warn]);
    assert_eq!(of_generate("refill_ns.max"), [Pass]);
    assert_eq!(of_generate("refill_ns.p999"), [Fail], "eight values have no p99.9");
    assert_eq!(of_generate("speed_of_light"), [Fail]);
    let unknown = run
        .derived
        .gate_results
        .iter()
        .find(|result| result.metric == "speed_of_light")
        .and_then(|result| result.reason.clone())
        .expect("a reason");
    assert!(
        unknown
            .contains("no case has the metric speed_of_light; accepted: stragglers, trustworthy, locality, "),
        "{unknown}"
    );
    assert!(unknown.contains("refill_ns.slow"), "{unknown}");
}

#[test]
fn the_verdict_is_the_worst_outcome() {
    use numamark::error::ExitCode;
    let mut header = header(1);
    header.repetitions = 1;
    header.planned.truncate(1);
    header.gates.clear();
    let good = run_of(&header, &[vec![plain(1, GIB)]]);
    assert!(good.complete && good.verdict().is_ok());
    header.gates = vec![Gate {
        metric: "locality".to_owned(),
        bound: Bound::AtLeast(2.0),
        level: Level::Fail,
        against: None,
    }];
    let mut bad = run_of(&header, &[vec![plain(1, GIB)]]);
    let code = |run: &Run| run.verdict().expect_err("bad").exit_code();
    assert_eq!(code(&bad), ExitCode::Gate);
    bad.complete = false;
    assert_eq!(code(&bad), ExitCode::Incomplete);
    bad.derived.violations = 1;
    assert_eq!(code(&bad), ExitCode::Failed);
}
