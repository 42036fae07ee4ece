//! One value against what its key accepts.

use crate::units::{Bytes, Nanoseconds};

use super::diagnostic::{Diagnostic, Place, quoted};
use super::entry::{Found, Raw};
use super::keys::{Key, Kind, SWEEP_VALUES_MAX};
use super::nearest::nearest;

/// A value that its key accepts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Word(&'static str),
    Size(Bytes),
    Duration(Nanoseconds),
    Count(u64),
    Number(f64),
    Switch(bool),
    Name(String),
}

/// All values of one key: one, or those of a sweep.
///
/// # Errors
/// One diagnostic for each value that is not accepted.
pub(super) fn check_all(key: &Key, found: &Found) -> Result<Vec<(Value, Place)>, Vec<Diagnostic>> {
    let Raw::List(items) = &found.raw else {
        return match check(key, found) {
            Ok(value) => Ok(vec![(value, found.place)]),
            Err(wrong) => Err(vec![wrong]),
        };
    };
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
    if items.is_empty() || items.len() > SWEEP_VALUES_MAX {
        let message = format!("{}: a list of {} values", key.path(), items.len());
        let note = format!("one value, or a list of 1 to {SWEEP_VALUES_MAX}");
        return Err(vec![Diagnostic::new(found.place, message, "").accepted(note)]);
    }
    let mut values: Vec<(Value, Place)> = Vec::with_capacity(items.len());
    let mut wrong = Vec::new();
    for item in items {
        match check(key, item) {
            Err(diagnostic) => wrong.push(diagnostic),
            Ok(value) => match values.iter().find(|(earlier, _)| *earlier == value) {
                Some((_, first)) => wrong.push(
                    Diagnostic::new(item.place, format!("{} lists a value twice", key.path()), "again here")
                        .related(*first, "first here"),
                ),
                None => values.push((value, item.place)),
            },
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

fn check(key: &Key, found: &Found) -> Result<Value, Diagnostic> {
    match (key.kind, &found.raw) {
        (Kind::Word(words), Raw::Text(text)) => word(key, found.place, words, text),
        (Kind::CountOr { word: only, .. }, Raw::Text(text)) if text == only => Ok(Value::Word(only)),
        (Kind::Size { min, max, multiple }, Raw::Text(text)) => {
            let bytes = Bytes::parse(text).map_err(|why| unreadable(key, found.place, &why))?;
            in_range(key, found.place, bytes.0, min, max, |n| Bytes(n).to_string())?;
            whole_multiple(key, found.place, bytes, multiple)?;
            Ok(Value::Size(bytes))
        }
        (Kind::Duration { min, max }, Raw::Text(text)) => {
            let duration = Nanoseconds::parse(text).map_err(|why| unreadable(key, found.place, &why))?;
            in_range(key, found.place, duration.0, min, max, |n| Nanoseconds(n).to_string())?;
            Ok(Value::Duration(duration))
        }
        (Kind::Count { min, max } | Kind::CountOr { min, max, .. }, Raw::Integer(number)) => {
            match u64::try_from(*number) {
                Ok(count) if (min..=max).contains(&count) => Ok(Value::Count(count)),
                _ => Err(out_of_range(key, found.place, *number < i128::from(min), &number.to_string())),
            }
        }
        (Kind::Number { min, max }, Raw::Float(_) | Raw::Integer(_)) => {
            let number = match found.raw {
                Raw::Float(number) => number,
                Raw::Integer(number) => number as f64,
                _ => unreachable!("the pattern above admits nothing else"),
            };
            match (min..=max).contains(&number) {
                true => Ok(Value::Number(number)),
                false => Err(out_of_range(key, found.place, number < min, &number.to_string())),
            }
        }
        (Kind::Switch, Raw::Switch(switch)) => Ok(Value::Switch(*switch)),
        (Kind::Name { max_chars }, Raw::Text(text)) => name(key, found.place, text, max_chars),
        _ => Err(wrong_type(key, found)),
    }
}

fn word(key: &Key, place: Place, words: &'static [&'static str], text: &str) -> Result<Value, Diagnostic> {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Value::Word(word));
    }
    let label = nearest(text, words.iter().copied())
        .map_or(String::new(), |word| format!("did you mean \"{word}\"?"));
    let message = format!("{} does not know {}", key.path(), quoted(text));
    Err(Diagnostic::new(place, message, label).accepted(accepted(&key.kind)))
}

