//! The form of JSON that people can read as well as programs.

use serde::Serialize;

/// Returns a value as indented JSON with a final newline.
///
/// # Panics
/// When a map has a key that is no string: the values are structs of this program.
pub fn json_text(value: &impl Serialize) -> String {
    let mut text =
        serde_json::to_string_pretty(value).expect("structs of numbers, strings and string-keyed maps");
    text.push('\n');
    text
}
