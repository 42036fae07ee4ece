//! What a run says beyond what it measured: limits, verdicts, stragglers, disturbances, and how much to believe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats;

/// From where to where a figure may lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How often such an interval holds the true value: 0.95, or less where so few values cannot give it.
    pub level: f64,
}

impl From<stats::Interval> for Interval {
    fn from(interval: stats::Interval) -> Interval {
        let stats::Interval { low, high, level } = interval;
        Interval { low, high, level }
    }
}

/// What ended the repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// As many as were asked for were done.
    Repetitions,
    /// Every interval was as narrow as the stop rule asks.
    HalfWidth,
    /// The most repetitions that the stop rule allows were done.
    AtMost,
    /// The time of the stop rule was over.
    Time,
}

/// `[run] stop`: when a run has repeated enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stop {
    /// Half the width of the interval of every case's rate, as a share of the rate.
    pub half_width: f64,
    /// The most repetitions.
    pub at_most: u32,
    /// The most time for all repetitions, in nanoseconds.
    pub time_ns: Option<u64>,
}

/// `[run] drop`: which repetitions count in no figure. Every bound is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DropRule {
    /// A worker had its CPU for less than this share of the time.
    pub cpu_share: Option<f64>,
    /// A worker's core clock differed by more than this share before and after.
    pub core_clock: Option<f64>,
    /// The hypervisor took more than this share of the rank's worker time.
    pub steal: Option<f64>,
    /// Workers waited for a CPU for more than this share of their time.
    pub run_delay: Option<f64>,
}

/// A repetition that the job's rule takes out of every figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// Its round, from 0.
    pub round: u32,
    /// The lowest rank that broke the rule.
    pub rank: u32,
    /// Which part of the rule, what was found.
    pub why: String,
}

/// What the same pages and cores take of plain stores and of triad, measured before and after each repetition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseLimits {
    /// One entry a rank, with its node.
    pub nodes: Vec<GroupLimit>,
    /// One entry for the ranks of each socket.
    pub sockets: Vec<GroupLimit>,
    /// One entry a host.
    pub hosts: Vec<GroupLimit>,
    /// The write-only limit of all ranks after the repetitions over that before them, less 1; the median.
    pub drift: Option<f64>,
    /// Whether the drift is larger than the spread of the limit itself.
    pub drifted: bool,
}

/// The limit of some ranks of one host, and what the case made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupLimit {
    /// The host.
    pub host: String,
    /// The socket, as the kernel counts; null for a host, or when it is not known.
    pub package: Option<u32>,
    /// The ranks, ascending.
    pub ranks: Vec<u32>,
    /// Bytes a second of the fastest write-only loop while all ranks write; the median over the repetitions.
    pub write_bytes_per_s: Option<f64>,
    /// Bytes a second of triad, likewise.
    pub triad_bytes_per_s: Option<f64>,
    /// The same with one rank of the host alone; null for more than one rank.
    pub write_alone_bytes_per_s: Option<f64>,
    /// The same of triad.
    pub triad_alone_bytes_per_s: Option<f64>,
    /// Throughput of the case over the write-only limit of the same repetition; the median.
    pub share: Option<f64>,
    /// Throughput over the write-only limit of one rank alone.
    pub share_alone: Option<f64>,
}

/// A node that is slower than others of its class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Straggler {
    /// Index of the rank in the world.
    pub rank: u32,
    /// Its host.
    pub host: String,
    /// Its node, as hwloc counts; null when it may run on several.
    pub node_index: Option<u32>,
    /// What makes nodes equal.
    pub class: String,
    /// How many nodes the class has.
    pub class_nodes: u32,
    /// How much slower than the median of the others of its class, as a share: 0.1 is 10 % slower.
    pub slower_by: f64,
    /// Of `slower_by`, over these rounds; null below two of them.
    pub interval: Option<Interval>,
    /// Rounds in which it alone was as slow as a straggler is.
    pub rounds_slow: u32,
    /// Of how many.
    pub rounds: u32,
    /// How much sooner equal work would be done without it, as a share.
    pub cost: f64,
    /// The same without it and all stragglers that are slower: two that are equally slow cost nothing one by one.
    pub cost_with_slower: f64,
    /// What the noise record or the locality has on it.
    pub cause: Option<String>,
}

/// How a kind of noise and the slow repetitions of a case fall together: no proof of a cause, but where to look first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coincidence {
    /// The case.
    pub case: String,
    /// The kind of noise: `run_delay`, `steal`.
    pub cause: String,
    /// Slow repetitions in which some rank had more of it than is usual in this case.
    pub slow_raised: u32,
    /// Slow repetitions in which it is known.
    pub slow: u32,
    /// Other repetitions in which some rank had more of it all the same.
    pub others_raised: u32,
    /// Other repetitions in which it is known.
    pub others: u32,
    /// The probability of as many together by chance (Fisher's exact test, one-sided), of this kind alone.
    pub p: f64,
}

/// A slow repetition, and what else happened on its cores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disturbance {
    /// The case.
    pub case: String,
    /// The round, from 0.
    pub round: u32,
    /// The rank that was disturbed most.
    pub rank: u32,
    /// How much slower than the case's median, as a share.
    pub slower_by: f64,
    /// What it coincides with, and how much of it; empty when the noise record has nothing.
    pub causes: Vec<String>,
}
