//! Diagnostics as text: the position, the message, the lines they point at with carets, the notes.
//!
//! ```text
//! quick.toml:9:9: generate.chunk lists a value twice
//!   9 | chunk = ["8MiB", "8MiB"]
//!     |          ------  ^^^^^^ again here
//!     |          first here
//! ```

use std::fmt::Write as _;

use super::diagnostic::{Diagnostic, Place, SourceText, cut};
use crate::screen::{is_invisible, wrapped};

/// The most diagnostics that are printed: the first few are usually the cause of the rest.
const SHOWN_MAX: usize = 10;
/// Notes are broken into lines that fit a terminal.
const COLUMNS: usize = 80;
/// Longer messages quote something that is not worth reading to its end.
const MESSAGE_CHARS_MAX: usize = 200;
/// Longer lines are cut on both sides of the caret.
const LINE_CHARS_MAX: usize = 100;
/// Characters that a cut line keeps before the caret.
const BEFORE_CARET_CHARS: usize = 40;

/// All of them in the order of the text, separated by empty lines.
///
/// # Panics
/// When a place names a source that is not there: places are only made from these sources.
pub(super) fn render(mut diagnostics: Vec<Diagnostic>, sources: &[SourceText<'_>]) -> String {
    diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    let shown: Vec<String> =
        diagnostics.iter().take(SHOWN_MAX).map(|diagnostic| render_one(diagnostic, sources)).collect();
    let mut text = shown.join("\n\n");
    if diagnostics.len() > SHOWN_MAX {
        write!(text, "\n\nand {} more", diagnostics.len() - SHOWN_MAX).expect("a String takes everything");
    }
    text
}

fn render_one(diagnostic: &Diagnostic, sources: &[SourceText<'_>]) -> String {
    let primary = Mark::new(diagnostic.place, &diagnostic.label, '^', sources);
    let related = diagnostic.related.iter().map(|(place, label)| Mark::new(*place, label, '-', sources));
    let mut marks: Vec<Mark<'_>> = related.chain([primary]).collect();
    marks.sort_by_key(|mark| (mark.line.source, mark.line.number, mark.start));

    let position = Mark::new(diagnostic.place, "", '^', sources).position(sources);
    let mut text = format!("{position}: {}", printable(&cut(&diagnostic.message, MESSAGE_CHARS_MAX)));
    let margin = marks.iter().map(|mark| mark.line.margin(sources).len()).max().unwrap_or(0).max(1);
    for on_one_line in marks.chunk_by(|a, b| a.line == b.line) {
        let number = on_one_line[0].line.margin(sources);
        let mut number = number.as_str();
        for row in rows(on_one_line) {
            let row = format!("\n  {number:>margin$} | {row}");
            text.push_str(row.trim_end());
            number = "";
        }
    }
    for note in &diagnostic.notes {
        let mut sign = "=";
        for line in wrapped(printable(note).split(' '), " ", "", COLUMNS - margin - 5) {
            write!(text, "\n  {:margin$} {sign} {line}", "").expect("a String takes everything");
            sign = " ";
        }
    }
    text
}

/// A line of a source, without its end.
#[derive(Clone, Copy, PartialEq)]
struct Line<'a> {
    source: usize,
    /// Counted from 1.
    number: usize,
    text: &'a str,
}

impl Line<'_> {
    /// The text before the bar: nothing for an argument, which has only one line.
    fn margin(&self, sources: &[SourceText<'_>]) -> String {
        if sources[self.source].numbered { self.number.to_string() } else { String::new() }
    }
}

/// A stretch of one line with its label. Columns are counted in characters, from 0.
struct Mark<'a> {
    line: Line<'a>,
    start: usize,
    count: usize,
    label: &'a str,
    sign: char,
}

impl<'a> Mark<'a> {
    fn new(place: Place, label: &'a str, sign: char, sources: &[SourceText<'a>]) -> Mark<'a> {
        let text = sources[place.source].text;
        let mut start = place.start.min(text.len());
        if start == text.len() {
            // The end of a file is shown as the end of its last line with something on it.
            start = text.trim_end().len();
        }
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = place.end.clamp(start, line_end.max(start));
        let line = Line {
            source: place.source,
            number: text[..line_start].matches('\n').count() + 1,
            text: text[line_start..line_end].trim_end_matches('\r').trim_start_matches('\u{FEFF}'),
        };
        let before = text[line_start..start].trim_start_matches('\u{FEFF}');
        let count = text[start..end].trim_end().chars().count().max(1);
        Mark { line, start: before.chars().count(), count, label, sign }
    }

    /// `file:line:column`, or `flag, column n`.
    fn position(&self, sources: &[SourceText<'_>]) -> String {
        let source = sources[self.line.source];
        let column = self.start + 1;
        match source.numbered {
            true => format!("{}:{}:{column}", printable(source.name), self.line.number),
            false => format!("{}, column {column}", source.name),
        }
    }
}

/// The line, the row of carets with the last label, and a row for each label before it.
fn rows(marks: &[Mark<'_>]) -> Vec<String> {
    let caret = marks.iter().find(|mark| mark.sign == '^').unwrap_or(&marks[0]);
    let window = Window::around(caret.start, marks[0].line.text);
    let mut carets: Vec<char> = Vec::new();
    for mark in marks {
        let (start, end) = (window.column(mark.start), window.column(mark.start + mark.count));
        let end = end.max(start + 1);
        carets.resize(carets.len().max(end), ' ');
        carets[start..end].fill(mark.sign);
    }
    let mut rows = vec![window.text.clone()];
    let mut labels = marks.iter().rev().map(|mark| (window.column(mark.start), printable(mark.label)));
    let last = labels.next().map_or(String::new(), |(_, label)| label);
    rows.push(format!("{} {last}", carets.into_iter().collect::<String>()));
    rows.extend(
        labels.filter(|(_, label)| !label.is_empty()).map(|(start, label)| " ".repeat(start) + &label),
    );
    rows
}

/// The part of a line that is shown.
struct Window {
    text: String,
    /// Characters left out before it, and what stands in their place.
    skipped: usize,
    head: &'static str,
    shown_max: usize,
}

impl Window {
    fn around(caret: usize, line: &str) -> Window {
        let count = line.chars().count();
        if count <= LINE_CHARS_MAX {
            return Window { text: printable(line), skipped: 0, head: "", shown_max: usize::MAX };
        }
        let skipped = caret.saturating_sub(BEFORE_CARET_CHARS);
        let kept: String = line.chars().skip(skipped).take(LINE_CHARS_MAX).collect();
        let head = if skipped > 0 { "..." } else { "" };
        let tail = if skipped + LINE_CHARS_MAX < count { "..." } else { "" };
        let text = format!("{head}{}{tail}", printable(&kept));
        Window { text, skipped, head, shown_max: LINE_CHARS_MAX }
    }

    /// The column at which a column of the line is shown; the nearest edge for one that is cut off.
    fn column(&self, column: usize) -> usize {
        column.saturating_sub(self.skipped).min(self.shown_max) + self.head.len()
    }
}

/// One column a character, and nothing that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
