//! Time, memory and files of a run, computed from the measurements of its miniature. Pure arithmetic.
//!
//! A repetition is its timed region, the warm-up before it, and everything around the two. Region and warm-up both end
//! with the chunk that is being filled when their time is over.

use super::miniature::{Miniature, ROUNDS, chunk_bytes};
use super::{Case, Plan, memory};
use crate::workload::Amount;

/// Measurements of a miniature on one host, all its ranks together.
#[derive(Clone, Debug)]
pub struct Probed {
    /// From the start to the first repetition, without `set_up_ns`.
    pub begin_ns: f64,
    /// Starting the workers and populating the arenas.
    pub set_up_ns: f64,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// By case of the miniature.
    pub cases: Vec<ProbedCase>,
    /// Ranks that ran it.
    pub ranks: u32,
    /// Bytes in `parts/`.
    pub parts_bytes: u64,
    /// Bytes of all other files of the run directory.
    pub rest_bytes: u64,
    /// Resident memory of the process beside its arenas; `None` when the kernel does not report it.
    pub resident_bytes: Option<u64>,
}

/// One case of a miniature; each figure is a mean over rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbedCase {
    /// A repetition without its timed region: warm-up, limits, barriers, writing its record.
    pub around_ns: f64,
    /// The timed region of the slowest rank.
    pub timed_ns: f64,
    /// One chunk of that region; 0 for workloads without chunks.
    pub chunk_ns: f64,
    /// Bytes that the slowest rank generated.
    pub bytes: f64,
    /// Extra time of the first round for the pass that hashes a data set; 0 without one.
    pub digest_ns: f64,
}

/// The expected cost of a run. With a stop rule it is the cost of the most repetitions, or the time that the rule allows,
/// whichever is less.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// From the start to the first repetition.
    pub begin_ns: f64,
    /// One repetition of each case, with everything around it, in the order of the plan.
    pub repetition_ns: Vec<f64>,
    /// Limits of one rank at a time, before the first repetitions and after the last.
    pub limits_alone_ns: f64,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// The whole run.
    pub wall_ns: f64,
    /// Bytes that all ranks of all hosts generate, without warm-ups.
    pub generated_bytes: f64,
    /// Estimated bytes in `parts/`; see `files`.
    pub parts_bytes: u64,
    /// Estimated bytes of all other files of the run directory.
    pub rest_bytes: u64,
    /// Resident memory of each process beside its arenas.
    pub resident_bytes: Option<u64>,
}

impl Prediction {
    /// Predicts the run on `hosts` hosts that all equal this one.
    pub fn new(plan: &Plan, miniature: &Miniature, probed: &Probed, hosts: u32) -> Prediction {
        let here = &miniature.plan;
        let rounds = f64::from(plan.repetitions);
        let arena = ratio(plan.arena_bytes as f64, here.arena_bytes as f64);
        let begin_ns = probed.begin_ns + probed.set_up_ns * arena.max(1.0);
        let each: Vec<Repetition> = std::iter::zip(&plan.cases, &miniature.stands_for)
            .map(|(case, index)| Repetition::of(plan, case, here, &here.cases[*index], &probed.cases[*index]))
            .collect();
        let repetitions: f64 = each.iter().map(|one| one.ns * rounds + one.digest_ns).sum();
        let allowed = plan.stop.and_then(|stop| stop.time_ns);
        let repetitions = allowed.map_or(repetitions, |time_ns| repetitions.min(time_ns as f64));
        let [parts_bytes, rest_bytes] = files(plan, here, probed, &each, hosts);
        let finish_ns = probed.finish_ns * ratio(rest_bytes as f64, probed.rest_bytes as f64).max(1.0);
        let limits_alone_ns = plan.limits_alone_ns(probed.ranks) as f64;
        let generated: f64 = each.iter().map(|one| one.generated_bytes).sum();
        Prediction {
            generated_bytes: match plan.data_set_bytes() {
                Some(bytes) => bytes as f64,
                None => generated * f64::from(probed.ranks) * rounds * f64::from(hosts),
            },
            begin_ns,
            limits_alone_ns,
            finish_ns,
            wall_ns: begin_ns + repetitions + limits_alone_ns + finish_ns,
            repetition_ns: each.iter().map(|one| one.ns).collect(),
            parts_bytes,
            rest_bytes,
            resident_bytes: probed.resident_bytes.map(|bytes| {
                let fresh = [plan, here].map(|plan| memory::fresh_bytes(&plan.cases));
                bytes.saturating_sub(fresh[1]).saturating_add(fresh[0])
            }),
        }
    }
}

