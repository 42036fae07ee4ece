//! Lines above and below the tables: what is true of this run, and, in full, how it was measured.

use super::sweep::Group;
use super::text::{limited, percent, plain};
use super::{
    Detail, advice, allocators, arrivals, cells, checks, disturbances, ending, gates, limits, measuring,
    missing, stragglers, trust,
};
use crate::record::run::{CaseResult, HistogramSummary, Measure, Run};
use crate::units::{counted, grouped, three_digits};

/// Largest number of cases that are named one by one.
const FEW: usize = 2;
/// Largest number of them on gates.
const UNMET_MAX: usize = 3;
/// Largest number of notes below the tables of a summary.
const NOTES_MAX: usize = 6;

/// Name of the run, ranks and hosts, time; then how far it can be believed, and a warning when it is incomplete.
pub(super) fn headline(run: &Run, extent: Detail) -> Vec<String> {
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
    lines.extend(trust::line(run, extent == Detail::Everything));
    lines.extend(ending::partial(run));
    lines
}

/// Notes on this run, the most important first. A summary has at most six, and says how many more there are.
/// `compared` are those on the comparison of its arms.
pub(super) fn notes(run: &Run, groups: &[Group<'_>], compared: Vec<String>, extent: Detail) -> Vec<String> {
    let findings = run.derived.trust.as_ref().map_or(&[][..], |trust| &trust.findings);
    let advised: Vec<String> = groups.iter().flat_map(|group| advice::lines(group, findings)).collect();
    let all = extent == Detail::Everything;
    let mut lines = gates::unmet(&run.derived.gate_results, all);
    if !all && lines.len() > UNMET_MAX {
        let more = lines.split_off(UNMET_MAX - 1).len();
        lines.push(format!("and {} not met", counted(more as u64, "more gate")));
    }
    lines.extend(stragglers::stragglers(run));
    lines.extend(ending::stop_rule(run));
    lines.extend(digests(run));
    lines.extend(advised);
    lines.extend(compared);
    lines.extend(of_this_run(run, extent));
    match extent {
        Detail::Everything => lines.extend(how(run)),
        Detail::Summary => {
            // Details of a note are indented below it.
            lines.retain(|line| !line.starts_with(' '));
            let hidden = lines.len().saturating_sub(NOTES_MAX);
            if hidden > 0 {
                lines.truncate(NOTES_MAX - 1);
                let more = counted(hidden as u64 + 1, "more note");
                lines.push(format!("{more}, and how it was measured: numamark report -v DIR"));
            }
        }
    }
    lines
}

/// What else happened in this run.
fn of_this_run(run: &Run, extent: Detail) -> Vec<String> {
    let (derived, all) = (&run.derived, extent == Detail::Everything);
    let mut lines = checks::checks(run);
    if derived.unfinished_repetitions > 0 {
        let count = counted(u64::from(derived.unfinished_repetitions), "repetition");
        lines.push(format!("left out: {count} that did not end on every rank"));
    }
    lines.extend(allocators::unoptimised(&run.header.allocators));
    lines.extend(disturbances::disturbances(run));
    let differences = run.header.environment_differences.iter();
    let differences = differences.map(|line| format!("hosts differ: {}", plain(line)));
    lines.extend(limited(differences.collect(), "run.json"));
    lines.extend(limited(missing::missing(run, all), "run.json"));
    lines.extend(gates::met(&derived.gate_results, all));
    if all {
        lines.extend(limited(arrivals::lines(&derived.cases), "run.json"));
        lines.extend(limited(limits::drifts(&derived.cases), "run.json"));
    }
    lines
}

/// The method: figures, intervals, clock, cost, locality, limits.
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
        "rates: {counted} of all ranks over the longest elapsed time of a rank, median of {repetitions}; range: highest less lowest, over the median"
    )];
    lines.extend(ending::lines(run));
    lines.push(confidence_intervals(&derived.cases));
    lines.extend(measuring::lines(run));
    lines.extend(allocators::builds(&run.header.allocators));
    lines.push(locality(run));
    lines.extend(limits::how(&derived.cases));
    lines.extend(refills(&derived.cases));
    lines.extend(sampled(&derived.cases));
    lines
}

/// Level of the confidence intervals.
fn confidence_intervals(cases: &[CaseResult]) -> String {
    let rates = cases.iter().filter_map(|case| cells::rate(case)?.1.confidence);
    let (low, high) = extremes(rates.map(|confidence| confidence.level));
    // Rounded down: 93.75 % rounded up would overstate the confidence.
    let level = |level: f64| format!("{} %", (level * 1000.0).floor() / 10.0);
    let levels = match high {
        none if none < 0.0 => return "confidence interval: none with one repetition".to_owned(),
        one if one == low => level(one),
        several => format!("{} to {}", level(low), level(several)),
    };
    format!("\"a to b\", +-: {levels} confidence interval of the median")
}

/// Meaning of a refill, where one was counted.
fn refills(cases: &[CaseResult]) -> Option<String> {
    cases.iter().any(|case| cells::refills(case).is_some()).then(|| {
        "refill: a worker's empty cache gets its next batch of objects; share: of worker time, for all refills"
            .to_owned()
    })
}

/// Cases with a sample of timed refills; named one by one when there are few.
fn sampled(cases: &[CaseResult]) -> Vec<String> {
    let times = cases.iter().filter_map(|case| Some((case, cells::refills(case)?)));
    let sampled: Vec<(&CaseResult, &HistogramSummary)> =
        times.filter(|(_, times)| times.timed < times.count).collect();
    if sampled.len() > FEW {
        let count = sampled.len();
        return vec![format!("in {count} cases only a sample of the refills was timed; max is the sample's")];
    }
    let line = |(case, times): &(&CaseResult, &HistogramSummary)| {
        let (id, timed, count) = (plain(&case.id), grouped(times.timed), grouped(times.count));
        format!("{id}: {timed} of {count} refills were timed; max is that of the timed ones")
    };
    sampled.iter().map(line).collect()
}

fn locality(run: &Run) -> String {
    let locality = &run.derived.locality;
    let start = locality.start;
    let Some(share) = locality.share else {
        return format!(
            "locality: unverified: {}",
            plain(locality.unverified.as_deref().unwrap_or("the kernel was not asked"))
        );
    };
    let asked = start.local.saturating_add(start.remote);
    let when = if locality.end.is_some() { "at the start and at the end" } else { "at the start" };
    let pages = counted(asked, "page");
    format!("locality: {} of {pages} on the rank's own node, by the kernel's answer {when}", percent(share))
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
