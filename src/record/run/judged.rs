//! Conclusions beyond the measured values: limits, stop and drop rules, stragglers and disturbances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats;

/// Confidence interval of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Interval")]
pub struct ConfidenceInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Confidence level: the share of such confidence intervals that hold the true value; 0.95, or less when there
    /// are too few values to reach it.
    pub level: f64,
}

impl From<stats::ConfidenceInterval> for ConfidenceInterval {
    fn from(confidence: stats::ConfidenceInterval) -> ConfidenceInterval {
        let stats::ConfidenceInterval { low, high, level } = confidence;
        ConfidenceInterval { low, high, level }
    }
}

/// Reason for the end of the repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The requested number of repetitions was done.
    Repetitions,
    /// Every confidence interval was as narrow as the stop rule asks.
    HalfWidth,
    /// The stop rule's maximum of repetitions was done.
    AtMost,
    /// The time limit of the stop rule was reached.
    Time,
}

/// Stop rule (`[run] stop`): the condition under which a run stops repeating.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stop {
    /// Largest half-width of the confidence interval of every case's rate, as a share of the rate; in a job with
    /// arms, of every arm's ratio to its base.
    pub half_width: f64,
    /// Largest number of repetitions.
    pub at_most: u32,
    /// Time limit for all repetitions, in nanoseconds; null without one.
    pub time_ns: Option<u64>,
}

/// Drop rule (`[run] drop`): conditions that exclude a repetition from every figure. Every bound is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DropRule {
    /// Drops a repetition in which a worker had its CPU for less than this share of the time.
    pub cpu_share: Option<f64>,
    /// Drops a repetition in which a worker's core clock changed by more than this share from before to after.
    pub core_clock: Option<f64>,
    /// Drops a repetition in which the hypervisor took more than this share of the rank's worker time.
    pub steal: Option<f64>,
    /// Drops a repetition in which workers waited for a CPU for more than this share of their time.
    pub run_delay: Option<f64>,
}

/// A repetition that the job's drop rule excludes from every figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// Round of the repetition, from 1.
    pub round: u32,
    /// Lowest rank that broke the rule.
    pub rank: u32,
    /// Broken condition of the rule, with the value found.
    pub why: String,
}

/// Bandwidth of plain stores and of triad on the same pages and cores, measured before and after each repetition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseLimits {
    /// One entry for each rank, with its node.
    pub nodes: Vec<GroupLimit>,
    /// One entry for the ranks of each socket.
    pub sockets: Vec<GroupLimit>,
    /// One entry for each host.
    pub hosts: Vec<GroupLimit>,
    /// Median drift of the write-only limit of all ranks, as after / before - 1: over the second and the first half
    /// of the run when that drift exceeds the limit's spread, else over the two ends of each repetition.
    pub drift: Option<f64>,
    /// True when the drift is larger than the spread of the limit itself.
    pub drifted: bool,
}

/// Limit of some ranks of one host, and the share of it that the case reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupLimit {
    /// Host of the ranks.
    pub host: String,
    /// Socket, as the kernel's index; null for a host, or when the socket is not known.
    pub package: Option<u32>,
    /// Ranks, ascending.
    pub ranks: Vec<u32>,
    /// Bytes per second of the fastest write-only loop while all ranks write; the median over the repetitions.
    pub write_bytes_per_s: Option<f64>,
    /// Bytes per second of triad while all ranks run it; the median over the repetitions.
    pub triad_bytes_per_s: Option<f64>,
    /// Bytes per second of the fastest write-only loop with one rank of the host alone; null for more than one rank.
    pub write_alone_bytes_per_s: Option<f64>,
    /// Bytes per second of triad with one rank of the host alone; null for more than one rank.
    pub triad_alone_bytes_per_s: Option<f64>,
    /// Throughput of the case over the write-only limit of the same repetition; the median over the repetitions.
    pub share: Option<f64>,
    /// Throughput of the case over the write-only limit of one rank alone; null for more than one rank.
    pub share_alone: Option<f64>,
}

/// A node that is slower than the others of its class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Straggler {
    /// Index of the rank in the world.
    pub rank: u32,
    /// Host of the rank.
    pub host: String,
    /// Node of the rank, as hwloc's logical index; null when the rank may run on several nodes.
    pub node_index: Option<u32>,
    /// Class of the node.
    pub class: String,
    /// Nodes of the class.
    pub class_nodes: u32,
    /// Slowdown against the median of the other nodes of the class, as a share: 0.1 is 10 % slower.
    pub slower_by: f64,
    /// Confidence interval of `slower_by` over these rounds; null with fewer than two rounds.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// Rounds in which the node was about as slow as a straggler is.
    pub rounds_slow: u32,
    /// Rounds in which the node could be compared with others.
    pub rounds: u32,
    /// Share of the time that equal work would save without this node.
    pub cost: f64,
    /// Share of the time that equal work would save without this node and all slower stragglers: of two equally slow
    /// nodes, neither costs anything alone.
    pub cost_with_slower: f64,
    /// Possible cause, from the noise record or the locality; null when they show none.
    pub cause: Option<String>,
}

/// Coincidence of a kind of noise with the slow repetitions of a case: no proof of a cause, but the first place to
/// look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coincidence {
    /// Id of the case.
    pub case: String,
    /// Kind of noise: `run_delay`, `steal`.
    pub cause: String,
    /// Slow repetitions in which some rank had more of this noise than is usual in this case.
    pub slow_raised: u32,
    /// Slow repetitions in which this noise was measured.
    pub slow: u32,
    /// Other repetitions in which some rank had more of this noise than is usual.
    pub others_raised: u32,
    /// Other repetitions in which this noise was measured.
    pub others: u32,
    /// Probability of at least this many coincidences by chance (Fisher's exact test, one-sided), for this kind of
    /// noise alone.
    pub p: f64,
}

/// A slow repetition, and other activity on its cores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disturbance {
    /// Id of the case.
    pub case: String,
    /// Round of the repetition, from 1.
    pub round: u32,
    /// Rank that was disturbed most.
    pub rank: u32,
    /// Slowdown against the case's median, as a share.
    pub slower_by: f64,
    /// Kinds of noise that coincide with it, each with its amount; empty when the noise record shows none.
    pub causes: Vec<String>,
}
