//! Shares of limits, with numbers that can be checked by hand.

use numamark::aggregate::Evidence;
use numamark::aggregate::aggregate;
use numamark::record::run::{CaseResult, GroupLimit};
use numamark::record::{Begin, End, Header, LimitKernel, LimitTiming, Repetition, Row, Run, When, With};
use numamark::report::{Detail, markdown, table};

use crate::figures::plain;
use crate::fixture::{begin, end, header};

const GB: u64 = 1_000_000_000;
const KERNELS: [LimitKernel; 4] =
    [LimitKernel::Memset, LimitKernel::Ordinary, LimitKernel::NonTemporal, LimitKernel::Triad];

/// All four loops, each for 20 ms, at these GB per second.
fn timings(when: When, with: With, rates: [u64; 4]) -> Vec<LimitTiming> {
    let timing = |(kernel, rate)| {
        let elapsed_ns = 20_000_000;
        LimitTiming { when, with, kernel, bytes: rate * elapsed_ns, elapsed_ns }
    };
    KERNELS.into_iter().zip(rates).map(timing).collect()
}

/// A second in which a rank generates at `rate` GB per second, its limits before and after.
fn repetition(round: u32, rate: u64, before: [u64; 4], after: [u64; 4]) -> Repetition {
    let limits = [timings(When::Before, With::All, before), timings(When::After, With::All, after)].concat();
    Repetition { limits, cpu_ns: 2_000_000_000, ..plain(round, rate * GB) }
}

/// The run of these repetitions, by rank: two ranks on a socket, two sockets on a host.
fn run_of(by_rank: &[Vec<Repetition>], ends: &[End]) -> Run {
    let ranks = u32::try_from(by_rank.len()).expect("few");
    let header = Header { repetitions: by_rank[0].len().try_into().expect("few"), ..header(ranks) };
    let begins = (0..ranks).map(|rank| Begin {
        host: format!("host{}", rank / 4),
        package: Some(rank % 4 / 2),
        node_index: Some(rank % 4),
        ..begin(rank, ranks)
    });
    let mut evidence = Evidence::new(begins.collect()).expect("all ranks");
    for turn in 0..by_rank[0].len() {
        let rows: Vec<Row> =
            (0..).zip(by_rank).map(|(rank, repetitions)| repetitions[turn].row(rank)).collect();
        let mut sum = by_rank[0][turn].dense();
        for repetitions in &by_rank[1..] {
            sum.iter_mut().zip(repetitions[turn].dense()).for_each(|(sum, counter)| *sum += counter);
        }
        evidence.add(rows, &sum).expect("all ranks tell the same story");
    }
    evidence.finish((0..ranks).zip(ends.iter().cloned()));
    aggregate(&header, &evidence, Some(1.0)).expect("whole evidence")
}

fn case(run: &Run) -> &CaseResult {
    &run.derived.cases[0]
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} instead of {expected}");
}

#[test]
fn a_share_is_the_rate_over_what_the_fastest_store_loop_took_in_the_same_repetition() {
    // The second loop has the highest median, though not in every round; triad is never the write-only limit. Before and
    // after the second round differ: 20 ms of 20 GB/s and 20 ms of 30 GB/s are 25 GB/s.
    let own = vec![
        repetition(1, 10, [30, 20, 5, 99], [30, 20, 5, 99]),
        repetition(2, 10, [10, 20, 5, 8], [10, 30, 5, 12]),
        repetition(3, 15, [1, 16, 20, 30], [1, 16, 20, 30]),
    ];
    let run = run_of(&[own], &[end(0)]);
    let case = case(&run);
    let share = &case.metrics["limit_share"];
    assert_eq!(share.values, [Some(0.5), Some(0.4), Some(15.0 / 16.0)]);
    assert_eq!((share.value, share.unit.as_str()), (Some(0.5), "share"));
    assert_eq!(case.metrics["slowest_rank_limit_share"].values, share.values);
    let limits = case.limits.as_ref().expect("they were measured");
    for group in [&limits.nodes, &limits.sockets, &limits.hosts] {
        let [group] = &group[..] else { panic!("one rank: {group:?}") };
        close(group.write_bytes_per_s, 20e9);
        close(group.triad_bytes_per_s, 30e9);
        close(group.share, 0.5);
        assert_eq!((group.write_alone_bytes_per_s, group.share_alone), (None, None));
    }
    assert_eq!(case.per_rank[0].limit_share, Some(0.5));
}

