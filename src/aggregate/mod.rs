//! From evidence to figures: pure, deterministic, and the only place where figures are made. A run aggregates
//! once at its end; `verify` and `recover` aggregate the parts.
// A truncated number would be a wrong result, so casts that may truncate are denied.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub(crate) mod allocators;
pub mod arms;
pub(crate) mod arrivals;
mod cause;
mod check;
mod distribution;
mod disturbances;
mod dropping;
mod ending;
pub mod evidence;
pub mod gate;
mod limits;
mod locality;
mod metric;
mod rate;
mod stragglers;
pub(crate) mod trust;

pub(crate) use cause::sense;
pub use ending::ended_by;
pub use evidence::{Evidence, Totals};
pub(crate) use metric::of_case;
pub use rate::rate_of;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::generator::Digest;
use crate::metric::{CaseMetric, Distribution};
use crate::record::line::{Begin, End, Row, longest_ns};
use crate::record::run::{
    CaseHeader, CaseResult, Derived, Header, Locality, Measure, Metric, PlacementRow, RankResult, Run, Total,
};
use crate::word::Word;
use dropping::AllDropped;
use gate::OfRun;

/// Builds `run.json`: complete only when every rank reached its end and every case has every repetition.
///
/// # Errors
/// When the evidence belongs to another job, or repetitions of one data set have different digests.
pub fn aggregate(header: &Header, evidence: &Evidence, elapsed_s: Option<f64>) -> Result<Run> {
    check_same_run(header, evidence)?;
    let everywhere = locality::of_all(evidence.begins(), evidence.ends());
    let dropped = dropping::dropped(header, evidence);
    let mut cases: Vec<CaseResult> = header
        .planned
        .iter()
        .map(|case| case_result(case, evidence, &dropped, everywhere.clone()))
        .collect::<Result<_>>()?;
    cases.iter_mut().for_each(trust::withhold_limits);
    let placements: Vec<PlacementRow> = { evidence.begins().iter() }
        .map(|begin| placement(begin, evidence.ends().get(&begin.rank)))
        .collect();
    let violations = evidence.ends().values().map(|end| end.violations).sum();
    let judged = trust::JudgedRun { header, placements: &placements, locality: &everywhere, violations };
    let trust = trust::of_run(&judged, &cases);
    let stragglers = stragglers::of_run(header, evidence, &cases, &dropped);
    let (disturbances, coincidences) = disturbances::of_run(header, evidence);
    let every_end = evidence.ends().len() == evidence.begins().len();
    let asked = rounds(header, evidence);
    let every_repetition =
        header.planned.iter().all(|case| usize::try_from(asked) == Ok(evidence.rounds(&case.id).count()));
    let largest = |of: fn(&Begin) -> f64| evidence.begins().iter().map(of).fold(0.0, f64::max);
    let derived = Derived {
        placements,
        violations,
        rounds: rounds(header, evidence),
        ended_by: evidence.ends().values().map(|end| end.ended_by).next(),
        unfinished_repetitions: evidence.unfinished(),
        clock_step_ns: largest(|begin| begin.clock_step_ns),
        clock_read_ns: largest(|begin| begin.clock_read_ns),
        record_ns: largest(|begin| begin.record_ns),
        unavailable: unavailable(evidence.begins()),
        disturbances,
        coincidences,
        comparisons: arms::comparisons(header, evidence, &cases, arms::DIFFERENCE),
        allocator_comparisons: allocators::comparisons(header, evidence, &cases, arms::DIFFERENCE),
        gate_results: gate::evaluate(
            &header.gates,
            &cases,
            OfRun { stragglers: stragglers.len(), trustworthy: trust.trustworthy },
        ),
        trust: Some(trust),
        stragglers,
        locality: everywhere,
        cases,
    };
    let complete = every_end && every_repetition && ending::holds(header, evidence);
    Ok(Run { complete, partial: None, header: header.clone(), elapsed_s, derived })
}

