//! Output of `numamark env`: one line per check, and its remedy below.

use super::text::plain;
use crate::environment::Environment;
use crate::environment::check::{Assessment, Check, Remedy};
use crate::report::terminal;
use crate::report::terminal::COLUMNS;
use crate::units::{counted, human_bytes};

/// Start of the second and of the third column.
const WHAT: usize = 6;
const FOUND: usize = 22;

/// The host in one line, its checks, and the number of warnings.
pub fn environment(host: &str, environment: &Environment, checks: &[Check]) -> String {
    let mut text = terminal::prose(&headline(host, environment)) + "\n";
    text.extend(checks.iter().map(lines));
    text.push('\n');
    text + &terminal::prose(&ending(checks))
}

fn headline(host: &str, environment: &Environment) -> String {
    let known = |count: Option<u32>, noun| count.map(|count| counted(u64::from(count), noun));
    let nodes = u32::try_from(environment.nodes.len()).ok().filter(|nodes| *nodes > 0);
    let facts = [
        environment.cpu_model.as_deref().map(plain),
        known(environment.pus, "PU"),
        known(environment.cores, "core"),
        known(nodes, "node"),
        environment.memory_bytes.map(human_bytes),
        environment.kernel.as_deref().map(|kernel| format!("Linux {}", plain(kernel))),
    ];
    format!("{}: {}", plain(host), facts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn lines(check: &Check) -> String {
    let standing = match check.standing {
        Assessment::Fine => "ok",
        Assessment::Warn(_) => "WARN",
        Assessment::Unknown => "?",
    };
    let width = COLUMNS - u16::try_from(FOUND).expect("a column of the screen");
    let found = match &check.standing {
        Assessment::Unknown => format!("not known: {}", plain(&check.found)),
        _ => plain(&check.found),
    };
    let mut text = String::new();
    for (number, line) in terminal::broken(&found, width).iter().enumerate() {
        let (standing, what) = if number == 0 { (standing, check.what) } else { ("", "") };
        let head = format!("{standing:WHAT$}{what:width$}", width = FOUND - WHAT);
        text += &format!("{head}{line}\n");
    }
    match &check.standing {
        // Not wrapped: a command with added line breaks cannot be pasted.
        Assessment::Warn(Remedy::Command(command)) => {
            text += &format!("{:WHAT$}{}\n", "", plain_lines(command))
        }
        Assessment::Warn(Remedy::Advice(advice)) => text += &format!("{:WHAT$}{advice}\n", ""),
        Assessment::Fine | Assessment::Unknown => {}
    }
    text
}

/// Indents the second line of a command, if any.
fn plain_lines(command: &str) -> String {
    let indent = format!("\n{:WHAT$}", "");
    command.lines().map(plain).collect::<Vec<_>>().join(&indent)
}

fn ending(checks: &[Check]) -> String {
    let warn = checks.iter().filter(|check| check.warns()).count();
    let unknown = checks.iter().filter(|check| check.standing == Assessment::Unknown).count();
    let all = checks.len();
    let unknown = match unknown {
        0 => String::new(),
        count => format!("; {count} unknown here"),
    };
    match warn {
        0 => format!("no check found anything that would disturb a benchmark{unknown}"),
        count => format!(
            "{count} of {all} checks found what would disturb a benchmark, with the remedy below{unknown}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{Facts, inspect};
    use crate::measure::clock::Clock;

    #[test]
    fn this_host_fits_one_screen_of_80_columns() {
        let (environment, checks) = inspect(&Facts::new(&Clock::start(), Err("not asked".to_owned())));
        let text = super::environment("host", &environment, &checks);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        // Every check has one line, and each warning has one or two more below it.
        assert!((checks.len() + 4..=3 * checks.len()).contains(&text.lines().count()), "{text}");
        for check in &checks {
            assert!(
                text.lines().any(|line| line.len() > WHAT && line[WHAT..].starts_with(check.what)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_command_is_never_broken_where_a_shell_would_not_go_on() {
        let (environment, mut checks) = inspect(&Facts::new(&Clock::start(), Err("not asked".to_owned())));
        let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        let command = format!("echo tsc | sudo tee \\\n  {path}");
        checks.truncate(1);
        checks[0].standing = Assessment::Warn(Remedy::Command(command));
        let text = super::environment("host", &environment, &checks);
        assert!(text.contains(&format!("      echo tsc | sudo tee \\\n        {path}\n")), "{text}");
    }
}
