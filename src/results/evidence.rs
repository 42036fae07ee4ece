//! What every aggregate is derived from, whichever way it came: gathered rows and summed counters while the run goes on,
//! or the parts afterwards.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::part::PartContent;
use super::record::{Begin, End, Repetition, Row};
use crate::error::{Error, Result};
use crate::measure::histogram::layout;

/// Counters that are not zero, by index.
pub type Counters = BTreeMap<u32, u64>;

/// Everything that all ranks measured, as far as aggregates need it.
///
/// Invariant: `begins` has one entry a rank, in order; a repetition is in `rows` only with one row a rank, in order, all
/// with the same histograms, and `counters` are the sums over exactly these rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    begins: Vec<Begin>,
    rows: BTreeMap<String, BTreeMap<u32, Vec<Row>>>,
    counters: BTreeMap<String, BTreeMap<String, Counters>>,
    ends: BTreeMap<u32, End>,
    unfinished: u32,
}

impl Evidence {
    /// Begins with who takes part.
    ///
    /// # Errors
    /// When the ranks are not 0 to size - 1, once each, of one job.
    pub fn new(mut begins: Vec<Begin>) -> Result<Evidence> {
        begins.sort_by_key(|begin| begin.rank);
        let first = begins.first().cloned().ok_or_else(|| failed("no rank left a part".to_owned()))?;
        for (begin, rank) in begins.iter().zip(0..) {
            match begin.rank.cmp(&rank) {
                Ordering::Less => {
                    return Err(failed(format!("two ranks say that they are rank {}", begin.rank)));
                }
                Ordering::Greater => return Err(failed(format!("rank {rank} of {} is missing", first.size))),
                Ordering::Equal => {}
            }
            if (begin.size, &begin.job_hash) != (first.size, &first.job_hash) {
                return Err(failed(format!(
                    "rank {} is one of {} with job {}, rank 0 one of {} with job {}",
                    begin.rank, begin.size, begin.job_hash, first.size, first.job_hash
                )));
            }
        }
        let count = u32::try_from(begins.len()).unwrap_or(u32::MAX);
        if count != first.size {
            return Err(failed(format!("there are {count} ranks, rank 0 says there are {}", first.size)));
        }
        let (rows, counters, ends) = Default::default();
        Ok(Evidence { begins, rows, counters, ends, unfinished: 0 })
    }

    /// Adds one repetition of one case: a row from every rank and the sum of their [`Repetition::dense`].
    ///
    /// # Errors
    /// When a rank is missing or tells another story, or the counters are not the sum of what the rows say.
    pub fn add(&mut self, rows: Vec<Row>, dense: &[u64]) -> Result<()> {
        let width = layout().len();
        let names =
            rows.first().map_or(Vec::new(), |row| row.repetition.histograms.keys().cloned().collect());
        if dense.len() != names.len() * width {
            let (found, wanted) = (dense.len(), names.len() * width);
            return Err(failed(format!(
                "{found} counters were summed over the ranks, {wanted} were recorded"
            )));
        }
        let nonzero = |counters: &[u64]| {
            let numbered = (0u32..).zip(counters.iter().copied());
            numbered.filter(|(_, count)| *count > 0).collect::<Counters>()
        };
        let summed = names.into_iter().zip(dense.chunks_exact(width).map(nonzero)).collect();
        self.insert(rows, summed)
    }

    /// Adds the last words of every rank, in any order of ranks.
    pub fn finish(&mut self, ends: impl IntoIterator<Item = (u32, End)>) {
        self.ends.extend(ends);
    }

    /// Collects what the parts say. A repetition that some rank did not finish is counted, not used.
    ///
    /// # Errors
    /// As `new` and `add`.
    pub fn from_parts(parts: Vec<PartContent>) -> Result<Evidence> {
        let mut evidence = Evidence::new(parts.iter().map(|part| part.begin.clone()).collect())?;
        let mut found: BTreeMap<(String, u32), Vec<(u32, Repetition)>> = BTreeMap::new();
        for part in parts {
            let rank = part.begin.rank;
            evidence.ends.extend(part.end.map(|end| (rank, end)));
            for repetition in part.repetitions {
                found
                    .entry((repetition.case.clone(), repetition.round))
                    .or_default()
                    .push((rank, repetition));
            }
        }
        for repetitions in found.into_values() {
            if repetitions.len() < evidence.begins.len() {
                evidence.unfinished += 1;
                continue;
            }
            let mut summed: BTreeMap<String, Counters> = BTreeMap::new();
            for (_, repetition) in &repetitions {
                for (name, record) in &repetition.histograms {
                    let counters = record.counters.iter().copied().collect();
                    add_counters(summed.entry(name.clone()).or_default(), &counters)?;
                }
            }
            let rows = repetitions.iter().map(|(rank, repetition)| repetition.row(*rank)).collect();
            evidence.insert(rows, summed)?;
        }
        Ok(evidence)
    }

