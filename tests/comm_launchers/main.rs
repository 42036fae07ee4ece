//! Real launchers and real failures: after any failure of a rank the job ends within seconds, with one clear line and
//! the exit code of the contract.
//!
//! Without arguments this program is the test, which starts itself under the launcher of the MPI library that it is
//! linked to; with `rank SCENARIO` it is one rank. It has its own `main`, because libtest cannot run as a rank.

mod launch;
mod outcome;
mod scenario;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["rank", name] => scenario::run(name),
        // Arguments that `cargo test` passes on (--nocapture, a filter) have no effect here. Tools ask for a list of
        // tests.
        [.., "--list"] => ExitCode::SUCCESS,
        _ => launch::test_everything(),
    }
}
