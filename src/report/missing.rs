//! Reasons for figures that are not shown.

use super::cells;
use super::text::plain;
use crate::job::{Amount, Job};
use crate::metric::{CaseMetric, Distribution};
use crate::record::Run;
use crate::record::run::{CaseResult, HistogramSummary};
use crate::units::{Nanoseconds, counted, grouped};
use crate::word::Word;

/// Longest duration of a repetition that is advised, in seconds.
const ADVISED_MAX_S: u64 = 120;
/// Part that an advised duration is longer than the smallest that could do.
const MARGIN: f64 = 1.2;

/// Reason for a missing figure.
#[derive(PartialEq)]
enum Reason {
    /// A sentence about a metric.
    Said(String),
    /// A quantile needs `needed` timed values.
    TooFew { quantile: &'static str, noun: &'static str, needed: u64 },
    /// A quantile lies too near to one end of the timed values.
    Noise { quantile: &'static str, noun: &'static str },
}

/// One reason with all its cases, and the number of timed values that each has.
struct Shared<'run> {
    reason: Reason,
    cases: Vec<(&'run CaseResult, u64)>,
}

/// One line for each reason, with the case when there is only one. Without `all`, nothing is said of the quantiles of
/// refills: the table shows their number in place of them.
pub(super) fn missing(run: &Run, all: bool) -> Vec<String> {
    let mut reasons: Vec<Shared<'_>> = Vec::new();
    for case in &run.derived.cases {
        for (reason, timed) in of_case(case, all) {
            match reasons.iter_mut().find(|known| known.reason == reason) {
                Some(known) => known.cases.push((case, timed)),
                None => reasons.push(Shared { reason, cases: vec![(case, timed)] }),
            }
        }
    }
    reasons.iter().map(|shared| shared.line(run)).collect()
}

impl Shared<'_> {
    fn line(&self, run: &Run) -> String {
        let (of, in_cases) = match self.cases[..] {
            [(case, _)] => (format!(" of {}", plain(&case.id)), String::new()),
            _ => (String::new(), format!(" in {}", counted(self.cases.len() as u64, "case"))),
        };
        match &self.reason {
            Reason::Said(why) => format!("no figure{of}{in_cases}: {why}"),
            Reason::Noise { quantile, noun } => {
                format!("{quantile}{of} not shown{in_cases}: fewer than ten {noun}s lie on one side of it")
            }
            Reason::TooFew { quantile, noun, needed } => {
                let timed = || self.cases.iter().map(|(_, timed)| *timed);
                let (low, high) = (timed().min().unwrap_or(0), timed().max().unwrap_or(0));
                let there = match low == high {
                    true => grouped(low),
                    false => format!("{} to {}", grouped(low), grouped(high)),
                };
                let longer = longer(run, low, *needed);
                let longer = longer.map_or(String::new(), |time| format!("; use run.duration={time}"));
                format!("{quantile}{of} not shown{in_cases}: {there} of {} {noun}s{longer}", grouped(*needed))
            }
        }
    }
}

/// Duration of a repetition, in whole seconds, that would give enough values; `None` when that is too long, or when the
/// job does not go by time.
fn longer(run: &Run, timed: u64, needed: u64) -> Option<String> {
    let job = Job::parse(&run.header.job, "the job in run.json", &[]).ok()?;
    let Amount::Duration(Nanoseconds(duration)) = job.run.amount else { return None };
    let factor = needed as f64 / timed as f64 * MARGIN;
    let seconds = (duration as f64 * factor / 1e9).ceil();
    (timed > 0 && seconds <= ADVISED_MAX_S as f64).then(|| format!("{seconds}s"))
}

fn of_case(case: &CaseResult, all: bool) -> Vec<(Reason, u64)> {
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
        reasons.extend(reason.map(|why| (Reason::Said(format!("{name}: {}", plain(why))), 0)));
    }
    for (times, noun, shown) in [
        (case.histograms.get(Distribution::Chunk.word()), "chunk", &["p50", "p99"][..]),
        (case.histograms.get(Distribution::Latency.word()), "operation", &["p50", "p99", "p99.9"][..]),
        (cells::refills(case).filter(|_| all), "timed refill", &["p50", "p99"][..]),
    ] {
        reasons.extend(times.and_then(|times| missing_quantile(times, noun, shown)));
    }
    reasons
}

/// The first shown quantile that is null, and the number of timed values.
fn missing_quantile(times: &HistogramSummary, noun: &'static str, shown: &[&str]) -> Option<(Reason, u64)> {
    let known = [("p50", times.p50, 20), ("p99", times.p99, 1000), ("p99.9", times.p999, 10_000)];
    let (quantile, _, needed) =
        known.into_iter().find(|(name, value, _)| shown.contains(name) && value.is_none())?;
    let reason = match times.timed < needed {
        true => Reason::TooFew { quantile, noun, needed },
        false => Reason::Noise { quantile, noun },
    };
    Some((reason, times.timed))
}
