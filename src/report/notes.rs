//! Lines above and below the tables that a reader needs to trust the figures.

use super::text::{counted, grouped, limited, percent, plain};
use super::{
    allocators, arrivals, cells, checks, disturbances, ending, gates, limits, measuring, missing, stragglers,
};
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, HistogramSummary, Measure, Run};
use crate::units::three_digits;
use crate::word::Word;

/// Below this share of worker time on a CPU, other work disturbed the workers (from statistics of shared
/// machines).
pub(super) const CONTAMINATED_BELOW: f64 = 0.97;
/// Largest number of cases that are named one by one.
const FEW: usize = 2;

/// Name of the run, ranks and hosts, time, and a warning when it is incomplete.
pub(super) fn headline(run: &Run) -> Vec<String> {
    let header = &run.header;
    let ranks = counted(u64::from(header.ranks), "rank");
    let hosts = match header.hosts.as_slice() {
        [host] => plain(host),
        hosts => counted(hosts.len() as u64, "host"),
    };
    let elapsed =
        run.elapsed_s.map_or("elapsed time unknown".to_owned(), |s| format!("{} s", three_digits(s)));
    let mut lines: Vec<String> = ending::partial(run).into_iter().collect();
    lines.push(format!("{}: {ranks} on {hosts}, {elapsed}, {}", plain(&header.name), plain(&header.started)));
    lines.extend(nothing_left(run));
    lines
}

/// Warning about cases without a figure, because the job's rule dropped every repetition.
fn nothing_left(run: &Run) -> Option<String> {
    let empty = |case: &&CaseResult| {
        case.total.repetitions > 0 && case.dropped.len() as u64 == u64::from(case.total.repetitions)
    };
    let gone: Vec<String> = run.derived.cases.iter().filter(empty).map(|case| plain(&case.id)).collect();
    (!gone.is_empty()).then(|| {
        format!("NO FIGURE of {}: every repetition was dropped by the job's own rule", gone.join(", "))
    })
}

/// Method of measurement, doubts, and gates.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut lines = how(run);
    lines.extend(doubts(run));
    lines.extend(digests(run));
    lines.extend(checks::checks(run));
    lines.extend(disturbances::disturbances(run));
    lines.extend(stragglers::stragglers(run));
    lines.extend(gates::gates(&run.derived.gate_results));
    lines
}

fn how(run: &Run) -> Vec<String> {
    let derived = &run.derived;
    // Cases of a partial result differ in their repetitions; the table has the counts.
    let repetitions = match run.complete {
        true => counted(u64::from(derived.rounds), "repetition"),
        false => "the repetitions".to_owned(),
    };
    let measures = |measure: Measure| {
        derived.cases.iter().filter_map(cells::rate).any(|(of_case, _)| of_case == measure)
    };
    let counted = match (measures(Measure::Bytes), measures(Measure::Operations)) {
        (true, true) => "bytes or operations",
        (false, true) => "operations",
        _ => "bytes",
    };
    let mut lines = vec![format!(
        "rates: {counted} of all ranks over the longest elapsed time, median of {repetitions}; range: from lowest to highest, over the median"
    )];
    lines.extend(ending::lines(run));
    lines.push(confidence_intervals(&derived.cases));
    lines.extend(measuring::lines(run));
    lines.extend(allocators::builds(&run.header.allocators));
    lines.push(locality(run));
    lines.extend(limits::how(&derived.cases));
    lines.extend(sampled(&derived.cases));
    lines
}

/// Scope and level of the confidence intervals.
fn confidence_intervals(cases: &[CaseResult]) -> String {
    let rates = cases.iter().filter_map(|case| cells::rate(case)?.1.confidence);
    let (low, high) = extremes(rates.map(|confidence| confidence.level));
    // Rounded down: 93.75 % rounded up would overstate the confidence.
    let level = |level: f64| format!("{} %", (level * 1000.0).floor() / 10.0);
    let levels = match high {
        none if none < 0.0 => return "interval: none, there is one repetition".to_owned(),
        one if one == low => level(one),
        several => format!("{} to {}", level(low), level(several)),
    };
    format!("\"to\", +-: the {levels} interval of the median, for repetitions like these on these hosts")
}

/// Cases with a sample of timed refills; named one by one when there are few.
fn sampled(cases: &[CaseResult]) -> Vec<String> {
    let times = cases.iter().filter_map(|case| Some((case, cells::refills(case)?)));
    let sampled: Vec<(&CaseResult, &HistogramSummary)> =
        times.filter(|(_, times)| times.timed < times.count).collect();
    if sampled.len() > FEW {
        let count = sampled.len();
        return vec![format!(
            "in {count} cases a sample of the refills was timed; its maximum is the sample's"
        )];
    }
    let line = |(case, times): &(&CaseResult, &HistogramSummary)| {
        let (id, timed, count) = (plain(&case.id), grouped(times.timed), grouped(times.count));
        format!("{id}: {timed} of {count} refills were timed; the maximum is the sample's")
    };
    sampled.iter().map(line).collect()
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
            "BUG: {count} freed twice, never allocated or overwritten; no figure of this run can be trusted"
        ));
    }
    if derived.unfinished_repetitions > 0 {
        let count = counted(u64::from(derived.unfinished_repetitions), "repetition");
        lines.push(format!("unfinished: {count} did not end on every rank and count in no figure"));
    }
    lines.extend(limited(arrivals::lines(&derived.cases), "run.json"));
    lines.extend(contaminated(&derived.cases));
    lines.extend(limited(limits::drifts(&derived.cases), "run.json"));
    let differences = run.header.environment_differences.iter();
    let differences = differences.map(|line| format!("hosts differ: {}", plain(line)));
    lines.extend(limited(differences.collect(), "run.json"));
    lines.extend(limited(missing::missing(&derived.cases), "run.json"));
    lines
}

/// Cases with workers that lacked their cores; named one by one when there are few.
fn contaminated(cases: &[CaseResult]) -> Vec<String> {
    let share =
        |case: &CaseResult| case.metrics.get(CaseMetric::CpuShare.word()).and_then(|metric| metric.value);
    let disturbed: Vec<(&CaseResult, f64)> = cases
        .iter()
        .filter_map(|case| Some((case, share(case)?)))
        .filter(|(_, share)| *share < CONTAMINATED_BELOW)
        .collect();
    if disturbed.len() > FEW {
        let (low, high) = extremes(disturbed.iter().map(|(_, share)| *share));
        return vec![format!(
            "disturbed: in {} of {} cases the workers had a CPU for only {} to {} of their time: \
             these cores were shared",
            disturbed.len(),
            cases.len(),
            percent(low),
            percent(high)
        )];
    }
    let line = |(case, share): &(&CaseResult, f64)| {
        let (id, share) = (plain(&case.id), percent(*share));
        format!(
            "disturbed: the workers of {id} had a CPU for only {share} of their time: these cores were shared"
        )
    };
    disturbed.iter().map(line).collect()
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

fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}