    /// One entry a rank, in order.
    pub fn begins(&self) -> &[Begin] {
        &self.begins
    }

    /// The rows of a case: by round, one a rank.
    pub fn rounds(&self, case: &str) -> impl Iterator<Item = &[Row]> {
        self.rows.get(case).into_iter().flat_map(BTreeMap::values).map(Vec::as_slice)
    }

    /// The summed counters of a case, by histogram.
    pub fn counters(&self, case: &str) -> impl Iterator<Item = (&str, &Counters)> {
        self.counters.get(case).into_iter().flatten().map(|(name, counters)| (name.as_str(), counters))
    }

    /// Cases that have at least one repetition.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// The last words of each rank that had any.
    pub fn ends(&self) -> &BTreeMap<u32, End> {
        &self.ends
    }

    /// Repetitions that some rank did not finish.
    pub fn unfinished(&self) -> u32 {
        self.unfinished
    }

    fn insert(&mut self, mut rows: Vec<Row>, summed: BTreeMap<String, Counters>) -> Result<()> {
        rows.sort_by_key(|row| row.rank);
        check_rows(&rows, self.begins.len(), &summed)?;
        let Repetition { case, round, .. } = &rows[0].repetition;
        let (case, round) = (case.clone(), *round);
        if self.rows.get(&case).is_some_and(|rounds| rounds.contains_key(&round)) {
            return Err(failed(format!("case {case} has round {round} a second time")));
        }
        let totals = self.counters.entry(case.clone()).or_default();
        for (name, counters) in &summed {
            add_counters(totals.entry(name.clone()).or_default(), counters)?;
        }
        self.rows.entry(case).or_default().insert(round, rows);
        Ok(())
    }
}

fn add_counters(total: &mut Counters, counters: &Counters) -> Result<()> {
    for (index, count) in counters {
        let entry = total.entry(*index).or_default();
        *entry = entry
            .checked_add(*count)
            .ok_or_else(|| failed(format!("counter {index} does not fit 64 bits: the parts are damaged")))?;
    }
    Ok(())
}

/// The invariant of [`Evidence`], for one repetition.
fn check_rows(rows: &[Row], ranks: usize, summed: &BTreeMap<String, Counters>) -> Result<()> {
    let first = rows.first().ok_or_else(|| failed("a repetition without rows".to_owned()))?;
    let (case, round) = (&first.repetition.case, first.repetition.round);
    let failed = |why: String| failed(format!("case {case}, round {round}: {why}"));
    let present = rows.iter().map(|row| row.rank as usize);
    if !present.eq(0..ranks) {
        return Err(failed(format!("there are not exactly {ranks} rows, one a rank")));
    }
    for row in rows {
        let other = &row.repetition;
        if (&other.case, other.round) != (case, round) {
            let (case, round) = (&other.case, other.round);
            return Err(failed(format!("rank {} is at case {case}, round {round}", row.rank)));
        }
        if !other.histograms.keys().eq(summed.keys()) {
            return Err(failed(format!("rank {} has other histograms than rank 0", row.rank)));
        }
        for (name, record) in &other.histograms {
            record.check_scalars().map_err(|why| failed(format!("rank {}, {name}: {why}", row.rank)))?;
        }
    }
    for (name, counters) in summed {
        let timed: u128 = rows.iter().map(|row| u128::from(row.repetition.histograms[name].timed)).sum();
        let counted: u128 = counters.values().map(|count| u128::from(*count)).sum();
        if timed != counted {
            return Err(failed(format!("{name} has {counted} counted values, the ranks timed {timed}")));
        }
    }
    Ok(())
}

fn failed(why: String) -> Error {
    Error::Failed(format!("the results of the ranks do not fit together: {why}"))
}
