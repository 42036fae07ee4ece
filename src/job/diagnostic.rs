//! What is wrong with a job file, where, and what would be accepted: how it is kept and how it is printed.

use std::fmt::Write as _;

/// A stretch of the job file or of one `--set`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 is the job file, `n` the n-th setting.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

/// A text that diagnostics point into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// A file name, or the flag.
    pub name: &'a str,
    pub text: &'a str,
    /// A file has lines to number, an argument only columns.
    pub numbered: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Diagnostic {
    place: Place,
    message: String,
    label: String,
    /// Other places that have to do with it. A `Vec` keeps the error of a `Result` small.
    related: Vec<(Place, String)>,
    notes: Vec<String>,
}

impl Diagnostic {
    /// `message` says what was found, `label` stands beside the caret and may be empty.
    pub fn new(place: Place, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic {
            place,
            message: message.into(),
            label: label.into(),
            related: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A second place that has to do with it.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Diagnostic {
        self.related.push((place, label.into()));
        self
    }

    /// A line below the caret.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// What would be accepted instead.
    pub fn accepted(self, what: impl AsRef<str>) -> Diagnostic {
        self.note(format!("accepted: {}", what.as_ref()))
    }
}

/// How many are printed: the first few are usually the cause of the rest.
const SHOWN_MAX: usize = 10;

/// All of them in the order of the text, separated by empty lines.
///
/// # Panics
/// When a place names a source that is not there: places are only made from these sources.
pub(super) fn render(mut diagnostics: Vec<Diagnostic>, sources: &[Source<'_>]) -> String {
    diagnostics.sort_by_key(|diagnostic| diagnostic.place);
    let mut text = diagnostics
        .iter()
        .take(SHOWN_MAX)
        .map(|diagnostic| render_one(diagnostic, sources))
        .collect::<Vec<_>>()
        .join("\n\n");
    if diagnostics.len() > SHOWN_MAX {
        let _ = write!(text, "\n\nand {} more", diagnostics.len() - SHOWN_MAX);
    }
    text
}

fn render_one(diagnostic: &Diagnostic, sources: &[Source<'_>]) -> String {
    let excerpt = Excerpt::of(diagnostic.place, sources);
    let related: Vec<(Place, Excerpt, &str)> = diagnostic
        .related
        .iter()
        .map(|(place, label)| (*place, Excerpt::of(*place, sources), label.as_str()))
        .collect();
    let mut shown = vec![(diagnostic.place, &excerpt, diagnostic.label.as_str())];
    shown.extend(related.iter().map(|(place, excerpt, label)| (*place, excerpt, *label)));
    shown.sort_by_key(|(place, _, _)| *place);

    let margin = shown.iter().map(|(_, excerpt, _)| excerpt.number.len()).max().unwrap_or(0).max(1);
    let mut text = format!("{}: {}", excerpt.position, printable(&diagnostic.message));
    for (_, excerpt, label) in shown {
        let Excerpt { number, line, caret_start, caret_count, .. } = excerpt;
        let _ = write!(text, "\n  {number:>margin$} | {line}");
        let caret = format!("{}{} {}", " ".repeat(*caret_start), "^".repeat(*caret_count), printable(label));
        let _ = write!(text, "\n  {:margin$} | {}", "", caret.trim_end());
    }
    for note in &diagnostic.notes {
        let _ = write!(text, "\n  {:margin$} = {}", "", printable(note));
    }
    text
}

/// One line of a source and where its caret stands, in characters.
struct Excerpt {
    /// `file:line:column`, or `flag, column n`.
    position: String,
    number: String,
    line: String,
    caret_start: usize,
    caret_count: usize,
}

/// Longer lines are cut on both sides of the caret.
const LINE_CHARS_MAX: usize = 100;
/// What a cut line keeps before the caret.
const BEFORE_CARET_CHARS: usize = 40;

impl Excerpt {
    fn of(place: Place, sources: &[Source<'_>]) -> Excerpt {
        let source = sources[place.source];
        let start = place.start.min(source.text.len());
        let line_start = source.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = source.text[line_start..].split('\n').next().unwrap_or("").trim_end_matches('\r');
        let line_number = source.text[..line_start].matches('\n').count() + 1;
        let before = source.text[line_start..start].trim_end_matches('\r').chars().count();
        let inside_end = place.end.clamp(start, line_start + line.len().max(start - line_start));
        let inside = source.text[start..inside_end].trim_end().chars().count().max(1);
        let column = before + 1;
        let position = match source.numbered {
            true => format!("{}:{line_number}:{column}", printable(source.name)),
            false => format!("{}, column {column}", source.name),
        };
        let number = if source.numbered { line_number.to_string() } else { String::new() };
        let (line, caret_start) = cut(line, before);
        let caret_count = inside.min(LINE_CHARS_MAX.saturating_sub(caret_start).max(1));
        Excerpt { position, number, line, caret_start, caret_count }
    }
}

/// The part of a long line around its caret, printable; and where the caret stands in it.
fn cut(line: &str, caret: usize) -> (String, usize) {
    let count = line.chars().count();
    if count <= LINE_CHARS_MAX {
        return (printable(line), caret);
    }
    let skipped = caret.saturating_sub(BEFORE_CARET_CHARS);
    let kept: String = line.chars().skip(skipped).take(LINE_CHARS_MAX).collect();
    let (head, indent) = if skipped > 0 { ("...", 3) } else { ("", 0) };
    let tail = if skipped + LINE_CHARS_MAX < count { "..." } else { "" };
    (format!("{head}{}{tail}", printable(&kept)), caret - skipped + indent)
}

/// One column a character, and nothing that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        })
        .collect()
}

/// A value as it was found, in quotes, cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    match text.chars().count() > CHARS_MAX {
        true => format!("\"{}...\"", text.chars().take(CHARS_MAX).collect::<String>()),
        false => format!("\"{text}\""),
    }
}
