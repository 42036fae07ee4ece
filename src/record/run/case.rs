//! One case in `run.json`: its plan, its work and its results.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::Measure;
use crate::record::run::{CaseLimits, ConfidenceInterval, Dropped, Locality};

/// One case as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseHeader {
    /// Id of the case: unique in the run, stable for the same job.
    pub id: String,
    /// Workload: `generate`, `larson`.
    pub workload: String,
    /// Parameters in which cases may differ; sizes are in bytes (`chunk_bytes`).
    pub parameters: BTreeMap<String, Parameter>,
    /// Quantity that the case's rate counts.
    pub measure: Measure,
    /// Arm of the case; null in a job without arms.
    pub arm: Option<String>,
    /// Id without the arm, shared by the arms of one comparison; null when the case is not compared.
    pub compared_as: Option<String>,
    /// Values known before the run; null for cases that generate nothing.
    pub expected: Option<Expected>,
}

/// Planned values of a case that generates, for rank 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// Blocks of a chunk, over all workers.
    pub blocks_per_chunk: u32,
    /// Workers that have at least one block of each chunk.
    pub busy_workers: u32,
    /// Bytes of the chunks in flight, including the chunk that is being filled.
    pub working_set_bytes: u64,
    /// Stores that fill the blocks, `ordinary` or `non-temporal`, resolved even when the job leaves them open; null
    /// in runs of versions that did not record them.
    #[serde(default)]
    pub stores: Option<String>,
    /// Size of the L3 caches of the rank's PUs; null when unknown.
    pub l3_bytes: Option<u64>,
    /// Smallest possible memory peak of a case that makes enough chunks to fill its working set: the working set
    /// itself; 0 when the memory is not the arena's.
    pub memory_bytes_min: u64,
    /// Largest possible memory peak: the arena's bytes that the plan reserves; 0 when the memory is not the arena's.
    pub memory_bytes_max: u64,
}

/// Value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Parameter {
    /// A count, or a size in bytes.
    Number(u64),
    /// A word from a closed set, such as a kernel or an allocator.
    Word(String),
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::Number(number) => number.fmt(f),
            Parameter::Word(word) => word.fmt(f),
        }
    }
}

/// Work and results of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// Id of the case: unique in the run, stable for the same job.
    pub id: String,
    /// Workload: `generate`, `larson`.
    pub workload: String,
    /// Parameters in which cases may differ; sizes are in bytes (`chunk_bytes`).
    pub parameters: BTreeMap<String, Parameter>,
    /// Values known before the run; null for cases that generate nothing.
    pub expected: Option<Expected>,
    /// Arm of the case; null in a job without arms.
    pub arm: Option<String>,
    /// Id without the arm, shared by the arms of one comparison; null when the case is not compared.
    pub compared_as: Option<String>,
    /// Repetitions that the job's drop rule excludes from every figure.
    pub dropped: Vec<Dropped>,
    /// Bandwidth of plain stores on the same pages and cores; null for cases that generate nothing, or when not
    /// measured.
    pub limits: Option<CaseLimits>,
    /// Sums over all repetitions and ranks.
    pub total: Total,
    /// Rates, shares and costs, by name.
    pub metrics: BTreeMap<String, Metric>,
    /// Distributions over all ranks and repetitions, by name. `refill_ns` combines the strata `refill_ns.slow` and
    /// `refill_ns.fast`, each weighted by count over timed.
    pub histograms: BTreeMap<String, HistogramSummary>,
    /// Nodes of all ranks' memory, at the start and at the end of the run.
    pub locality: Locality,
    /// Rank with the lowest median rate; null without a finished repetition.
    pub slowest_rank: Option<u32>,
    /// One row for each rank.
    pub per_rank: Vec<RankResult>,
    /// Digest of the data set; only with `[run] bytes`.
    pub digest: Option<String>,
}

/// Exact sums over all repetitions and ranks of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Total {
    /// Bytes generated.
    pub bytes: u64,
    /// Operations done.
    pub operations: u64,
    /// Time of the slowest rank in each repetition, summed over the repetitions, in nanoseconds.
    pub elapsed_ns: u64,
    /// Repetitions that every rank finished.
    pub repetitions: u32,
}

