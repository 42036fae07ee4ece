//! The screens behind stdout and stderr: their width, and whether stdout shows colours.

use std::io::IsTerminal;

use console::Term;

use crate::comm::launcher::detect;
use crate::report::Screen;

/// The terminal behind stdout. Anything else gets 80 columns and no colour.
pub fn of_stdout() -> Screen {
    if !std::io::stdout().is_terminal() || is_forwarded() {
        return Screen::PLAIN;
    }
    let columns = Term::stdout().size_checked().map_or(0, |(_, columns)| columns);
    Screen::terminal(
        columns,
        wants_colour(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
    )
}

/// True where stdout is a terminal that a launcher has made: Open MPI gives each rank one, whose output it forwards to its own
/// stdout, which may be a file. It forwards stderr through a pipe.
fn is_forwarded() -> bool {
    detect(|name| std::env::var(name).ok()).is_some() && !std::io::stderr().is_terminal()
}

/// Width of the terminal behind stderr; 80 where it does not tell.
pub fn columns_of_stderr() -> usize {
    Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns))
}

/// False where the environment asks for none (<https://no-color.org>), or the terminal has none.
fn wants_colour(is_set: impl Fn(&str) -> bool) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !is_set("NO_COLOR") && !dumb
}
