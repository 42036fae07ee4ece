//! `numamark env`: checks this machine for anything that would disturb a benchmark.

use super::arguments::{EnvArguments, MachineFormat};
use super::{json, print};
use crate::environment::{Facts, inspect};
use crate::error::{ExitCode, Result};
use crate::measure::clock::Clock;
use crate::{numa, report};

/// Shows every check. A finding is no failure: the exit code is 0 whenever the checks could be made.
pub fn env(arguments: &EnvArguments) -> Result<ExitCode> {
    let facts = Facts::new(&Clock::start(), Err("not asked".to_owned()));
    let (environment, checks) = inspect(&facts);
    let host = numa::host_name();
    print(&match arguments.format {
        MachineFormat::Text => report::environment(&host, &environment, &checks),
        MachineFormat::Json => json::machine(&host, &environment, &checks),
    });
    Ok(ExitCode::Done)
}
