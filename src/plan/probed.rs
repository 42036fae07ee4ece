//! What a miniature took: plain data, measured by whoever ran it.

use super::miniature::ROUNDS;

/// The name of the log of histograms.
pub const LOG: &str = "histograms.hlog";

/// What a miniature took on one host, all its ranks together.
#[derive(Clone, Debug)]
pub struct Probed {
    /// From the start to the first repetition, without `set_up_ns`.
    pub begin_ns: f64,
    /// Starting the workers and populating the arenas.
    pub set_up_ns: f64,
    /// From the last repetition to the end.
    pub finish_ns: f64,
    /// By case of the miniature.
    pub cases: Vec<ProbedCase>,
    /// Bytes of the parts that are no repetition: who the ranks are, how they ended.
    pub parts_frame_bytes: u64,
    /// The log of histograms.
    pub log: ProbedLog,
    /// The other files of the run directory.
    pub files: Vec<ProbedFile>,
    /// Memory behind the process beside its arenas; `None` when the kernel does not say.
    pub resident_bytes: Option<u64>,
}

/// One case of a miniature, each figure the mean over its rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbedCase {
    /// A repetition without its timed region: warm-up, barriers, writing it down.
    pub around_ns: f64,
    /// The timed region of the slowest rank.
    pub timed_ns: f64,
    /// Of that, one chunk; 0 for workloads without.
    pub chunk_ns: f64,
    /// Bytes that the slowest rank generated.
    pub bytes: f64,
    /// Longer than others the first round was: the pass that hashes a data set.
    pub digest_ns: f64,
    /// Bytes of all ranks' records of one repetition, without counters and intervals.
    pub record_bytes: f64,
    /// Bytes of the counters in them for the data of one round, and for that of all.
    pub counter_bytes: [f64; 2],
    /// Ranks that recorded them.
    pub ranks: f64,
}

/// The log of histograms: a line for every round, of all ranks, and one for every host, of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbedLog {
    /// What is neither.
    pub frame_bytes: f64,
    /// The lines of one round, on average.
    pub round_bytes: f64,
    /// The lines of a host after all rounds, without its name.
    pub host_bytes: f64,
    /// The host's name in all of them.
    pub name_bytes: f64,
}

/// One file beside the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedFile {
    /// In the run directory.
    pub name: String,
    /// Its size after one round.
    pub one_round_bytes: u64,
    /// Its size after all rounds of the miniature.
    pub bytes: u64,
}

impl Probed {
    /// Bytes of what was written at the end.
    pub(super) fn written_bytes(&self) -> f64 {
        let ProbedLog { frame_bytes, round_bytes, host_bytes, name_bytes } = self.log;
        let files: u64 = self.files.iter().map(|file| file.bytes).sum();
        files as f64 + frame_bytes + round_bytes * f64::from(ROUNDS) + host_bytes + name_bytes
    }
}