/// Repetitions of each case according to the ends of the parts; without an end, the number that the job asks for.
fn rounds(header: &Header, evidence: &Evidence) -> u32 {
    evidence.ends().values().map(|end| end.rounds).min().unwrap_or(header.repetitions)
}

/// Items that some machine does not offer, each with the first reason given.
fn unavailable(begins: &[Begin]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, why) in begins.iter().flat_map(|begin| &begin.unavailable) {
        all.entry(name.clone()).or_insert_with(|| why.clone());
    }
    all
}

fn check_same_run(header: &Header, evidence: &Evidence) -> Result<()> {
    let (ranks, first) = (evidence.begins().len(), &evidence.begins()[0]);
    if usize::try_from(header.ranks) != Ok(ranks) || header.job_hash != first.job_hash {
        return Err(Error::Failed(format!(
            "the run has {} ranks and job {}, its parts are of {ranks} ranks and job {}",
            header.ranks, header.job_hash, first.job_hash
        )));
    }
    let planned: BTreeSet<&str> = header.planned.iter().map(|case| case.id.as_str()).collect();
    match evidence.cases().find(|case| !planned.contains(case)) {
        Some(stranger) => {
            Err(Error::Failed(format!("the parts have a case {stranger} that the run did not plan")))
        }
        None => Ok(()),
    }
}

fn placement(begin: &Begin, end: Option<&End>) -> PlacementRow {
    PlacementRow {
        rank: begin.rank,
        host: begin.host.clone(),
        node_index: begin.node_index,
        node_os_index: begin.node_os_index,
        pus: begin.pus.clone(),
        placement: begin.placement.clone(),
        resident_peak_bytes: end.and_then(|end| end.resident_peak_bytes),
    }
}

fn case_result(
    case: &CaseHeader,
    evidence: &Evidence,
    dropped: &AllDropped,
    locality: Locality,
) -> Result<CaseResult> {
    let all: Vec<Vec<&Row>> =
        evidence.rounds(&case.id).map(|(_, round)| round.rows.iter().collect()).collect();
    let nothing = BTreeMap::new();
    let dropped = dropped.get(&case.id).unwrap_or(&nothing);
    let (rounds, gaps) = dropping::kept(case, evidence, dropped);
    let limits = limits::of_case(case, evidence, &rounds);
    let mut per_rank: Vec<RankResult> = evidence
        .begins()
        .iter()
        .map(|begin| rank_result(case, begin, evidence.ends().get(&begin.rank), &rounds))
        .collect();
    for (row, node) in per_rank.iter_mut().zip(limits.iter().flat_map(|limits| &limits.nodes)) {
        row.limit_share_alone = node.share_alone;
    }
    let slowest = per_rank
        .iter()
        .filter_map(|row| row.rate.value.map(|rate| (row, rate)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(row, _)| row);
    let mut metrics = metric::of_case(case.measure, &rounds);
    if let Some(row) = slowest {
        metrics.insert(case.measure.slowest_rank_rate().word().to_owned(), row.rate.clone());
        let mut own = metric::of_case(case.measure, &own_rows(&rounds, row.rank));
        let share = own.remove(CaseMetric::LimitShare.word());
        metrics.extend(share.map(|share| (CaseMetric::SlowestRankLimitShare.word().to_owned(), share)));
    }
    let slowest_rank = slowest.map(|row| row.rank);
    let rates = per_rank.iter_mut().map(|row| &mut row.rate);
    rates.chain(metrics.values_mut()).for_each(|metric| dropping::open_gaps(metric, &gaps));
    // Data checks do not depend on timing, so dropped repetitions count too.
    metrics.extend(check::of_case(case, evidence));
    Ok(CaseResult {
        id: case.id.clone(),
        workload: case.workload.clone(),
        parameters: case.parameters.clone(),
        expected: case.expected.clone(),
        arm: case.arm.clone(),
        compared_as: case.compared_as.clone(),
        dropped: dropped.values().cloned().collect(),
        limits,
        total: total(&all),
        metrics,
        histograms: distribution::of_case(evidence, &case.id, |round| !dropped.contains_key(&round))?,
        locality,
        slowest_rank,
        per_rank,
        digest: digest(case, &all)?,
    })
}

/// Total work of all repetitions, in exact integers.
fn total(rounds: &[Vec<&Row>]) -> Total {
    let sum = |of: fn(&Row) -> u64| {
        rounds.iter().flatten().map(|row| of(row)).fold(0u64, |sum, value| sum.saturating_add(value))
    };
    Total {
        bytes: sum(|row| row.repetition.bytes),
        operations: sum(|row| row.repetition.operations),
        elapsed_ns: rounds
            .iter()
            .map(|rows| longest_ns(rows.iter().copied()))
            .fold(0u64, u64::saturating_add),
        repetitions: u32::try_from(rounds.len()).unwrap_or(u32::MAX),
    }
}

/// One rank's rows. Each round of `rounds` holds one row per rank, in rank order.
fn own_rows<'a>(rounds: &[Vec<&'a Row>], rank: u32) -> Vec<Vec<&'a Row>> {
    let index = usize::try_from(rank).expect("a rank is an index");
    rounds.iter().map(|rows| vec![rows[index]]).collect()
}

