//! A case's throughput as a share of its limits (the rate of plain stores on the same pages and cores), by node,
//! socket and host.
//!
//! A loop's rate is its bytes over its time, the loops before and after a repetition taken together. For several
//! ranks it is the bytes of all over the longest time of any rank, exactly as for the case's own rate. The
//! write-only limit is the rate of the store loop with the highest median over the repetitions. Taking the best
//! loop of each repetition would overstate the limit by the variation between loops. Shares are taken within each
//! repetition, so a temporarily slower machine does not lower them.

use std::collections::BTreeMap;

use super::rate;
use crate::aggregate::evidence::Evidence;
use crate::record::line::{Begin, LimitKernel, LimitTiming, Row, When, With};
use crate::record::run::{CaseHeader, CaseLimits, GroupLimit};
use crate::stats::{Drift, drift, median};
use crate::units::index;

const STORES: [LimitKernel; 3] = [LimitKernel::Memset, LimitKernel::Ordinary, LimitKernel::NonTemporal];
const BOTH: [When; 2] = [When::Before, When::After];
/// A smaller change of the limit is no drift, however steady: 2 %, as for the core clock.
const DRIFT_MIN: f64 = 0.02;

/// The store loop that is fastest over these repetitions of the given ranks; `None` when none was measured.
pub(super) fn fastest(rounds: &[Vec<&Row>]) -> Option<LimitKernel> {
    let rate = |kernel| median_of(rounds, |rows| with_all(rows, kernel, &BOTH));
    let known = STORES.into_iter().filter_map(|kernel| Some((kernel, rate(kernel)?)));
    known.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(kernel, _)| kernel)
}

/// Rate of these ranks as a share of the loop's rate in the same repetition.
pub(super) fn share(rows: &[&Row], kernel: LimitKernel) -> Result<f64, String> {
    let limit = with_all(rows, kernel, &BOTH).ok_or_else(|| "the limit was not measured".to_owned())?;
    Ok(rate::byte_rate(rows)? / limit)
}

/// Limits and shares of every node, socket and host; `None` for a case without measured limits.
pub(super) fn of_case(case: &CaseHeader, evidence: &Evidence, rounds: &[Vec<&Row>]) -> Option<CaseLimits> {
    fastest(rounds)?;
    let (mut sockets, mut hosts): (BTreeMap<_, Vec<u32>>, BTreeMap<_, Vec<u32>>) = Default::default();
    for begin in evidence.begins() {
        hosts.entry(begin.host.as_str()).or_default().push(begin.rank);
        if let Some(package) = begin.package {
            sockets.entry((begin.host.as_str(), package)).or_default().push(begin.rank);
        }
    }
    let group = |host: &str, package: Option<u32>, ranks: Vec<u32>| group(host, package, ranks, rounds);
    let node = |begin: &Begin| {
        let timings = alone(case, evidence, begin.rank);
        with_alone(group(&begin.host, begin.package, vec![begin.rank]), &timings, rounds)
    };
    let ends: Vec<(f64, f64)> = rounds.iter().filter_map(|rows| before_and_after(rows)).collect();
    let drift = worst_drift(&ends);
    Some(CaseLimits {
        nodes: evidence.begins().iter().map(node).collect(),
        sockets: sockets
            .into_iter()
            .map(|((host, package), ranks)| group(host, Some(package), ranks))
            .collect(),
        hosts: hosts.into_iter().map(|(host, ranks)| group(host, None, ranks)).collect(),
        drift: drift.map(|(change, _)| change),
        drifted: drift.is_some_and(|(_, drifted)| drifted),
    })
}

/// Relative change of the limit, and true when it exceeds the usual variation. The change over the run (second
/// half against first, each measured before the repetitions) is reported if it is a drift, else the change within
/// repetitions.
fn worst_drift(ends: &[(f64, f64)]) -> Option<(f64, bool)> {
    let half = ends.len() / 2;
    let halves = ends[..half].iter().zip(&ends[ends.len() - half..]);
    let across: Vec<(f64, f64)> = halves.map(|(early, late)| (early.0, late.0)).collect();
    let over_the_run = drift(&across).filter(|found| is_drift(found, across.len()));
    let within = drift(ends).map(|found| (found.change, is_drift(&found, ends.len())));
    over_the_run.map(|found| (found.change, true)).or(within)
}

/// Combined limits and share of some ranks of one host.
fn group(host: &str, package: Option<u32>, ranks: Vec<u32>, rounds: &[Vec<&Row>]) -> GroupLimit {
    let own: Vec<Vec<&Row>> = rounds.iter().map(|rows| rows_of(rows, &ranks)).collect();
    let fastest = fastest(&own);
    GroupLimit {
        host: host.to_owned(),
        package,
        ranks,
        write_bytes_per_s: fastest.and_then(|kernel| median_of(&own, |rows| with_all(rows, kernel, &BOTH))),
        triad_bytes_per_s: median_of(&own, |rows| with_all(rows, LimitKernel::Triad, &BOTH)),
        write_alone_bytes_per_s: None,
        triad_alone_bytes_per_s: None,
        share: fastest.and_then(|kernel| median_of(&own, |rows| share(rows, kernel).ok())),
        share_alone: None,
    }
}

