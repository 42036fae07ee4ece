//! One case in `run.json`: what was asked for, what was done and what came out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::Measure;
use crate::record::run::{CaseLimits, Dropped, Interval, Locality};

/// One case as the plan has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseHeader {
    /// Unique in the run, stable for the same job.
    pub id: String,
    /// `generate`, `larson`.
    pub workload: String,
    /// Every parameter that makes this case differ from another; sizes are in bytes (`chunk_bytes`).
    pub parameters: BTreeMap<String, Parameter>,
    /// What its rate counts.
    pub measure: Measure,
    /// The arm it belongs to; null in a job without arms.
    pub arm: Option<String>,
    /// What the arms of one comparison have in common: the id without the arm.
    pub compared_as: Option<String>,
    /// What can be said beforehand; null for cases that generate nothing.
    pub expected: Option<Expected>,
}

/// What the plan says of a case that generates, as on rank 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// Blocks of a chunk, over all workers.
    pub blocks_per_chunk: u32,
    /// Workers that have at least one block of each chunk.
    pub busy_workers: u32,
    /// The chunks that are in flight, of which the youngest is being filled.
    pub working_set_bytes: u64,
    /// How its blocks are stored, `ordinary` or `non-temporal`, also when the job leaves that open; null in runs of
    /// versions that did not say.
    #[serde(default)]
    pub stores: Option<String>,
    /// The L3 caches behind the rank's PUs; null when unknown.
    pub l3_bytes: Option<u64>,
    /// The least memory that the case uses at once when it makes as many chunks: its working set.
    pub memory_bytes_min: u64,
    /// The most: what the plan reserves of the arena.
    pub memory_bytes_max: u64,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Parameter {
    /// A count, or a size in bytes.
    Number(u64),
    /// A word of a closed set: a kernel, an allocator.
    Word(String),
}

/// One case: what was done and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// Unique in the run, stable for the same job.
    pub id: String,
    /// `generate`, `larson`.
    pub workload: String,
    /// Every parameter that makes this case differ from another.
    pub parameters: BTreeMap<String, Parameter>,
    /// What could be said beforehand; null for cases that generate nothing.
    pub expected: Option<Expected>,
    /// The arm it belongs to; null in a job without arms.
    pub arm: Option<String>,
    /// What the arms of one comparison have in common: the id without the arm.
    pub compared_as: Option<String>,
    /// Repetitions that count in no figure, by the job's own rule.
    pub dropped: Vec<Dropped>,
    /// What the same pages and cores take of plain stores; null for cases that generate nothing, or when not measured.
    pub limits: Option<CaseLimits>,
    /// What was done in all.
    pub total: Total,
    /// Rates, shares and costs, by name.
    pub metrics: BTreeMap<String, Metric>,
    /// Distributions over all ranks and repetitions, by name. `refill_ns` combines the strata `refill_ns.slow` and
    /// `refill_ns.fast`, each weighted by count over timed.
    pub histograms: BTreeMap<String, HistogramSummary>,
    /// Where the memory of all ranks was, at the start and at the end of the run.
    pub locality: Locality,
    /// The rank with the lowest median rate; null before the first repetition is finished.
    pub slowest_rank: Option<u32>,
    /// One row a rank.
    pub per_rank: Vec<RankResult>,
    /// With `[run] bytes`: the digest of the data set.
    pub digest: Option<String>,
}

/// What a case did over all repetitions and ranks: exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Total {
    /// Bytes generated.
    pub bytes: u64,
    /// Operations done.
    pub operations: u64,
    /// The longest time of any rank in each repetition, summed over the repetitions, in nanoseconds.
    pub elapsed_ns: u64,
    /// Repetitions that every rank finished.
    pub repetitions: u32,
}

/// One figure of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    /// The median over the repetitions that have a value.
    pub value: Option<f64>,
    /// Of the median, over these repetitions on these hosts; null below two values.
    pub interval: Option<Interval>,
    /// `bytes/s`, `operations/s`, `s/GiB`, `ns`, `share`, `workers`, `bytes`, `switches`.
    pub unit: String,
    /// How many repetitions have a value.
    pub repetitions: u32,
    /// One a repetition, in the order of the rounds.
    pub values: Vec<Option<f64>>,
    /// Why values are null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A distribution of durations in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistogramSummary {
    /// Events: exact.
    pub count: u64,
    /// How many of them were timed. Less than `count`: a random sample, and `min` and `max` are the sample's.
    pub timed: u64,
    /// Values above the range of the counters (60 s), which stand in that of the highest value.
    pub clamped: u64,
    /// Exact smallest timed value.
    pub min: Option<u64>,
    /// Median, as the upper edge of its counter (3 digits). Quantiles are null where they would be noise: fewer than
    /// 10 / (1 - p) timed values, fewer than ten of them on either side, or a stratum that was never timed.
    pub p50: Option<u64>,
    /// 90 % are at most this.
    pub p90: Option<u64>,
    /// 99 % are at most this.
    pub p99: Option<u64>,
    /// 99.9 % are at most this.
    pub p999: Option<u64>,
    /// Exact largest timed value.
    pub max: Option<u64>,
    /// Exact sum of the timed values.
    pub sum: u64,
    /// Of the quantiles, by name (`p99`): where the median of the repetitions' own quantiles lies, on these hosts. A
    /// quantile without one is noise in a single repetition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<String, Interval>,
    /// Estimated sum of all events: strata weighted by count over timed. Null when a stratum was never timed.
    pub sum_estimate: Option<f64>,
}

/// One rank's share of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RankResult {
    /// Index in the world.
    pub rank: u32,
    /// Its host.
    pub host: String,
    /// Its node, as hwloc counts; null when it may run on several.
    pub node_index: Option<u32>,
    /// Its node, as the kernel counts; null likewise.
    pub node_os_index: Option<u32>,
    /// Its workers.
    pub workers: u32,
    /// Bytes or operations a second, as the case measures: over the rank's own elapsed time.
    pub rate: Metric,
    /// Refill time over worker time.
    pub refill_share: Option<f64>,
    /// CPU time over worker time: below 0.97 something else used these cores.
    pub cpu_share: Option<f64>,
    /// Longest chunk.
    pub chunk_ns_max: Option<u64>,
    /// Longest timed refill.
    pub refill_ns_max: Option<u64>,
    /// The most bytes of the rank's arena in use at once, in any repetition; null when the memory is not the arena's.
    pub memory_peak_bytes: Option<u64>,
    /// Share of local pages, the lower of start and end; null when not verified.
    pub locality: Option<f64>,
    /// Throughput over the write-only limit of the rank's own node while all ranks write; null when not measured.
    pub limit_share: Option<f64>,
    /// Throughput over what the node takes when no other rank of its host writes; null when not measured.
    pub limit_share_alone: Option<f64>,
}

impl HistogramSummary {
    /// Every quantile with its name.
    pub fn quantiles(&self) -> [(&'static str, Option<u64>); 4] {
        [("p50", self.p50), ("p90", self.p90), ("p99", self.p99), ("p999", self.p999)]
    }
}

impl CaseResult {
    /// A parameter that is a number, such as `chunk_bytes`.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.parameters.get(name) {
            Some(Parameter::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The row of the slowest rank.
    pub fn slowest(&self) -> Option<&RankResult> {
        self.per_rank.iter().find(|row| Some(row.rank) == self.slowest_rank)
    }
}
