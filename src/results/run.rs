//! `run.json`: the answer of a run. These structs are its schema, which `numamark schema run` publishes.
//!
//! [`Header`] is known before the first repetition and is written first, [`Derived`] follows from the parts alone.
//! Only `elapsed_s` is neither.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::gate::{Gate, GateResult, Outcome};
use crate::error::{Error, Result};

/// The version of `run.json` that this numamark writes and reads.
pub const SCHEMA: u32 = 1;

/// Everything one run says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Whether every rank finished every repetition. `false`: stopped, or recovered from a run that died.
    pub complete: bool,
    /// What was asked for, and on what.
    #[serde(flatten)]
    pub header: Header,
    /// Seconds from the start of the program to the end of its last repetition; null when the run died.
    pub elapsed_s: Option<f64>,
    /// What was measured.
    #[serde(flatten)]
    pub derived: Derived,
}

/// What is known before the first repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of this file's format: 1.
    pub schema: u32,
    /// Name of the job.
    pub name: String,
    /// The effective job as TOML, every default written out.
    pub job: String,
    /// Hash of the effective job: equal hashes mean the same work.
    pub job_hash: String,
    /// The command line, one string an argument.
    pub command: Vec<String>,
    /// When the run started: RFC 3339, UTC.
    pub started: String,
    /// Number of ranks.
    pub ranks: u32,
    /// Names of the hosts, in the order of their first rank.
    pub hosts: Vec<String>,
    /// Repetitions asked of each case.
    pub repetitions: u32,
    /// Length of the intervals in which each repetition's progress is recorded, in nanoseconds.
    pub interval_ns: u64,
    /// The machine, as rank 0 saw it.
    pub environment: Environment,
    /// What other hosts have differently, one sentence each; empty when all are alike.
    pub environment_differences: Vec<String>,
    /// The cases asked for, in the order of the job.
    pub planned: Vec<CaseHeader>,
    /// The gates asked for.
    pub gates: Vec<Gate>,
}

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

/// What the rate of a workload counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Bytes: `throughput_bytes_per_s`.
    Bytes,
    /// Operations: `operations_per_s`.
    Operations,
}

/// What follows from the parts: the same function makes it at the end of a run, in `verify` and in `recover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Derived {
    /// Where each rank ran.
    pub placements: Vec<PlacementRow>,
    /// Where the memory of all ranks was.
    pub locality: Locality,
    /// Objects handed back twice or that were never the allocator's; anything but 0 is a bug.
    pub violations: u64,
    /// Repetitions that some rank did not finish: in the parts, in no figure.
    pub unfinished_repetitions: u32,
    /// Coarsest step of any rank's clock, in nanoseconds.
    pub clock_step_ns: f64,
    /// Dearest reading of any rank's clock, in nanoseconds.
    pub clock_read_ns: f64,
    /// The results, in the order of the job.
    pub cases: Vec<CaseResult>,
    /// Every gate on every case it applies to.
    pub gate_results: Vec<GateResult>,
}

/// Where one rank ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlacementRow {
    /// Index in the world.
    pub rank: u32,
    /// Its host.
    pub host: String,
    /// Its node, as hwloc counts; null when it may run on several.
    pub node_index: Option<u32>,
    /// Its node, as the kernel counts; null likewise.
    pub node_os_index: Option<u32>,
    /// The PU of each worker, as the kernel counts.
    pub pus: Vec<u32>,
    /// How the rank came to this node.
    pub placement: String,
    /// The most memory that was behind the rank's process at once; null when the rank did not get to its end. Ranks
    /// without a launcher share a process.
    pub resident_peak_bytes: Option<u64>,
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
    /// `bytes/s`, `operations/s`, `s/GiB`, `ns`, `share`, `workers`, `bytes`.
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
    /// Estimated sum of all events: strata weighted by count over timed. Null when a stratum was never timed.
    pub sum_estimate: Option<f64>,
}

/// Where memory was when the kernel was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Locality {
    /// Local pages over pages that have memory, the lower of start and end; null when not verified.
    pub share: Option<f64>,
    /// Why the share is null.
    pub unverified: Option<String>,
    /// After the arenas were populated.
    pub start: Pages,
    /// After the last repetition; null when a rank did not get there.
    pub end: Option<Pages>,
}

/// Counts of pages that the kernel was asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pages {
    /// On the rank's own node.
    pub local: u64,
    /// On another node.
    pub remote: u64,
    /// Without memory behind them.
    pub absent: u64,
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
}

impl Run {
    /// How a run that came to its end may still have failed: the worst first.
    ///
    /// # Errors
    /// [`Error::Failed`] for violations of the allocator, [`Error::Incomplete`] for a partial result, [`Error::Gate`] for
    /// gates at level `fail` that were not met.
    pub fn verdict(&self) -> Result<()> {
        let violations = self.derived.violations;
        if violations > 0 {
            return Err(Error::Failed(format!(
                "{violations} objects were freed twice or never allocated: the figures of this run cannot be trusted"
            )));
        }
        if !self.complete {
            return Err(Error::Incomplete("the run is incomplete: its result is partial".to_owned()));
        }
        let failed = |result: &&GateResult| result.outcome == Outcome::Fail;
        match self.derived.gate_results.iter().filter(failed).count() {
            0 => Ok(()),
            1 => Err(Error::Gate("1 gate was not met".to_owned())),
            count => Err(Error::Gate(format!("{count} gates were not met"))),
        }
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
