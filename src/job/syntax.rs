//! Syntax errors: the message of the TOML parser, or the mistake that people make at that place.
//!
//! The TOML parser recovers and goes on, so one missing bracket makes it complain five times. What is reported: the
//! first error, then those on other lines whose cause is certain.

use super::diagnostic::{Diagnostic, Place};

/// Refusal of the TOML parser, with its place.
pub(super) struct SyntaxError {
    pub place: Place,
    pub message: String,
}

/// Refusals that are examined, and those that are reported; the others follow from them.
const READ_MAX: usize = 1000;
const TOLD_MAX: usize = 10;

/// Diagnostics for these refusals. There is at least one refusal.
///
/// `first_of` finds where a key stood first that stands again at its argument.
pub(super) fn explain(
    text: &str,
    mut refusals: Vec<SyntaxError>,
    first_of: impl Fn(Place) -> Option<Place>,
) -> Vec<Diagnostic> {
    refusals.sort_by_key(|refusal| refusal.place);
    let begins = text.len() - text.trim_start_matches(['\u{FEFF}', ' ', '\n', '\r', '\t']).len();
    if text[begins..].starts_with('{') {
        let place = Place { start: begins, end: begins + 1, ..refusals[0].place };
        return vec![
            Diagnostic::new(place, "this is JSON, a job file is TOML", "")
                .accepted("lines such as: schema = 1"),
        ];
    }
    if let Some(diagnostic) = never_closed(text, &refusals) {
        return vec![diagnostic];
    }
    let mut told: Vec<(usize, Diagnostic)> = Vec::new();
    for refusal in refusals.iter().take(READ_MAX) {
        let line = text[..refusal.place.start].matches('\n').count();
        if told.len() == TOLD_MAX || told.iter().any(|(earlier, _)| *earlier == line) {
            continue;
        }
        match certain(text, refusal, &first_of) {
            Some(diagnostic) => told.push((line, diagnostic)),
            None if told.is_empty() => told.push((line, as_it_came(refusal))),
            None => {}
        }
    }
    told.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

/// The message of the TOML parser.
fn as_it_came(refusal: &SyntaxError) -> Diagnostic {
    let message = match refusal.message.trim_end_matches(", expected nothing") {
        message if message.starts_with("cannot recurse further") => "lists or sections nested too deeply",
        message => message,
    };
    Diagnostic::new(refusal.place, message, "")
}

/// A bracket or a quote that is open at the end of the file, or swallows the lines after it.
fn never_closed(text: &str, refusals: &[SyntaxError]) -> Option<Diagnostic> {
    const OPENINGS: [(&str, &str, &str, &str); 4] = [
        ("unclosed array", "[", "a list", "]"),
        ("unclosed inline table", "{", "an inline table", "}"),
        ("invalid multi-line basic string", "\"\"\"", "text", "\"\"\""),
        ("invalid multi-line literal string", "'''", "text", "'''"),
    ];
    let said = |what: &str| refusals.iter().any(|refusal| refusal.message.starts_with(what));
    let (_, opening, what, closing) = OPENINGS.into_iter().find(|(message, ..)| said(message))?;
    let before = &text[..refusals[0].place.start];
    let start = before.rfind(opening)?;
    let place = Place { start, end: start + opening.len(), ..refusals[0].place };
    Some(Diagnostic::new(place, format!("{what} that is never closed"), format!("needs its {closing}")))
}

/// A diagnostic where the cause is certain.
fn certain(
    text: &str,
    refusal: &SyntaxError,
    first_of: impl Fn(Place) -> Option<Place>,
) -> Option<Diagnostic> {
    let SyntaxError { place, message } = refusal;
    if message.starts_with("duplicate key") && place.end > place.start {
        let name = &text[place.start..place.end];
        let diagnostic = Diagnostic::new(*place, format!("\"{name}\" is given twice"), "again here");
        return Some(match first_of(*place) {
            Some(first) => diagnostic.related(first, "first here"),
            None => diagnostic,
        });
    }
    if message.starts_with("unexpected leading zero") {
        return Some(Diagnostic::new(*place, "a number that begins with 0", "write it without the 0"));
    }
    let before = line_before(text, place.start).trim_end();
    let colon = match text[place.start..].starts_with(':') {
        true => Some(place.start),
        false if before.ends_with(':') => Some(line_start(text, place.start) + before.len() - 1),
        false => None,
    };
    if let Some(start) = colon {
        let place = Place { start, end: start + 1, ..*place };
        return Some(Diagnostic::new(
            place,
            "a key and its value are joined by \"=\"",
            "write = instead of :",
        ));
    }
    value_without_quotes(text, *place, message)
}

/// `64MiB`, `numa`, `True`, `8MiB, 16MiB`, or nothing at all after the `=`.
fn value_without_quotes(text: &str, place: Place, message: &str) -> Option<Diagnostic> {
    let start = line_start(text, place.start);
    let line = text[start..].split('\n').next().unwrap_or("").trim_end_matches('\r');
    let value_start = line.find('=')? + 1;
    let value = line[value_start..].split('#').next().unwrap_or("");
    let at = |from: usize, length: usize| Place { start: start + from, end: start + from + length, ..place };
    let shown = value.trim();
    let shown_start = value_start + (value.len() - value.trim_start().len());
    if shown.is_empty() {
        return Some(Diagnostic::new(at(value_start, 0), "a key without a value", "write it after the ="));
    }
    if place.start < start + value_start {
        return None;
    }
    let in_list = shown.starts_with('[');
    // A comma inside text parts no values.
    let in_text = ["invalid basic string", "invalid literal string", "missing escaped value"];
    let in_text = in_text.iter().any(|refusal| message.starts_with(refusal));
    if shown.contains(',') && !in_text && !in_list && !shown.starts_with('{') {
        let label = format!("write [{}]", items_in_quotes(shown));
        return Some(Diagnostic::new(at(shown_start, shown.len()), "several values need a list", label));
    }
    let unquoted = message.starts_with("string values must be quoted") || message.starts_with("invalid ");
    let (from, token) = match in_list {
        false => (shown_start, shown),
        true => token_at(line, place.start - start)?,
    };
    let place = at(from, token.len());
    match token.to_ascii_lowercase().as_str() {
        _ if !unquoted => None,
        "true" | "yes" | "on" => Some(not_toml(place, token, "true")),
        "false" | "no" | "off" => Some(not_toml(place, token, "false")),
        _ if !is_text_or_quantity(token) => None,
        _ => {
            let list = shown.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let label = match list {
                Some(items) => format!("write [{}]", items_in_quotes(items)),
                None => format!("write \"{token}\""),
            };
            let note = match token.contains("..") {
                true => "a range stands in quotes",
                false => "text, sizes and durations stand in quotes; numbers, true and false do not",
            };
            Some(Diagnostic::new(place, format!("{token} needs quotes"), label).note(note))
        }
    }
}

fn not_toml(place: Place, token: &str, instead: &str) -> Diagnostic {
    Diagnostic::new(place, format!("{token} is not a TOML value"), format!("write {instead}"))
}

/// `numa`, `64MiB`, `2.5 s`, `2%`, `1..64*2`: what is certainly no number, date or half of one.
fn is_text_or_quantity(token: &str) -> bool {
    if token.contains("..") && !token.contains(['"', '\'']) {
        return true;
    }
    let unit = token.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    let begins = unit.starts_with(|c: char| c.is_ascii_alphabetic()) || unit == "%";
    begins && !unit.contains(['"', '\''])
}

/// The item of a list around a position in its line.
fn token_at(line: &str, position: usize) -> Option<(usize, &str)> {
    let start = line.get(..position)?.rfind(['[', ',']).map_or(0, |before| before + 1);
    let end = line.get(position..)?.find([',', ']', '#']).map_or(line.len(), |after| position + after);
    let token = &line[start..end];
    Some((start + token.len() - token.trim_start().len(), token.trim()))
}

/// The items of a list, each as TOML writes it.
fn items_in_quotes(items: &str) -> String {
    let bare = |item: &str| {
        item.starts_with(['"', '\'']) || item.parse::<f64>().is_ok() || item == "true" || item == "false"
    };
    let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
    let items = items.map(|item| if bare(item) { item.to_owned() } else { format!("\"{item}\"") });
    items.collect::<Vec<_>>().join(", ")
}

fn line_start(text: &str, position: usize) -> usize {
    text[..position].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_before(text: &str, position: usize) -> &str {
    &text[line_start(text, position)..position]
}
