//! What a figure needs to be believed: the lines above and below the table.

use super::cells;
use super::text::{NOT_AVAILABLE, grouped, percent, plain};
use crate::results::gate::{Bound, GateResult, Outcome};
use crate::results::run::{CaseResult, HistogramSummary, Run};
use crate::units::{human_duration, three_digits};

/// Below this share of worker time on a CPU, something else ran there (statistics of shared machines).
const CONTAMINATED_BELOW: f64 = 0.97;
/// Lines of one kind that are printed; the rest is counted.
const SHOWN: usize = 5;

/// What ran, where, and whether it is all there.
pub(super) fn headline(run: &Run) -> Vec<String> {
    let header = &run.header;
    let ranks = counted(u64::from(header.ranks), "rank");
    let hosts = match header.hosts.as_slice() {
        [host] => plain(host),
        hosts => counted(hosts.len() as u64, "host"),
    };
    let elapsed =
        run.elapsed_s.map_or("elapsed time unknown".to_owned(), |s| format!("{} s", three_digits(s)));
    let mut lines =
        vec![format!("{}: {ranks} on {hosts}, {elapsed}, {}", plain(&header.name), plain(&header.started))];
    if !run.complete {
        lines.push(
            "PARTIAL RESULT: the run did not finish; figures are of the repetitions that all ranks finished"
                .to_owned(),
        );
    }
    lines
}

/// How it was measured, what to doubt, and which gates were met.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut lines = how(run);
    lines.extend(doubts(run));
    lines.extend(digests(run));
    lines.extend(gates(&run.derived.gate_results));
    lines
}

fn how(run: &Run) -> Vec<String> {
    let (header, derived) = (&run.header, &run.derived);
    // What a partial result holds differs from case to case; the table has the counts.
    let repetitions = match run.complete {
        true => counted(u64::from(header.repetitions), "repetition"),
        false => "the repetitions".to_owned(),
    };
    let mut lines = vec![
        format!(
            "rates: bytes of all ranks over the longest elapsed time, median of {repetitions}; range: from lowest to highest, over the median"
        ),
        format!(
            "clock: {}, step {}, a reading costs {}",
            plain(&header.environment.clock_source),
            human_duration(derived.clock_step_ns),
            human_duration(derived.clock_read_ns)
        ),
        locality(run),
    ];
    lines.extend(limited(derived.cases.iter().filter_map(sampled).collect()));
    lines
}

fn sampled(case: &CaseResult) -> Option<String> {
    let times = cells::refills(case).filter(|times| times.timed < times.count)?;
    let (id, timed, count) = (plain(&case.id), grouped(times.timed), grouped(times.count));
    Some(format!("{id}: {timed} of {count} refills were timed; the maximum is the sample's"))
}

fn locality(run: &Run) -> String {
    let locality = &run.derived.locality;
    let start = locality.start;
    let Some(share) = locality.share else {
        return format!(
            "locality: unverified: {}",
            plain(locality.unverified.as_deref().unwrap_or("not asked"))
        );
    };
    let asked = start.local.saturating_add(start.remote);
    let when = if locality.end.is_some() { "at the start and at the end" } else { "at the start" };
    let pages = counted(asked, "page");
    format!("locality: {} of {pages} on the rank's own node, asked of the kernel {when}", percent(share))
}

fn doubts(run: &Run) -> Vec<String> {
    let derived = &run.derived;
    let mut lines = Vec::new();
    if derived.violations > 0 {
        let count = counted(derived.violations, "object");
        lines.push(format!(
            "BUG: {count} freed twice or never allocated; no figure of this run can be trusted"
        ));
    }
    if derived.unfinished_repetitions > 0 {
        let count = counted(u64::from(derived.unfinished_repetitions), "repetition");
        lines.push(format!("unfinished: {count} did not end on every rank and count in no figure"));
    }
    lines.extend(limited(derived.cases.iter().filter_map(contaminated).collect()));
    lines.extend(limited(
        run.header
            .environment_differences
            .iter()
            .map(|line| format!("hosts differ: {}", plain(line)))
            .collect(),
    ));
    lines.extend(limited(derived.cases.iter().flat_map(missing).collect()));
    lines
}

fn contaminated(case: &CaseResult) -> Option<String> {
    let share = case.metrics.get("cpu_share")?.value.filter(|share| *share < CONTAMINATED_BELOW)?;
    let (id, share) = (plain(&case.id), percent(share));
    Some(format!(
        "disturbed: the workers of {id} had a CPU for only {share} of their time: these cores were shared"
    ))
}

