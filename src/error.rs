//! One error enum: each variant maps to one exit code, each message can be acted on.

use std::path::PathBuf;

/// What the process tells its parent. The same on all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything asked for was done.
    Done = 0,
    /// The run failed while it was running: disk full, a rank hung, an aggregate is wrong.
    Failed = 1,
    /// The command line, the job file, or a run directory that exists.
    Usage = 2,
    /// A `[[gate]]` was not met.
    Gate = 3,
    /// Stopped before the end, but what was completed is kept.
    Incomplete = 4,
    /// Binding, memory, launcher mismatch, a directory that is unwritable or not shared.
    Environment = 5,
    /// A panic: a bug in numamark.
    Bug = 101,
}

impl ExitCode {
    /// The number the operating system sees.
    pub fn number(self) -> i32 {
        i32::from(self as u8)
    }

    /// The code with this number, for codes that travel between ranks.
    pub fn from_number(number: u8) -> Option<ExitCode> {
        use ExitCode::*;
        [Done, Failed, Usage, Gate, Incomplete, Environment, Bug]
            .into_iter()
            .find(|code| *code as u8 == number)
    }
}

/// Everything that can end a run early. `Display` gives the whole message a person sees.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// The job file: the message carries file, line, column, what was found and what is accepted.
    #[error("{0}")]
    Job(String),
    /// The run directory asked for is already there.
    #[error("run directory {} already exists; give --out a path that does not exist", .0.display())]
    DirectoryExists(PathBuf),
    /// The machine, the launcher or the site cannot run this job as it is.
    #[error("{0}")]
    Environment(String),
    /// Something the run depended on broke while it was running.
    #[error("{0}")]
    Failed(String),
    /// At least one gate was not met.
    #[error("{0}")]
    Gate(String),
    /// The run was asked to stop, or ran out of time.
    #[error("{0}")]
    Incomplete(String),
    /// The same, as another rank said it.
    #[error("rank {rank} on {host}: {message}")]
    OnRank {
        /// Index of the rank in the world.
        rank: u32,
        /// Its host.
        host: String,
        /// What that rank would have exited with.
        code: ExitCode,
        /// What that rank had to say.
        message: String,
    },
}

/// `Result` with the one error enum.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The exit code this error ends the process with.
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