fn name(key: &Key, place: Place, text: &str, max_chars: usize) -> Result<Value, Diagnostic> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let stranger = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c)));
    let why = match stranger {
        Some(c) => format!("{c:?} cannot stand in the name of a directory"),
        None if text.is_empty() => "it is empty".to_owned(),
        None if !begins => "it does not begin with a letter or a digit".to_owned(),
        None if text.len() > max_chars => format!("it has {} characters", text.len()),
        None => return Ok(Value::Name(text.to_owned())),
    };
    let message = format!("{}: {} is not a name", key.path(), quoted(text));
    Err(Diagnostic::new(place, message, why).accepted(accepted(&key.kind)))
}

fn unreadable(key: &Key, place: Place, why: &str) -> Diagnostic {
    Diagnostic::new(place, format!("{}: {why}", key.path()), "").accepted(accepted(&key.kind))
}

fn in_range(
    key: &Key,
    place: Place,
    number: u64,
    min: u64,
    max: u64,
    shown: impl Fn(u64) -> String,
) -> Result<(), Diagnostic> {
    match (min..=max).contains(&number) {
        true => Ok(()),
        false => Err(out_of_range(key, place, number < min, &shown(number))),
    }
}

fn out_of_range(key: &Key, place: Place, too_small: bool, shown: &str) -> Diagnostic {
    let which = if too_small { "small" } else { "large" };
    Diagnostic::new(place, format!("{}: {shown} is too {which}", key.path()), "")
        .accepted(accepted(&key.kind))
}

fn whole_multiple(key: &Key, place: Place, bytes: Bytes, multiple: u64) -> Result<(), Diagnostic> {
    if bytes.0.is_multiple_of(multiple) {
        return Ok(());
    }
    let below = bytes.0 - bytes.0 % multiple;
    let message = format!("{}: {bytes} is not a multiple of {}", key.path(), Bytes(multiple));
    let label = format!("nearest: {} and {}", Bytes(below), Bytes(below.saturating_add(multiple)));
    Err(Diagnostic::new(place, message, label).accepted(accepted(&key.kind)))
}

fn wrong_type(key: &Key, found: &Found) -> Diagnostic {
    let expected = match key.kind {
        Kind::Word(_) | Kind::Name { .. } => "text in quotes",
        Kind::Size { .. } => "a size in quotes",
        Kind::Duration { .. } => "a duration in quotes",
        Kind::Count { .. } => "a whole number",
        Kind::CountOr { .. } => "a whole number or text in quotes",
        Kind::Number { .. } => "a number",
        Kind::Switch => "true or false",
    };
    let message = format!("{}: expected {expected}, found {}", key.path(), found.raw.shown());
    Diagnostic::new(found.place, message, remedy(key, found)).accepted(accepted(&key.kind))
}

/// The value that was probably meant, where the type alone is wrong.
fn remedy(key: &Key, found: &Found) -> String {
    match (key.kind, &found.raw) {
        (Kind::Size { .. }, Raw::Integer(n)) => {
            format!("a number has no unit: write \"{n}MiB\", \"{n}KiB\", ..")
        }
        (Kind::Duration { .. }, Raw::Integer(n)) => {
            format!("a number has no unit: write \"{n}s\", \"{n}ms\", ..")
        }
        (Kind::Duration { .. }, Raw::Float(n)) => format!("a number has no unit: write \"{n}s\""),
        (Kind::Count { .. } | Kind::CountOr { .. } | Kind::Number { .. }, Raw::Text(text))
            if text.parse::<f64>().is_ok() =>
        {
            format!("write {text} without quotes")
        }
        (Kind::Count { .. } | Kind::CountOr { .. }, Raw::Float(n)) if n.fract() == 0.0 => {
            format!("write {n:.0}")
        }
        (Kind::Switch, Raw::Text(text)) if text == "true" || text == "false" => {
            format!("write {text} without quotes")
        }
        (Kind::Switch, Raw::Integer(n @ (0 | 1))) => format!("write {}", *n == 1),
        _ => String::new(),
    }
}

/// What a key accepts, in words.
pub(super) fn accepted(kind: &Kind) -> String {
    match *kind {
        Kind::Word(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", "),
        Kind::Size { min, max, multiple } => {
            format!("a size from {} to {}, a multiple of {}", Bytes(min), Bytes(max), Bytes(multiple))
        }
        Kind::Duration { min, max } => {
            format!("a duration from {} to {}", Nanoseconds(min), Nanoseconds(max))
        }
        Kind::Count { min, max } if min == max => min.to_string(),
        Kind::Count { min, max } => format!("a whole number from {min} to {max}"),
        Kind::CountOr { word, min, max } => format!("\"{word}\", or a whole number from {min} to {max}"),
        Kind::Number { min, max } => format!("a number from {min} to {max:e}"),
        Kind::Switch => "true, false".to_owned(),
        Kind::Name { max_chars } => {
            format!(
                "1 to {max_chars} of letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit"
            )
        }
    }
}
