//! `run.json`: the answer of a run. These structs are its schema, which `numamark schema run` publishes.
//!
//! [`Header`] is known before the first repetition and is written first, [`Derived`] follows from the parts alone.
//! Only `elapsed_s` is neither.

mod case;
mod comparison;
mod gate;
mod judged;

pub use crate::metric::{Better, Measure};
pub use case::{CaseHeader, CaseResult, Expected, HistogramSummary, Metric, Parameter, RankResult, Total};
pub use comparison::{Comparison, Floor, Replicated, Scope, Verdict};
pub use gate::{Against, Bound, Gate, GateResult, Level, Outcome};
pub use judged::{
    CaseLimits, Coincidence, Disturbance, DropRule, Dropped, EndedBy, GroupLimit, Interval, Stop, Straggler,
};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::error::{Error, Result};

/// The version of `run.json` that this numamark writes and reads.
pub const SCHEMA: u32 = 2;

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
    /// Version of this file's format: 2.
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
    /// Repetitions asked of each case; with a stop rule the most of them.
    pub repetitions: u32,
    /// When the run has repeated enough; null for a fixed number of repetitions.
    pub stop: Option<Stop>,
    /// Which repetitions count in no figure; null: all count.
    pub drop: Option<DropRule>,
    /// Whether the job as it stands is measured twice, to see the difference between equals.
    pub aa: bool,
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

/// What follows from the parts: the same function makes it at the end of a run, in `verify` and in `recover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Derived {
    /// Where each rank ran.
    pub placements: Vec<PlacementRow>,
    /// Where the memory of all ranks was.
    pub locality: Locality,
    /// Objects handed back twice or that were never the allocator's; anything but 0 is a bug.
    pub violations: u64,
    /// Repetitions of each case that were done; the most of any case when the run did not end itself.
    pub rounds: u32,
    /// What ended the repetitions; null when something else did.
    pub ended_by: Option<EndedBy>,
    /// Repetitions that some rank did not finish: in the parts, in no figure.
    pub unfinished_repetitions: u32,
    /// Coarsest step of any rank's clock, in nanoseconds.
    pub clock_step_ns: f64,
    /// Dearest reading of any rank's clock, in nanoseconds.
    pub clock_read_ns: f64,
    /// Dearest recording of a value, likewise.
    pub record_ns: f64,
    /// Counters of the noise record that a machine does not offer: why.
    pub unavailable: BTreeMap<String, String>,
    /// The results, in the order of the job.
    pub cases: Vec<CaseResult>,
    /// Nodes that are slower than others of their class, the slowest first.
    pub stragglers: Vec<Straggler>,
    /// Slow repetitions, and what they coincide with.
    pub disturbances: Vec<Disturbance>,
    /// Kinds of noise that were raised in slow repetitions.
    pub coincidences: Vec<Coincidence>,
    /// The arms of the job against its base, one row a case and metric.
    pub comparisons: Vec<Comparison>,
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

/// What `numamark schema run` prints.
pub fn run_schema() -> String {
    let schema = schemars::schema_for!(Run);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
