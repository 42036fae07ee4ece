//! One job for all ranks: rank 0 reads it, everybody parses the same bytes.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::job::{Job, Setting, decode};
use crate::results::{RunDirectory, record};

/// A job as it was written: the file's name for messages, its text, and the `--set` and `--sweep` arguments in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As messages call it.
    pub name: String,
    /// The TOML.
    pub text: String,
    /// Later ones over earlier ones.
    pub settings: Vec<Setting>,
}

/// A job file is written by a person.
const LARGEST_JOB_BYTES: u64 = 1 << 20;

impl Source {
    /// Reads a job file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, is not UTF-8, or is larger than 1 MiB.
    pub fn read(path: &Path, settings: &[Setting]) -> Result<Source> {
        let standard_input = path == Path::new("-");
        let name = if standard_input { "<stdin>".to_owned() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = match standard_input {
            true => std::io::stdin().lock().take(LARGEST_JOB_BYTES + 1).read_to_end(&mut bytes),
            false => std::fs::File::open(path)
                .and_then(|file| file.take(LARGEST_JOB_BYTES + 1).read_to_end(&mut bytes)),
        };
        read.map_err(|why| Error::Usage(format!("cannot read the job file {name}: {why}")))?;
        if bytes.len() as u64 > LARGEST_JOB_BYTES {
            return Err(Error::Usage(format!("{name} is larger than 1 MiB: this is not a job file")));
        }
        let text = decode(&bytes, &name)?.to_owned();
        Ok(Source { name, text, settings: settings.to_vec() })
    }

    /// The effective job of a run that was stopped.
    ///
    /// # Errors
    /// When the directory is not a run's.
    pub fn of_run(directory: &Path) -> Result<Source> {
        let header = RunDirectory::open(directory)?.read_header()?;
        Ok(Source {
            name: format!("{} (its job)", directory.display()),
            text: header.job,
            settings: Vec::new(),
        })
    }

    /// The job it says.
    ///
    /// # Errors
    /// With file, line and column, or the place in the argument.
    pub fn parse(&self) -> Result<Job> {
        Job::parse(&self.text, &self.name, &self.settings)
    }
}

/// Makes rank 0's source everybody's. The others give `Ok(None)`. Collective.
///
/// # Errors
/// When rank 0 has none, or it is not a valid job.
pub fn share(comm: &Comm, source: Result<Option<Source>>) -> Result<(Source, Job)> {
    let source = comm.agree(source)?;
    let mut bytes = source.as_ref().map(record::encode).unwrap_or_default();
    comm.broadcast(&mut bytes)?;
    let source: Source = comm.agree(record::decode(&bytes))?;
    // Every rank finds the same mistake: agreeing lets one of them say it.
    let job = comm.agree(source.parse())?;
    Ok((source, job))
}
