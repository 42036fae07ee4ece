//! Each law as a pure function: the repository in, the breaches out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::source::{self, Path, Token};
use crate::tables::*;
use crate::tree::{File, Tree};

/// One line that breaks a law.
pub struct Breach {
    file: String,
    line: usize,
    what: String,
}

impl Breach {
    pub fn new(file: String, line: usize, what: String) -> Breach {
        Breach { file, line, what }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

fn breach(file: &File, line: usize, what: impl Into<String>) -> Breach {
    Breach { file: file.name.clone(), line, what: what.into() }
}

/// Whether `name` is one of the places, or below one that is a directory.
fn stands_in(name: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        name == *place || ((place.is_empty() || place.ends_with('/')) && name.starts_with(place))
    })
}

/// A file that holds nothing but tests of its neighbours.
pub fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/")
}

/// The module path of a file below `src/`: `slab/cache.rs` is `slab::cache`, `lib.rs` the root.
pub fn module_of(name: &str) -> Vec<&str> {
    let stem = name.trim_end_matches(".rs").trim_end_matches("/mod");
    stem.split('/').filter(|part| !["lib", "main"].contains(part)).collect()
}

/// Floors by module, from the table at the top of `src/lib.rs`: `//! | 1 | [`numa`], `comm` | .. |`.
fn floors(tree: &Tree) -> BTreeMap<&str, u8> {
    let mut floors = BTreeMap::new();
    for line in tree.text("src/lib.rs").lines().filter_map(|line| line.strip_prefix("//! |")) {
        let mut columns = line.split('|').map(str::trim);
        let (Some(Ok(floor)), Some(modules)) = (columns.next().map(str::parse::<u8>), columns.next()) else {
            continue;
        };
        floors.extend(modules.split('`').skip(1).step_by(2).map(|module| (module, floor)));
    }
    assert!(floors.len() > 3, "no floor table found at the top of src/lib.rs");
    floors
}

/// Modules that `lib.rs` declares and its table does not know.
pub fn unknown_modules(tree: &Tree) -> Vec<Breach> {
    let floors = floors(tree);
    let (_, library) = tree.shipped().find(|(name, _)| *name == "lib.rs").expect("src/lib.rs");
    let tokens = source::tokens(&library.text);
    let declared = tokens.windows(2).filter(|pair| pair[0].text == "mod" && pair[0].depth == 0);
    declared
        .filter(|pair| !floors.contains_key(pair[1].text.as_str()))
        .map(|pair| breach(library, pair[1].line, format!("`{}` has no floor", pair[1].text)))
        .collect()
}

/// The top-level module a path leads to, when it leads into this crate.
fn leads_to<'a>(path: &'a Path, module: &[&'a str]) -> Option<&'a str> {
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    let supers = segments.iter().take_while(|segment| **segment == "super").count();
    match segments.first() {
        Some(&"crate" | &"numamark") => segments.get(1).copied(),
        Some(&"super") => {
            let up = supers.saturating_sub(path.depth);
            let left = &module[..module.len().saturating_sub(up)];
            left.first().or(segments.get(supers)).copied()
        }
        _ => None,
    }
}

/// Paths that lead to a higher floor, or to another room of the same floor.
pub fn upward_uses(tree: &Tree) -> Vec<Breach> {
    let floors = floors(tree);
    let mut breaches = Vec::new();
    for (name, file) in tree.shipped() {
        let module = module_of(name);
        // The root is above everything; main.rs belongs to the command line.
        let Some(own) = module.first() else { continue };
        let Some(floor) = floors.get(own) else { continue };
        for path in source::paths(&source::tokens(&file.text)) {
            let Some(target) = leads_to(&path, &module).filter(|target| target != own) else { continue };
            if let Some(other) = floors.get(target).filter(|other| *other >= floor) {
                let what = format!("`{own}` (floor {floor}) uses `{target}` (floor {other})");
                breaches.push(breach(file, path.line, what));
            }
        }
    }
    breaches
}

/// Names of crates in the tables of `Cargo.toml` whose heading ends in `section`, with line and comment above.
fn dependencies<'a>(tree: &'a Tree, section: &str) -> Vec<(String, usize, &'a str)> {
    let mut found = Vec::new();
    let (mut inside, mut comment) = (false, "");
    for (index, line) in tree.text("Cargo.toml").lines().enumerate() {
        let name = line.split_once('=').map(|(name, _)| name.trim()).filter(|_| inside);
        match line.chars().next() {
            Some('#') => comment = line,
            // A comment above the heading is about the first dependency below it.
            Some('[') => inside = line.trim_matches(['[', ']']).rsplit('.').next() == Some(section),
            Some(first) if first.is_alphabetic() => {
                found.extend(name.map(|name| (name.replace('-', "_"), index + 1, comment)));
                comment = "";
            }
            _ => {}
        }
    }
    found
}

