//! Rule on the credibility of a run's figures: one for the report, for gates, for comparisons and for other programs. It
//! reads figures that are in `run.json`, so that every reader of that file can apply it.

use std::collections::BTreeSet;

use super::arrivals;
use super::gate::figure;
use crate::metric::CaseMetric;
use crate::record::run::{
    CaseResult, Finding, FindingKind, Header, Locality, Metric, PlacementRow, RankResult, Trust, TrustVerdict,
};
use crate::stats::median;
use crate::word::Word;

/// A worker with a CPU for less than this share of its time was disturbed (from statistics of shared machines).
pub(crate) const UNDISTURBED_FROM: f64 = 0.97;
/// Below this share of its time with a CPU, a rank's figures describe the disturbance: no limit, advice or straggler is
/// claimed.
pub(crate) const CLAIMED_FROM: f64 = 0.90;
/// Smallest share of pages on their own node without a doubt.
const LOCAL_FROM: f64 = 0.99;
/// Largest share of a limit that the variation of both measurements explains.
pub(crate) const LIMIT_SHARE_MAX: f64 = 1.05;
/// A core clock may change by this much within a repetition.
const CLOCK_CHANGE_MAX: f64 = 0.05;
/// Half-width of a rate's confidence interval up to which the rate is known.
const HALF_WIDTH_MAX: f64 = 0.10;
/// A counter that explains this part of the lost CPU time is named as the reason.
const EXPLAINS: f64 = 0.5;

/// The facts of a run that concern all of its cases.
pub(super) struct JudgedRun<'a> {
    pub(super) header: &'a Header,
    pub(super) placements: &'a [PlacementRow],
    pub(super) locality: &'a Locality,
    pub(super) violations: u64,
}

/// Everything that was wrong with these cases and with their run.
pub(super) fn of_run(run: &JudgedRun<'_>, cases: &[CaseResult]) -> Trust {
    let mut findings = run.of_all();
    findings.extend(cases.iter().flat_map(|case| run.of_case(case)));
    let size = |finding: &Finding| finding.value.unwrap_or(0.0).abs();
    // The sort is stable: equal findings stay in the order of the job.
    findings.sort_by(|a, b| {
        (b.severe.cmp(&a.severe)).then(a.kind.cmp(&b.kind)).then(size(b).total_cmp(&size(a)))
    });
    let verdict = match (findings.iter().any(|finding| finding.severe), findings.is_empty()) {
        (true, _) => TrustVerdict::NotTrustworthy,
        (false, false) => TrustVerdict::Doubtful,
        (false, true) => TrustVerdict::Sound,
    };
    let measured: Vec<&CaseResult> = cases.iter().filter(|case| case.total.repetitions > 0).collect();
    let sound = measured.iter().filter(|case| believed(&findings, &case.id)).count();
    let trustworthy = if measured.is_empty() { 1.0 } else { sound as f64 / measured.len() as f64 };
    Trust { verdict, trustworthy, findings }
}

/// True unless a severe finding concerns this case, or the whole run.
pub(crate) fn believed(findings: &[Finding], case: &str) -> bool {
    !findings.iter().any(|finding| finding.severe && finding.case.as_deref().is_none_or(|of| of == case))
}

/// The lowest share of its time that any rank of the case had its CPUs for; `None` where no rank's is known.
fn lowest_cpu_share(case: &CaseResult) -> Option<(f64, &RankResult)> {
    let known = case.per_rank.iter().filter_map(|row| Some((row.cpu_share?, row)));
    known.min_by(|a, b| a.0.total_cmp(&b.0))
}

/// True when most ranks of the case were so disturbed that none can be called slow.
pub(super) fn mostly_disturbed(case: &CaseResult) -> bool {
    let shares: Vec<f64> = case.per_rank.iter().filter_map(|row| row.cpu_share).collect();
    median(&shares).is_some_and(|share| share < CLAIMED_FROM)
}

/// Takes back the shares of the limit of a case with a rank that lacked its CPUs: the limit was measured at another
/// moment than the case, under another disturbance.
pub(super) fn withhold_limits(case: &mut CaseResult) {
    let Some((share, row)) = lowest_cpu_share(case).filter(|(share, _)| *share < CLAIMED_FROM) else {
        return;
    };
    let reason = format!(
        "the workers of rank {} had a CPU for only {:.0} % of the time, and below {:.0} % no limit is claimed",
        row.rank,
        share * 100.0,
        CLAIMED_FROM * 100.0
    );
    for metric in [CaseMetric::LimitShare, CaseMetric::SlowestRankLimitShare] {
        if let Some(metric) = case.metrics.get_mut(metric.word()) {
            // What each repetition measured stays; only the figure of the case is taken back.
            (metric.value, metric.confidence, metric.reason) = (None, None, Some(reason.clone()));
        }
    }
    for row in &mut case.per_rank {
        (row.limit_share, row.limit_share_alone) = (None, None);
    }
    if let Some(limits) = &mut case.limits {
        let groups = limits.nodes.iter_mut().chain(&mut limits.sockets).chain(&mut limits.hosts);
        groups.for_each(|group| (group.share, group.share_alone) = (None, None));
    }
}

