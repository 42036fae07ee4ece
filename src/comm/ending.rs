//! Ending a job from any thread, with one message that gives the reason.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::ExitCode;

/// The origin of a message.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The host's name.
    pub host: String,
    /// The rank; `None` when one process holds many ranks, or before the rank is known.
    pub rank: Option<u32>,
}

impl Speaker {
    /// Prints one line to stderr in one write, so that the lines of several ranks do not mix.
    pub fn say(&self, what: &str) {
        let what = what.replace('\n', " | ");
        let line = match self.rank {
            Some(rank) => format!("numamark: rank {rank} on {}: {what}\n", self.host),
            None => format!("numamark: on {}: {what}\n", self.host),
        };
        // The job ends even if stderr is closed.
        let _closed_stderr = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Returns for the first calling thread of this process and blocks all later callers for ever. Called before printing
/// why the job ends: where one process holds many ranks, each would print the same and hide the first line.
pub(super) fn speak_first() {
    static SPOKEN: AtomicBool = AtomicBool::new(false);
    // Relaxed: the flag only elects one speaker; it publishes no other data.
    if SPOKEN.swap(true, Ordering::Relaxed) {
        loop {
            std::thread::park();
        }
    }
}

/// Time for the launcher to read the last lines: on an abort, Hydra drops the bytes that are still in its pipes.
#[cfg(feature = "mpi")]
const LISTENING: Duration = Duration::from_millis(200);

/// Longest time for `MPI_Abort` or the exit handlers; after it the process ends itself by signal.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends every rank of the job with this exit code, from any thread: by `MPI_Abort` if MPI runs, otherwise by exit.
///
/// If that hangs (the launcher does not answer, or a stuck thread holds a lock), the process aborts itself after half a
/// minute, and the launcher then ends the other processes because one was killed.
pub fn end_job(code: ExitCode) -> ! {
    let _without_a_thread_there_is_no_second_try =
        std::thread::Builder::new().name("last resort".into()).spawn(|| {
            std::thread::sleep(PATIENCE);
            std::process::abort();
        });
    #[cfg(feature = "mpi")]
    if super::wire::mpi::is_running() {
        std::thread::sleep(LISTENING);
        super::wire::mpi::abort(code);
    }
    std::process::exit(code.number())
}
