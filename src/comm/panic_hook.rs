//! The panic hook: a panic on any thread ends the whole job with one line.
//!
//! Without the hook, unwinding would run `MPI_Finalize`, which waits for ranks that wait for this one.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;

use super::ending::{Speaker, end_job, speak_first};
use crate::error::ExitCode;

/// Installs the hook: a panic on any thread prints one line (rank, host, thread, place, message) and ends the job with
/// exit code 101. With `RUST_BACKTRACE=1` the backtrace follows.
///
/// The setting is process-wide: for the program, not for tests, which rely on unwinding.
pub fn install_panic_hook(speaker: Speaker) {
    std::panic::set_hook(Box::new(move |panic| {
        speak_first();
        let backtrace = Backtrace::capture();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let rank = speaker.rank.or_else(|| rank_in(thread));
        Speaker { rank, ..speaker.clone() }.say(&describe(thread, panic));
        if backtrace.status() == BacktraceStatus::Captured {
            let _closed_stderr = writeln!(std::io::stderr(), "{backtrace}");
        }
        end_job(ExitCode::Bug)
    }));
}

/// Name for a worker's thread. It lets a panic name the rank when one process holds many ranks.
pub fn worker_thread_name(rank: u32, worker: u32) -> String {
    format!("rank {rank} worker {worker}")
}

/// Reads the rank from the name of a rank's or a worker's thread.
fn rank_in(thread: &str) -> Option<u32> {
    thread.strip_prefix("rank ")?.split(' ').next()?.parse().ok()
}

fn describe(thread: &str, panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
    let message = message_of(panic.payload());
    format!("a bug in numamark: thread '{thread}' panicked at {place}: {message}")
}

/// The message that a panic was called with.
pub(super) fn message_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_named_after_its_rank() {
        assert_eq!(rank_in(&worker_thread_name(12, 3)), Some(12));
        assert_eq!(rank_in("rank 7"), Some(7));
        assert_eq!((rank_in("main"), rank_in("rank"), rank_in("rank x")), (None, None, None));
    }
}