impl JudgedRun<'_> {
    /// Findings about the whole run.
    fn of_all(&self) -> Vec<Finding> {
        let finding = |kind, severe, value| Finding { kind, severe, case: None, rank: None, value };
        let mut findings = Vec::new();
        if self.violations > 0 {
            findings.push(finding(FindingKind::Violations, true, Some(self.violations as f64)));
        }
        let several_nodes = self.header.environment.nodes.len() > 1;
        match self.locality.share {
            Some(share) if share < LOCAL_FROM => {
                findings.push(finding(FindingKind::RemoteMemory, false, Some(1.0 - share)));
            }
            None if several_nodes => findings.push(finding(FindingKind::LocalityUnknown, false, None)),
            _ => {}
        }
        findings
    }

    /// Findings about one case.
    fn of_case(&self, case: &CaseResult) -> Vec<Finding> {
        let repetitions = u64::from(case.total.repetitions);
        if repetitions == 0 {
            return Vec::new();
        }
        let finding =
            |kind, severe, value| Finding { kind, severe, case: Some(case.id.clone()), rank: None, value };
        let mut findings = Vec::new();
        if u64::try_from(case.dropped.len()) == Ok(repetitions) {
            return vec![finding(FindingKind::AllDropped, true, None)];
        }
        findings.extend(self.lost_cpu(case));
        if self.not_optimised(case) {
            findings.push(finding(FindingKind::NotOptimised, true, None));
        }
        let value = |metric: CaseMetric| case.metrics.get(metric.word()).and_then(|metric| metric.value);
        let mut doubt = |kind, value: Option<f64>, wrong: fn(f64) -> bool| {
            if let Some(value) = value.filter(|value| wrong(*value)) {
                findings.push(finding(kind, false, Some(value)));
            }
        };
        doubt(FindingKind::LimitExceeded, value(CaseMetric::LimitShare), |share| share > LIMIT_SHARE_MAX);
        let drift = case.limits.as_ref().filter(|limits| limits.drifted).and_then(|limits| limits.drift);
        doubt(FindingKind::LimitDrift, drift, |_| true);
        let clock = figure(case, CaseMetric::CoreClockChange.word()).and_then(Result::ok);
        doubt(FindingKind::CoreClock, clock, |change| change > CLOCK_CHANGE_MAX);
        doubt(FindingKind::ArrivalsMissed, arrivals::share_done(case), |done| done < arrivals::REACHED);
        // Arms are judged by the ratios of their pairs, which can be known when the rates vary.
        if case.arm.is_none() {
            let rate = [CaseMetric::ThroughputBytesPerS, CaseMetric::OperationsPerS];
            let rate = rate.into_iter().find_map(|metric| case.metrics.get(metric.word()));
            doubt(FindingKind::WideInterval, rate.and_then(half_width), |half| half > HALF_WIDTH_MAX);
        }
        if repetitions == 1 {
            findings.push(finding(FindingKind::OneRepetition, false, None));
        }
        findings
    }

    /// The CPU time that the most disturbed rank lacked, with the reason that the counters give.
    fn lost_cpu(&self, case: &CaseResult) -> Option<Finding> {
        let finding =
            |kind, severe, rank, value| Finding { kind, severe, case: Some(case.id.clone()), rank, value };
        let Some((share, row)) = lowest_cpu_share(case) else {
            return Some(finding(FindingKind::CpuTimeUnknown, false, None, None));
        };
        let rank = (case.per_rank.len() > 1).then_some(row.rank);
        (share < UNDISTURBED_FROM)
            .then(|| finding(self.reason(case, row, share), share < CLAIMED_FROM, rank, Some(1.0 - share)))
    }

    fn reason(&self, case: &CaseResult, row: &RankResult, share: f64) -> FindingKind {
        if self.shares_cpus(row) {
            return FindingKind::SharedByRanks;
        }
        // The counters are those of all ranks, so they are compared with the share of all ranks.
        let value = |metric: CaseMetric| case.metrics.get(metric.word()).and_then(|metric| metric.value);
        let lost = 1.0 - value(CaseMetric::CpuShare).unwrap_or(share);
        let explains = |metric: CaseMetric| value(metric).is_some_and(|amount| amount >= lost * EXPLAINS);
        match () {
            () if explains(CaseMetric::QuotaShare) => FindingKind::Quota,
            () if explains(CaseMetric::StealShare) => FindingKind::Stolen,
            () if explains(CaseMetric::RunDelayShare) => FindingKind::OtherPrograms,
            () => FindingKind::NoCpu,
        }
    }

    /// True when another rank of the host has a worker on one of this rank's CPUs.
    fn shares_cpus(&self, row: &RankResult) -> bool {
        let Some(own) = self.placements.iter().find(|placement| placement.rank == row.rank) else {
            return false;
        };
        let pus: BTreeSet<u32> = own.pus.iter().copied().collect();
        let others = self.placements.iter().filter(|other| other.rank != own.rank && other.host == own.host);
        { others }.any(|other| other.pus.iter().any(|pu| pus.contains(pu)))
    }

    fn not_optimised(&self, case: &CaseResult) -> bool {
        let allocator = case.parameters.get("allocator").map(ToString::to_string);
        let build = self.header.allocators.iter().find(|build| Some(&build.allocator) == allocator.as_ref());
        build.is_some_and(|build| build.optimised == Some(false))
    }
}

/// Half-width of a metric's confidence interval as a share of its value; `None` without an interval.
fn half_width(metric: &Metric) -> Option<f64> {
    let (confidence, value) = metric.confidence.zip(metric.value).filter(|(_, value)| *value != 0.0)?;
    Some((confidence.high - confidence.low) / 2.0 / value.abs())
}
