//! The keys that an arm can set: those that can be swept.

use super::accepted::accepted;
use super::diagnostic::{Diagnostic, quoted};
use super::entry::{Entry, Raw};
use super::key::Key;
use super::keys;
use super::nearest::nearest;
use super::range;

/// The keys that an arm can set.
pub(super) fn settable() -> impl Iterator<Item = &'static Key> {
    keys::all().filter(|key| key.sweep)
}

/// All of them, as an error lists them.
pub(super) fn settable_shown() -> String {
    settable().map(Key::path).collect::<Vec<_>>().join(", ")
}

/// The reason why an arm cannot say this: its key cannot be swept, or it has several values. `None` when it can.
pub(super) fn refused(entry: &Entry) -> Option<Diagnostic> {
    entry.table.arm()?;
    let section = entry.table.section;
    let path = format!("{}.{}", section.name(), entry.key);
    let Some(key) = Key::find(section, &entry.key).filter(|key| key.sweep) else {
        let label = nearest(&entry.key, settable().filter(|key| key.section == section).map(|key| key.name))
            .filter(|_| Key::find(section, &entry.key).is_none())
            .map_or(String::new(), |name| format!("did you mean \"{name}\"?"));
        let message = format!("an arm cannot set {}", quoted(&path));
        return Some(Diagnostic::new(entry.key_place, message, label).accepted(settable_shown()));
    };
    let found = match &entry.value.raw {
        Raw::List(_) => "a list",
        _ if range::text_of(key, &entry.value).is_some() => "a range",
        _ => return None,
    };
    let message = format!("{path} of an arm takes one value, found {found}");
    let diagnostic = Diagnostic::new(entry.value.place, message, "write an arm for each");
    Some(diagnostic.accepted(accepted(&key.kind)))
}
