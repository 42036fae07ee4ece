//! `run.json`: the result of a run. These structs are its schema, which `numamark schema run` prints.
//!
//! [`Header`] is known before the first repetition and is written first; [`Derived`] follows from the parts alone.
//! Only `elapsed_s` belongs to neither.

mod allocator;
mod case;
mod comparison;
mod gate;
mod judged;
mod partial;
mod trust;

pub use crate::metric::{Better, Measure};
pub use allocator::AllocatorBuild;
pub use case::{CaseHeader, CaseResult, Expected, HistogramSummary, Metric, Parameter, RankResult, Total};
pub use comparison::{Comparison, Floor, Replicated, Scope, Verdict};
pub use gate::{Against, Bound, Gate, GateResult, Level, Outcome};
pub use judged::{
    CaseLimits, Coincidence, ConfidenceInterval, Disturbance, DropRule, Dropped, EndedBy, GroupLimit, Stop,
    Straggler,
};
pub use partial::{Partial, PartialState};
pub use trust::{Finding, FindingKind, Trust, TrustVerdict};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::units::{count, counted};

/// The version of `run.json` that this numamark writes and reads.
pub const SCHEMA: u32 = 2;

/// The complete result of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// True when every rank finished every repetition; false when the run was stopped, or recovered after it died.
    pub complete: bool,
    /// State of a run without a whole result; absent for a run that reached its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// The request and the machine.
    #[serde(flatten)]
    pub header: Header,
    /// Seconds from the start of the program to the end of its last repetition; null when the run died.
    pub elapsed_s: Option<f64>,
    /// The measured results.
    #[serde(flatten)]
    pub derived: Derived,
}

/// Part of the result that is known before the first repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Version of this file's format: 2.
    pub schema: u32,
    /// Name of the job.
    pub name: String,
    /// The effective job as TOML, with every default written out.
    pub job: String,
    /// Hash of the effective job: equal hashes mean the same work.
    pub job_hash: String,
    /// The command line, with one string for each argument.
    pub command: Vec<String>,
    /// Start of the run: RFC 3339, UTC.
    pub started: String,
    /// Number of ranks.
    pub ranks: u32,
    /// Names of the hosts, in the order of their first rank.
    pub hosts: Vec<String>,
    /// Requested repetitions of each case; with a stop rule, the largest number.
    pub repetitions: u32,
    /// Stop rule; null for a fixed number of repetitions.
    pub stop: Option<Stop>,
    /// Drop rule; null when all repetitions count.
    pub drop: Option<DropRule>,
    /// True when the job's base arm is measured twice, to show the difference between equal arms.
    pub aa: bool,
    /// Length of the intervals in which each repetition's progress is recorded, in nanoseconds.
    pub interval_ns: u64,
    /// The machine, as rank 0 saw it.
    pub environment: Environment,
    /// Differences of the other hosts from this machine, one sentence each; empty when all hosts are alike.
    pub environment_differences: Vec<String>,
    /// Builds of the allocators that the cases name, in the order of the job; absent in a run without such cases, and in
    /// runs of versions that did not record them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocators: Vec<AllocatorBuild>,
    /// Requested cases, in the order of the job.
    pub planned: Vec<CaseHeader>,
    /// Requested gates.
    pub gates: Vec<Gate>,
}

