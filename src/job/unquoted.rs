//! Values of settings and defaults: text needs no quotes there.

use super::diagnostic::Place;
use super::entry::{Found, Raw};

/// A value without a need for quotes; `[a, b]` is a list.
pub(super) fn read_value(text: &str, place: Place) -> Found {
    let place = trimmed(text, place);
    let text = text.trim();
    let raw = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(items) => {
            Raw::List(read_items(items, Place { start: place.start + 1, end: place.end - 1, ..place }))
        }
        None => read_scalar(text),
    };
    Found { place, raw }
}

/// The values between the brackets of a list, or of a `--sweep` without them.
pub(super) fn read_items(items: &str, inside: Place) -> Vec<Found> {
    let mut start = inside.start;
    let mut found = Vec::new();
    for item in items.split(',') {
        let place = Place { start, end: start + item.len(), ..inside };
        // `[a, b,]` and `[]` end with nothing, which is no item.
        if !(item.trim().is_empty() && place.end == inside.end) {
            found.push(Found { place: trimmed(item, place), raw: read_scalar(item.trim()) });
        }
        start = place.end + 1;
    }
    found
}

/// One value that is no list.
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
