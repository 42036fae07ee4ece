//! The answer of a run, which stands above its tables: one sentence for each workload.

use super::allocators::Allocators;
use super::cells;
use super::compare::arm_sentences;
use super::sweep::Group;
use super::text::{OperationUnit, between, byte_rate, operation_rate, plain, ratio_percent, short_host};
use crate::aggregate::trust::believed;
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Measure, Metric, Run};
use crate::units::human_rate;
use crate::word::Word;
use crate::workload::allocate::Workload;

/// One sentence for each group of cases. Workloads that a contest of allocators covers have its sentences, which come
/// first.
pub(super) fn lines(run: &Run, groups: &[Group<'_>], allocators: Option<&Allocators<'_>>) -> Vec<String> {
    let mut lines = allocators.map_or(Vec::new(), Allocators::answer);
    let covered = |group: &&Group<'_>| allocators.is_some_and(|allocators| allocators.has_all(&group.cases));
    lines.extend(groups.iter().filter(|group| !covered(group)).map(|group| sentence(run, group)));
    lines
}

fn sentence(run: &Run, group: &Group<'_>) -> String {
    let workload = plain(group.workload);
    let gloss = gloss(group.workload).map_or(String::new(), |gloss| format!(" ({gloss})"));
    let said = match group.cases[..] {
        [case] => one(run, case),
        _ => match arm_sentences(run, group.workload) {
            arms if arms.is_empty() => several(run, group),
            arms => arms.join("; "),
        },
    };
    format!("{workload}{gloss}: {said}")
}

/// `38.2 GiB/s (24.8 to 47.7), 69.0 % of what plain stores reach`
fn one(run: &Run, case: &CaseResult) -> String {
    let Some((measure, rate)) = cells::rate(case) else { return "no figure".to_owned() };
    let confidence = match (measure, rate.confidence) {
        (_, None) => String::new(),
        (Measure::Bytes, Some(ends)) => {
            format!(" ({})", between(human_rate(ends.low), human_rate(ends.high)))
        }
        (Measure::Operations, Some(ends)) => {
            let unit = OperationUnit::of(rate.value.unwrap_or(ends.high));
            format!(" ({})", between(unit.figure(ends.low), unit.figure(ends.high)))
        }
    };
    let Some(value) = rate.value else {
        return format!(
            "no figure: {}",
            rate.reason.as_deref().map_or("nothing was measured".to_owned(), plain)
        );
    };
    format!("{}{confidence}{}{}", figure(measure, value), limit(run, case), slowest(case, measure))
}

/// `10.6 to 14.5 GiB/s in 4 cases, the most with chunk 4MiB, 98.1 % of what plain stores reach`
fn several(run: &Run, group: &Group<'_>) -> String {
    let rates = group.cases.iter().filter_map(|case| Some((*case, cells::rate(case)?.1.value?)));
    let rates: Vec<(&CaseResult, f64)> = rates.collect();
    let most = rates.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let least = rates.iter().map(|(_, rate)| *rate).reduce(f64::min);
    let (Some((fastest, high)), Some(low)) = (most, least) else { return "no figure".to_owned() };
    let measure = cells::rate(fastest).map_or(Measure::Bytes, |(measure, _)| measure);
    let axes = group.axes();
    let parameters =
        axes.iter().filter_map(|axis| Some(cells::parameter(axis, fastest.parameters.get(*axis)?)));
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    let with = if parameters.is_empty() { String::new() } else { format!(", the most with {parameters}") };
    let range = match measure {
        _ if figure(measure, low) == figure(measure, *high) => figure(measure, low),
        Measure::Bytes => between(human_rate(low), byte_rate(*high)),
        Measure::Operations => between(OperationUnit::of(*high).figure(low), operation_rate(*high)),
    };
    format!("{range} in {} cases{with}{}", group.cases.len(), limit(run, fastest))
}

fn figure(measure: Measure, rate: f64) -> String {
    match measure {
        Measure::Bytes => byte_rate(rate),
        Measure::Operations => operation_rate(rate),
    }
}

/// The share of the limit; for a case that cannot be believed, that there is none.
fn limit(run: &Run, case: &CaseResult) -> String {
    let metric = case.metrics.get(CaseMetric::LimitShare.word());
    let findings = run.derived.trust.as_ref().map_or(&[][..], |trust| &trust.findings);
    match metric.map(|metric: &Metric| metric.value) {
        Some(Some(share)) => format!(", {} % of what plain stores reach", ratio_percent(share)),
        Some(None) if !believed(findings, &case.id) => "; limit not shown: not trustworthy".to_owned(),
        _ => String::new(),
    }
}

/// The slowest of several ranks.
fn slowest(case: &CaseResult, measure: Measure) -> String {
    let row = case.slowest().filter(|_| case.per_rank.len() > 1);
    let Some((row, rate)) = row.and_then(|row| Some((row, row.rate.value?))) else { return String::new() };
    let node = row.node_index.map_or(String::new(), |node| format!("node {node} of "));
    format!("; slowest: rank {} ({node}{}), {}", row.rank, short_host(&row.host), figure(measure, rate))
}

/// What a workload does, in a few words; `None` for one that this version does not know.
pub(super) fn gloss(workload: &str) -> Option<&'static str> {
    if workload == "generate" {
        return Some("chunks are filled with data");
    }
    Some(match Workload::from_word(workload)? {
        Workload::Larson => "a random object of a table is replaced",
        Workload::Fifo => "the oldest object of a ring is replaced",
        Workload::Random => "a random object of a large table is replaced",
        Workload::Burst => "many objects are allocated, then all are freed",
        Workload::MixedLifetime => "most objects live briefly, a tenth long",
        Workload::VariableSize => "a random object is replaced, sizes vary widely",
        Workload::CrossThread => "one worker allocates, another frees",
        Workload::LarsonChurn => "a random object is replaced, threads come and go",
        Workload::Grow => "objects are only allocated",
        Workload::PingPong => "one object is allocated and freed",
    })
}