fn rank_result(case: &CaseHeader, begin: &Begin, end: Option<&End>, rounds: &[Vec<&Row>]) -> RankResult {
    let own = own_rows(rounds, begin.rank);
    let mut metrics = metric::of_case(case.measure, &own);
    let mut take = |metric: CaseMetric| metrics.remove(metric.word()).and_then(|metric: Metric| metric.value);
    let (refill_share, cpu_share) = (take(CaseMetric::RefillShare), take(CaseMetric::CpuShare));
    let limit_share = take(CaseMetric::LimitShare);
    let rate = metrics.remove(case.measure.rate().word()).expect("every case has its rate");
    RankResult {
        rank: begin.rank,
        host: begin.host.clone(),
        node_index: begin.node_index,
        node_os_index: begin.node_os_index,
        workers: u32::try_from(begin.pus.len()).unwrap_or(u32::MAX),
        rate,
        refill_share,
        cpu_share,
        chunk_ns_max: distribution::max(&own, Distribution::Chunk.word()),
        refill_ns_max: distribution::max(&own, Distribution::Refill.word()),
        memory_peak_bytes: own.iter().filter_map(|rows| rows[0].repetition.memory_peak_bytes).max(),
        locality: locality::of_rank(&begin.locality, end.map(|end| &end.locality)),
        limit_share,
        limit_share_alone: None,
    }
}

/// Digest of the case's data set, merged from all ranks; equal in every repetition.
fn digest(case: &CaseHeader, rounds: &[Vec<&Row>]) -> Result<Option<String>> {
    let failed = |why: String| Error::Failed(format!("case {}: {why}", case.id));
    let mut digests = BTreeSet::new();
    for rows in rounds {
        let mut whole: Option<Digest> = None;
        for row in rows {
            if let Some(text) = &row.repetition.digest {
                let share =
                    Digest::from_hex(text).map_err(|why| failed(format!("rank {}: {why}", row.rank)))?;
                whole.get_or_insert_default().merge(&share);
            }
        }
        digests.extend(whole.map(|whole| whole.to_hex()));
    }
    if digests.len() > 1 {
        let found: Vec<String> = digests.into_iter().collect();
        return Err(failed(format!(
            "repetitions of one data set have different digests: {}",
            found.join(", ")
        )));
    }
    Ok(digests.pop_first())
}

/// Figures of one repetition, for all ranks or for one, depending on `rows`.
pub fn of_repetition(measure: Measure, rows: &[Row]) -> BTreeMap<String, Metric> {
    metric::of_case(measure, &[rows.iter().collect()])
}
