//! A run without `run.json`, read from its parts: stopped, failed, dead, or still running. Reading writes nothing.
//!
//! Rank 0 holds a lock on the token from its first repetition to its end, and the kernel releases the lock when the
//! process is killed. So a lock that is held proves that the run is going on. A lock that is free proves the opposite only
//! on rank 0's own host: some network file systems do not show the locks of other hosts.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::directory::RunDirectory;
use super::live::{Live, State};
use crate::aggregate::aggregate;
use crate::aggregate::evidence::Evidence;
use crate::error::{Error, Result};
use crate::numa;
use crate::record::part::PartReader;
use crate::record::run::{Header, Partial, PartialState, Run};
use crate::units::counted;

/// Attempts to lock the token: a reader that looks at the state holds the lock for a moment.
const ATTEMPTS: u32 = 20;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

/// Reads a run: `run.json`, or in a directory without one what is complete in the parts.
///
/// # Errors
/// As [`RunDirectory::read_run`] and [`from_parts`].
pub fn read(path: &Path) -> Result<Run> {
    let directory = RunDirectory::open(path)?;
    match directory.run().exists() {
        true => directory.read_run(),
        false => from_parts(&directory).map(|(run, _)| run),
    }
}

/// Reads a run from its parts, with or without a `run.json`. The elapsed time is unknown.
///
/// # Errors
/// [`Error::Incomplete`] when no repetition was finished by all ranks, otherwise as [`RunDirectory::evidence`].
pub fn from_parts(directory: &RunDirectory) -> Result<(Run, Evidence)> {
    if directory.run().exists() {
        let partial = directory.read_run()?.partial;
        let (header, evidence) = (directory.read_header()?, directory.evidence()?);
        return Ok((Run { partial, ..aggregate(&header, &evidence, None)? }, evidence));
    }
    let (partial, header, evidence) = unfinished(directory)?;
    match directory.run().exists() {
        // The run has reached its end in the meantime.
        true => from_parts(directory),
        false => Ok((Run { partial: Some(partial), ..aggregate(&header, &evidence, None)? }, evidence)),
    }
}

/// State, header and evidence of a run without `run.json`.
fn unfinished(directory: &RunDirectory) -> Result<(Partial, Header, Evidence)> {
    if !directory.has_header() {
        let path = directory.path().display();
        return Err(Error::Incomplete(format!(
            "{path}: the run ended before its first repetition, or has not reached it yet"
        )));
    }
    let header = directory.read_header()?;
    let partial = state(directory, &header);
    match directory.evidence() {
        Ok(evidence) if evidence.cases().next().is_some() => Ok((partial, header, evidence)),
        Err(why) if begun(directory, &header) => Err(why),
        Ok(_) | Err(_) => Err(nothing(directory, &partial)),
    }
}

/// True when every rank has begun its part: repetitions follow only then.
fn begun(directory: &RunDirectory, header: &Header) -> bool {
    let Ok(paths) = directory.part_paths() else { return true };
    let whole = |path: &Path| fs::read(path).is_ok_and(|text| text.contains(&b'\n'));
    let begun = paths.iter().filter(|path| whole(path)).count();
    // A part that is missing beside one with repetitions is damage.
    let repeated = |path: &Path| {
        PartReader::open(path).is_ok_and(|mut part| part.next_line().is_ok_and(|line| line.is_some()))
    };
    u32::try_from(begun) == Ok(header.ranks) || paths.iter().any(|path| repeated(path))
}

/// Error for a run without a repetition that all ranks finished.
fn nothing(directory: &RunDirectory, partial: &Partial) -> Error {
    let path = directory.path().display();
    let standing = partial.sentence(&counted(0, "repetition"));
    let next = match partial.state {
        PartialState::Stopped => format!("; continue with numamark run --resume {path}"),
        _ => String::new(),
    };
    Error::Incomplete(format!("{path}: {standing}: there is nothing to show yet{next}"))
}

/// State of a run that has no `run.json`.
fn state(directory: &RunDirectory, header: &Header) -> Partial {
    let host = header.hosts.first().map(String::as_str);
    if is_held(directory) {
        return Partial { state: PartialState::Running, why: None };
    }
    match Live::read(directory) {
        Some(Live { state: State::Stopped, why, .. }) => Partial { state: PartialState::Stopped, why },
        Some(Live { state: State::Failed, why, .. }) => Partial { state: PartialState::Failed, why },
        _ if host == Some(numa::host_name().as_str()) => Partial { state: PartialState::Died, why: None },
        live => {
            let seen = live.map_or(String::new(), |live| format!(" (last sign of life at {})", live.updated));
            let why = host.map(|host| format!("{host}{seen}"));
            Partial { state: PartialState::Unknown, why }
        }
    }
}

/// True when rank 0 of a run that is going on holds the directory.
pub(super) fn is_held(directory: &RunDirectory) -> bool {
    let token = File::open(directory.token());
    token.is_ok_and(|token| matches!(token.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl RunDirectory {
    /// Holds the directory for this run, on rank 0, until the returned file is dropped or the process ends; `None` on
    /// a file system without locks.
    ///
    /// # Errors
    /// [`Error::Usage`] when another process holds it.
    pub fn hold(&self) -> Result<Option<File>> {
        let Ok(token) = File::options().write(true).open(self.token()) else { return Ok(None) };
        for _ in 0..ATTEMPTS {
            match token.try_lock() {
                Ok(()) => return Ok(Some(token)),
                Err(TryLockError::Error(_)) => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_ATTEMPTS),
            }
        }
        Err(still_running(self))
    }
}

/// Error for the directory of a run that is going on.
pub(super) fn still_running(directory: &RunDirectory) -> Error {
    let path = directory.path().display();
    Error::Usage(format!(
        "{path}: its run is still going on; numamark report {path} shows the repetitions that are complete so far"
    ))
}