#[test]
fn the_limit_of_a_group_is_that_of_all_its_ranks_at_once() {
    // Eight ranks on two hosts; rank 3 is half as fast as its memory, rank 6 has half the memory speed.
    let by_rank: Vec<Vec<Repetition>> = (0..8)
        .map(|rank| {
            let limit = if rank == 6 { 10 } else { 20 };
            let rate = if rank == 3 { 10 } else { limit };
            let rates = [limit, limit / 2, 1, limit];
            (1..=3).map(|round| repetition(round, rate, rates, rates)).collect()
        })
        .collect();
    let ends: Vec<End> = (0..8).map(end).collect();
    let run = run_of(&by_rank, &ends);
    let limits = case(&run).limits.as_ref().expect("they were measured");
    let names = |groups: &[GroupLimit]| -> Vec<(String, Option<u32>, Vec<u32>)> {
        groups.iter().map(|group| (group.host.clone(), group.package, group.ranks.clone())).collect()
    };
    let (one, two) = ("host0".to_owned(), "host1".to_owned());
    assert_eq!(
        names(&limits.sockets),
        [
            (one.clone(), Some(0), vec![0, 1]),
            (one.clone(), Some(1), vec![2, 3]),
            (two.clone(), Some(0), vec![4, 5]),
            (two.clone(), Some(1), vec![6, 7]),
        ]
    );
    assert_eq!(names(&limits.hosts), [(one, None, vec![0, 1, 2, 3]), (two, None, vec![4, 5, 6, 7])]);
    let figures = |groups: &[GroupLimit]| -> Vec<(f64, f64)> {
        let of = |group: &GroupLimit| Some((group.write_bytes_per_s? / 1e9, group.share?));
        groups.iter().map(|group| of(group).expect("measured")).collect()
    };
    // Four ranks at 20, 20, 20 and 10 of 80 are 70; at 20, 20, 10 and 20 of 70 they are all.
    assert_eq!(figures(&limits.hosts), [(80.0, 70.0 / 80.0), (70.0, 1.0)]);
    assert_eq!(figures(&limits.sockets), [(40.0, 1.0), (40.0, 0.75), (40.0, 1.0), (30.0, 1.0)]);
    assert_eq!(figures(&limits.nodes)[3], (20.0, 0.5));
    assert_eq!(figures(&limits.nodes)[6], (10.0, 1.0));
    // All ranks: 140 of 150. The slowest is rank 3 or 6, both at 10: the first is named.
    let metrics = &case(&run).metrics;
    close(metrics["limit_share"].value, 140.0 / 150.0);
    assert_eq!(case(&run).slowest_rank, Some(3));
    assert_eq!(metrics["slowest_rank_limit_share"].value, Some(0.5));
    in_80_columns(&run);
}

/// Checks that every report fits 80 columns and names the place of a slow group.
fn in_80_columns(run: &Run) {
    let whole = ["host1 socket 1", "host0 node 3, rank 3", "limit 93.3 %", "limit: the best of three store"];
    let short = ["rank 3", "node 3", "93.3 % of what", "limit 93.3 %"];
    for (extent, names) in [(Detail::Summary, short), (Detail::Everything, whole)] {
        let text = table(run, extent);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for name in names {
            assert!(text.contains(name), "no {name} in\n{text}");
        }
    }
    assert!(markdown(run).contains("| host0 node 3, rank 3 |"), "{}", markdown(run));
}

