//! One error enum: each variant maps to one exit code, and each message tells the user what to do.

use std::fmt;
use std::path::PathBuf;

/// The exit code of the process. The same on all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything requested was done.
    Done = 0,
    /// The run failed while running: disk full, a rank hung, an aggregate is wrong.
    Failed = 1,
    /// Wrong command line or job file, or a run directory that already exists.
    Usage = 2,
    /// A `[[gate]]` was not met.
    Gate = 3,
    /// The run was stopped early; its completed repetitions are kept.
    Incomplete = 4,
    /// Failed binding, too little memory, wrong launcher, or a directory that is unwritable or not shared.
    Environment = 5,
    /// A panic: a bug in numamark.
    Bug = 101,
}

impl ExitCode {
    /// The number that the operating system sees.
    pub fn number(self) -> i32 {
        i32::from(self as u8)
    }

    /// The inverse of `number`, for codes sent between ranks.
    pub fn from_number(number: u8) -> Option<ExitCode> {
        use ExitCode::*;
        [Done, Failed, Usage, Gate, Incomplete, Environment, Bug]
            .into_iter()
            .find(|code| *code as u8 == number)
    }
}

/// An error that ends a run early. `Display` gives the whole message for the user.
#[derive(Clone, Debug)]
pub enum Error {
    /// The command line asks for something impossible.
    Usage(String),
    /// The job file is wrong. The message holds file, line, column, the value found and the accepted values.
    Job(String),
    /// The requested run directory already exists.
    DirectoryExists(PathBuf),
    /// The machine, the launcher or the site cannot run this job.
    Environment(String),
    /// Something that the run depends on failed during the run.
    Failed(String),
    /// At least one gate was not met.
    Gate(String),
    /// The run was asked to stop, or ran out of time.
    Incomplete(String),
    /// An error on some rank, as all ranks report it.
    OnRank {
        /// Index of the rank in the world.
        rank: u32,
        /// Host of that rank.
        host: String,
        /// Exit code of that rank's error.
        code: ExitCode,
        /// Message of that rank's error.
        message: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::DirectoryExists(directory) => {
                let directory = directory.display();
                write!(f, "run directory {directory} already exists; give --out a path that does not exist")
            }
            Error::OnRank { rank, host, message, .. } => write!(f, "rank {rank} on {host}: {message}"),
            Error::Usage(message)
            | Error::Job(message)
            | Error::Environment(message)
            | Error::Failed(message)
            | Error::Gate(message)
            | Error::Incomplete(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Error {}

/// `Result` with the one error enum.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The exit code of the process for this error.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Error::Usage(_) | Error::Job(_) | Error::DirectoryExists(_) => ExitCode::Usage,
            Error::Environment(_) => ExitCode::Environment,
            Error::Failed(_) => ExitCode::Failed,
            Error::Gate(_) => ExitCode::Gate,
            Error::Incomplete(_) => ExitCode::Incomplete,
            Error::OnRank { code, .. } => *code,
        }
    }
}
