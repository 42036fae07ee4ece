//! `--set KEY=VALUE` and `--sweep KEY=V1,V2`: one entry of the job given on the command line.

use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, Place, SourceText};
use super::entry::{Entry, Found, Raw, Table};
use super::key::{Key, Section};
use super::keys;
use super::nearest::did_you_mean;
use super::settable::settable_shown;
use super::unquoted::{read_items, read_value};

/// The argument of one `--set` or `--sweep`, as it was typed: `run.duration=5s`, `run.stop.half_width=2%`,
/// `gate.0.level=warn`, `generate.chunk=8MiB..512MiB*2`.
///
/// Text needs no quotes, since a shell takes them away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    flag: Flag,
    text: String,
}

/// The option of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Flag {
    /// `--set`: any key, a list in brackets.
    Set,
    /// `--sweep`: a key that can be swept, its values parted by commas.
    Sweep,
}

impl Setting {
    /// The argument of `--set`. Nothing is checked until [`Job::parse`](super::Job::parse) sees it.
    pub fn new(text: impl Into<String>) -> Setting {
        Setting { flag: Flag::Set, text: text.into() }
    }

    /// The argument of `--sweep`, checked as late.
    pub fn sweep(text: impl Into<String>) -> Setting {
        Setting { flag: Flag::Sweep, text: text.into() }
    }

    /// The argument as it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The option it belongs to.
    pub fn flag(&self) -> &'static str {
        match self.flag {
            Flag::Set => "--set",
            Flag::Sweep => "--sweep",
        }
    }

    /// The text that diagnostics point into.
    pub(super) fn source(&self) -> SourceText<'_> {
        SourceText { name: self.flag(), text: &self.text, numbered: false }
    }

    pub(super) fn is_sweep(&self) -> bool {
        self.flag == Flag::Sweep
    }

    /// Takes the argument apart. `source` is its index among the sources.
    pub(super) fn entry(&self, source: usize) -> Result<Entry, Diagnostic> {
        let whole = Place { source, start: 0, end: self.text.len() };
        let Some((path, value)) = self.text.split_once('=') else { return Err(self.without_value(whole)) };
        let (table, key_start) = table_of(path, source)?;
        let key = path[key_start..].trim_end();
        let key_place = Place { source, start: key_start, end: key_start + key.len() };
        let text = value.trim();
        let value_place = Place { start: path.len() + 1, ..whole };
        if text.is_empty() {
            let message = format!("\"{}\" is given no value", path.trim());
            let place = Place { start: path.len(), ..whole };
            return Err(Diagnostic::new(place, message, "write a value after the ="));
        }
        let listed = text.starts_with('[');
        let value = match self.flag {
            Flag::Set if text.contains(',') && !listed => {
                let label = format!("write {}=[{text}]", path.trim());
                return Err(Diagnostic::new(value_place, "several values need a list", label)
                    .note(format!("or --sweep {}={text}", path.trim())));
            }
            Flag::Set => read_value(value, value_place),
            Flag::Sweep => {
                can_be_swept(table, path.trim(), key, Place { start: 0, ..key_place })?;
                match listed {
                    true => read_value(value, value_place),
                    false => Found { place: value_place, raw: Raw::List(read_items(value, value_place)) },
                }
            }
        };
        Ok(Entry { table, key: key.to_owned(), key_place, value })
    }

    fn without_value(&self, whole: Place) -> Diagnostic {
        let (message, example) = match self.flag {
            Flag::Set => ("a setting is KEY=VALUE", "run.duration=5s"),
            Flag::Sweep => ("a sweep is KEY=V1,V2", "generate.chunk=8MiB,64MiB"),
        };
        Diagnostic::new(whole, message, "there is no \"=\"")
            .accepted(format!("a key with its section, such as {example}"))
    }
}

/// Refuses a known key that takes one value; an unknown one is reported as such later.
fn can_be_swept(table: Table, path: &str, name: &str, place: Place) -> Result<(), Diagnostic> {
    match Key::find(table.section, name) {
        Some(key) if !key.sweep => {
            let message = format!("{path} takes one value and cannot be swept");
            let label = format!("write --set {path}=VALUE");
            Err(Diagnostic::new(place, message, label).accepted(settable_shown()))
        }
        _ => Ok(()),
    }
}

/// The table a path names, and where the name of the key begins in it.
fn table_of(path: &str, source: usize) -> Result<(Table, usize), Diagnostic> {
    let at = |start: usize, end: usize| Place { source, start, end };
    let Some((section_name, rest)) = path.split_once('.') else {
        // `name` is a key of the job, and of an arm, too.
        let of_job = Key::find(Section::Job, path.trim());
        return match keys::all().find(|key| of_job.is_none() && key.name == path.trim()) {
            Some(key) => Err(Diagnostic::new(
                at(0, path.len()),
                format!("\"{}\" needs its section", key.name),
                format!("write {}", key.path()),
            )),
            None => Ok((Table::single(Section::Job), path.len() - path.trim_start().len())),
        };
    };
    if let Some(found) = inner_section(path) {
        return Ok(found);
    }
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
    if !section.is_list() {
        return Ok((Table::single(section), rest_start));
    }
    let (number, key) = rest.split_once('.').unwrap_or((rest, ""));
    let key_start = rest_start + number.len() + 1;
    match number.parse() {
        Ok(index) if number.len() < rest.len() => Ok(match (section, inner_table(key)) {
            (Section::Arm, Some((inner, length))) => (Table::of_arm(inner, index), key_start + length),
            _ => (Table { section, index }, key_start),
        }),
        _ => {
            let (message, label) = match section {
                Section::Arm => ("an arm is set by its number, counted from 0", "write arm.0.slab.batch=128"),
                _ => ("a gate is set by its number, counted from 0", "write gate.0.level=warn"),
            };
            Err(Diagnostic::new(at(rest_start, rest_start + number.len()), message, label))
        }
    }
}

/// `run.stop.half_width`: a section in a section.
fn inner_section(path: &str) -> Option<(Table, usize)> {
    let (section_name, _) = path.rsplit_once('.')?;
    let section = Section::ALL.into_iter().find(|section| section.name() == section_name.trim())?;
    section.holder().map(|_| (Table::single(section), section_name.len() + 1))
}

/// `slab.batch`, of an arm: the section, and where the name of the key begins.
fn inner_table(path: &str) -> Option<(Section, usize)> {
    let (name, _) = path.split_once('.')?;
    let section = Section::named().find(|section| section.name() == name.trim() && !section.is_list())?;
    Some((section, name.len() + 1))
}