/// Why a case shows `n/a`.
fn missing(case: &CaseResult) -> Vec<String> {
    let id = plain(&case.id);
    let mut lines = Vec::new();
    for name in ["throughput_bytes_per_s", "operations_per_s", "refill_share"] {
        let Some(metric) = case.metrics.get(name).filter(|metric| metric.value.is_none()) else { continue };
        // A case without refills shows a dash.
        if let Some(reason) =
            metric.reason.as_ref().filter(|_| name != "refill_share" || cells::refills(case).is_some())
        {
            lines.push(format!("{NOT_AVAILABLE}: {id}, {name}: {}", plain(reason)));
        }
    }
    for (name, times, shown) in [
        ("chunk", case.histograms.get("chunk_ns"), &["p50", "p99"][..]),
        ("refill", cells::refills(case), &["p50", "p99", "p99.9"][..]),
    ] {
        let missing = times.and_then(|times| missing_quantile(times, name, shown));
        lines.extend(missing.map(|why| format!("{NOT_AVAILABLE}: {id}: {why}")));
    }
    lines
}

/// The first of the shown quantiles that is null, and what it would have taken.
fn missing_quantile(times: &HistogramSummary, noun: &str, shown: &[&str]) -> Option<String> {
    let known = [("p50", times.p50, 20), ("p99", times.p99, 1000), ("p99.9", times.p999, 10_000)];
    let (name, _, needed) =
        known.into_iter().find(|(name, value, _)| shown.contains(name) && value.is_none())?;
    let timed = grouped(times.timed);
    Some(if times.timed < needed {
        format!("{name} needs {} timed {noun}s, there are {timed}", grouped(needed))
    } else {
        format!(
            "{name}: of {timed} timed {noun}s fewer than ten lie on one side of it, or one kind was never timed"
        )
    })
}

fn digests(run: &Run) -> Vec<String> {
    let with_digest = || run.derived.cases.iter().filter_map(|case| Some((case, case.digest.as_ref()?)));
    let mut lines: Vec<String> = Vec::new();
    let distinct: std::collections::BTreeSet<&String> = with_digest().map(|(_, digest)| digest).collect();
    if distinct.len() == 1 {
        lines.extend(distinct.iter().map(|digest| format!("digest of the data set: {}", plain(digest))));
    } else {
        lines.extend(
            with_digest().map(|(case, digest)| format!("digest of {}: {}", plain(&case.id), plain(digest))),
        );
    }
    lines
}

/// Gates that were met in one line each, and every case in which one was not.
fn gates(results: &[GateResult]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = results;
    while let Some(first) = rest.first() {
        let same = |other: &&GateResult| (&other.metric, other.bound) == (&first.metric, first.bound);
        let (gate, others) = rest.split_at(rest.iter().take_while(same).count());
        let passed = gate.iter().filter(|result| result.outcome == Outcome::Pass).count();
        if passed > 0 {
            let cases = counted(passed as u64, "case");
            lines.push(format!("gate PASS: {} is {} in {cases}", plain(&first.metric), wanted(first.bound)));
        }
        lines.extend(gate.iter().filter(|result| result.outcome != Outcome::Pass).map(unmet));
        rest = others;
    }
    lines
}

fn unmet(result: &GateResult) -> String {
    let outcome = if result.outcome == Outcome::Fail { "FAIL" } else { "WARN" };
    let found = match (result.value, &result.reason) {
        (Some(value), _) => format!("is {}", beside(value, result.bound)),
        (None, reason) => format!("has no value ({})", plain(reason.as_deref().unwrap_or("not measured"))),
    };
    let of = result.case.as_ref().map_or(String::new(), |case| format!(" of {}", plain(case)));
    format!("gate {outcome}: {}{of} {found}, wanted {}", plain(&result.metric), wanted(result.bound))
}

fn wanted(bound: Bound) -> String {
    match bound {
        Bound::AtLeast(bound) => format!("at least {bound}"),
        Bound::AtMost(bound) => format!("at most {bound}"),
    }
}

/// Four digits, unless rounding would put an unmet value on the bound.
fn beside(value: f64, bound: Bound) -> String {
    let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = bound;
    let short = format!("{value:.3e}").parse::<f64>().unwrap_or(value);
    if short == bound { value.to_string() } else { short.to_string() }
}

fn limited(mut lines: Vec<String>) -> Vec<String> {
    let rest = lines.len().saturating_sub(SHOWN);
    if rest > 0 {
        lines.truncate(SHOWN);
        lines.push(format!("  and {rest} more like these; run.json has them all"));
    }
    lines
}

fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}
