//! `numamark env --format json`: the environment of `run.json`, and the checks.

use serde::Serialize;

use super::SCHEMA;
use crate::environment::Environment;
use crate::environment::check::{Assessment, Check, Remedy};
use crate::record::json_text;

/// A host and everything on it that would disturb a benchmark.
#[derive(Serialize)]
struct Machine<'a> {
    schema: u32,
    host: &'a str,
    environment: &'a Environment,
    /// Number of checks in the state `warn`.
    warnings: usize,
    checks: Vec<CheckLine<'a>>,
}

#[derive(Serialize)]
struct CheckLine<'a> {
    what: &'a str,
    /// `ok`, `warn` or `unknown`.
    state: &'static str,
    /// The finding in words, or the reason that it is unknown.
    found: &'a str,
    /// A command for a shell that removes the disturbance.
    command: Option<&'a str>,
    /// Advice where no command helps.
    advice: Option<&'a str>,
}

/// The text of the object.
pub fn machine(host: &str, environment: &Environment, checks: &[Check]) -> String {
    json_text(&Machine {
        schema: SCHEMA,
        host,
        environment,
        warnings: checks.iter().filter(|check| check.warns()).count(),
        checks: checks.iter().map(line).collect(),
    })
}

fn line(check: &Check) -> CheckLine<'_> {
    let (state, command, advice) = match &check.standing {
        Assessment::Fine => ("ok", None, None),
        Assessment::Unknown => ("unknown", None, None),
        Assessment::Warn(Remedy::Command(command)) => ("warn", Some(command.as_str()), None),
        Assessment::Warn(Remedy::Advice(advice)) => ("warn", None, Some(*advice)),
    };
    CheckLine { what: check.what, state, found: &check.found, command, advice }
}
