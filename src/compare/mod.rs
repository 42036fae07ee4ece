//! Comparison of arms and runs: pairs from the evidence, effects, verdicts, and reasons to refuse.
//!
//! Arms of one run are compared when the run is aggregated, and again by `verify`. Runs are compared by
//! [`compare_runs`]. Both produce a [`Compared`], which is shown to people.

mod bound;
mod changes;
mod loaded;
mod matching;
mod memory;
mod projection;
mod refusal;
mod runs;

pub use bound::BoundResult;
pub use changes::Change;
pub use projection::Projection;
pub use refusal::Refusal;
pub use runs::{ComparisonRequest, compare_runs};

use std::path::Path;

use crate::aggregate::arms::{DIFFERENCE, comparisons};
use crate::units::{count, counted};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::record::json_text;
use crate::record::run::Outcome;
use crate::record::run::{Comparison, Finding, Header, Run};
use crate::results::{RunDirectory, from_parts};

/// Complete result of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Name of the job.
    pub name: String,
    /// True when the comparison was forced although it was refused: no verdict is reliable.
    pub forced: bool,
    /// Reasons that the comparison was refused.
    pub refused: Vec<Refusal>,
    /// The base's runs; the run itself when its arms are compared.
    pub base: Vec<RunRecord>,
    /// The candidate's runs, in the order of the pairs; empty when the arms of one run are compared.
    pub candidate: Vec<RunRecord>,
    /// Differences between the arms.
    pub changes: Vec<Change>,
    /// Cases without a partner.
    pub alone: Vec<String>,
    /// Runs with figures that cannot be believed: of their cases no verdict is given, unless the comparison is forced.
    pub untrusted: Vec<Untrusted>,
    /// Doubts about the verdicts.
    pub doubts: Vec<String>,
    /// Differences below this count as equal, as a share.
    pub difference: f64,
    /// One row for each case, candidate and metric.
    pub comparisons: Vec<Comparison>,
    /// Possible gain from an allocator, beside the measured gain.
    pub projections: Vec<Projection>,
    /// Outcomes of `--bound`.
    pub bounds: Vec<BoundResult>,
}

/// A run with figures that cannot be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Untrusted {
    /// Its directory as given.
    pub directory: String,
    /// Severe findings, worst first.
    pub findings: Vec<Finding>,
    /// Number of its cases.
    pub cases: usize,
}

/// One compared run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Its directory as given; empty when it is shown by itself.
    pub directory: String,
    /// Start time.
    pub started: String,
    /// Hash of its job.
    pub job_hash: String,
    /// Its hosts.
    pub hosts: Vec<String>,
}

impl RunRecord {
    fn of(header: &Header, directory: String) -> RunRecord {
        let (started, job_hash) = (header.started.clone(), header.job_hash.clone());
        RunRecord { directory, started, job_hash, hosts: header.hosts.clone() }
    }
}

/// Compares the arms of one run.
///
/// # Errors
/// [`Error::Usage`] when the run has no arms, [`Error::Failed`] when it cannot be read.
pub fn compare_arms(path: &Path, difference: f64, force: bool) -> Result<Compared> {
    let directory = RunDirectory::open(path)?;
    let (mut run, evidence) = match from_parts(&directory) {
        Err(why @ (Error::Usage(_) | Error::Incomplete(_))) => return Err(why),
        read => read.map_err(|why| Error::Failed(format!("{}: {why}", path.display())))?,
    };
    let arms = run.header.planned.iter().any(|case| case.arm.is_some());
    if !arms {
        return Err(Error::Usage(format!(
            "{} has no arms: a job with [[arm]] has, and two runs are compared with numamark compare BASE CANDIDATE",
            path.display()
        )));
    }
    let mut refused = Vec::new();
    if run.derived.violations > 0 {
        let found = format!("{} freed twice or never allocated", counted(run.derived.violations, "object"));
        let why = "no figure of that run can be trusted";
        refused.push(Refusal::new(path.display().to_string(), "none", found, why));
    }
    if let (Some(refusal), false) = (refused.first(), force) {
        return Err(Error::Usage(format!(
            "{}: {}: {}; --force compares its arms all the same, and marks the result",
            path.display(),
            refusal.other,
            refusal.why
        )));
    }
    run.derived.comparisons = comparisons(&run.header, &evidence, &run.derived.cases, difference);
    let mut compared = Compared::of_run(&run);
    compared.difference = difference;
    compared.base[0].directory = path.display().to_string();
    (compared.forced, compared.refused) = (!refused.is_empty(), refused);
    compared.doubts.extend(run.standing().map(|standing| partial(&path.display().to_string(), &standing)));
    Ok(compared)
}

/// Doubt about a run that did not reach its end.
fn partial(name: &str, standing: &str) -> String {
    format!(
        "{name} is a partial result, {standing}: only its complete rounds are compared, and the missing ones may be the slow ones"
    )
}

impl Compared {
    /// Comparison of the arms as stored in the run.
    pub fn of_run(run: &Run) -> Compared {
        let comparisons = run.derived.comparisons.clone();
        let changes = changes::of_arms(run);
        Compared {
            name: run.header.name.clone(),
            forced: false,
            refused: Vec::new(),
            base: vec![RunRecord::of(&run.header, String::new())],
            candidate: Vec::new(),
            projections: projection::projections(&comparisons, &changes),
            changes,
            alone: Vec::new(),
            untrusted: Vec::new(),
            doubts: Vec::new(),
            difference: comparisons.first().map_or(DIFFERENCE, |row| row.difference),
            comparisons,
            bounds: Vec::new(),
        }
    }

    /// Adds the check of every rate against the largest accepted loss.
    pub fn bounded(mut self, bound: f64) -> Compared {
        self.bounds = bound::bounds(&self.comparisons, bound);
        self
    }

    /// Returns the comparison as JSON with a final newline.
    pub fn to_json(&self) -> String {
        json_text(self)
    }

    /// Returns the outcome as an error or success.
    ///
    /// # Errors
    /// [`Error::Gate`] when the whole confidence interval of a rate lies beyond the bound.
    pub fn verdict(&self) -> Result<()> {
        match self.bounds.iter().filter(|bound| bound.outcome == Outcome::Fail).count() {
            0 => Ok(()),
            worse => Err(Error::Gate(format!("{} worse than the bound", counted(count(worse), "rate")))),
        }
    }
}
