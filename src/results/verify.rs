//! `verify` derives every value of the result again from the parts. `recover` builds a result for a run that died.

use std::path::Path;

use serde_json::Value;

use super::directory::RunDirectory;
use super::partial::{from_parts, still_running};
use super::{histograms, samples, suspects};
use crate::aggregate::aggregate;
use crate::error::{Error, Result};
use crate::job::{Job, hash_of};
use crate::record::run::{Header, PartialState, Run};
use crate::units;
use crate::units::counted;

/// Result of a successful `verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Values in `run.json` that were derived again and are equal.
    pub values: usize,
    /// Rows of `samples.parquet` that were derived again and are equal.
    pub samples: usize,
    /// Lines of `histograms.hlog` that were derived again and are equal.
    pub histograms: usize,
    /// Number of parts read.
    pub parts: usize,
    /// Repetitions that every rank finished.
    pub repetitions: u64,
    /// Value of `complete` in `run.json`, confirmed by the parts.
    pub complete: bool,
    /// State of a run that did not reach its end, as a sentence.
    pub standing: Option<String>,
}

/// Largest number of differences named in one message; the rest is counted.
const NAMED: usize = 20;

/// Derives everything in `run.json`, `samples.parquet`, `histograms.hlog` and `suspect_nodes.txt` again from the
/// header and the parts. Without a `run.json` only the parts are checked.
///
/// # Errors
/// When the run cannot be read, values differ (each is named with both values), or no repetition is complete.
pub fn verify(path: &Path) -> Result<Verified> {
    let directory = RunDirectory::open(path)?;
    if !directory.run().exists() {
        return verify_parts(&directory);
    }
    let recorded = directory.read_run_tree()?;
    let header = directory.read_header()?;
    check_job(&header).map_err(|why| at(path, &why))?;
    let evidence = directory.evidence().map_err(|why| at(path, &why))?;
    // The elapsed time, and the reason of an early end, are the only values that no part holds.
    let elapsed_s = recorded.get("elapsed_s").and_then(Value::as_f64);
    let mut derived = aggregate(&header, &evidence, elapsed_s).map_err(|why| at(path, &why))?;
    let partial = recorded.get("partial").filter(|_| !derived.complete);
    derived.partial = partial.and_then(|partial| serde_json::from_value(partial.clone()).ok());
    let mut comparison = Comparison::default();
    comparison.compare("", &recorded, &tree(&derived));
    let (samples, differences) = samples::compare(&directory.samples(), &derived, &evidence);
    comparison.differences.extend(differences);
    let (histograms, differences) = histograms::compare(&directory.histograms(), &evidence);
    comparison.differences.extend(differences);
    comparison.differences.extend(suspects::compare(&directory.suspects(), &derived));
    comparison.result(path)?;
    Ok(Verified {
        values: comparison.equal,
        samples,
        histograms,
        parts: evidence.begins().len(),
        repetitions: derived.repetitions_done(),
        complete: derived.complete,
        standing: derived.standing(),
    })
}

/// Checks the parts of a run that has no result yet: every line, and that the ranks do not contradict each other.
fn verify_parts(directory: &RunDirectory) -> Result<Verified> {
    let (run, evidence) = from_parts(directory).map_err(|why| named(directory.path(), why))?;
    check_job(&run.header).map_err(|why| at(directory.path(), &why))?;
    Ok(Verified {
        values: 0,
        samples: 0,
        histograms: 0,
        parts: evidence.begins().len(),
        repetitions: run.repetitions_done(),
        complete: run.complete,
        standing: run.standing(),
    })
}

/// Checks that the job in the header is one, and the one with its hash.
fn check_job(header: &Header) -> Result<()> {
    Job::parse(&header.job, "the job in run.json", &[])?;
    // The hash covers the stored text: a release with more keys would write out more defaults.
    let hash = hash_of(&header.job);
    match hash == header.job_hash {
        true => Ok(()),
        false => {
            let why = format!("job_hash is {}, the hash of the job is {hash}", header.job_hash);
            Err(Error::Failed(why))
        }
    }
}

/// Writes the result of a run that was stopped or died, from the repetitions that all ranks finished.
///
/// # Errors
/// When `run.json` exists, the run is still going on, a part is missing, or no repetition was finished by all ranks.
pub fn recover(path: &Path) -> Result<Run> {
    let directory = RunDirectory::open(path)?;
    if directory.run().exists() {
        return Err(Error::Usage(format!(
            "{} has a run.json: there is nothing to recover; numamark report {0} shows it",
            path.display()
        )));
    }
    let (mut run, evidence) = from_parts(&directory).map_err(|why| named(path, why))?;
    if run.partial.as_ref().is_some_and(|partial| partial.state == PartialState::Running) {
        return Err(still_running(&directory));
    }
    // Every rank has reached its end: only the files were missing.
    run.partial = run.partial.filter(|_| !run.complete);
    directory.write_results(&run, &evidence)?;
    Ok(run)
}

/// Adds the run's path, unless the error has it.
fn named(path: &Path, why: Error) -> Error {
    match why {
        why @ (Error::Incomplete(_) | Error::Usage(_)) => why,
        why => at(path, &why),
    }
}

/// Adds the run's path to an error, because a person may check many runs.
fn at(path: &Path, why: &Error) -> Error {
    Error::Failed(format!("{}: {why}", path.display()))
}

/// Converts a run to text and back, so that numbers take the form that they have in a file.
fn tree(run: &Run) -> Value {
    let text = serde_json::to_vec(run).expect("a run holds numbers, strings and string-keyed maps");
    serde_json::from_slice(&text).expect("what was just written")
}

#[derive(Default)]
struct Comparison {
    equal: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn compare(&mut self, at: &str, recorded: &Value, derived: &Value) {
        match (recorded, derived) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
                for key in keys {
                    let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    self.compare(&at, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{at}[{}]", label(a, index)), a, b);
                }
            }
            _ if recorded == derived => self.equal += 1,
            _ => self.differences.push(format!("{at}: run.json has {recorded}, the parts give {derived}")),
        }
    }

    fn result(&self, path: &Path) -> Result<()> {
        if self.differences.is_empty() {
            return Ok(());
        }
        let count = self.differences.len();
        let named = self.differences.iter().take(NAMED).map(|line| format!("\n  {line}")).collect::<String>();
        let rest = count.saturating_sub(NAMED);
        let rest = if rest > 0 { format!("\n  and {rest} more") } else { String::new() };
        let differ = counted(units::count(count), "difference");
        Err(Error::Failed(format!("{}: {differ} from the parts:{named}{rest}", path.display())))
    }
}

/// Label of an array item: the id of a case, the number of a rank, otherwise the index.
fn label(item: &Value, index: usize) -> String {
    let name = item.get("id").and_then(Value::as_str).map(str::to_owned);
    name.or_else(|| item.get("rank").map(|rank| format!("rank {rank}"))).unwrap_or_else(|| index.to_string())
}