/// Part of the result that follows from the parts: one function computes it at the end of a run, in `verify` and in
/// `recover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Derived {
    /// Placement of each rank.
    pub placements: Vec<PlacementRow>,
    /// Nodes of all ranks' memory.
    pub locality: Locality,
    /// Objects that were freed twice or never allocated; any value but 0 is a bug.
    pub violations: u64,
    /// Finished repetitions of each case; the largest number of any case when the run did not reach its own end.
    pub rounds: u32,
    /// Reason for the end of the repetitions; null when the run did not reach its own end.
    pub ended_by: Option<EndedBy>,
    /// Repetitions that some rank did not finish: they are in the parts but count in no figure.
    pub unfinished_repetitions: u32,
    /// Coarsest step of any rank's clock, in nanoseconds.
    pub clock_step_ns: f64,
    /// Highest cost of one clock reading on any rank, in nanoseconds.
    pub clock_read_ns: f64,
    /// Highest cost of recording one value on any rank, in nanoseconds.
    pub record_ns: f64,
    /// Counters of the noise record that a machine does not offer, each with the reason.
    pub unavailable: BTreeMap<String, String>,
    /// The results, in the order of the job.
    pub cases: Vec<CaseResult>,
    /// Nodes that are slower than others of their class, the slowest first.
    pub stragglers: Vec<Straggler>,
    /// Slow repetitions, each with the noise that coincides with it.
    pub disturbances: Vec<Disturbance>,
    /// Kinds of noise that were raised in slow repetitions, by case.
    pub coincidences: Vec<Coincidence>,
    /// Comparisons of the job's arms with its base, one row for each case and metric.
    pub comparisons: Vec<Comparison>,
    /// Comparisons of the allocators of one workload with the fastest of them, by their rates; absent in a run without a
    /// workload on two allocators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocator_comparisons: Vec<Comparison>,
    /// Answer to the question of how far the figures can be believed; null in runs of versions that did not say.
    #[serde(default)]
    pub trust: Option<Trust>,
    /// Result of every gate on every case it applies to.
    pub gate_results: Vec<GateResult>,
}

/// Placement of one rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlacementRow {
    /// Index of the rank in the world.
    pub rank: u32,
    /// Host of the rank.
    pub host: String,
    /// Node of the rank, as hwloc's logical index; null when the rank may run on several nodes.
    pub node_index: Option<u32>,
    /// Node of the rank, as the kernel's index; null when the rank may run on several nodes.
    pub node_os_index: Option<u32>,
    /// The PU of each worker, as the kernel's index.
    pub pus: Vec<u32>,
    /// Method that placed the rank on this node.
    pub placement: String,
    /// Peak resident memory of the rank's process; null when the rank did not reach its end. Ranks without a launcher
    /// share a process.
    pub resident_peak_bytes: Option<u64>,
}

/// Nodes of memory pages, as the kernel reports them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Locality {
    /// Local pages over pages that have memory: the lower of the values at the start and at the end; null when not
    /// verified.
    pub share: Option<f64>,
    /// Reason why the share is null.
    pub unverified: Option<String>,
    /// Pages after the arenas were populated.
    pub start: Pages,
    /// Pages after the last repetition; null when a rank did not get there.
    pub end: Option<Pages>,
}

/// Counts of the pages that the kernel was asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pages {
    /// Pages on the rank's own node.
    pub local: u64,
    /// Pages on another node.
    pub remote: u64,
    /// Pages without memory behind them.
    pub absent: u64,
}

impl Run {
    /// Returns the most severe failure of a run that reached its end.
    ///
    /// # Errors
    /// [`Error::Failed`] for violations of the allocator, [`Error::Incomplete`] for a partial result, [`Error::Gate`]
    /// for unmet gates at level `fail`.
    pub fn verdict(&self) -> Result<()> {
        let violations = self.derived.violations;
        if violations > 0 {
            return Err(Error::Failed(format!(
                "{} freed twice or never allocated: the figures of this run cannot be trusted",
                counted(violations, "object")
            )));
        }
        if let Some(standing) = self.standing() {
            return Err(Error::Incomplete(format!("partial result: {standing}")));
        }
        let failed = |result: &&GateResult| result.outcome == Outcome::Fail;
        match self.derived.gate_results.iter().filter(failed).count() {
            0 => Ok(()),
            unmet => Err(Error::Gate(format!("{} not met", counted(count(unmet), "gate")))),
        }
    }
}

/// Returns the text that `numamark schema run` prints.
pub fn run_schema() -> String {
    let schema = schemars::schema_for!(Run);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
