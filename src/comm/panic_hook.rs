//! A panic anywhere ends the whole job, with one line.
//!
//! Without this, unwinding would run `MPI_Finalize`, which waits for ranks that wait for this one.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ending::{Speaker, end_job};
use crate::error::ExitCode;

/// From now on a panic on any thread prints one line (rank, host, thread, place, message) and ends the job with exit
/// code 101. With `RUST_BACKTRACE=1` the backtrace follows.
///
/// A process-wide setting: for the program, not for tests, which rely on unwinding.
pub fn install_panic_hook(speaker: Speaker) {
    let first = AtomicBool::new(true);
    std::panic::set_hook(Box::new(move |panic| {
        // Relaxed: the flag only elects one speaker, it publishes nothing.
        if !first.swap(false, Ordering::Relaxed) {
            // Another thread is already ending the job; a second line would bury the first.
            loop {
                std::thread::park();
            }
        }
        let backtrace = Backtrace::capture();
        speaker.say(&describe(panic));
        if backtrace.status() == BacktraceStatus::Captured {
            use std::io::Write;
            let _closed_stderr = writeln!(std::io::stderr(), "{backtrace}");
        }
        end_job(ExitCode::Bug)
    }));
}

fn describe(panic: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let place = panic.location().map_or_else(|| "unknown place".into(), ToString::to_string);
    let message = message_of(panic.payload());
    format!("a bug in numamark: thread '{thread}' panicked at {place}: {message}")
}

/// What a panic was called with.
pub(super) fn message_of(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
