//! Diagnostics: a mistake in a job file, its place, and what would be accepted instead.

/// A stretch of the job file or of one `--set`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 is the job file, `n` the n-th setting.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

impl Place {
    /// The place of a default, and of the beginning of a file. No written value stands here.
    pub const NOWHERE: Place = Place { source: 0, start: 0, end: 0 };
}

/// A text that diagnostics point into.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceText<'a> {
    /// A file name, or the flag.
    pub name: &'a str,
    pub text: &'a str,
    /// A file has lines to number, an argument only columns.
    pub numbered: bool,
}

/// Room for a label beside its caret.
const LABEL_CHARS_MAX: usize = 100;

/// One mistake.
#[derive(Clone, Debug)]
pub(super) struct Diagnostic {
    pub place: Place,
    /// The mistake.
    pub message: String,
    /// Stands beside the caret; may be empty.
    pub label: String,
    /// Related places with their labels. A `Vec` keeps the error of a `Result` small.
    pub related: Vec<(Place, String)>,
    /// Lines below the caret.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// Without related places or notes. A label that is too long for its line is left out: half a suggestion is none.
    pub fn new(place: Place, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        let label = Some(label.into()).filter(|label| label.chars().count() <= LABEL_CHARS_MAX);
        Diagnostic {
            place,
            message: message.into(),
            label: label.unwrap_or_default(),
            related: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a related place.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Diagnostic {
        self.related.push((place, label.into()));
        self
    }

    /// Adds a line below the caret.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Adds a line with the accepted values.
    pub fn accepted(self, what: impl AsRef<str>) -> Diagnostic {
        self.note(format!("accepted: {}", what.as_ref()))
    }
}

/// A value as it was found, in quotes, cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text))
}

/// A value as it was found, cut when it is long.
pub(super) fn shortened(text: &str) -> String {
    cut(text, 40)
}

/// At most this many characters, and three dots where some are missing.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    match text.chars().count() > chars_max {
        true => text.chars().take(chars_max).chain("...".chars()).collect(),
        false => text.to_owned(),
    }
}
