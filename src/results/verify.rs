//! `verify` derives every value of the result again from the parts. `recover` builds a result for a run that died.

use std::path::Path;

use serde_json::Value;

use super::directory::RunDirectory;
use super::{histograms, samples, suspects};
use crate::aggregate::aggregate;
use crate::error::{Error, Result};
use crate::job::{Job, hash_of};
use crate::record::run::Run;

/// Result of a successful `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub repetitions: usize,
    /// Value of `complete` in `run.json`, confirmed by the parts.
    pub complete: bool,
}

/// Largest number of differences named in one message; the rest is counted.
const NAMED: usize = 20;

/// Derives everything in `run.json`, `samples.parquet`, `histograms.hlog` and `suspect_nodes.txt` again from the
/// header and the parts.
///
/// # Errors
/// When the run cannot be read, or values differ; each is named with both values.
pub fn verify(path: &Path) -> Result<Verified> {
    let directory = RunDirectory::open(path)?;
    let recorded = directory.read_run_tree()?;
    let header = directory.read_header()?;
    Job::parse(&header.job, "the job in run.json", &[]).map_err(|why| at(path, &why))?;
    // The hash covers the stored text: a release with more keys would write out more defaults.
    let hash = hash_of(&header.job);
    if hash != header.job_hash {
        let why = format!("job_hash is {}, the hash of the job is {hash}", header.job_hash);
        return Err(at(path, &Error::Failed(why)));
    }
    let evidence = directory.evidence().map_err(|why| at(path, &why))?;
    // The elapsed time is the only value that no part holds.
    let elapsed_s = recorded.get("elapsed_s").and_then(Value::as_f64);
    let derived = aggregate(&header, &evidence, elapsed_s).map_err(|why| at(path, &why))?;
    let mut comparison = Comparison::default();
    comparison.compare("", &recorded, &tree(&derived));
    let (samples, differences) = samples::compare(&directory.samples(), &derived, &evidence);
    comparison.differences.extend(differences);
    let (histograms, differences) = histograms::compare(&directory.histograms(), &evidence);
    comparison.differences.extend(differences);
    comparison.differences.extend(suspects::compare(&directory.suspects(), &derived));
    comparison.result(path)?;
    let repetitions = header.planned.iter().map(|case| evidence.rounds(&case.id).count()).sum();
    Ok(Verified {
        values: comparison.equal,
        samples,
        histograms,
        parts: evidence.begins().len(),
        repetitions,
        complete: derived.complete,
    })
}

/// Builds the result of a run that died, from the repetitions that all ranks finished.
///
/// # Errors
/// When `run.json` exists, a part is missing, or no repetition was finished by all ranks.
pub fn recover(path: &Path) -> Result<Run> {
    let directory = RunDirectory::open(path)?;
    if directory.run().exists() {
        return Err(Error::Usage(format!(
            "{} has a run.json: there is nothing to recover; numamark report {0} shows it",
            path.display()
        )));
    }
    let header = directory.read_header()?;
    let evidence = directory.evidence().map_err(|why| at(path, &why))?;
    if evidence.cases().next().is_none() {
        return Err(Error::Failed(format!(
            "{}: nothing to recover: no repetition was finished by all {} ranks",
            path.display(),
            header.ranks
        )));
    }
    let run = aggregate(&header, &evidence, None).map_err(|why| at(path, &why))?;
    directory.write_results(&run, &evidence)?;
    Ok(run)
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
        Err(Error::Failed(format!("{}: {count} values differ from the parts:{named}{rest}", path.display())))
    }
}

/// Label of an array item: the id of a case, the number of a rank, otherwise the index.
fn label(item: &Value, index: usize) -> String {
    let name = item.get("id").and_then(Value::as_str).map(str::to_owned);
    name.or_else(|| item.get("rank").map(|rank| format!("rank {rank}"))).unwrap_or_else(|| index.to_string())
}
