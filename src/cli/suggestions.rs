//! Mistyped words on the command line: replaces the suggestions in clap's errors where they are missing or wrong.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::job::{BuiltIn, nearest};

/// Returns the error with the suggestions to be shown.
pub fn with_suggestions(mut error: Error, command: &Command) -> Error {
    // "To pass '--sett' as a value, use '-- --sett'": no value of this program begins with a dash.
    let says_dashes = |tip: &ContextValue| tip.to_string().contains("as a value, use '-- ");
    if error.get(ContextKind::Suggested).is_some_and(says_dashes) {
        error.remove(ContextKind::Suggested);
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand).cloned() else {
        return error;
    };
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let names = || command.get_subcommands().map(Command::get_name);
    if word.ends_with(".toml") || BuiltIn::find(&word).is_some() {
        let tip = format!("to run a job: numamark run {word}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        // clap's own, such as "jobs" for "jobs/quick.toml".
        error.remove(ContextKind::SuggestedSubcommand);
    // clap compares letters at nearby positions, so it finds "rnu" far from "run".
    } else if let Some(name) = begins_alike(&word, names()).or_else(|| nearest(&word, names())) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![name.to_owned()]));
    }
    error
}

/// The name that has the longest beginning in common with the word; at least four letters.
fn begins_alike<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LETTERS_MIN: usize = 4;
    let alike = |name: &str| word.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let mut known: Vec<(usize, &str)> = names.map(|name| (alike(name), name)).collect();
    known.sort_unstable();
    match known[..] {
        [.., (second, _), (first, name)] if first >= LETTERS_MIN && first > second => Some(name),
        _ => None,
    }
}