/// Adds the limits that a node reached while no other rank of its host measured.
fn with_alone(node: GroupLimit, timings: &[&LimitTiming], rounds: &[Vec<&Row>]) -> GroupLimit {
    let alone = |kernel: LimitKernel| {
        let of_kernel =
            |when: When| timings.iter().find(|timing| (timing.kernel, timing.when) == (kernel, when));
        together(
            BOTH.into_iter()
                .filter_map(|when| of_kernel(when).map(|timing| (timing.bytes, timing.elapsed_ns))),
        )
    };
    let write = best(&STORES.map(alone));
    let rate = median_of(rounds, |rows| rate::byte_rate(&rows_of(rows, &node.ranks)).ok());
    GroupLimit {
        write_alone_bytes_per_s: write,
        triad_alone_bytes_per_s: alone(LimitKernel::Triad),
        share_alone: rate.zip(write).map(|(rate, limit)| rate / limit),
        ..node
    }
}

/// Timings a rank measured alone: before the case's first repetition, whether or not that counts, and after the
/// run's last.
fn alone<'a>(case: &CaseHeader, evidence: &'a Evidence, rank: u32) -> Vec<&'a LimitTiming> {
    let own = evidence.rounds(&case.id).map(|(_, round)| &round.rows[index(rank)].repetition);
    let before = own.flat_map(|repetition| &repetition.limits);
    let after = evidence.ends().get(&rank).and_then(|end| end.limits.get(&case.id));
    before.chain(after.into_iter().flatten()).filter(|timing| timing.with == With::Alone).collect()
}

/// Rates of the fastest store loop before and after this repetition.
fn before_and_after(rows: &[&Row]) -> Option<(f64, f64)> {
    let [before, after] = BOTH.map(|when| best(&STORES.map(|kernel| with_all(rows, kernel, &[when]))));
    before.zip(after)
}

/// True when the limit certainly changed by more than `DRIFT_MIN`. Fewer than six repetitions cannot give
/// certainty at 95 %; then all of them must have changed in the same direction, by more than they differ. If
/// limits only vary at random, this reports a drift for at most 5 % of cases from five repetitions on, for 3 % at
/// four, for 9 % at three, and never below three (simulated with normal and with t-distributed noise).
fn is_drift(drift: &Drift, repetitions: usize) -> bool {
    let sure = drift.confidence.is_some_and(|confidence| {
        let moved = !confidence.contains(0.0);
        let apart = drift.change.abs() > confidence.high - confidence.low;
        moved && (drift.certain || (apart && repetitions >= 3))
    });
    sure && drift.change.abs() > DRIFT_MIN
}

/// Rate of one loop run by these ranks together: the bytes of all over the longest time of any. `None` unless
/// every rank has it.
fn with_all(rows: &[&Row], kernel: LimitKernel, whens: &[When]) -> Option<f64> {
    let at = |when: When| {
        let of_row = |row: &&Row| {
            row.repetition
                .limits
                .iter()
                .find(|timing| (timing.with, timing.when, timing.kernel) == (With::All, when, kernel))
                .map(|timing| (timing.bytes, timing.elapsed_ns))
        };
        let each: Vec<(u64, u64)> = rows.iter().map(of_row).collect::<Option<_>>()?;
        let longest_ns = each.iter().map(|(_, elapsed_ns)| *elapsed_ns).max()?;
        Some((each.iter().map(|(bytes, _)| *bytes).fold(0u64, u64::saturating_add), longest_ns))
    };
    together(whens.iter().filter_map(|when| at(*when)))
}

/// Bytes per second of timings that ran one after another.
fn together(timings: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let add = |sum: (u64, u64), one: (u64, u64)| (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1));
    let (bytes, elapsed_ns) = timings.fold((0, 0), add);
    (bytes > 0 && elapsed_ns > 0).then(|| bytes as f64 / (elapsed_ns as f64 / 1e9))
}

fn best(rates: &[Option<f64>]) -> Option<f64> {
    rates.iter().copied().flatten().reduce(f64::max)
}

fn median_of(rounds: &[Vec<&Row>], value: impl Fn(&[&Row]) -> Option<f64>) -> Option<f64> {
    median(&rounds.iter().filter_map(|rows| value(rows)).collect::<Vec<f64>>())
}

fn rows_of<'a>(rows: &[&'a Row], ranks: &[u32]) -> Vec<&'a Row> {
    ranks.iter().map(|rank| rows[index(*rank)]).collect()
}
