//! Entries of a job file or of a `--set`, with their places, before they are checked against the keys.

use super::diagnostic::{Place, quoted, shortened};
use super::key::Section;

/// Which table a key stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Table {
    pub section: Section,
    /// Gates and arms are counted from 0. In any other section, 0 is the job's own table, and `n + 1` that of arm `n`.
    pub index: usize,
}

impl Table {
    /// A section that stands once.
    pub fn single(section: Section) -> Table {
        Table { section, index: 0 }
    }

    /// The settings of this arm in a section.
    pub fn of_arm(section: Section, arm: usize) -> Table {
        Table { section, index: arm + 1 }
    }

    /// The arm with these settings; `None` for the job's own tables, and for gates and arms themselves.
    pub fn arm(self) -> Option<usize> {
        if self.section.is_list() { None } else { self.index.checked_sub(1) }
    }
}

/// A table that was written, even if it is empty: `[generate]` alone asks for its defaults.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableHeader {
    pub table: Table,
    pub place: Place,
}

/// One `key = value`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub table: Table,
    pub key: String,
    pub key_place: Place,
    pub value: Found,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub place: Place,
    pub raw: Raw,
}

/// A value as TOML knows it.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Text(String),
    /// With the number as it was written. Wider than any key, so that one too large is reported as such.
    Integer(i128, String),
    Float(f64),
    Switch(bool),
    Date,
    List(Vec<Found>),
    Table,
}

impl Raw {
    /// The value as an error names it: `found the whole number 64`.
    pub fn shown(&self) -> String {
        match self {
            Raw::Text(text) => format!("the text {}", quoted(text)),
            Raw::Integer(_, text) => format!("the whole number {}", shortened(text)),
            Raw::Float(number) => format!("the number {number}"),
            Raw::Switch(switch) => format!("{switch}"),
            Raw::Date => "a date".to_owned(),
            Raw::List(_) => "a list".to_owned(),
            Raw::Table => "a section".to_owned(),
        }
    }
}

/// A job file or the settings, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub headers: Vec<TableHeader>,
    pub entries: Vec<Entry>,
}
