//! Lines of a rank's part: one JSON object each, append-only.
//!
//! A part is `Begin`, then one `Repetition` for every (round, case) the rank finished, then `End`. A run that died
//! leaves a part without `End`; its last line may be torn, and every whole line counts.

mod limit;

pub use crate::measure::{Measuring, Noise, WorkerNoise};
pub use crate::numa::PageCounts as LocalityRecord;
pub use crate::workload::generate::SampleFindings;
pub use limit::{LimitKernel, LimitTiming, When, With};

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::run::EndedBy;
use crate::error::{Error, Result};
use crate::measure::{Histogram, histogram};
use crate::units;

/// One line of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
// One line exists at a time, so the space that the smaller ones waste is not worth an allocation for each repetition.
#[allow(clippy::large_enum_variant)]
pub enum Line {
    /// The first line: identity and place of the rank.
    Begin(Begin),
    /// One repetition of one case.
    Repetition(Repetition),
    /// The last line: the rank finished everything.
    End(End),
}

/// Identity of the rank that wrote this part, and the machine it ran on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Index of the rank in the world.
    pub rank: u32,
    /// Number of ranks in the world.
    pub size: u32,
    /// Host name.
    pub host: String,
    /// The node's logical index in hwloc; null when the rank may run on several nodes.
    pub node_index: Option<u32>,
    /// The node's index in the kernel; null when the rank may run on several nodes.
    pub node_os_index: Option<u32>,
    /// The PU of each worker, as the kernel's index.
    pub pus: Vec<u32>,
    /// Method that placed the rank on this node.
    pub placement: String,
    /// Hash of the effective job.
    pub job_hash: String,
    /// Nodes of the arena's pages after they were populated.
    pub locality: LocalityRecord,
    /// Smallest step of the clock.
    pub clock_step_ns: f64,
    /// Cost of reading the clock once.
    pub clock_read_ns: f64,
    /// Cost of recording one value in a histogram.
    pub record_ns: f64,
    /// Socket of the rank's first PU, as the kernel's index.
    pub package: Option<u32>,
    /// Class of the node; nodes of one class should be equally fast.
    pub class: String,
    /// Counters of the noise record that this machine does not offer, each with the reason.
    pub unavailable: BTreeMap<String, String>,
}

/// One repetition of one case, as one rank measured it. It holds durations only, because the clocks of two hosts are
/// never compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetition {
    /// Id of the case.
    pub case: String,
    /// The round, from 1.
    pub round: u32,
    /// Start of the repetition by the wall clock of the rank's host, in milliseconds since 1970, UTC. It serves
    /// people and logs; no figure is derived from it.
    pub began_unix_ms: u64,
    /// Duration of the rank's timed region, from the first worker's start to the last worker's end.
    pub elapsed_ns: u64,
    /// Bytes generated.
    pub bytes: u64,
    /// Operations done, for workloads that count them.
    pub operations: u64,
    /// Duration of the timed region, summed over the workers. Shares of worker time are relative to this sum.
    pub worker_ns: u64,
    /// CPU time of the workers, from just before the timed region to just after it.
    pub cpu_ns: u64,
    /// Workers that finished at least one block or operation in the timed region.
    pub busy_workers: u32,
    /// Peak of the arena's bytes in use, warm-up included; null when the memory comes from another allocator.
    pub memory_peak_bytes: Option<u64>,
    /// CPU time of the thread that works beside the workers, from its beginning to its end, warm-up included. It is no
    /// part of `cpu_ns`. Absent where the case has no such thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_cpu_ns: Option<u64>,
    /// Bytes, or operations, finished in each interval of the timed region; they sum to `bytes`, or to `operations`.
    /// Every interval is `interval_ns` of the run long, except the last, which is the rest.
    pub intervals: Vec<u64>,
    /// Histograms by name: `chunk_ns`, `refill_ns.slow`, `refill_ns.fast`, `refill_stage_ns.find.slow` and so on.
    /// Every rank has the same names for the same case, even when a histogram is empty.
    pub histograms: BTreeMap<String, HistogramRecord>,
    /// Offset of the heap in the arena.
    pub heap_offset_bytes: u64,
    /// Other activity on the rank's cores. A counter that the machine does not offer is null; the part's first line
    /// gives the reason.
    pub noise: Noise,
    /// Cost of measuring.
    pub measuring: Measuring,
    /// Limit of the same pages and cores, before and after the timed region.
    pub limits: Vec<LimitTiming>,
    /// This rank's share of the data set's digest, as hexadecimal; only with `[run] bytes`.
    pub digest: Option<String>,
    /// Dedup and compression of a sample of the data; only with `check`, in the first round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Box<SampleFindings>>,
}

