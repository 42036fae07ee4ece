//! The values of one key, with lists and ranges.

use super::accepted::accepted;
use super::check::check;
use super::diagnostic::{Diagnostic, Place};
use super::entry::{Found, Raw};
use super::key::{Key, Kind};
use super::keys::SWEEP_VALUES_MAX;
use super::range;
use super::value::Value;

/// All values of one key: one, or those of a sweep.
///
/// # Errors
/// One diagnostic for each value that is not accepted.
pub(super) fn check_all(key: &Key, found: &Found) -> Result<Vec<(Value, Place)>, Vec<Diagnostic>> {
    let Raw::List(items) = &found.raw else { return check_item(key, found).map_err(|wrong| vec![wrong]) };
    if let Kind::Table(section) = key.kind {
        let message = format!("{} can stand only once", section.shown());
        return Err(vec![Diagnostic::new(found.place, message, format!("write {}", section.shown()))]);
    }
    if !key.sweep {
        return Err(vec![
            Diagnostic::new(
                found.place,
                format!("{} takes one value, found a list", key.path()),
                "this key cannot be swept",
            )
            .accepted(accepted(&key.kind)),
        ]);
    }
    let mut values: Vec<(Value, Place)> = Vec::with_capacity(items.len());
    let mut wrong = Vec::new();
    // A list that is too long is not looked into.
    for item in items.iter().take(SWEEP_VALUES_MAX + 1) {
        match check_item(key, item) {
            Err(diagnostic) => wrong.push(diagnostic),
            Ok(of_item) => match first_again(&values, &of_item) {
                Some((value, first)) => wrong.push(listed_twice(key, item, value, first)),
                None => values.extend(of_item),
            },
        }
    }
    let count = items.len().max(values.len());
    if count == 0 || count > SWEEP_VALUES_MAX {
        let message = format!("{}: a list of {count} values", key.path());
        let note = format!("one value, or a list of 1 to {SWEEP_VALUES_MAX}");
        return Err(vec![Diagnostic::new(found.place, message, "").accepted(note)]);
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

/// One value, or those of a range.
fn check_item(key: &Key, item: &Found) -> Result<Vec<(Value, Place)>, Diagnostic> {
    let values = match range::text_of(key, item) {
        None => vec![check(key, item)?],
        Some(_) if !key.sweep => return Err(range::refused(key, item)),
        Some(text) => range::values(key, item, text)?,
    };
    Ok(values.into_iter().map(|value| (value, item.place)).collect())
}

/// The first of `new` that is among the `earlier`, and where that stands.
fn first_again<'a>(earlier: &[(Value, Place)], new: &'a [(Value, Place)]) -> Option<(&'a Value, Place)> {
    new.iter().find_map(|(value, _)| {
        earlier.iter().find(|(known, _)| known == value).map(|(_, place)| (value, *place))
    })
}

fn listed_twice(key: &Key, item: &Found, value: &Value, first: Place) -> Diagnostic {
    let label = match (range::text_of(key, item), value) {
        (None, _) => "again here".to_owned(),
        (Some(_), Value::Size(bytes)) => format!("{bytes} again"),
        (Some(_), Value::Duration(duration)) => format!("{duration} again"),
        (Some(_), Value::Count(count)) => format!("{count} again"),
        (Some(_), other) => unreachable!("a range holds {other:?}"),
    };
    Diagnostic::new(item.place, format!("{} lists a value twice", key.path()), label)
        .related(first, "first here")
}
