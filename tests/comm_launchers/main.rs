//! Real launchers, real failures: whatever happens to a rank, the job ends within seconds, with one clear line and the
//! exit code of the contract.
//!
//! This program is both sides: without arguments it is the test, which starts itself under the launcher of the MPI library
//! that it is linked to; with `rank SCENARIO` it is one rank. Needs no harness: libtest has no place for the ranks.

mod launch;
mod outcome;
mod scenario;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["rank", name] => scenario::run(name),
        // What `cargo test` passes on (--nocapture, a filter) selects nothing here; a list is asked for by tools.
        [.., "--list"] => ExitCode::SUCCESS,
        _ => launch::test_everything(),
    }
}
