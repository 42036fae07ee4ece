//! One row of a comparison, in `run.json` and in the output of `numamark compare`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metric::Better;
use crate::record::run::ConfidenceInterval;

/// One metric of one case, between two arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Case, without its arm.
    pub case: String,
    /// Workload: `generate`, `larson`.
    pub workload: String,
    /// Baseline: the arm `base`, or the base runs.
    pub base: String,
    /// Arm, or runs, compared with the baseline.
    pub candidate: String,
    /// True when the two arms are the same; their difference is then the noise of this run.
    pub same: bool,
    /// Name of the metric; `chunk_ns.p99` and `refill_ns.p99` cover all ranks together, every other metric each rank
    /// separately.
    pub metric: String,
    /// Unit of both arms' values.
    pub unit: String,
    /// Better direction.
    pub better: Better,
    /// Median of the baseline's values; null without a pair.
    pub base_value: Option<f64>,
    /// Median of the candidate's values in the same pairs.
    pub candidate_value: Option<f64>,
    /// Candidate over baseline: the effect over all pairs, not the ratio of the two medians.
    pub ratio: Option<f64>,
    /// Confidence interval of the ratio; null when there are too few values.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// Population that the confidence interval covers.
    pub scope: Option<Scope>,
    /// Hosts with pairs.
    pub hosts: u32,
    /// Nodes with pairs; 1 for a metric of all ranks together.
    pub nodes: u32,
    /// Rounds with pairs.
    pub rounds: u32,
    /// Number of runs on each side.
    pub runs: u32,
    /// Pairs: values of both arms at one host, node and round.
    pub pairs: u32,
    /// Unit of independent repetition, which sets the width of the confidence interval.
    pub replicated: Replicated,
    /// Number of independent replicates.
    pub replicates: u32,
    /// Replicates needed to find a difference of `difference` in four of five such comparisons; null when their
    /// spread is not known.
    pub replicates_needed: Option<u64>,
    /// Smallest difference that these replicates would have found in four of five such comparisons, as a share.
    pub smallest_detectable: Option<f64>,
    /// p-value: the probability of an effect at least this large between equal arms.
    pub p: Option<f64>,
    /// p-value after Holm's correction for all metrics and cases that are judged together.
    pub p_adjusted: Option<f64>,
    /// p-value of the signed-rank test, as a check.
    pub p_signed_rank: Option<f64>,
    /// A/A floor: the difference between two equal arms in this run; null without `[run] aa`.
    pub floor: Option<Floor>,
    /// Difference below which arms count as equal, as a share.
    pub difference: f64,
    /// Conclusion.
    pub verdict: Verdict,
    /// Reason for null values, or for the verdict `cannot_tell`.
    pub reason: Option<String>,
}

/// Population that a confidence interval covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The measured hosts in this run only.
    TheseHosts,
    /// Hosts like those measured.
    HostsLikeThese,
    /// The measured processes only: another run of the same job may differ by more.
    TheseProcesses,
    /// Runs like those measured.
    ProcessesLikeThese,
}

/// Unit of independent repetition.
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

/// A/A floor: the difference between two equal arms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// Second arm over the first.
    pub ratio: f64,
    /// Confidence interval of the ratio.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// True when this confidence interval reaches beyond the difference that counts, or is null: the run is then too
    /// noisy to find such a difference.
    pub unstable: bool,
}

/// Conclusion of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The candidate is better.
    Faster,
    /// The candidate is worse.
    Slower,
    /// Any difference is smaller than the difference that counts.
    NoDifference,
    /// The measurements allow more than one of these conclusions.
    CannotTell,
}
