//! Reads the kernel's files under a root, and remembers why something could not be read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A root directory (`/`, or a made-up one in tests) and what was not found under it.
pub(super) struct Probe {
    root: PathBuf,
    unavailable: BTreeMap<String, String>,
}

impl Probe {
    pub(super) fn new(root: impl Into<PathBuf>) -> Probe {
        Probe { root: root.into(), unavailable: BTreeMap::new() }
    }

    /// Notes why a field has no value.
    pub(super) fn missing(&mut self, field: &str, why: &str) {
        self.unavailable.insert(field.to_owned(), why.to_owned());
    }

    /// Where it reads.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The trimmed text of a file, or why there is none.
    pub(super) fn known(&self, path: &str) -> Result<String, String> {
        match std::fs::read_to_string(self.root.join(path)) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Ok(_) => Err(format!("/{path} is empty")),
            Err(why) => Err(format!("/{path}: {why}")),
        }
    }

    /// The trimmed text of a file, silently `None`.
    pub(super) fn peek(&self, path: &str) -> Option<String> {
        self.known(path).ok()
    }

    /// The trimmed text of a file.
    pub(super) fn text(&mut self, field: &str, path: &str) -> Option<String> {
        let known = self.known(path);
        known.map_err(|why| self.missing(field, &why)).ok()
    }

    /// A file that holds one whole number.
    pub(super) fn number(&mut self, field: &str, path: &str) -> Option<u64> {
        let text = self.text(field, path)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.missing(field, &format!("/{path} holds \"{text}\", not a number"));
        }
        number
    }

    /// The word in brackets: `always [madvise] never`.
    pub(super) fn chosen(&mut self, field: &str, path: &str) -> Option<String> {
        let text = self.text(field, path)?;
        let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        if chosen.is_none() {
            self.missing(field, &format!("/{path} holds \"{text}\", without a word in brackets"));
        }
        chosen.map(|(word, _)| word.to_owned())
    }

    /// Everything that was missing, and why.
    pub(super) fn unavailable(self) -> BTreeMap<String, String> {
        self.unavailable
    }
}

/// The kernel's lists: `0-3,8,10-11`. `None` when it is not one.
pub(super) fn parse_list(text: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for range in text.trim().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        // No machine has a million of anything that is listed here.
        if first > last || last > 1 << 20 {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}