/// Foreign crates named outside their room.
pub fn strays(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (name, file) in tree.shipped() {
        let tokens = source::tokens(&file.text);
        let paths = source::paths(&tokens);
        let ours = own_names(&tokens, &paths);
        for path in &paths {
            let first = path.segments[0].as_str();
            let Some((_, rooms)) = ROOMS.iter().find(|(krate, _)| *krate == first) else { continue };
            if !ours.contains(first) && !stands_in(name, rooms) {
                breaches.push(breach(
                    file,
                    path.line,
                    format!("`{first}` belongs to src/{}", rooms.join(", src/")),
                ));
            }
        }
    }
    breaches
}

/// Names a file gives to modules of its own, which hide a foreign crate of the same name (`comm::mpi`).
fn own_names<'a>(tokens: &'a [Token], paths: &'a [Path]) -> BTreeSet<&'a str> {
    let declared = tokens.windows(2).filter(|pair| pair[0].text == "mod").map(|pair| pair[1].text.as_str());
    let local = |path: &&Path| ["crate", "self", "super"].contains(&path.segments[0].as_str());
    declared.chain(paths.iter().filter(local).filter_map(|path| path.imported_as.as_deref())).collect()
}

/// Dependencies without a room, or without a reason.
pub fn unexplained_dependencies(tree: &Tree) -> Vec<Breach> {
    let manifest = tree.files.iter().find(|file| file.name == "Cargo.toml").expect("Cargo.toml");
    let shipped = dependencies(tree, "dependencies");
    let for_tests = dependencies(tree, "dev-dependencies");
    let all = shipped.iter().chain(&for_tests);
    let unexplained = all.filter(|(_, _, comment)| !comment.starts_with("# ")).map(|(name, line, _)| {
        breach(manifest, *line, format!("`{name}` has no comment above it that says what it is used for"))
    });
    let homeless = shipped.iter().filter(|(name, ..)| !ROOMS.iter().any(|(krate, _)| krate == name));
    let homeless =
        homeless.map(|(name, line, _)| breach(manifest, *line, format!("`{name}` has no room in ROOMS")));
    unexplained.chain(homeless).collect()
}

/// `unsafe` outside the listed places, shipped or in a test.
pub fn unsafe_places(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (_, file) in tree.shipped().filter(|(name, _)| !stands_in(name, &UNSAFE)) {
        let tokens = source::tokens(&file.text);
        let found = tokens.iter().filter(|token| token.text == "unsafe");
        breaches.extend(found.map(|token| breach(file, token.line, "`unsafe` is not allowed here")));
    }
    breaches
}

/// Printing and exiting below the command line. Tests may print: a skipped one says why.
pub fn voices(tree: &Tree) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (_, file) in tree.shipped().filter(|(name, _)| !stands_in(name, &VOICES) && !is_test_file(name)) {
        let tokens = source::tokens(&file.text);
        for (index, token) in tokens.iter().enumerate().filter(|(_, token)| !token.test) {
            let back = |steps: usize| index.checked_sub(steps).map_or("", |at| tokens[at].text.as_str());
            let is_macro = tokens.get(index + 1).is_some_and(|next| next.text == "!");
            let of_process = back(1) == "::" && back(2) == "process";
            if SPEECH.contains(&token.text.as_str()) && (is_macro || of_process) {
                breaches.push(breach(file, token.line, format!("`{}` below the command line", token.text)));
            }
        }
    }
    breaches
}

/// Files that are too long, or named after nothing.
pub fn lengths_and_names(tree: &Tree) -> Vec<Breach> {
    let code = [".rs", ".py", ".sh"];
    let mut breaches = Vec::new();
    for file in tree.files.iter().filter(|file| code.iter().any(|ending| file.name.ends_with(ending))) {
        let limit = if file.name == "src/main.rs" { MAIN_LINES_MAX } else { LINES_MAX };
        let lines = file.text.lines().count();
        if lines > limit {
            breaches.push(breach(file, lines, format!("{lines} lines; at most {limit}")));
        }
        let parts = file.name.split(['/', '.']);
        let empty = parts.filter(|part| EMPTY_NAMES.contains(part));
        breaches.extend(empty.map(|part| breach(file, 1, format!("\"{part}\" says nothing"))));
    }
    breaches
}

/// Notes to oneself, and tests that do not run.
pub fn unfinished(tree: &Tree) -> Vec<Breach> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("#[ign", "ore")];
    lines_with(tree, &[".rs", ".py", ".sh", "run", "Makefile"], &marks)
}

/// Paths that exist on one machine only.
pub fn one_machine(tree: &Tree) -> Vec<Breach> {
    let mut homes = HOMES.to_vec();
    homes.push(&tree.root);
    lines_with(tree, &[""], &homes)
}

/// Every line that contains one of the words, in files with one of the endings.
fn lines_with(tree: &Tree, endings: &[&str], words: &[&str]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in tree.files.iter().filter(|file| endings.iter().any(|ending| file.name.ends_with(ending))) {
        for (index, line) in file.text.lines().enumerate() {
            let found = words.iter().find(|word| line.contains(**word));
            breaches.extend(found.map(|word| breach(file, index + 1, format!("contains \"{word}\""))));
        }
    }
    breaches
}