/// A histogram on disk: exact extremes and sum, and the counters that are not zero.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramRecord {
    /// Events in total.
    pub count: u64,
    /// Timed events: the sum of `counters`.
    pub timed: u64,
    /// Exact smallest timed value in nanoseconds; null without timed events.
    pub min: Option<u64>,
    /// Exact largest timed value in nanoseconds; null without timed events.
    pub max: Option<u64>,
    /// Exact sum of the timed values in nanoseconds.
    pub sum: u64,
    /// Values above the histogram's range; the counter of the highest value includes them.
    pub clamped: u64,
    /// `[index, count]` of the counters that are not zero, ascending.
    pub counters: Vec<(u32, u64)>,
}

/// The last line: the state after the last repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Nodes of the arena's pages after the last repetition.
    pub locality: LocalityRecord,
    /// Objects that were freed twice or never allocated here; must be 0.
    pub violations: u64,
    /// Peak resident memory of the rank's process, in bytes; ranks without a launcher share a process.
    pub resident_peak_bytes: Option<u64>,
    /// Repetitions of each case at the end of the run.
    pub rounds: u32,
    /// Reason for the end of the repetitions.
    pub ended_by: EndedBy,
    /// Limits of one rank alone, by case, measured after the last repetition.
    pub limits: BTreeMap<String, Vec<LimitTiming>>,
}

/// One rank's row of a repetition, without the counters of its histograms: these are gathered as one sum over all
/// ranks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Index of the rank in the world.
    pub rank: u32,
    /// The repetition; the counters of its histograms are empty.
    pub repetition: Repetition,
}

/// The longest time of the given rows of one repetition: ranks wait for the slowest. 0 without rows.
pub fn longest_ns<'a>(rows: impl IntoIterator<Item = &'a Row>) -> u64 {
    rows.into_iter().map(|row| row.repetition.elapsed_ns).max().unwrap_or(0)
}

impl Repetition {
    /// Returns this repetition as the row of `rank`, without counters.
    pub fn row(&self, rank: u32) -> Row {
        let bare = |record: &HistogramRecord| HistogramRecord { counters: Vec::new(), ..*record };
        let histograms = self.histograms.iter().map(|(name, record)| (name.clone(), bare(record)));
        let repetition = Repetition {
            case: self.case.clone(),
            intervals: self.intervals.clone(),
            histograms: histograms.collect(),
            noise: self.noise.summary(),
            limits: self.limits.clone(),
            digest: self.digest.clone(),
            check: self.check.clone(),
            ..*self
        };
        Row { rank, repetition }
    }

    /// Returns all counters of all histograms, zeros included, in the order of the names; ranks sum these vectors.
    /// The length depends only on the number of names.
    pub fn dense(&self) -> Vec<u64> {
        let width = histogram::layout().len();
        let mut dense = vec![0; width * self.histograms.len()];
        for (record, counters) in self.histograms.values().zip(dense.chunks_exact_mut(width)) {
            for (index, count) in &record.counters {
                counters[units::index(*index)] = *count;
            }
        }
        dense
    }
}

impl Repetition {
    /// Checks rules that only an edited or damaged file can break.
    ///
    /// # Errors
    /// Names the broken rule.
    pub fn check_intervals(&self) -> Result<(), String> {
        let sum: u128 = self.intervals.iter().copied().map(u128::from).sum();
        match [self.bytes, self.operations].map(u128::from).contains(&sum) {
            true => Ok(()),
            false => Err(format!(
                "the intervals sum to {sum}, not to bytes = {} or operations = {}",
                self.bytes, self.operations
            )),
        }
    }
}