/// One repetition of one case of the real run.
struct Repetition {
    ns: f64,
    digest_ns: f64,
    /// Bytes that one rank generates.
    generated_bytes: f64,
    /// Its data as a multiple of the data of a repetition of the miniature.
    work: f64,
}

impl Repetition {
    fn of(plan: &Plan, case: &Case, here: &Plan, case_here: &Case, probed: &ProbedCase) -> Repetition {
        let chunk_bytes = [case, case_here].map(|case| chunk_bytes(case) as f64);
        let chunk_ns = probed.chunk_ns * ratio(chunk_bytes[0], chunk_bytes[1]).max(1.0);
        let around_ns = probed.around_ns
            - region_ns(here.warmup_ns as f64, probed.chunk_ns)
            - here.limit_measuring_ns_of(case_here) as f64;
        let (timed_ns, work) = match plan.amount {
            Amount::Duration(ns) => {
                let timed_ns = region_ns(ns as f64, chunk_ns);
                (timed_ns, ratio(timed_ns, probed.timed_ns))
            }
            Amount::Dataset { bytes, ranks, .. } => {
                let work = ratio(bytes as f64 / f64::from(ranks), probed.bytes);
                (probed.timed_ns * work, work)
            }
        };
        let warmup_ns = region_ns(plan.warmup_ns as f64, chunk_ns);
        Repetition {
            ns: (around_ns + plan.limit_measuring_ns_of(case) as f64 + warmup_ns + timed_ns).max(0.0),
            digest_ns: probed.digest_ns * work,
            generated_bytes: probed.bytes * work,
            work,
        }
    }
}

/// Returns the expected length of a region that may end after `asked_ns`: half a chunk more on average, at least one chunk.
pub(super) fn region_ns(asked_ns: f64, chunk_ns: f64) -> f64 {
    if asked_ns == 0.0 { 0.0 } else { (asked_ns + chunk_ns / 2.0).max(chunk_ns) }
}

/// Exponent with which counters of histograms grow with the data of one repetition. Measured: repetitions with 10 times
/// the data leave records that are 2.0 to 2.5 times as long, allocator cases and sweeps of chunks alike.
const COUNTER_GROWTH: f64 = 1.0 / 3.0;

/// Share of the files beside the parts that each further host adds: rows of its ranks, and its lines of the log.
const HOST_SHARE: f64 = 1.0 / 3.0;

/// Estimates the bytes in `parts/` and the bytes of all other files.
///
/// Both are the miniature's, multiplied by rounds, cases and hosts; parts, which hold every counter, also by the growth of
/// counters. Hosts share most of the rest. The estimate may be wrong by a factor of two; it is too high for very long
/// repetitions, because histograms fill up.
fn files(plan: &Plan, here: &Plan, probed: &Probed, each: &[Repetition], hosts: u32) -> [u64; 2] {
    let rounds = f64::from(plan.repetitions) / f64::from(ROUNDS);
    let cases = plan.cases.len() as f64 / here.cases.len() as f64;
    let hosts = f64::from(hosts);
    let scale = rounds * cases;
    let rest_hosts = 1.0 + (hosts - 1.0) * HOST_SHARE;
    let growth: f64 = each.iter().map(|one| one.work.max(1.0).powf(COUNTER_GROWTH)).sum();
    let growth = growth / each.len() as f64;
    // Saturates: no disk is that large.
    let parts = probed.parts_bytes as f64 * scale * growth * hosts;
    let rest = probed.rest_bytes as f64 * scale * rest_hosts;
    [parts, rest].map(|bytes| bytes as u64)
}

/// 1 when there is nothing to divide by.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 { numerator / denominator } else { 1.0 }
}
