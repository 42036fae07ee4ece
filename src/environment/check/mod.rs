//! Disturbances of a benchmark on this host, and remedies: pure functions of the readings.

mod memory;
mod processors;
mod share;
#[cfg(test)]
mod tests;

use super::Environment;
use super::reading::Reading;

/// One line of `numamark env`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Subject of the check.
    pub what: &'static str,
    /// Finding in words, or the reason that it is unknown.
    pub found: String,
    /// Meaning for a benchmark.
    pub standing: Assessment,
}

/// Meaning of a finding for a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// No disturbance.
    Fine,
    /// A disturbance, unless the remedy is applied.
    Warn(Remedy),
    /// Unknown.
    Unknown,
}

/// Remedy for a disturbance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A command for a shell.
    Command(String),
    /// Advice, when no command can help.
    Advice(&'static str),
}

/// Input of the checks.
pub(super) struct Host<'a> {
    environment: &'a Environment,
    reading: &'a Reading,
}

/// All checks, in the order of display.
const CHECKS: [fn(&Host<'_>) -> Check; 18] = [
    share::hypervisor,
    share::pus,
    share::quota,
    share::priority,
    share::load,
    share::stolen,
    processors::governor,
    processors::siblings,
    processors::clock,
    processors::perf,
    memory::huge_pages,
    memory::pools,
    memory::balancing,
    memory::merging,
    memory::swap,
    memory::limit,
    memory::free,
    memory::address_space,
];

/// Runs all checks on the readings.
pub fn checks(environment: &Environment, reading: &Reading) -> Vec<Check> {
    let host = Host { environment, reading };
    CHECKS.iter().map(|check| check(&host)).collect()
}

impl Host<'_> {
    /// True when Slurm runs this process: limits set by Slurm can only be raised in Slurm.
    fn in_slurm(&self) -> bool {
        self.environment.scheduler_job.as_deref().is_some_and(|job| job.starts_with("Slurm"))
    }

    /// Check with an unknown finding; gives the reason that the environment lacks the field.
    fn missing(&self, what: &'static str, field: &str) -> Check {
        let why = self.environment.unavailable.get(field);
        Check::unknown(what, why.map_or("not read", String::as_str))
    }
}

impl Check {
    fn fine(what: &'static str, found: impl Into<String>) -> Check {
        Check { what, found: found.into(), standing: Assessment::Fine }
    }

    fn warn(what: &'static str, found: impl Into<String>, remedy: Remedy) -> Check {
        Check { what, found: found.into(), standing: Assessment::Warn(remedy) }
    }

    fn unknown(what: &'static str, why: impl Into<String>) -> Check {
        Check { what, found: why.into(), standing: Assessment::Unknown }
    }

    /// True when the finding disturbs.
    pub fn warns(&self) -> bool {
        matches!(self.standing, Assessment::Warn(_))
    }
}

impl Remedy {
    fn command(text: impl Into<String>) -> Remedy {
        Remedy::Command(text.into())
    }

    /// Command that writes a value into a kernel file. A long path is put on a line of its own, so that both
    /// lines fit 80 columns.
    fn write(value: &str, path: &str) -> Remedy {
        let short = format!("echo {value} | sudo tee {path}");
        if short.len() <= ONE_LINE {
            Remedy::Command(short)
        } else {
            Remedy::Command(format!("echo {value} | sudo tee \\\n  {path}"))
        }
    }
}

/// Longest command that fits on one line of the screen.
const ONE_LINE: usize = 72;
