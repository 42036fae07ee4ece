//! `numamark env`: what on this machine would disturb a benchmark.

use super::print;
use crate::environment::{Facts, inspect};
use crate::error::{ExitCode, Result};
use crate::measure::clock::Clock;
use crate::{numa, report};

/// Shows every check. What it finds is no failure: the exit code is 0 as long as it could look.
pub fn env() -> Result<ExitCode> {
    let facts = Facts::new(&Clock::start(), Err("not asked".to_owned()));
    let (environment, checks) = inspect(&facts);
    print(&report::environment(&numa::host_name(), &environment, &checks));
    Ok(ExitCode::Done)
}
