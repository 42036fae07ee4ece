//! What a run will take and leave behind, from what its miniature took: arithmetic, no clock and no file.
//!
//! A repetition is what stands around its timed region, the warm-up and the region itself; both end with the chunk that
//! is in the making when their time is over. Counters of histograms grow with the data behind them: how, is read off one
//! round of the miniature and all of them together.

use super::miniature::{Miniature, ROUNDS, chunk_bytes};
use super::probed::{LOG, Probed, ProbedCase, ProbedLog};
use super::{Case, Plan, memory};
use crate::workload::Amount;

/// What the real run will take; with a stop rule, what it takes when nothing but the most repetitions, or the time that
/// the rule allows, ends it.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// From the start to the first repetition.
    pub begin_ns: f64,
    /// One repetition of each case, in the order of the plan, with everything around it.
    pub repetition_ns: Vec<f64>,
    /// Limits of one rank at a time, before the first repetitions and after the last.
    pub limits_alone_ns: f64,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// All of it.
    pub wall_ns: f64,
    /// Bytes that all ranks of all hosts generate, without warm-ups.
    pub generated_bytes: f64,
    /// Name and size of what the run directory will hold; `parts/` is one of them.
    pub files: Vec<(String, u64)>,
    /// Memory behind each process beside its arenas.
    pub resident_bytes: Option<u64>,
}

impl Prediction {
    /// For `hosts` hosts that are all as this one.
    pub fn new(plan: &Plan, miniature: &Miniature, probed: &Probed, hosts: u32) -> Prediction {
        let here = &miniature.plan;
        let rounds = f64::from(plan.repetitions);
        let arena = ratio(plan.arena_bytes as f64, here.arena_bytes as f64);
        let begin_ns = probed.begin_ns + probed.set_up_ns * arena.max(1.0);
        let each: Vec<Repetition> = std::iter::zip(&plan.cases, &miniature.stands_for)
            .map(|(case, index)| Repetition::of(plan, case, here, &here.cases[*index], &probed.cases[*index]))
            .collect();
        let repetitions: f64 = each.iter().map(|one| one.ns * rounds + one.digest_ns).sum();
        let allowed = plan.stop.and_then(|stop| stop.time);
        let repetitions = allowed.map_or(repetitions, |time| repetitions.min(time.0 as f64));
        let files = files(plan, miniature, probed, &each, f64::from(hosts));
        let written: u64 = files.iter().filter(|(name, _)| name != PARTS).map(|(_, bytes)| bytes).sum();
        let finish_ns = probed.finish_ns * ratio(written as f64, probed.written_bytes()).max(1.0);
        let ranks = probed.cases.iter().map(|case| case.ranks).fold(1.0, f64::max);
        let limits_alone_ns = plan.limits_alone_ns(1) as f64 * ranks;
        let generated: f64 = each.iter().map(|one| one.generated_bytes).sum();
        Prediction {
            generated_bytes: match plan.data_set_bytes() {
                Some(bytes) => bytes as f64,
                None => generated * rounds * f64::from(hosts),
            },
            begin_ns,
            limits_alone_ns,
            finish_ns,
            wall_ns: begin_ns + repetitions + limits_alone_ns + finish_ns,
            repetition_ns: each.iter().map(|one| one.ns).collect(),
            files,
            resident_bytes: probed.resident_bytes.map(|bytes| {
                let fresh = [plan, here].map(|plan| memory::fresh_bytes(&plan.cases));
                bytes.saturating_sub(fresh[1]).saturating_add(fresh[0])
            }),
        }
    }

