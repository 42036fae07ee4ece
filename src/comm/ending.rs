//! How a job is ended from any thread, and who says why.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::ExitCode;

/// Who a message comes from.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The host's name.
    pub host: String,
    /// The rank; `None` where one process holds many, or before it is known.
    pub rank: Option<u32>,
}

impl Speaker {
    /// Prints one line to stderr, in one write, so that the lines of ranks do not mix.
    pub fn say(&self, what: &str) {
        let what = what.replace('\n', " | ");
        let line = match self.rank {
            Some(rank) => format!("numamark: rank {rank} on {}: {what}\n", self.host),
            None => format!("numamark: on {}: {what}\n", self.host),
        };
        // The job ends whether or not anybody listens.
        let _closed_stderr = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Returns to the first thread of this process that is about to say why the job ends, and to no other: where one process
/// holds many ranks, each would say the same and bury the first line.
pub(super) fn speak_first() {
    static SPOKEN: AtomicBool = AtomicBool::new(false);
    // Relaxed: the flag only elects one speaker, it publishes nothing.
    if SPOKEN.swap(true, Ordering::Relaxed) {
        loop {
            std::thread::park();
        }
    }
}

/// How long the launcher gets to read what was said: Hydra drops what is still in its pipes when it is told to abort.
#[cfg(feature = "mpi")]
const LISTENING: Duration = Duration::from_millis(200);

/// How long `MPI_Abort` or the exit handlers may take before the process ends by signal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends every rank of the job with this exit code, from any thread: `MPI_Abort` where MPI runs, otherwise the process.
///
/// If that hangs (a launcher that does not answer, a lock held by a stuck thread), the process aborts itself after
/// five seconds, and the launcher ends the others because one was killed.
pub fn end_job(code: ExitCode) -> ! {
    let _without_a_thread_there_is_no_second_try =
        std::thread::Builder::new().name("last resort".into()).spawn(|| {
            std::thread::sleep(PATIENCE);
            std::process::abort();
        });
    #[cfg(feature = "mpi")]
    if super::mpi::is_running() {
        std::thread::sleep(LISTENING);
        super::mpi::abort(code);
    }
    std::process::exit(code.number())
}
