//! One row of a comparison, in `run.json` and in what `numamark compare` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::Better;
use crate::record::run::Interval;

/// One metric of one case, between two arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The case, without its arm.
    pub case: String,
    /// `generate`, `larson`.
    pub workload: String,
    /// What is held against: the arm `base`, or the base runs.
    pub base: String,
    /// The arm, or the runs, that are judged.
    pub candidate: String,
    /// Whether the two arms are the same: what is found is the noise of this very run.
    pub same: bool,
    /// The metric; `chunk_ns.p99` and `refill_ns.p99` are of all ranks together, everything else is of each rank.
    pub metric: String,
    /// Of the values of both arms.
    pub unit: String,
    /// Which way is better.
    pub better: Better,
    /// The median of the base's values; null without a pair.
    pub base_value: Option<f64>,
    /// The median of the candidate's values, of the same pairs.
    pub candidate_value: Option<f64>,
    /// Candidate over base: the effect over all pairs, which is not the ratio of the two medians.
    pub ratio: Option<f64>,
    /// Of the ratio; null when there is too little for any.
    pub interval: Option<Interval>,
    /// Of what the interval speaks.
    pub scope: Option<Scope>,
    /// Hosts that gave pairs.
    pub hosts: u32,
    /// Nodes that gave pairs; 1 for a metric of all ranks together.
    pub nodes: u32,
    /// Rounds that gave pairs.
    pub rounds: u32,
    /// Runs on each side.
    pub runs: u32,
    /// Values of both arms at one host, node and round.
    pub pairs: u32,
    /// What was repeated independently, and gives the interval its width.
    pub replicated: Replicated,
    /// How many of them there are.
    pub replicates: u32,
    /// How many would find a difference of `difference` in four of five such comparisons; null when their spread is not known.
    pub replicates_needed: Option<u64>,
    /// The smallest difference that these would have found in four of five such comparisons, as a share.
    pub smallest_detectable: Option<f64>,
    /// The probability of an effect at least so far from none between arms that are the same.
    pub p: Option<f64>,
    /// The same after Holm's correction for all metrics and cases that are judged together.
    pub p_adjusted: Option<f64>,
    /// By the signed-rank test, as a check.
    pub p_signed_rank: Option<f64>,
    /// What the same arm twice differs by in this run; null without `[run] aa`.
    pub floor: Option<Floor>,
    /// The difference below which arms count as equal, as a share.
    pub difference: f64,
    /// What follows.
    pub verdict: Verdict,
    /// Why values are null, or why it cannot be told.
    pub reason: Option<String>,
}

/// Of what an interval speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Of the hosts measured, in this run, and of no others.
    TheseHosts,
    /// Of hosts like those measured.
    HostsLikeThese,
    /// Of the processes measured: another run of the same job may differ by more.
    TheseProcesses,
    /// Of runs like those measured.
    ProcessesLikeThese,
}

/// What was repeated independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replicated {
    /// Rounds of one run.
    Round,
    /// Hosts.
    Host,
    /// Runs.
    Run,
}

/// What the same arm twice differs by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The second over the first.
    pub ratio: f64,
    /// Of the ratio.
    pub interval: Option<Interval>,
    /// Whether it reaches beyond the difference that is looked for: then the run is too noisy to find that.
    pub unstable: bool,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The candidate is better.
    Faster,
    /// The candidate is worse.
    Slower,
    /// Whatever the difference is, it is smaller than what counts.
    NoDifference,
    /// The measurements allow both.
    CannotTell,
}
