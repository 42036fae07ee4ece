//! `--set KEY=VALUE`: one entry of the job given on the command line.

use super::diagnostic::{Diagnostic, Place};
use super::entry::{Entry, Found, Raw, Table};
use super::key::Section;
use super::keys::KEYS;
use super::nearest::did_you_mean;

/// The argument of one `--set`, as it was typed: `run.duration=5s`, `generate.chunk=[8MiB, 64MiB]`, `gate.0.level=warn`.
///
/// Text needs no quotes, since a shell takes them away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    text: String,
}

impl Setting {
    /// Nothing is checked until [`Job::parse`](super::Job::parse) sees it.
    pub fn new(text: impl Into<String>) -> Setting {
        Setting { text: text.into() }
    }

    /// The argument as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the argument apart. `source` is its index among the sources.
    pub(super) fn entry(&self, source: usize) -> Result<Entry, Diagnostic> {
        let whole = Place { source, start: 0, end: self.text.len() };
        let Some((path, value)) = self.text.split_once('=') else {
            return Err(Diagnostic::new(whole, "a setting is KEY=VALUE", "there is no \"=\"")
                .accepted("a key with its section, such as run.duration=5s"));
        };
        let (table, key_start) = table_of(path, source)?;
        let key = path[key_start..].trim_end();
        let key_place = Place { source, start: key_start, end: key_start + key.len() };
        let text = value.trim();
        if text.is_empty() {
            let message = format!("\"{}\" is set to nothing", path.trim());
            return Err(Diagnostic::new(
                Place { start: path.len(), ..whole },
                message,
                "write a value after the =",
            ));
        }
        if text.contains(',') && !text.starts_with('[') {
            let place = Place { start: path.len() + 1, ..whole };
            let label = format!("write {}=[{text}]", path.trim());
            return Err(Diagnostic::new(place, "several values need a list", label));
        }
        let value = read_value(value, Place { source, start: path.len() + 1, end: self.text.len() });
        Ok(Entry { table, key: key.to_owned(), key_place, value })
    }
}

/// The table a path names, and where the name of the key begins in it.
fn table_of(path: &str, source: usize) -> Result<(Table, usize), Diagnostic> {
    let at = |start: usize, end: usize| Place { source, start, end };
    let Some((section_name, rest)) = path.split_once('.') else {
        return match KEYS.iter().find(|key| key.section != Section::Job && key.name == path.trim()) {
            Some(key) => Err(Diagnostic::new(
                at(0, path.len()),
                format!("\"{}\" needs its section", key.name),
                format!("write {}", key.path()),
            )),
            None => Ok((Table::single(Section::Job), path.len() - path.trim_start().len())),
        };
    };
    let section = Section::named().find(|section| section.name() == section_name.trim());
    let Some(section) = section else {
        let names: Vec<&str> = Section::named().map(Section::name).collect();
        let label = did_you_mean(section_name, names.iter().copied());
        return Err(Diagnostic::new(
            at(0, section_name.len()),
            format!("unknown section \"{section_name}\""),
            label,
        )
        .accepted(names.join(", ")));
    };
    let rest_start = section_name.len() + 1;
    if section != Section::Gate {
        return Ok((Table::single(section), rest_start));
    }
    let (number, _) = rest.split_once('.').unwrap_or((rest, ""));
    match number.parse() {
        Ok(index) if number.len() < rest.len() => {
            Ok((Table { section, index }, rest_start + number.len() + 1))
        }
        _ => Err(Diagnostic::new(
            at(rest_start, rest_start + number.len()),
            "a gate is set by its number, counted from 0",
            "write gate.0.level=warn",
        )),
    }
}

/// A value without a need for quotes; `[a, b]` is a list.
pub(super) fn read_value(text: &str, place: Place) -> Found {
    let place = trimmed(text, place);
    let text = text.trim();
    let raw = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(items) => Raw::List(read_items(items, place)),
        None => read_scalar(text),
    };
    Found { place, raw }
}

fn read_items(items: &str, list: Place) -> Vec<Found> {
    let mut start = list.start + 1;
    let mut found = Vec::new();
    for item in items.split(',') {
        let place = Place { start, end: start + item.len(), ..list };
        // `[a, b,]` and `[]` end with nothing, which is no item.
        if !(item.trim().is_empty() && place.end + 1 == list.end) {
            found.push(Found { place: trimmed(item, place), raw: read_scalar(item.trim()) });
        }
        start = place.end + 1;
    }
    found
}

pub(super) fn read_scalar(text: &str) -> Raw {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Raw::Text(inside.to_owned());
        }
    }
    let looks_like_a_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match text {
        "true" => Raw::Switch(true),
        "false" => Raw::Switch(false),
        _ if looks_like_a_number => match (text.parse(), text.parse()) {
            (Ok(integer), _) => Raw::Integer(integer, text.to_owned()),
            (_, Ok(float)) => Raw::Float(float),
            _ => Raw::Text(text.to_owned()),
        },
        _ => Raw::Text(text.to_owned()),
    }
}

fn trimmed(text: &str, place: Place) -> Place {
    let start = place.start + (text.len() - text.trim_start().len());
    Place { start, end: start + text.trim().len(), ..place }
}
