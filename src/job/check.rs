//! One value against what its key accepts.

use crate::generator::Ratio;
use crate::units::{Bytes, Nanoseconds, Share};

use super::accepted::{accepted, ratio_meant, remedy, unit_meant};
use super::diagnostic::{Diagnostic, Place, quoted, shortened};
use super::entry::{Found, Raw};
use super::key::{Key, Kind, Section};
use super::metric::meant;
use super::nearest::did_you_mean;
use super::value::Value;
use crate::metric::GateMetric;
use crate::workload::allocate::Sizes;

/// Checks one value that is no range.
///
/// # Errors
/// When the key does not accept it; the diagnostic says what it accepts.
pub(super) fn check(key: &Key, found: &Found) -> Result<Value, Diagnostic> {
    match (key.kind, &found.raw) {
        (Kind::Word(words), Raw::Text(text)) => word(key, found.place, words, text),
        (kind, Raw::Text(text)) if kind.only_word() == Some(text) => {
            Ok(Value::Word(kind.only_word().expect("compared just now")))
        }
        (Kind::SizesOr { min, max, .. }, Raw::Text(text)) => sizes(key, found.place, text, min, max),
        (Kind::Size { min, max, multiple } | Kind::SizeOr { min, max, multiple, .. }, Raw::Text(text)) => {
            let bytes = size(key, found.place, text, min, max)?;
            whole_multiple(key, found.place, bytes, multiple)?;
            Ok(Value::Size(bytes))
        }
        (Kind::PowerOfTwo { min, max }, Raw::Text(text)) => {
            let bytes = size(key, found.place, text, min, max)?;
            power_of_two(key, found.place, bytes)?;
            Ok(Value::Size(bytes))
        }
        (Kind::Ratio, Raw::Text(text)) => ratio(key, found.place, text),
        (Kind::Ratio, Raw::Integer(number, text)) => match (1..=i128::from(Ratio::MAX)).contains(number) {
            true => ratio(key, found.place, text),
            false => Err(out_of_range(key, found.place, *number < 1, text)),
        },
        (Kind::Ratio, Raw::Float(number)) => {
            real(key, found.place, *number, 1.0, Ratio::MAX as f64)?;
            // The shortest text that stands for the number is what was written.
            ratio(key, found.place, &number.to_string())
        }
        (Kind::Duration { min, max }, Raw::Text(text)) => {
            let duration =
                Nanoseconds::parse(text).map_err(|why| unreadable(key, found.place, text, &why))?;
            in_range(key, found.place, duration.0, min, max, |n| Nanoseconds(n).to_string())?;
            Ok(Value::Duration(duration))
        }
        (Kind::Count { min, max } | Kind::CountOr { min, max, .. }, Raw::Integer(number, text)) => {
            match u64::try_from(*number) {
                Ok(count) if (min..=max).contains(&count) => Ok(Value::Count(count)),
                _ if min == max => Err(wrong_version(key, found.place, text)),
                _ => Err(out_of_range(key, found.place, *number < i128::from(min), text)),
            }
        }
        (Kind::Share { min, max }, Raw::Text(text)) => {
            let Share(number) = Share::parse(text).map_err(|why| unreadable(key, found.place, text, &why))?;
            share(key, found.place, number, (min, max), text.trim())
        }
        (Kind::Share { min, max }, Raw::Float(number)) => {
            share(key, found.place, *number, (min, max), &number.to_string())
        }
        (Kind::Share { min, max }, Raw::Integer(number, text)) => {
            share(key, found.place, *number as f64, (min, max), text)
        }
        (Kind::Metric, Raw::Text(text)) => {
            let message = || format!("{} does not know {}", key.path(), quoted(text));
            let unknown =
                || Diagnostic::new(found.place, message(), meant(text)).accepted(accepted(&key.kind));
            GateMetric::from_name(text).map(Value::Metric).ok_or_else(unknown)
        }
        (Kind::Bound { max }, Raw::Float(number)) => real(key, found.place, *number, 0.0, max),
        (Kind::Bound { max }, Raw::Integer(number, _)) => real(key, found.place, *number as f64, 0.0, max),
        (Kind::Bound { .. }, Raw::Text(text)) if text.trim().ends_with('%') => {
            let share = Share::parse(text).map_err(|why| unreadable(key, found.place, text, &why))?;
            Ok(Value::PerCent(share.0))
        }
        (Kind::Path, Raw::Text(text)) => path(key, found.place, text),
        (Kind::Switch, Raw::Switch(switch)) => Ok(Value::Switch(*switch)),
        (Kind::Name { max_chars, marks }, Raw::Text(text)) => name(key, found.place, text, max_chars, marks),
        _ => Err(wrong_type(key, found)),
    }
}

