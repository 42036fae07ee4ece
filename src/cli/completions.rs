//! `numamark completions`: what a shell needs to complete the command line.

use super::arguments::CompletionsArguments;
use super::{command, print};
use crate::error::{ExitCode, Result};

/// Prints the completions of one shell.
pub fn completions(arguments: &CompletionsArguments) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "numamark", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::Done)
}
