//! The effective job: every default written out, as TOML that parses back to an equal job; and its hash.

use std::fmt::Write as _;

use super::Job;
use super::entry::Table;
use super::key::{Kind, Section};
use super::settable::settable;
use super::value::Value;
use super::values::Values;
use crate::hash::hash;

impl Job {
    /// The job with all defaults and settings, as a job file.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// XXH3-128 of the effective job, in 32 hexadecimal digits.
    ///
    /// Comments, order of keys, notation of sizes and whether a default was written out do not change it.
    pub fn hash(&self) -> String {
        hash_of(&self.effective)
    }
}

/// The hash of a job, from its effective text.
pub fn hash_of(effective: &str) -> String {
    format!("{:032x}", hash(effective.as_bytes()))
}

/// The text of the effective job.
pub(super) fn effective(values: &Values) -> String {
    let mut text = String::new();
    for section in Section::ALL {
        let count = if section.is_list() { values.listed(section).count() } else { 1 };
        for index in 0..count {
            let lines = lines(values, Table { section, index });
            if lines.is_empty() {
                continue;
            }
            if section != Section::Job {
                write!(text, "\n{}\n", section.shown()).expect("a String takes everything");
            }
            for (key, value) in lines {
                writeln!(text, "{key} = {value}").expect("a String takes everything");
            }
        }
    }
    text
}

/// The keys of a table that have a value, and their values as TOML. Switches come last; an arm has what it sets, too.
fn lines(values: &Values, table: Table) -> Vec<(String, String)> {
    let mut keys: Vec<_> = table.section.keys().collect();
    keys.sort_by_key(|key| matches!(key.kind, Kind::Switch));
    let own = keys.into_iter().map(|key| (table, key, key.name.to_owned()));
    let set = settable()
        .filter(|_| table.section == Section::Arm)
        .map(|key| (Table::of_arm(key.section, table.index), key, key.path()));
    let line = |(table, key, shown): (Table, &super::key::Key, String)| {
        Some((shown, list(values.of(table, key.name))?))
    };
    own.chain(set).filter_map(line).collect()
}

/// A sweep of one is written as the scalar it was, or could have been.
fn list(values: &[(Value, super::diagnostic::Place)]) -> Option<String> {
    let shown: Vec<String> = values.iter().map(|(value, _)| value.toml()).collect();
    match &shown[..] {
        [] => None,
        [value] => Some(value.clone()),
        _ => Some(format!("[{}]", shown.join(", "))),
    }
}