#[test]
fn a_rank_measures_its_limit_alone_before_its_first_repetition_and_after_the_last() {
    let own = |rank: u32| -> Vec<Repetition> {
        let mut first = repetition(1, 10, [20, 1, 1, 20], [20, 1, 1, 20]);
        first.limits.extend(timings(When::Before, With::Alone, [30, 31, 1, 18]));
        let more = (2..=3).map(|round| repetition(round, 10 + u64::from(rank), [20; 4], [20; 4]));
        std::iter::once(first).chain(more).collect()
    };
    let end = |rank: u32| End {
        limits: [("generate-1".to_owned(), timings(When::After, With::Alone, [50, 1, 1, 22]))].into(),
        rounds: 3,
        ..end(rank)
    };
    let run = run_of(&[own(0), own(1)], &[end(0), end(1)]);
    let limits = case(&run).limits.as_ref().expect("they were measured");
    for (node, row, rate) in
        [(&limits.nodes[0], &case(&run).per_rank[0], 10.0), (&limits.nodes[1], &case(&run).per_rank[1], 11.0)]
    {
        // memset: 30 and 50 for the same time.
        close(node.write_alone_bytes_per_s, 40e9);
        close(node.triad_alone_bytes_per_s, 20e9);
        close(node.share_alone, rate / 40.0);
        assert_eq!(row.limit_share_alone, node.share_alone);
    }
    assert!(limits.hosts.iter().all(|host| host.write_alone_bytes_per_s.is_none()));
}

#[test]
fn a_steady_change_of_a_limit_is_marked_as_drift_and_random_variation_is_not() {
    let drift = |afters: &[u64]| {
        let own = (1..).zip(afters).map(|(round, after)| {
            // The fastest loop after a repetition is not the fastest loop before: drift compares the limits, not one
            // loop.
            repetition(round, 50, [100, 1, 1, 1], [1, 1, *after, 1])
        });
        let run = run_of(&[own.collect()], &[end(0)]);
        let limits = case(&run).limits.clone().expect("they were measured");
        let said = table(&run, Detail::Everything).contains("drift: plain stores of generate-1 were");
        assert_eq!(said, limits.drifted);
        (limits.drift.expect("before and after"), limits.drifted)
    };
    for (afters, moved, marked) in [
        // A change of 20 %, larger than the variation.
        (&[80, 79, 81, 80, 80][..], -0.2, true),
        (&[80, 79, 81], -0.2, true),
        // Slower every time, but by less than the variation: six repetitions are enough, five are not.
        (&[96, 70, 90, 80, 95, 85], -0.14, true),
        (&[96, 70, 90, 80, 95], -0.14, false),
        // Changes in both directions.
        (&[60, 140, 97, 150, 70, 99, 101], 0.0, false),
        // A certain change that is too small to matter.
        (&[99, 99, 99, 99, 99, 99, 99], -0.01, false),
        // One repetition shows no drift.
        (&[50], -0.5, false),
    ] {
        let found = drift(afters);
        assert!((found.0 - moved).abs() < 0.02 && found.1 == marked, "{afters:?}: {found:?}");
    }
}

#[test]
fn without_limits_there_is_no_share_and_no_line_about_it() {
    let run = run_of(&[(1..=3).map(|round| plain(round, 10 * GB)).collect()], &[end(0)]);
    let case = case(&run);
    assert_eq!((&case.limits, case.per_rank[0].limit_share), (&None, None));
    assert!(!case.metrics.contains_key("limit_share"));
    let text = table(&run, Detail::Everything);
    assert!(!text.contains("limit"), "{text}");
}

#[test]
fn a_loop_that_one_rank_lacks_is_no_limit_of_the_group() {
    let whole = repetition(1, 10, [40, 20, 20, 20], [40, 20, 20, 20]);
    let mut torn = whole.clone();
    torn.limits.retain(|timing| timing.kernel != LimitKernel::Memset);
    let run = run_of(&[vec![whole], vec![torn]], &[end(0), end(1)]);
    let limits = case(&run).limits.as_ref().expect("they were measured");
    close(limits.hosts[0].write_bytes_per_s, 40e9);
    assert_eq!(limits.hosts[0].share, Some(0.5));
    close(limits.nodes[0].write_bytes_per_s, 40e9);
    close(limits.nodes[1].write_bytes_per_s, 20e9);
}