impl HistogramRecord {
    /// Record of a histogram: `count` events were seen, `histogram.count()` of them timed.
    ///
    /// # Panics
    /// When more events were timed than seen: a bug in the workload.
    pub fn new(count: u64, histogram: &Histogram) -> HistogramRecord {
        assert!(histogram.count() <= count, "{} of {count} events were timed", histogram.count());
        HistogramRecord {
            count,
            timed: histogram.count(),
            min: histogram.min(),
            max: histogram.max(),
            // 64 bits hold 584 years of summed durations.
            sum: u64::try_from(histogram.sum()).unwrap_or(u64::MAX),
            clamped: histogram.clamped(),
            counters: histogram.nonzero(),
        }
    }

    /// Checks rules that only an edited or damaged file can break.
    ///
    /// # Errors
    /// Names the broken rule.
    pub fn check(&self) -> Result<(), String> {
        let highest = histogram::highest_index();
        if let Some((index, _)) = self.counters.iter().find(|(index, _)| units::index(*index) > highest) {
            return Err(format!("counter {index} does not exist; the highest is {highest}"));
        }
        if !self.counters.is_sorted_by(|a, b| a.0 < b.0) {
            return Err("the counters do not ascend".to_owned());
        }
        let total = self.counters.iter().try_fold(0u64, |total, (_, count)| total.checked_add(*count));
        if total != Some(self.timed) {
            return Err(format!("the counters do not sum to timed = {}", self.timed));
        }
        self.check_scalars()
    }

    /// Checks the rules that need no counters.
    pub(crate) fn check_scalars(&self) -> Result<(), String> {
        if self.timed > self.count {
            return Err(format!("timed = {} is more than count = {}", self.timed, self.count));
        }
        match (self.min, self.max) {
            (None, None) if self.timed == 0 && self.sum == 0 => Ok(()),
            (Some(min), Some(max)) if self.timed > 0 && min <= max && max <= self.sum => Ok(()),
            (min, max) => Err(format!(
                "min = {min:?}, max = {max:?} and sum = {} cannot belong to timed = {}",
                self.sum, self.timed
            )),
        }
    }
}

/// Encodes a record as the bytes that ranks gather. The format is JSON, because a row is small and a person may have
/// to read it.
pub fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    serde_json::to_vec(record).expect("records hold numbers, strings and maps with string keys")
}

/// Decodes a record of another rank.
///
/// # Errors
/// When the bytes are no such record, because the ranks run different versions of numamark.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|why| {
        Error::Failed(format!(
            "a rank sent a record that cannot be read: {why}; do all ranks run the same numamark?"
        ))
    })
}

#[cfg(test)]
impl End {
    /// The end of a run of one round without memory, violations or limits.
    pub(super) fn of_a_short_run() -> End {
        End {
            locality: LocalityRecord::default(),
            violations: 0,
            resident_peak_bytes: None,
            rounds: 1,
            ended_by: EndedBy::Repetitions,
            limits: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Codec;
    use crate::word::Word;

    fn record(values: &[u64]) -> HistogramRecord {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value));
        HistogramRecord::new(values.len() as u64, &histogram)
    }

    #[test]
    fn what_the_clock_measured_passes_its_own_check() {
        for values in [&[][..], &[0], &[5, 5, 900], &[histogram::HIGHEST_NS * 2, 1]] {
            assert_eq!(record(values).check(), Ok(()), "{values:?}");
        }
    }

    #[test]
    fn a_part_names_a_codec_by_its_word() {
        for codec in Codec::ALL {
            assert_eq!(encode(codec), format!("\"{}\"", codec.word()).into_bytes());
        }
    }

    #[test]
    fn every_broken_rule_is_named() {
        let broken = |change: fn(&mut HistogramRecord), rule: &str| {
            let mut record = record(&[5, 7]);
            change(&mut record);
            let why = record.check().expect_err(rule);
            assert!(why.contains(rule), "{why}");
        };
        broken(|r| r.counters[0].0 = u32::MAX, "does not exist");
        broken(|r| r.counters.swap(0, 1), "ascend");
        broken(|r| r.counters[0].1 = 2, "sum to timed");
        broken(|r| r.counters[0].1 = u64::MAX, "sum to timed");
        broken(|r| r.count = 1, "more than count");
        broken(|r| r.min = None, "cannot belong");
        broken(|r| r.min = Some(8), "cannot belong");
        broken(|r| r.sum = 3, "cannot belong");
    }
}
