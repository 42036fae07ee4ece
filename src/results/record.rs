//! What one rank leaves behind: the lines of its part, one JSON object each, append-only.
//!
//! A part is `Begin`, then one `Repetition` for every (round, case) the rank finished, then `End`. A part without
//! `End` belongs to a run that died; every line before the tear is whole and counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first line: who this rank is.
    Begin(Begin),
    /// One repetition of one case.
    Repetition(Repetition),
    /// The last line: the rank finished everything.
    End(End),
}

/// Who wrote this part, and on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// Index in the world.
    pub rank: u32,
    /// Ranks in the world.
    pub size: u32,
    /// Host name.
    pub host: String,
    /// The node's logical index, as hwloc counts.
    pub node_index: u32,
    /// The node's index as the kernel counts.
    pub node_os_index: u32,
    /// The PU of each worker, by the kernel's index.
    pub pus: Vec<u32>,
    /// How the rank came to this node.
    pub placement: String,
    /// Hash of the effective job.
    pub job_hash: String,
    /// Where the arena's pages were after they were populated.
    pub locality: LocalityRecord,
    /// The smallest advance of the clock.
    pub clock_step_ns: f64,
    /// The cost of one reading of the clock.
    pub clock_read_ns: f64,
}

/// Where the pages of a rank's memory were when the kernel was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalityRecord {
    /// Pages on the rank's own node.
    pub local_pages: u64,
    /// Pages on another node.
    pub remote_pages: u64,
    /// Pages with no memory behind them.
    pub absent_pages: u64,
    /// `None`: the kernel answered. Otherwise why it did not.
    pub unverified: Option<String>,
}

/// One repetition of one case, as one rank saw it. Durations only: no two hosts' clocks are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    /// Id of the case.
    pub case: String,
    /// The round, from 0.
    pub round: u32,
    /// The rank's timed region, from the first worker's start to the last worker's end.
    pub elapsed_ns: u64,
    /// Bytes generated.
    pub bytes: u64,
    /// Operations done, for workloads that count them.
    pub operations: u64,
    /// The timed region summed over the workers: what shares of worker time are shares of.
    pub worker_ns: u64,
    /// CPU time of the workers in the timed region.
    pub cpu_ns: u64,
    /// By name: `chunk_ns`, `refill_ns.slow`, `refill_ns.fast`, `refill_stage_ns.find.slow` and so on.
    pub histograms: BTreeMap<String, HistogramRecord>,
    /// With `[run] bytes`: this rank's share of the data set's digest, as hexadecimal.
    pub digest: Option<String>,
}

/// A histogram on disk: exact extremes and sum, and the counters that are not zero.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct HistogramRecord {
    /// How many events there were.
    pub count: u64,
    /// How many of them were timed: the sum of `counters`.
    pub timed: u64,
    /// Exact smallest timed value in nanoseconds.
    pub min: Option<u64>,
    /// Exact largest timed value in nanoseconds.
    pub max: Option<u64>,
    /// Exact sum of the timed values in nanoseconds.
    pub sum: u64,
    /// Values above the histogram's range, which stand in its last counter.
    pub clamped: u64,
    /// `[index, count]` of the counters that are not zero, ascending.
    pub counters: Vec<(u32, u64)>,
}

/// The last line: the same question as at the beginning, asked again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Where the arena's pages are after the last repetition.
    pub locality: LocalityRecord,
    /// Objects handed back twice or that were never ours: must be 0.
    pub violations: u64,
}
