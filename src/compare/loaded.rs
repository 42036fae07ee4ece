//! A run reduced to the needs of a comparison: header, job and values, without the remaining evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::{RunRecord, Untrusted};
use crate::aggregate::arms::quantity::{Quantity, Series, series};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::record::line::Begin;
use crate::record::run::{Finding, Header};
use crate::results::{RunDirectory, from_parts};

/// A run read from its parts.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Path as given on the command line.
    pub(super) path: PathBuf,
    /// Header of the run.
    pub(super) header: Header,
    /// Job in the header.
    pub(super) job: Job,
    /// One entry for each rank.
    pub(super) begins: Vec<Begin>,
    /// State of a run that did not reach its end, as a sentence.
    pub(super) standing: Option<String>,
    /// Misuses of the allocator.
    pub(super) violations: u64,
    /// Everything that was wrong with the run, worst first.
    pub(super) findings: Vec<Finding>,
    /// Coarsest step of any rank's clock, in ns.
    pub(super) clock_step_ns: f64,
    /// Digest of the data set of each case that has one.
    pub(super) digests: BTreeMap<String, String>,
    /// Every quantity, by case.
    pub(super) series: BTreeMap<String, Vec<(Quantity, Series)>>,
}

/// A rank's place, with the same name in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeatName<'run> {
    host: &'run str,
    node_index: Option<u32>,
    /// Index among the ranks that share the node.
    ordinal: usize,
}

impl Loaded {
    /// Reads a run from its parts; without a `run.json`, what is complete of it.
    ///
    /// # Errors
    /// When nothing is complete, or its parts are missing, damaged or of another job.
    pub(super) fn read(path: &Path) -> Result<Loaded> {
        let at = |why: Error| match why {
            // These errors already name the directory.
            why @ (Error::Usage(_) | Error::Incomplete(_)) => why,
            why => Error::Failed(format!("{}: {why}", path.display())),
        };
        let directory = RunDirectory::open(path)?;
        let (run, evidence) = from_parts(&directory).map_err(at)?;
        let header = run.header.clone();
        let job = Job::parse(&header.job, "the job in run.json", &[]).map_err(at)?;
        let mut values = BTreeMap::new();
        for (case, result) in header.planned.iter().zip(&run.derived.cases) {
            let dropped: BTreeSet<u32> = result.dropped.iter().map(|dropped| dropped.round).collect();
            values.insert(case.id.clone(), series(&evidence, &case.id, case.measure, &dropped));
        }
        let digests =
            run.derived.cases.iter().filter_map(|case| Some((case.id.clone(), case.digest.clone()?)));
        Ok(Loaded {
            path: path.to_owned(),
            job,
            begins: evidence.begins().to_vec(),
            standing: run.standing(),
            violations: run.derived.violations,
            findings: run.derived.trust.map_or_else(Vec::new, |trust| trust.findings),
            clock_step_ns: run.derived.clock_step_ns,
            digests: digests.collect(),
            series: values,
            header,
        })
    }

    /// Largest number of repetitions of any case.
    pub(super) fn rounds(&self) -> usize {
        let of_series =
            |series: &Series| series.values.keys().map(|(_, round)| round).collect::<BTreeSet<_>>().len();
        self.series.values().flatten().map(|(_, series)| of_series(series)).max().unwrap_or(0)
    }

    /// Name for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The run among those that cannot be believed; `None` when it can.
    pub(super) fn untrusted(&self) -> Option<Untrusted> {
        let findings: Vec<Finding> = self.findings.iter().filter(|finding| finding.severe).cloned().collect();
        let cases = self.header.planned.len();
        (!findings.is_empty()).then(|| Untrusted { directory: self.name(), findings, cases })
    }

    /// Record for the result of a comparison.
    pub(super) fn record(&self) -> RunRecord {
        RunRecord::of(&self.header, self.name())
    }

    /// Seat of every rank, in rank order.
    pub(super) fn seats(&self) -> Vec<SeatName<'_>> {
        let mut ranks: BTreeMap<(&str, Option<u32>), usize> = BTreeMap::new();
        let mut seats = Vec::with_capacity(self.begins.len());
        for begin in &self.begins {
            let before = ranks.entry((begin.host.as_str(), begin.node_index)).or_default();
            seats.push(SeatName { host: &begin.host, node_index: begin.node_index, ordinal: *before });
            *before += 1;
        }
        seats
    }

    /// Maps each rank of `base` to the rank of this run in the same seat, or to the same rank number when there
    /// is none.
    pub(super) fn partners(&self, base: &Loaded) -> BTreeMap<u32, u32> {
        let here: BTreeMap<SeatName<'_>, u32> = self.seats().into_iter().zip(0..).collect();
        base.seats()
            .into_iter()
            .zip(0..)
            .map(|(seat, rank)| (rank, here.get(&seat).copied().unwrap_or(rank)))
            .collect()
    }

    /// True when both are one measurement: a run given twice, or a copy of it.
    pub(super) fn is(&self, other: &Loaded) -> bool {
        let measured = self.series.values().flatten().any(|(_, series)| !series.values.is_empty());
        measured && self.header.started == other.header.started && self.series == other.series
    }
}

impl fmt::Display for SeatName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node_index {
            Some(node) => write!(f, "{} node {node}", self.host)?,
            None => write!(f, "{} not bound", self.host)?,
        }
        match self.ordinal {
            0 => Ok(()),
            others => write!(f, " ({others} more before it)"),
        }
    }
}