    /// Bytes of the whole run directory.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// One repetition of one case of the real run, on all ranks of one host.
struct Repetition {
    ns: f64,
    digest_ns: f64,
    /// Bytes that the ranks generate.
    generated_bytes: f64,
    /// Bytes of the ranks' records.
    bytes: f64,
    /// How many times the data of the miniature's repetition it has.
    data: f64,
}

impl Repetition {
    fn of(plan: &Plan, case: &Case, here: &Plan, case_here: &Case, probed: &ProbedCase) -> Repetition {
        let chunk_bytes = [case, case_here].map(|case| chunk_bytes(case) as f64);
        let chunk_ns = probed.chunk_ns * ratio(chunk_bytes[0], chunk_bytes[1]).max(1.0);
        let around_ns = probed.around_ns
            - region_ns(here.warmup_ns as f64, probed.chunk_ns)
            - here.limits_ns(case_here) as f64;
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
        let ns = (around_ns + plan.limits_ns(case) as f64 + warmup_ns + timed_ns).max(0.0);
        // A chunk that was made smaller is one value here and one there: it is values that counters count.
        let data = work / ratio(chunk_ns, probed.chunk_ns).max(1.0);
        let intervals = interval_bytes(plan, probed.bytes * work, timed_ns, chunk_bytes[0]) * probed.ranks;
        let counters = probed.counter_bytes[0] * growth(probed.counter_bytes, data);
        Repetition {
            ns,
            digest_ns: probed.digest_ns * work,
            generated_bytes: probed.bytes * work * probed.ranks,
            bytes: probed.record_bytes + counters + intervals,
            data,
        }
    }
}

/// A region ends with the chunk in the making: on average half a chunk after its time, and never before the first.
pub(super) fn region_ns(asked_ns: f64, chunk_ns: f64) -> f64 {
    if asked_ns == 0.0 { 0.0 } else { (asked_ns + chunk_ns / 2.0).max(chunk_ns) }
}

/// Digits and commas of a record's intervals: most hold a chunk at least, where there are more intervals than chunks the
/// others hold 0.
pub(super) fn interval_bytes(plan: &Plan, done: f64, timed_ns: f64, chunk_bytes: f64) -> f64 {
    let count =
        (timed_ns / plan.division.interval_ns as f64).ceil().clamp(1.0, plan.division.count_max as f64);
    let chunks = if chunk_bytes > 0.0 { (done / chunk_bytes).max(1.0) } else { count };
    let filled = count.min(chunks);
    let digits = (done / filled).max(1.0).log10().floor() + 1.0;
    filled * (digits + 1.0) + (count - filled) * 2.0
}

/// How much of its exponent the growth of counters keeps from one doubling of the data to the next.
const KEPT: f64 = 0.97;

/// How many times as many counters `data` times the data fill.
///
/// Rare durations are new counters: their number grows as a power of the data, and the power slowly falls.
pub(super) fn growth([one_round, all_rounds]: [f64; 2], data: f64) -> f64 {
    let exponent = ratio(all_rounds, one_round).max(1.0).log2() / f64::from(ROUNDS).log2();
    let doublings = data.max(f64::MIN_POSITIVE).log2();
    let steps = if doublings > 0.0 { (1.0 - KEPT.powf(doublings)) / (1.0 - KEPT) } else { doublings };
    (exponent * steps).exp2()
}

pub(super) const PARTS: &str = "parts/";
const SAMPLES: &str = "samples.parquet";
const RUN: &str = "run.json";

fn files(
    plan: &Plan,
    miniature: &Miniature,
    probed: &Probed,
    each: &[Repetition],
    hosts: f64,
) -> Vec<(String, u64)> {
    let rounds = f64::from(plan.repetitions);
    let records: f64 = each.iter().map(|one| one.bytes * rounds).sum();
    let mut files = vec![(PARTS.to_owned(), whole(hosts * (records + probed.parts_frame_bytes as f64)))];
    // A case that was not tried writes as much as the one that stands for it.
    let cases = ratio(plan.cases.len() as f64, miniature.plan.cases.len() as f64);
    let data = each.iter().map(|one| one.data).sum::<f64>() / each.len().max(1) as f64;
    files.push((LOG.to_owned(), whole(probed.log.bytes(rounds, data, hosts) * cases)));
    for file in &probed.files {
        let (one, all) = (file.one_round_bytes as f64, file.bytes as f64);
        let a_round = (all - one).max(0.0) / f64::from(ROUNDS - 1);
        let frame = (one - a_round).max(0.0);
        let bytes = match file.name.as_str() {
            // Nearly every row is a rank's.
            SAMPLES => (frame + a_round * rounds) * hosts,
            // A row a rank, and for each metric of a case one value a round.
            RUN => frame * hosts + a_round * rounds,
            _ => all,
        };
        files.push((file.name.clone(), whole(bytes * cases)));
    }
    files
}

impl ProbedLog {
    /// After so many rounds of repetitions that have `data` times the data of the miniature's. Lines are compressed: how
    /// they grow is read off the lines themselves, as one of a host differs from one of a round by its data alone.
    fn bytes(&self, rounds: f64, data: f64, hosts: f64) -> f64 {
        let lines = |data: f64| self.round_bytes * growth([self.round_bytes, self.host_bytes], data);
        self.frame_bytes + rounds * lines(data) + hosts * (lines(data * rounds) + self.name_bytes)
    }
}

/// 1 when there is nothing to divide by.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 { numerator / denominator } else { 1.0 }
}

fn whole(bytes: f64) -> u64 {
    // Saturates: no disk is that large.
    bytes.round() as u64
}
