//! Evidence from parts, read host by host and line by line, so that only sums and rows stay in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::aggregate::evidence::{Evidence, Packed, Row, Totals};
use crate::error::Result;
use crate::record::Done;
use crate::record::line::Repetition;
use crate::record::part::{PartReader, Survey};

/// Returns the repetitions that every rank finished, and the number that only some ranks finished.
pub(crate) fn finished_by_all(surveys: &[Survey]) -> (Done, u32) {
    let mut found: BTreeMap<&(String, u32), usize> = BTreeMap::new();
    for repetition in surveys.iter().flat_map(|survey| &survey.repetitions) {
        *found.entry(repetition).or_default() += 1;
    }
    let (done, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, ranks)| *ranks == surveys.len());
    let unfinished = u32::try_from(rest.len()).unwrap_or(u32::MAX);
    (done.into_iter().map(|(repetition, _)| repetition.clone()).collect(), unfinished)
}

impl Evidence {
    /// Reads the parts in two passes: first the repetitions that all ranks finished, then their figures.
    /// Repetitions that some rank did not finish are counted, but not used.
    ///
    /// # Errors
    /// When a part is unreadable or damaged before its last line, or as in `new` and `add`.
    pub fn from_parts(paths: &[PathBuf]) -> Result<Evidence> {
        let surveys = Survey::of_all(paths)?;
        let mut evidence = Evidence::new(surveys.iter().map(|survey| survey.begin.clone()).collect())?;
        let (done, unfinished) = finished_by_all(&surveys);
        evidence.unfinished = unfinished;
        let ended = |survey: &Survey| Some((survey.begin.rank, survey.end.clone()?));
        evidence.finish(surveys.iter().filter_map(ended));
        let mut rounds: BTreeMap<(String, u32), Gathering> = BTreeMap::new();
        let hosts: BTreeSet<&str> = surveys.iter().map(|survey| survey.begin.host.as_str()).collect();
        for host in hosts {
            let mut totals = Totals::default();
            let here = surveys.iter().zip(paths).filter(|(survey, _)| survey.begin.host == host);
            for (survey, path) in here {
                let mut part = PartReader::open(path)?;
                while let Some(repetition) = part.next_among(&done)? {
                    totals.add(&repetition)?;
                    let turn = (repetition.case.clone(), repetition.round);
                    rounds.entry(turn).or_default().add(survey.begin.rank, &repetition)?;
                }
            }
            evidence.add_host(host, totals);
        }
        for Gathering { rows, counters } in rounds.into_values() {
            let unpacked = |(name, packed): (String, Packed)| (name, packed.iter().collect());
            evidence.insert(rows, counters.into_iter().map(unpacked).collect())?;
        }
        Ok(evidence)
    }
}

/// A round that is being collected rank by rank.
#[derive(Default)]
struct Gathering {
    rows: Vec<Row>,
    counters: BTreeMap<String, Packed>,
}

impl Gathering {
    fn add(&mut self, rank: u32, repetition: &Repetition) -> Result<()> {
        self.rows.push(repetition.row(rank));
        for (name, record) in &repetition.histograms {
            match self.counters.get_mut(name) {
                Some(sum) => *sum = sum.plus(&record.counters)?,
                None => drop(self.counters.insert(name.clone(), Packed::default().plus(&record.counters)?)),
            }
        }
        Ok(())
    }
}
