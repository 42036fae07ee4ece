//! One job for all ranks: rank 0 reads it, and every rank parses the same bytes.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::job::{BuiltIn, JOB_FILE_BYTES_MAX, Job, Setting, decode, nearest};
use crate::record::line as record;
use crate::results::RunDirectory;

/// A job as written: the file's name for messages, its text, and the `--set` and `--sweep` arguments in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobText {
    /// Name used in messages.
    pub name: String,
    /// The TOML text.
    pub text: String,
    /// The settings; later ones override earlier ones.
    pub settings: Vec<Setting>,
}

impl JobText {
    /// Reads a job file; `-` is standard input. A name without a file means the built-in job of this name.
    ///
    /// # Errors
    /// When the file cannot be read, is not UTF-8, or is larger than 1 MiB, and when neither a file nor a job has the name.
    pub fn read(path: &Path, settings: &[Setting]) -> Result<JobText> {
        let standard_input = path == Path::new("-");
        let name = if standard_input { "<stdin>".to_owned() } else { path.display().to_string() };
        // Reads at most one byte more than a job file may have: enough to detect a file that is too large.
        let one_too_many = JOB_FILE_BYTES_MAX as u64 + 1;
        let mut bytes = Vec::new();
        let read = match standard_input {
            true => std::io::stdin().lock().take(one_too_many).read_to_end(&mut bytes),
            false => {
                std::fs::File::open(path).and_then(|file| file.take(one_too_many).read_to_end(&mut bytes))
            }
        };
        let (name, text) = match (read, built_in(path)) {
            (Ok(_), _) => (name.clone(), decode(&bytes, &name)?.to_owned()),
            (Err(why), Some(job)) if no_file(&why) => (format!("{name} (built in)"), job.text.to_owned()),
            (Err(why), _) => {
                let meant = if no_file(&why) { meant(path) } else { String::new() };
                return Err(Error::Usage(format!("cannot read the job file {name}: {why}{meant}")));
            }
        };
        Ok(JobText { name, text, settings: settings.to_vec() })
    }

    /// The effective job of a stopped run.
    ///
    /// # Errors
    /// When the directory is not a run directory.
    pub fn of_run(directory: &Path) -> Result<JobText> {
        let header = RunDirectory::open(directory)?.read_header()?;
        Ok(JobText {
            name: format!("{} (its job)", directory.display()),
            text: header.job,
            settings: Vec::new(),
        })
    }

    /// Parses the source into a job that this program can run.
    ///
    /// # Errors
    /// An error with file, line and column, or with the place in the argument.
    pub fn parse(&self) -> Result<Job> {
        Job::parse_to_run(&self.text, &self.name, &self.settings)
    }
}

/// True when no file has this name; a folder with the name of a job does not hide the job.
fn no_file(why: &std::io::Error) -> bool {
    [ErrorKind::NotFound, ErrorKind::IsADirectory].contains(&why.kind())
}

/// The job that a plain name means, without folder and without `.toml`.
fn built_in(path: &Path) -> Option<BuiltIn> {
    path.to_str().and_then(BuiltIn::find)
}

/// The end of a message about a missing file: the file or the built-in job that may be meant.
fn meant(path: &Path) -> String {
    if let Some(file) = neighbour(path) {
        return format!("; did you mean {}?", file.display());
    }
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match path.to_str() {
        // A job file has an ending, or stands in a folder.
        Some(word) if word == stem => {
            let names = BuiltIn::names_nearest_first(word).join(", ");
            format!(", and no job of this name is built in; expected a file, or one of {names}")
        }
        _ => BuiltIn::find(stem).map_or(String::new(), |job| {
            format!("; a built-in job is named without folder and ending: {}", job.name)
        }),
    }
}

/// The file in the same folder with the most similar name, if one is similar.
fn neighbour(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = std::fs::read_dir(here).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names: Vec<String> = names.collect();
    let name = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.join(name))
}

/// Sends rank 0's source to all ranks. The other ranks pass `Ok(None)`. Collective.
///
/// # Errors
/// When rank 0 has no source, or the source is not a valid job.
pub fn share(comm: &Comm, source: Result<Option<JobText>>) -> Result<(JobText, Job)> {
    let source = comm.agree(source)?;
    let mut bytes = source.as_ref().map(record::encode).unwrap_or_default();
    comm.broadcast(&mut bytes)?;
    let source: JobText = comm.agree(record::decode(&bytes))?;
    // Every rank finds the same mistake; the agreement makes one rank's error the error of all.
    let job = comm.agree(source.parse())?;
    Ok((source, job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_job_file_is_told_its_neighbour() {
        let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
        assert_eq!(neighbour(&jobs.join("quik.toml")), Some(jobs.join("quick.toml")));
        assert_eq!(neighbour(&jobs.join("nothing-like-it")), None);
        assert_eq!(neighbour(&jobs.join("no-folder").join("quick.toml")), None);
        let why = JobText::read(&jobs.join("quik.toml"), &[]).expect_err("no such file").to_string();
        assert!(why.ends_with("quick.toml?"), "{why}");
    }

    #[test]
    fn a_name_without_a_file_is_a_built_in_job() {
        let job = JobText::read(Path::new("quick"), &[]).expect("built in");
        assert_eq!(
            (job.name.as_str(), job.parse().expect("a job").name.as_str()),
            ("quick (built in)", "quick")
        );
        let refused = |path: &str| JobText::read(Path::new(path), &[]).expect_err("no such file").to_string();
        let why = refused("quikc");
        assert!(why.starts_with("cannot read the job file quikc: No such file or directory"), "{why}");
        assert!(why.contains("expected a file, or one of quick, "), "{why}");
        for elsewhere in ["nowhere/quick.toml", "nowhere/quick"] {
            let why = refused(elsewhere);
            assert!(why.ends_with("a built-in job is named without folder and ending: quick"), "{why}");
        }
    }
}
