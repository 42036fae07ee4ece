//! What would disturb a benchmark on this host, and what to do about it: pure functions of what was read.

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
    /// What was looked at.
    pub what: &'static str,
    /// What was found, in words; why it is not known.
    pub found: String,
    /// What that means for a benchmark.
    pub standing: Standing,
}

/// What a finding means for a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not disturb.
    Fine,
    /// It would, unless this is done.
    Warn(Remedy),
    /// It cannot be told.
    Unknown,
}

/// What helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A command for a shell.
    Command(String),
    /// Nothing a command could do.
    Advice(&'static str),
}

/// The host as the checks see it.
pub(super) struct Host<'a> {
    environment: &'a Environment,
    reading: &'a Reading,
}

/// All checks, in the order in which they are shown.
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

/// Holds everything that was read against what a benchmark needs.
pub fn checks(environment: &Environment, reading: &Reading) -> Vec<Check> {
    let host = Host { environment, reading };
    CHECKS.iter().map(|check| check(&host)).collect()
}

impl Host<'_> {
    /// Whether Slurm runs this process: what it took away, it has to give.
    fn in_slurm(&self) -> bool {
        self.environment.scheduler_job.as_deref().is_some_and(|job| job.starts_with("Slurm"))
    }

    /// Why the environment has no such field.
    fn missing(&self, what: &'static str, field: &str) -> Check {
        let why = self.environment.unavailable.get(field);
        Check::unknown(what, why.map_or("not read", String::as_str))
    }
}

impl Check {
    fn fine(what: &'static str, found: impl Into<String>) -> Check {
        Check { what, found: found.into(), standing: Standing::Fine }
    }

    fn warn(what: &'static str, found: impl Into<String>, remedy: Remedy) -> Check {
        Check { what, found: found.into(), standing: Standing::Warn(remedy) }
    }

    fn unknown(what: &'static str, why: impl Into<String>) -> Check {
        Check { what, found: why.into(), standing: Standing::Unknown }
    }

    /// Whether it would disturb.
    pub fn warns(&self) -> bool {
        matches!(self.standing, Standing::Warn(_))
    }
}

impl Remedy {
    fn command(text: impl Into<String>) -> Remedy {
        Remedy::Command(text.into())
    }

    /// Writes a value into a file of the kernel; the path has a line of its own, so that both fit 80 columns.
    fn write(value: &str, path: &str) -> Remedy {
        let short = format!("echo {value} | sudo tee {path}");
        if short.len() <= ONE_LINE {
            Remedy::Command(short)
        } else {
            Remedy::Command(format!("echo {value} | sudo tee \\\n  {path}"))
        }
    }
}

/// A command that is longer does not stand on one line of the screen.
const ONE_LINE: usize = 72;