/// One figure of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    /// Median over the repetitions that have a value.
    pub value: Option<f64>,
    /// Confidence interval of the median, over these repetitions on these hosts; null with fewer than two values.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// Unit: `bytes/s`, `operations/s`, `s/GiB`, `ns`, `share`, `workers`, `bytes`, `switches`.
    pub unit: String,
    /// Number of repetitions that have a value.
    pub repetitions: u32,
    /// One value for each repetition, in the order of the rounds; null where there is none.
    pub values: Vec<Option<f64>>,
    /// Reason for null values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A distribution of durations in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistogramSummary {
    /// Exact number of events.
    pub count: u64,
    /// Number of timed events. When it is below `count`, the timed events are a random sample, and `min` and `max`
    /// are those of the sample.
    pub timed: u64,
    /// Values above the range of the counters (60 s); the counter of the highest value includes them.
    pub clamped: u64,
    /// Exact smallest timed value.
    pub min: Option<u64>,
    /// Median, as the upper edge of its counter (3 significant digits). A quantile p is null where it would be noise:
    /// with fewer than 10 / (1 - p) timed values, with fewer than ten timed values on either side, or when a stratum
    /// was never timed.
    pub p50: Option<u64>,
    /// 90 % of the values are at most this.
    pub p90: Option<u64>,
    /// 99 % of the values are at most this.
    pub p99: Option<u64>,
    /// 99.9 % of the values are at most this.
    pub p999: Option<u64>,
    /// Exact largest timed value.
    pub max: Option<u64>,
    /// Exact sum of the timed values.
    pub sum: u64,
    /// Confidence intervals by the quantile's name (`p99`): the range of the median of the repetitions' own
    /// quantiles, on these hosts. A quantile without an entry is noise in a single repetition.
    #[serde(rename = "intervals", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confidence_intervals: BTreeMap<String, ConfidenceInterval>,
    /// Estimated sum over all events, each stratum weighted by count over timed; null when a stratum was never timed.
    pub sum_estimate: Option<f64>,
}

/// One rank's share of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RankResult {
    /// Index of the rank in the world.
    pub rank: u32,
    /// Host of the rank.
    pub host: String,
    /// Node of the rank, as hwloc's logical index; null when the rank may run on several nodes.
    pub node_index: Option<u32>,
    /// Node of the rank, as the kernel's index; null when the rank may run on several nodes.
    pub node_os_index: Option<u32>,
    /// Number of workers.
    pub workers: u32,
    /// Bytes or operations per second, depending on the case's measure, over the rank's own elapsed time.
    pub rate: Metric,
    /// Refill time over worker time.
    pub refill_share: Option<f64>,
    /// CPU time over worker time; below 0.97, something else used these cores.
    pub cpu_share: Option<f64>,
    /// Time of the longest chunk.
    pub chunk_ns_max: Option<u64>,
    /// Time of the longest timed refill.
    pub refill_ns_max: Option<u64>,
    /// Peak of the rank's arena bytes in use, over all repetitions; null when the memory is not the arena's.
    pub memory_peak_bytes: Option<u64>,
    /// Share of local pages: the lower of the values at the start and at the end; null when not verified.
    pub locality: Option<f64>,
    /// Throughput over the write-only limit of the rank's own node, measured while all ranks write; null when not
    /// measured.
    pub limit_share: Option<f64>,
    /// Throughput over the write-only limit of the node, measured while no other rank of its host writes; null when
    /// not measured.
    pub limit_share_alone: Option<f64>,
}

impl HistogramSummary {
    /// Returns every quantile with its name.
    pub fn quantiles(&self) -> [(&'static str, Option<u64>); 4] {
        [("p50", self.p50), ("p90", self.p90), ("p99", self.p99), ("p999", self.p999)]
    }
}

impl CaseResult {
    /// Returns a numeric parameter, such as `chunk_bytes`.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.parameters.get(name) {
            Some(Parameter::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Returns the row of the slowest rank.
    pub fn slowest(&self) -> Option<&RankResult> {
        self.per_rank.iter().find(|row| Some(row.rank) == self.slowest_rank)
    }
}
