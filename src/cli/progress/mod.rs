//! Progress on stderr, from rank 0 alone: a bar on a terminal, otherwise a plain line every few seconds.
//!
//! No thread runs here: lines and the bar are written in calls of the rank, which come between timed regions.

mod bar;
mod pace;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::arguments::RunArguments;
use crate::rank::{Progress, Step};
use crate::record::{Begin, Row, Run};
use crate::report;
use crate::report::Detail;
use crate::units::human_duration;
use bar::Bar;
use pace::Pace;

/// Between two plain lines.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Amount of progress that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// Nothing.
    Quiet,
    /// The progress of the run.
    Normal,
    /// Also where each rank is bound, the figures of each repetition, the time of each stage.
    Verbose,
}

/// Prints the progress of a run, and keeps the state for that.
pub struct Teller {
    volume: Volume,
    bar: Option<Bar>,
    pace: Pace,
    /// When the latest plain line was written.
    latest: Option<Instant>,
    /// The rate of each case in its latest repetition, for people.
    rates: BTreeMap<String, String>,
    /// The current stage outside the rounds, and its beginning.
    stage: Option<(String, Instant)>,
}

impl Volume {
    /// Returns the volume that the command line asks for.
    pub fn asked(arguments: &RunArguments) -> Volume {
        match (arguments.quiet, arguments.verbose) {
            (true, _) => Volume::Quiet,
            (false, true) => Volume::Verbose,
            (false, false) => Volume::Normal,
        }
    }
}

impl Teller {
    /// Makes one for a rank. Only rank 0 calls it afterwards; it prints nothing before.
    pub fn new(volume: Volume) -> Teller {
        Teller { volume, bar: None, pace: Pace::default(), latest: None, rates: BTreeMap::new(), stage: None }
    }

    /// Prints a whole line, above the bar if there is one.
    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.line_above(line),
            None => line_on_stderr(line),
        }
    }

    /// Ends the current stage; with `verbose` prints its duration.
    fn end_stage(&mut self) {
        let Some((name, began)) = self.stage.take() else { return };
        if self.volume == Volume::Verbose {
            self.say(&format!("{name}: {}", human_duration(began.elapsed().as_nanos() as f64)));
        }
    }
}

impl Progress for Teller {
    fn stage(&mut self, name: &str) {
        self.end_stage();
        self.stage = Some((name.to_owned(), Instant::now()));
        if self.volume != Volume::Quiet && self.bar.is_none() && wants_bar() {
            self.bar = Some(Bar::new());
        }
        if let Some(bar) = &self.bar {
            bar.stage(name);
        }
    }

    fn bound(&mut self, ranks: &[Begin]) {
        self.end_stage();
        if self.volume == Volume::Verbose {
            ranks.iter().for_each(|rank| self.say(&report::bound(rank)));
        }
    }

    fn begin(&mut self, step: &Step<'_>) {
        let now = Instant::now();
        self.pace.begin(now);
        let left = self.pace.left(step, now);
        let of = if step.at_most { "of at most" } else { "of" };
        let repetition = format!("{}, repetition {} {of} {}", step.case, step.round, step.rounds);
        if let Some(bar) = &self.bar {
            let at_most = if step.at_most { "at most " } else { "" };
            let left = left.map_or(String::new(), |left| format!("{at_most}{} left  ", pace::clock(left)));
            let rate = self.rates.get(step.case).map_or(String::new(), |rate| format!("{rate} so far  "));
            return bar.at(step.index, step.count, &format!("{left}{rate}{repetition}"));
        }
        // With `verbose` the figures of each repetition show the same.
        let due = self.latest.is_none_or(|latest| now - latest >= PLAIN_INTERVAL);
        if self.volume == Volume::Normal && due {
            self.latest = Some(now);
            let about = if step.at_most { "at most about" } else { "about" };
            let left = left.map_or(String::new(), |left| format!(", {about} {} left", pace::clock(left)));
            self.say(&format!("{} {of} {}: {repetition}{left}", step.index + 1, step.count));
        }
    }

    fn end(&mut self, step: &Step<'_>, rows: &[Row]) {
        self.pace.end();
        if self.bar.is_some() {
            self.rates.insert(step.case.to_owned(), report::rate(step.measure, rows));
        }
        if self.volume == Volume::Verbose {
            let (index, count, case) = (step.index + 1, step.count, step.case);
            let figures = report::repetition(step.measure, rows);
            let of = if step.at_most { "of at most" } else { "of" };
            self.say(&format!("{index} {of} {count}: {case}, repetition {}: {figures}", step.round));
        }
    }

    fn finish(&mut self) {
        self.end_stage();
    }

    fn stopped(&mut self, run: &Run) {
        // The table must not begin on the line of the bar.
        self.bar = None;
        super::print(&report::table_on(super::screen::of_stdout(), run, Detail::Summary));
    }
}

/// Prints a line on stderr. A closed stderr is no error.
fn line_on_stderr(line: &str) {
    let _closed_stderr = writeln!(std::io::stderr().lock(), "{line}");
}

/// A bar needs a terminal that can go back to the beginning of a line. It has no colour, so `NO_COLOR` does not concern it.
fn wants_bar() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_none_or(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb
}
