//! Progress on stderr: one line that is rewritten on a terminal, otherwise a plain line every few seconds.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::rank::Progress;

/// Between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Lines about the repetition that begins.
pub struct Lines {
    quiet: bool,
    terminal: bool,
    began: Option<(Instant, usize)>,
    latest: Option<Instant>,
    width: usize,
}

impl Lines {
    /// Silent when `quiet`.
    pub fn new(quiet: bool) -> Lines {
        Lines { quiet, terminal: std::io::stderr().is_terminal(), began: None, latest: None, width: 0 }
    }

    fn say(&mut self, line: &str) {
        let mut stderr = std::io::stderr().lock();
        let _nobody_listens = match self.terminal {
            true => write!(stderr, "\r{line:<width$}", width = self.width).and_then(|()| stderr.flush()),
            false => writeln!(stderr, "{line}"),
        };
        self.width = line.len();
    }
}

impl Progress for Lines {
    fn begin(&mut self, index: usize, count: usize, case: &str) {
        let now = Instant::now();
        let (began, first) = *self.began.get_or_insert((now, index));
        let due = self.terminal || self.latest.is_none_or(|latest| now - latest >= PLAIN_INTERVAL);
        if self.quiet || !due {
            return;
        }
        self.latest = Some(now);
        let done = index - first;
        let left = match done {
            0 => String::new(),
            done => {
                let seconds = (now - began).as_secs_f64() / done as f64 * (count - index) as f64;
                format!(", about {seconds:.0} s left")
            }
        };
        self.say(&format!("{} of {count}: {case}{left}", index + 1));
    }
}

/// Leaves an empty line behind on a terminal, so that what follows begins at its edge.
impl Drop for Lines {
    fn drop(&mut self) {
        if self.terminal && self.width > 0 {
            let _nobody_listens = write!(std::io::stderr(), "\r{:width$}\r", "", width = self.width);
        }
    }
}
