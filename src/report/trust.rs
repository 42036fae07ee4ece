//! The second line of a report: nothing was wrong, or what was, worst first.

use super::text::{plain, short_host};
use crate::compare::Untrusted;
use crate::record::run::{Finding, FindingKind, PlacementRow, Run, TrustVerdict};
use crate::units::{counted, grouped, three_digits};

/// Largest number of cases that are named one by one.
const FEW: usize = 2;
/// Largest number of findings in the line; `report -v` has all.
const SHOWN: usize = 4;

/// The line; with `all`, every finding. `None` for a run of a version that did not say.
pub(super) fn line(run: &Run, all: bool) -> Option<String> {
    let trust = run.derived.trust.as_ref()?;
    let measured = run.derived.cases.iter().filter(|case| case.total.repetitions > 0).count();
    let of = Judged { placements: &run.derived.placements, cases: measured };
    let mut findings = sentences(&of, &trust.findings);
    let hidden = if all { 0 } else { findings.len().saturating_sub(SHOWN) };
    findings.truncate(findings.len() - hidden);
    if hidden > 0 {
        findings.push(format!("and {hidden} more"));
    }
    let findings = findings.join("; ");
    Some(match trust.verdict {
        TrustVerdict::Sound => "nothing was wrong".to_owned(),
        TrustVerdict::Doubtful => format!("doubtful: {findings}"),
        TrustVerdict::NotTrustworthy => format!("NOT TRUSTWORTHY: {findings}"),
    })
}

/// The run of a comparison that cannot be trusted.
pub(super) fn of_compared(untrusted: &Untrusted) -> String {
    let of = Judged { placements: &[], cases: untrusted.cases };
    format!(
        "NOT TRUSTWORTHY: {}: {}",
        plain(&untrusted.directory),
        sentences(&of, &untrusted.findings).join("; ")
    )
}

/// What sentences tell of the run beside its findings.
struct Judged<'run> {
    placements: &'run [PlacementRow],
    /// Measured cases.
    cases: usize,
}

/// One sentence for each kind of finding.
fn sentences(run: &Judged<'_>, findings: &[Finding]) -> Vec<String> {
    let same = |a: &Finding, b: &Finding| (a.severe, a.kind) == (b.severe, b.kind);
    findings.chunk_by(same).map(|group| format!("{}{}", what(run, group), of_cases(run, group))).collect()
}

/// What was wrong, with the range of its values.
fn what(run: &Judged<'_>, group: &[Finding]) -> String {
    let (percent, of_rank) = (percent(group), of_rank(run, group));
    let first = &group[0];
    match first.kind {
        FindingKind::Violations => {
            let objects = first.value.unwrap_or_default();
            format!("{} freed twice, never allocated or overwritten", counted(objects as u64, "object"))
        }
        FindingKind::AllDropped => "the job's own rule dropped every repetition".to_owned(),
        FindingKind::SharedByRanks => {
            format!("ranks share CPUs and had none for {percent} of the time{of_rank}")
        }
        FindingKind::Quota => format!("a CPU quota stopped the workers for {percent} of the time{of_rank}"),
        FindingKind::Stolen => {
            format!("the hypervisor gave {percent} of the CPU time{of_rank} to other machines")
        }
        FindingKind::OtherPrograms => format!("other programs took {percent} of the CPU time{of_rank}"),
        FindingKind::NoCpu => format!("the workers had no CPU for {percent} of the time{of_rank}"),
        FindingKind::NotOptimised => "an allocator was built without optimisation".to_owned(),
        FindingKind::CpuTimeUnknown => {
            "the CPU time of the workers is unknown: other programs would go unnoticed".to_owned()
        }
        FindingKind::RemoteMemory => format!("{percent} of the memory is on another node"),
        FindingKind::LocalityUnknown => "the node of the memory could not be verified".to_owned(),
        FindingKind::LimitExceeded => {
            format!("{percent} of the limit: something slowed the plain stores that measure it")
        }
        FindingKind::LimitDrift => format!("plain stores {} during the run", drift(group)),
        FindingKind::CoreClock => format!("a core clock changed by {percent}"),
        FindingKind::ArrivalsMissed => format!("only {percent} of the operations due were done"),
        FindingKind::WideInterval => format!("the rate is known only to +-{percent}"),
        FindingKind::OneRepetition => "one repetition does not show how much rates vary".to_owned(),
    }
}

/// `75 %`, `61 to 80 %`
fn percent(group: &[Finding]) -> String {
    let (low, high) = extremes(group);
    let [low, high] = [low, high].map(|share| digits(share * 100.0));
    if low == high { format!("{low} %") } else { format!("{low} to {high} %") }
}

/// Whole per cent, with a decimal place below ten.
fn digits(percent: f64) -> String {
    match percent.abs() {
        p if p < 9.95 => format!("{p:.1}"),
        p if p < 999.5 => format!("{p:.0}"),
        p => grouped(p.min(1e15) as u64),
    }
}

fn drift(group: &[Finding]) -> String {
    let (low, high) = extremes(group);
    let change = |change: f64| {
        let way = if change > 0.0 { "faster" } else { "slower" };
        format!("{} % {way}", three_digits(change.abs() * 100.0))
    };
    match low == high {
        true => format!("became {}", change(low)),
        false => format!("became {} to {}", change(low), change(high)),
    }
}

fn extremes(group: &[Finding]) -> (f64, f64) {
    let values = group.iter().filter_map(|finding| finding.value);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// ` of rank 3 (node 3 of n0123)`, when all findings concern one rank of several.
fn of_rank(run: &Judged<'_>, group: &[Finding]) -> String {
    let Some(rank) = group[0].rank else { return String::new() };
    if group.iter().any(|finding| finding.rank != Some(rank)) {
        return " of single ranks".to_owned();
    }
    let Some(row) = run.placements.iter().find(|row| row.rank == rank) else { return String::new() };
    let node = row.node_index.map_or(String::new(), |node| format!("node {node} of "));
    format!(" of rank {rank} ({node}{})", short_host(&row.host))
}

/// The cases, unless the finding concerns all of them.
fn of_cases(run: &Judged<'_>, group: &[Finding]) -> String {
    let cases: Vec<&str> = group.iter().filter_map(|finding| finding.case.as_deref()).collect();
    let all = run.cases;
    match cases.len() {
        0 => String::new(),
        count if count == all => String::new(),
        count if count <= FEW => {
            let names: Vec<String> = cases.iter().map(|case| plain(case)).collect();
            format!(" ({})", names.join(", "))
        }
        count => format!(" in {count} of {all} cases"),
    }
}