fn size(key: &Key, place: Place, text: &str, min: u64, max: u64) -> Result<Bytes, Diagnostic> {
    let bytes = Bytes::parse(text).map_err(|why| unreadable(key, place, text, &why))?;
    in_range(key, place, bytes.0, min, max, |n| Bytes(n).to_string())?;
    Ok(bytes)
}

/// Two sizes with dots between them, or one size.
fn sizes(key: &Key, place: Place, text: &str, min: u32, max: u32) -> Result<Value, Diagnostic> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    if let (true, Some((high, _))) = (text.contains(".."), high.split_once(['*', '+'])) {
        let message = format!("{}: a range of sizes has no step, found {}", key.path(), quoted(text));
        let label = format!("write \"{}..{}\", or a list of ranges", low.trim(), high.trim());
        return Err(Diagnostic::new(place, message, label).accepted(accepted(&key.kind)));
    }
    let one = |end: &str| match size(key, place, end.trim(), min.into(), max.into()) {
        Ok(bytes) => Ok(bytes.0),
        Err(wrong) => Err(Diagnostic { label: sizes_meant(key, text), ..wrong }),
    };
    let (low, high) = (one(low)?, one(high)?);
    if low > high {
        let [low, high] = [low, high].map(Bytes);
        let message = format!("{}: a range goes up, found one from {low} down to {high}", key.path());
        return Err(Diagnostic::new(place, message, format!("write \"{high}..{low}\"")));
    }
    let [min, max] = [low, high].map(|bytes| u32::try_from(bytes).expect("at most the largest size"));
    Ok(Value::Sizes(Sizes { min, max }))
}

/// A remedy for sizes that cannot be read, such as two without a unit; empty when they can be.
fn sizes_meant(key: &Key, text: &str) -> String {
    let end = |end: &str| match Bytes::parse(end.trim()) {
        Ok(_) => Some(end.trim().to_owned()),
        Err(_) => unit_meant(&key.kind, end),
    };
    let meant: Option<Vec<String>> = text.split("..").map(end).collect();
    match meant.map(|ends| ends.join("..")) {
        Some(meant) if meant != text => format!("write \"{meant}\""),
        Some(_) => String::new(),
        None => did_you_mean(text, key.kind.only_word()),
    }
}

fn ratio(key: &Key, place: Place, text: &str) -> Result<Value, Diagnostic> {
    Ratio::parse(text).map(Value::Ratio).map_err(|_| {
        let message = format!("{}: {} is not a ratio", key.path(), quoted(text));
        Diagnostic::new(place, message, ratio_meant(text)).accepted(accepted(&key.kind))
    })
}

/// NaN is in no range.
fn real(key: &Key, place: Place, number: f64, min: f64, max: f64) -> Result<Value, Diagnostic> {
    match (min..=max).contains(&number) {
        true => Ok(Value::Number(number)),
        false if number.is_nan() => {
            let message = format!("{}: nan cannot be compared", key.path());
            Err(Diagnostic::new(place, message, "").accepted(accepted(&key.kind)))
        }
        false => Err(out_of_range(key, place, number < min, &number.to_string())),
    }
}

/// A share; the number 2 is refused with the hint that 2 % was meant.
fn share(
    key: &Key,
    place: Place,
    number: f64,
    (min, max): (f64, f64),
    shown: &str,
) -> Result<Value, Diagnostic> {
    if number.is_nan() || (min..=max).contains(&number) {
        return real(key, place, number, min, max).map(|_| Value::Share(Share(number)));
    }
    let per_cent = Share(number / 100.0);
    let meant = !shown.ends_with('%') && (min..=max).contains(&per_cent.0);
    let label = if meant { format!("write \"{per_cent}\"") } else { String::new() };
    Err(Diagnostic { label, ..out_of_range(key, place, number < min, shown) })
}

fn word(key: &Key, place: Place, words: &'static [&'static str], text: &str) -> Result<Value, Diagnostic> {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Value::Word(word));
    }
    let label = match text.contains("..") {
        true => "words have no order: write a list".to_owned(),
        false => did_you_mean(text, words.iter().copied()),
    };
    let message = format!("{} does not know {}", key.path(), quoted(text));
    Err(Diagnostic::new(place, message, label).accepted(accepted(&key.kind)))
}

