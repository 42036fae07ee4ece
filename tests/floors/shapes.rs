//! Laws about the shape of code: lengths of functions, names of types, conversions between integers.

use std::collections::BTreeMap;

use crate::laws::{Breach, is_test_file};
use crate::source::{self, Token};
use crate::tables::{CAST_FREE, FUNCTION_LINES_MAX};
use crate::tree::Tree;

/// Functions that are longer than a screen, in `src/`.
pub fn long_functions(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (_, file) in tree.shipped() {
        let tokens = source::tokens(&file.text);
        for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "fn") {
            // The type of a function pointer, `fn(..)`, has no name.
            let Some(name) = tokens.get(index + 1).filter(|name| name.text != "(") else { continue };
            let Some(lines) = body_end(&tokens[index..]).map(|end| end - token.line + 1) else { continue };
            if lines > FUNCTION_LINES_MAX {
                let what = format!("`{}` has {lines} lines; at most {FUNCTION_LINES_MAX}", name.text);
                breaches.push(Breach::new(file.name.clone(), token.line, what));
            }
        }
    }
    breaches
}

/// The line of the brace that closes the function that begins here; `None` for one without a body.
fn body_end(tokens: &[Token]) -> Option<usize> {
    let (mut braces, mut brackets) = (0usize, 0usize);
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets = brackets.saturating_sub(1),
            ";" if braces == 0 && brackets == 0 => return None,
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                if braces == 0 {
                    return Some(token.line);
                }
            }
            _ => {}
        }
    }
    None
}

/// Types that two rooms name alike, unless `listed` gives a reason that names the rooms; entries of `listed` that name
/// no such type.
pub fn names_of_several_rooms(tree: &Tree, listed: &[(&str, &str)]) -> Vec<Breach> {
    let mut places: BTreeMap<String, BTreeMap<&str, (String, usize)>> = BTreeMap::new();
    for (name, file) in tree.shipped().filter(|(name, _)| !is_test_file(name)) {
        let room = name.split(['/', '.']).next().unwrap_or(name);
        let tokens = source::tokens(&file.text);
        for triple in tokens.windows(3).filter(|triple| !triple[0].test) {
            let public = triple[0].text == "pub" || triple[0].text == ")";
            let named = triple[2].text.starts_with(char::is_alphabetic);
            if public && named && ["struct", "enum", "trait", "type"].contains(&triple[1].text.as_str()) {
                let at = (file.name.clone(), triple[1].line);
                places.entry(triple[2].text.clone()).or_default().entry(room).or_insert(at);
            }
        }
    }
    let mut breaches = Vec::new();
    let listed: BTreeMap<&str, &str> = listed.iter().copied().collect();
    for (name, rooms) in places.iter().filter(|(_, rooms)| rooms.len() > 1) {
        let (file, line) = rooms.values().next().expect("it has two rooms").clone();
        let Some(reason) = listed.get(name.as_str()) else {
            let rooms: Vec<&str> = rooms.keys().copied().collect();
            breaches.push(Breach::new(file, line, format!("`{name}` is a type of {}", rooms.join(" and "))));
            continue;
        };
        let unnamed = |room: &&&str| !reason.contains(&format!("`{room}`"));
        for room in rooms.keys().filter(unnamed) {
            let what = format!("the reason for `{name}` does not say why `{room}` has that name, too");
            breaches.push(Breach::new(file.clone(), line, what));
        }
    }
    let stale = listed.keys().filter(|name| places.get(**name).is_none_or(|rooms| rooms.len() < 2));
    breaches.extend(stale.map(|name| {
        Breach::new(
            "tests/floors/tables.rs".to_owned(),
            1,
            format!("`{name}` is a type of one room: unlist it"),
        )
    }));
    breaches
}

/// `as` to an integer in rooms where a number that does not fit would be a wrong result.
pub fn integer_casts(tree: &Tree) -> Vec<Breach> {
    const INTEGERS: [&str; 12] =
        ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];
    let mut breaches = Vec::new();
    let rooms = |name: &str| CAST_FREE.iter().any(|room| name.starts_with(room)) && !is_test_file(name);
    for (_, file) in tree.shipped().filter(|(name, _)| rooms(name)) {
        let tokens: Vec<Token> = source::tokens(&file.text).into_iter().filter(|token| !token.test).collect();
        for pair in tokens.windows(2) {
            if pair[0].text == "as" && INTEGERS.contains(&pair[1].text.as_str()) {
                let what = format!("`as {}` may change the number", pair[1].text);
                breaches.push(Breach::new(file.name.clone(), pair[0].line, what));
            }
        }
    }
    breaches
}
