//! Doubts about the figures of a run, worst first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::word::words;

/// Answer to the question of how far the figures of a run can be believed. It follows from the other values of
/// `run.json` alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// The worst finding decides.
    pub verdict: TrustVerdict,
    /// Share of the measured cases without a severe finding: 1 for a run whose every case can be trusted.
    pub trustworthy: f64,
    /// Everything that was wrong, worst first: severe findings, then by kind in the order of [`FindingKind`], then the
    /// largest values.
    pub findings: Vec<Finding>,
}

words! {
    /// Verdict on all figures of a run.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    TrustVerdict {
        /// Nothing was wrong.
        Sound = "sound",
        /// Something was wrong that figures can be read with.
        Doubtful = "doubtful",
        /// A figure describes something else than the machine and the program.
        NotTrustworthy = "not_trustworthy",
    }

    /// Kind of a finding, the worst first.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    FindingKind {
        /// Objects were freed twice, never allocated or overwritten; the value is their number.
        Violations = "violations",
        /// The job's rule dropped every repetition of the case.
        AllDropped = "all_dropped",
        /// Ranks of one host share CPUs; the value is the share of worker time without a CPU.
        SharedByRanks = "shared_by_ranks",
        /// A CPU quota stopped the workers; the value is the share of worker time without a CPU.
        Quota = "quota",
        /// The hypervisor gave the CPUs to other machines; the value is the share of worker time without a CPU.
        Stolen = "stolen",
        /// Other programs had the CPUs; the value is the share of worker time without a CPU.
        OtherPrograms = "other_programs",
        /// The workers had no CPU, for a reason that no counter shows; the value is the share of worker time.
        NoCpu = "no_cpu",
        /// An allocator was built without optimisation.
        NotOptimised = "not_optimised",
        /// The CPU time of the workers is not known, so that a loss of it would not be seen.
        CpuTimeUnknown = "cpu_time_unknown",
        /// Pages on other nodes; the value is their share.
        RemoteMemory = "remote_memory",
        /// Nobody could ask the kernel for the nodes of the pages, on a host with several nodes.
        LocalityUnknown = "locality_unknown",
        /// The case was faster than plain stores on the same pages and cores; the value is the share of their rate.
        LimitExceeded = "limit_exceeded",
        /// Plain stores became faster or slower during the run; the value is the relative change.
        LimitDrift = "limit_drift",
        /// A core clock changed within repetitions; the value is the relative change.
        CoreClock = "core_clock",
        /// An open loop did not complete what was due; the value is the share that was done.
        ArrivalsMissed = "arrivals_missed",
        /// The rate has a wide confidence interval; the value is its half-width as a share of the rate.
        WideInterval = "wide_interval",
        /// There is one repetition, so that the rate has no confidence interval.
        OneRepetition = "one_repetition",
    }
}

/// One thing that was wrong, with one case or with the whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Kind of the finding.
    pub kind: FindingKind,
    /// True when figures of the case, or of the run, cannot be believed.
    pub severe: bool,
    /// Id of the case; null for a finding about the whole run.
    pub case: Option<String>,
    /// The rank that it concerns most; null when it does not differ by rank, or there is one rank.
    pub rank: Option<u32>,
    /// The kind's value; null for kinds without one.
    pub value: Option<f64>,
}
