//! `suspect_nodes.txt`: the hosts of stragglers, one on each line, in the form that `sbatch
//! --exclude=./suspect_nodes.txt` reads.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::error::Result;
use crate::numa::short_name;
use crate::record::durable::{remove, replace};
use crate::record::run::Run;

/// Contents of the file; `None` when no node is a straggler. The names are short, as in the batch system.
fn contents(run: &Run) -> Option<String> {
    let hosts: BTreeSet<&str> =
        run.derived.stragglers.iter().map(|straggler| short_name(&straggler.host)).collect();
    (!hosts.is_empty()).then(|| hosts.iter().map(|host| format!("{host}\n")).collect())
}

/// Writes the file, or removes the file of an earlier session when there are no stragglers.
///
/// # Errors
/// When the file cannot be written or removed.
pub(super) fn write(path: &Path, run: &Run) -> Result<()> {
    match contents(run) {
        Some(text) => replace(path, |file| file.write_all(text.as_bytes())),
        None => remove(path),
    }
}

/// Returns the difference between the file and the contents derived from the parts; `None` when they are equal.
pub(super) fn compare(path: &Path, derived: &Run) -> Option<String> {
    let found = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(why) if why.kind() == io::ErrorKind::NotFound => None,
        Err(why) => return Some(format!("suspect_nodes.txt: cannot be read: {why}")),
    };
    let shown = |text: &Option<String>| match text {
        None => "not there".to_owned(),
        Some(text) => text.split_whitespace().collect::<Vec<_>>().join(", "),
    };
    let derived = contents(derived);
    (found != derived)
        .then(|| format!("suspect_nodes.txt: is {}, the parts give {}", shown(&found), shown(&derived)))
}