fn name(key: &Key, place: Place, text: &str, max_chars: usize, marks: &str) -> Result<Value, Diagnostic> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let stranger = text.chars().find(|c| !(c.is_ascii_alphanumeric() || marks.contains(*c)));
    let why = match stranger {
        Some(c) if key.section == Section::Job => format!("{c:?} cannot stand in the name of a directory"),
        Some(c) => format!("{c:?} cannot stand in the name of a case"),
        None if text.is_empty() => "it is empty".to_owned(),
        None if !begins => "it does not begin with a letter or a digit".to_owned(),
        None if text.len() > max_chars => format!("it has {} characters", text.len()),
        None => return Ok(Value::Text(text.to_owned())),
    };
    let message = format!("{}: {} is not a name", key.path(), quoted(text));
    Err(Diagnostic::new(place, message, why).accepted(accepted(&key.kind)))
}

/// A path without characters that need escapes: the effective job has none.
fn path(key: &Key, place: Place, text: &str) -> Result<Value, Diagnostic> {
    let stranger = text.chars().find(|c| c.is_control() || ['"', '\\'].contains(c));
    let why = match stranger {
        Some(c) => format!("{c:?} cannot stand in it"),
        None if text.trim().is_empty() => "it is empty".to_owned(),
        None => return Ok(Value::Text(text.to_owned())),
    };
    let message = format!("{}: {} is not a path", key.path(), quoted(text));
    Err(Diagnostic::new(place, message, why).accepted(accepted(&key.kind)))
}

/// A size or a duration that `units` cannot read. It says why and, after a semicolon, what it expects.
fn unreadable(key: &Key, place: Place, text: &str, why: &str) -> Diagnostic {
    let (why, expected) = why.split_once("; ").unwrap_or((why, ""));
    let label = unit_meant(&key.kind, text).map_or(String::new(), |meant| format!("write \"{meant}\""));
    let diagnostic = Diagnostic::new(place, format!("{}: {why}", key.path()), label);
    // What is accepted of sizes says more.
    let told = expected.is_empty() || matches!(key.kind, Kind::SizesOr { .. });
    let diagnostic = if told { diagnostic } else { diagnostic.note(expected) };
    diagnostic.accepted(accepted(&key.kind))
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
    Diagnostic::new(place, format!("{}: {} is too {which}", key.path(), shortened(shown)), "")
        .accepted(accepted(&key.kind))
}

/// The schema: its only value is what this release reads.
fn wrong_version(key: &Key, place: Place, found: &str) -> Diagnostic {
    let message = format!("this release does not read {} {}", key.path(), shortened(found));
    Diagnostic::new(place, message, "").accepted(accepted(&key.kind))
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

fn power_of_two(key: &Key, place: Place, bytes: Bytes) -> Result<(), Diagnostic> {
    if bytes.0.is_power_of_two() {
        return Ok(());
    }
    let above = bytes.0.next_power_of_two();
    let message = format!("{}: {bytes} is not a power of two", key.path());
    let label = format!("nearest: {} and {}", Bytes(above / 2), Bytes(above));
    Err(Diagnostic::new(place, message, label).accepted(accepted(&key.kind)))
}

fn wrong_type(key: &Key, found: &Found) -> Diagnostic {
    let expected = match key.kind {
        Kind::Word(_) | Kind::Name { .. } | Kind::Metric => "text".to_owned(),
        Kind::Size { .. } | Kind::PowerOfTwo { .. } => "a size".to_owned(),
        Kind::SizeOr { word, .. } => format!("\"{word}\" or a size"),
        Kind::SizesOr { word, .. } => format!("\"{word}\" or a range of sizes"),
        Kind::Ratio => "a ratio".to_owned(),
        Kind::Duration { .. } => "a duration".to_owned(),
        Kind::Count { .. } => "a whole number".to_owned(),
        Kind::CountOr { word, .. } => format!("\"{word}\" or a whole number"),
        Kind::Bound { .. } => "a number or a share".to_owned(),
        Kind::Path => "text".to_owned(),
        Kind::Share { .. } => "a share".to_owned(),
        Kind::Table(_) => "a section".to_owned(),
        Kind::Switch => "true or false".to_owned(),
    };
    let message = format!("{}: expected {expected}, found {}", key.path(), found.raw.shown());
    Diagnostic::new(found.place, message, remedy(key, found)).accepted(accepted(&key.kind))
}
