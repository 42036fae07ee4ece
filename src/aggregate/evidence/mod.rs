//! Source of every aggregate: rows and summed counters gathered during the run, or read from the parts
//! afterwards.

mod check;
mod counters;
mod gather;

pub use counters::{Counters, Packed, Totals};
pub(crate) use gather::finished_by_all;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::measure::histogram::layout;
use crate::record::line::{Begin, End, Repetition, Row};
use crate::units::counted;

/// Measurements of all ranks, reduced to what the result needs.
///
/// Invariant: `begins` has one entry per rank, in order. A round is in `cases` only with one row per rank, in order,
/// all with the same histograms; its counters are the sums over exactly these rows. `hosts` holds sums over the
/// same rows, by host.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    begins: Vec<Begin>,
    cases: BTreeMap<String, BTreeMap<u32, Round>>,
    hosts: BTreeMap<String, Histograms>,
    ends: BTreeMap<u32, End>,
    unfinished: u32,
}

/// One repetition of one case, on all ranks.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// One row per rank, in rank order.
    pub rows: Vec<Row>,
    /// Counters summed over the ranks, by histogram.
    pub counters: BTreeMap<String, Packed>,
}

impl Round {
    /// The counters of the histograms with a name that is wanted, unpacked.
    pub(crate) fn counters_of(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<&str, Counters> {
        let wanted = self.counters.iter().filter(|(name, _)| wanted(name));
        wanted.map(|(name, packed)| (name.as_str(), packed.iter().collect())).collect()
    }
}

/// Counters by case and histogram.
type Histograms = BTreeMap<String, BTreeMap<String, Packed>>;

impl Evidence {
    /// Starts evidence of the given ranks, without repetitions.
    ///
    /// # Errors
    /// When the ranks are not 0 to size - 1, once each, of one job.
    pub fn new(mut begins: Vec<Begin>) -> Result<Evidence> {
        begins.sort_by_key(|begin| begin.rank);
        let first =
            begins.first().cloned().ok_or_else(|| failed("there is no part of any rank".to_owned()))?;
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
                    "rank {} is of a run of {} ranks and job {}, rank 0 of one of {} ranks and job {}",
                    begin.rank, begin.size, begin.job_hash, first.size, first.job_hash
                )));
            }
        }
        let count = u32::try_from(begins.len()).unwrap_or(u32::MAX);
        if count != first.size {
            return Err(failed(format!(
                "parts of {} found, rank 0 recorded {}",
                counted(count.into(), "rank"),
                first.size
            )));
        }
        let (cases, hosts, ends) = Default::default();
        Ok(Evidence { begins, cases, hosts, ends, unfinished: 0 })
    }

    /// Adds one repetition of one case: a row from every rank and the sum of their [`Repetition::dense`].
    ///
    /// # Errors
    /// When a rank is missing or contradicts the others, or the counters are not the sum over the rows.
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

    /// Adds the end of each rank, in any order of ranks.
    pub fn finish(&mut self, ends: impl IntoIterator<Item = (u32, End)>) {
        self.ends.extend(ends);
    }

    /// Adds the counters of all repetitions of all ranks of one host.
    pub fn add_host(&mut self, host: &str, totals: Totals) {
        self.hosts.insert(host.to_owned(), totals.into_packed());
    }

    /// One entry per rank, in rank order.
    pub fn begins(&self) -> &[Begin] {
        &self.begins
    }

    /// The rounds of a case, by number.
    pub fn rounds(&self, case: &str) -> impl Iterator<Item = (u32, &Round)> {
        self.cases.get(case).into_iter().flatten().map(|(number, round)| (*number, round))
    }

    /// Rows of one round, one per rank; empty when the round does not exist.
    pub fn rows(&self, case: &str, round: u32) -> &[Row] {
        self.cases.get(case).and_then(|rounds| rounds.get(&round)).map_or(&[], |round| &round.rows)
    }

    /// The counters of a case summed over all rounds, by histogram.
    ///
    /// # Errors
    /// When a counter overflows.
    pub fn totals(&self, case: &str) -> Result<BTreeMap<&str, Counters>> {
        self.totals_of(case, |_| true)
    }

    /// The counters of a case summed over the rounds that count, by histogram.
    ///
    /// # Errors
    /// When a counter overflows.
    pub fn totals_of(&self, case: &str, counts: impl Fn(u32) -> bool) -> Result<BTreeMap<&str, Counters>> {
        let mut totals: BTreeMap<&str, Counters> = BTreeMap::new();
        for (_, round) in self.rounds(case).filter(|(number, _)| counts(*number)) {
            for (name, packed) in &round.counters {
                counters::add(totals.entry(name).or_default(), packed.iter())?;
            }
        }
        Ok(totals)
    }

    /// Hosts with known counters, each with the counters of the case, by histogram.
    pub fn hosts(&self, case: &str) -> impl Iterator<Item = (&str, &BTreeMap<String, Packed>)> {
        self.hosts.iter().filter_map(move |(host, cases)| Some((host.as_str(), cases.get(case)?)))
    }

    /// Checks that the sums by host and the sums by round are equal.
    ///
    /// # Errors
    /// When a histogram differs; the first one is named.
    pub(crate) fn check_hosts(&self) -> Result<()> {
        check::hosts(self)
    }

    /// Cases that have at least one repetition.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.cases.keys().map(String::as_str)
    }

    /// Ends of the ranks that have one, by rank.
    pub fn ends(&self) -> &BTreeMap<u32, End> {
        &self.ends
    }

    /// Number of repetitions that some rank did not finish.
    pub fn unfinished(&self) -> u32 {
        self.unfinished
    }

    fn insert(&mut self, mut rows: Vec<Row>, summed: BTreeMap<String, Counters>) -> Result<()> {
        rows.sort_by_key(|row| row.rank);
        check::rows(&rows, self.begins.len(), &summed)?;
        let Repetition { case, round, .. } = &rows[0].repetition;
        let (case, number) = (case.clone(), *round);
        let rounds = self.cases.entry(case.clone()).or_default();
        if rounds.contains_key(&number) {
            return Err(failed(format!("case {case} has round {number} a second time")));
        }
        let counters = summed.into_iter().map(|(name, counters)| (name, Packed::new(&counters))).collect();
        rounds.insert(number, Round { rows, counters });
        Ok(())
    }
}

fn failed(why: String) -> Error {
    Error::Failed(format!("the ranks' results contradict each other: {why}"))
}
