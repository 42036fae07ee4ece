//! Reader of the kernel's files under a root. It records the reason for every value it cannot read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::numa::PuSet;

/// A root directory (`/`, or a made-up one in tests) and the missing values under it.
pub(super) struct Probe {
    root: PathBuf,
    unavailable: BTreeMap<String, String>,
}

impl Probe {
    pub(super) fn new(root: impl Into<PathBuf>) -> Probe {
        Probe { root: root.into(), unavailable: BTreeMap::new() }
    }

    /// Records the reason that a field has no value.
    pub(super) fn missing(&mut self, field: &str, why: &str) {
        self.unavailable.insert(field.to_owned(), why.to_owned());
    }

    /// Root of all paths.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the trimmed text of a file, or the reason that there is none.
    pub(super) fn known(&self, path: &str) -> Result<String, String> {
        match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Ok(_) => Err(format!("/{path} is empty")),
            Err(why) => Err(format!("/{path}: {why}")),
        }
    }

    /// Returns the trimmed text of a file; `None` without recording a reason.
    pub(super) fn peek(&self, path: &str) -> Option<String> {
        self.known(path).ok()
    }

    /// Returns the trimmed text of a file; records the reason when there is none.
    pub(super) fn text(&mut self, field: &str, path: &str) -> Option<String> {
        let known = self.known(path);
        known.map_err(|why| self.missing(field, &why)).ok()
    }

    /// Reads a file that holds one whole number.
    pub(super) fn number(&mut self, field: &str, path: &str) -> Option<u64> {
        let text = self.text(field, path)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.missing(field, &format!("/{path} holds \"{text}\", not a number"));
        }
        number
    }

    /// Returns the word in brackets of a file such as `always [madvise] never`.
    pub(super) fn chosen(&mut self, field: &str, path: &str) -> Option<String> {
        let text = self.text(field, path)?;
        let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        if chosen.is_none() {
            self.missing(field, &format!("/{path} holds \"{text}\", without a word in brackets"));
        }
        chosen.map(|(word, _)| word.to_owned())
    }

    /// Reasons for all missing values.
    pub(super) fn unavailable(self) -> BTreeMap<String, String> {
        self.unavailable
    }
}

/// Parses the kernel's lists of PUs or nodes, such as `0-3,8,10-11`; `None` for other text.
pub(super) fn parse_list(text: &str) -> Option<Vec<u32>> {
    Some(PuSet::parse(text).ok()?.iter().collect())
}
