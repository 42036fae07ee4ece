//! Reasons for each `n/a` in a report.

use super::cells;
use super::text::{NOT_AVAILABLE, grouped, plain};
use crate::metric::{CaseMetric, Distribution};
use crate::record::run::{CaseResult, HistogramSummary};
use crate::word::Word;

/// Reason for a missing figure, with the number of timed values when more of them would have given the figure.
struct Reason {
    why: String,
    timed: Option<u64>,
}

/// One reason with all its cases.
struct Shared<'run> {
    why: String,
    cases: Vec<(&'run CaseResult, Option<u64>)>,
}

/// One line for each reason, with the case when there is only one.
pub(super) fn missing(cases: &[CaseResult]) -> Vec<String> {
    let mut reasons: Vec<Shared<'_>> = Vec::new();
    for case in cases {
        for Reason { why, timed } in of_case(case) {
            match reasons.iter_mut().find(|known| known.why == why) {
                Some(known) => known.cases.push((case, timed)),
                None => reasons.push(Shared { why, cases: vec![(case, timed)] }),
            }
        }
    }
    reasons.iter().map(Shared::line).collect()
}

impl Shared<'_> {
    fn line(&self) -> String {
        let of = match self.cases[..] {
            [(case, _)] => plain(&case.id),
            _ => format!("in {} cases", self.cases.len()),
        };
        let timed = || self.cases.iter().filter_map(|(_, timed)| *timed);
        let there = match (timed().min(), timed().max()) {
            (Some(low), Some(high)) if low < high => {
                format!(", there are {} to {}", grouped(low), grouped(high))
            }
            (Some(timed), _) => format!(", there are {}", grouped(timed)),
            _ => String::new(),
        };
        format!("{NOT_AVAILABLE}: {of}: {}{there}", self.why)
    }
}

fn of_case(case: &CaseResult) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for name in [
        CaseMetric::ThroughputBytesPerS.word(),
        CaseMetric::OperationsPerS.word(),
        CaseMetric::RefillShare.word(),
    ] {
        let Some(metric) = case.metrics.get(name).filter(|metric| metric.value.is_none()) else { continue };
        // A case without refills shows a dash.
        let shown = name != CaseMetric::RefillShare.word() || cells::refills(case).is_some();
        let reason = metric.reason.iter().filter(|_| shown);
        reasons.extend(reason.map(|why| Reason { why: format!("{name}: {}", plain(why)), timed: None }));
    }
    for (times, name, shown) in [
        (case.histograms.get(Distribution::Chunk.word()), "chunk", &["p50", "p99"][..]),
        (case.histograms.get(Distribution::Latency.word()), "operation", &["p50", "p99", "p99.9"][..]),
        (cells::refills(case), "refill", &["p50", "p99", "p99.9"][..]),
    ] {
        reasons.extend(times.and_then(|times| missing_quantile(times, name, shown)));
    }
    reasons
}

/// The first shown quantile that is null, and the number of timed values it needs.
fn missing_quantile(times: &HistogramSummary, noun: &str, shown: &[&str]) -> Option<Reason> {
    let known = [("p50", times.p50, 20), ("p99", times.p99, 1000), ("p99.9", times.p999, 10_000)];
    let (name, _, needed) =
        known.into_iter().find(|(name, value, _)| shown.contains(name) && value.is_none())?;
    let why = match times.timed < needed {
        true => format!("{name} needs {} timed {noun}s", grouped(needed)),
        false => format!(
            "{name}: fewer than ten of the timed {noun}s lie on one side of it, or one kind was never timed"
        ),
    };
    Some(Reason { why, timed: Some(times.timed) })
}
