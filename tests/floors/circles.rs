//! The law that no files of a room use each other in a circle, in Rust and in the Python reader.
//!
//! A `mod.rs` and the files below it are one thing: what one of them uses of the other does not count.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::{Breach, module_of};
use crate::source::{self, Path, Token};
use crate::tree::Tree;

/// By file, the files that it uses and the line of the first use.
type Uses = BTreeMap<String, BTreeMap<String, usize>>;

/// Circles between files of one room, each as one breach at its first file.
pub fn circles(tree: &Tree) -> Vec<Breach> {
    let mut breaches = circles_of(&rust_uses(tree), "src/");
    breaches.extend(circles_of(&python_uses(tree), "analysis/numamark_reader/"));
    breaches
}

fn circles_of(uses: &Uses, folder: &str) -> Vec<Breach> {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut breaches = Vec::new();
    for file in uses.keys() {
        if told.contains(file.as_str()) {
            continue;
        }
        let around: Vec<&str> = reached(uses, file)
            .into_iter()
            .filter(|other| *other != file && reached(uses, other).contains(file.as_str()))
            .collect();
        if around.is_empty() {
            continue;
        }
        let shown: Vec<String> = std::iter::once(file.as_str())
            .chain(around.iter().copied())
            .flat_map(|from| {
                let inside = |to: &&String| *to == file || around.contains(&to.as_str());
                let to: Vec<&String> = uses[from].keys().filter(inside).collect();
                to.into_iter().map(move |to| format!("{from} -> {to} (line {})", uses[from][to]))
            })
            .collect();
        breaches.push(Breach::new(format!("{folder}{file}"), 1, format!("a circle: {}", shown.join(", "))));
        told.insert(file);
        told.extend(around);
    }
    breaches
}

/// Every file that can be reached from this one.
fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    found
}

fn rust_uses(tree: &Tree) -> Uses {
    let files: BTreeMap<String, &str> =
        tree.shipped().map(|(name, _)| (module_of(name).join("::"), name)).collect();
    let shipped_tokens =
        |text: &str| -> Vec<Token> { source::tokens(text).into_iter().filter(|token| !token.test).collect() };
    let paths: BTreeMap<&str, Vec<Path>> =
        tree.shipped().map(|(name, file)| (name, source::paths(&shipped_tokens(&file.text)))).collect();
    let mut uses = Uses::new();
    for (name, _) in tree.shipped() {
        let of_file = uses.entry(name.to_owned()).or_default();
        for path in &paths[name] {
            let Some(target) = absolute(path, &module_of(name)) else { continue };
            let Some(other) = file_of(&target, &files, &paths, 0) else { continue };
            if other != name && in_one_room(name, other) && !is_above(name, other) && !is_above(other, name) {
                of_file.entry(other.to_owned()).or_insert(path.line);
            }
        }
    }
    uses
}

/// The segments of a path from the root of the crate; `None` when it leads out of the crate.
fn absolute(path: &Path, module: &[&str]) -> Option<Vec<String>> {
    let segments = &path.segments;
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    match segments.first().map(String::as_str) {
        Some("crate") => Some(segments[1..].to_vec()),
        Some("super") => {
            let up = supers.saturating_sub(path.depth);
            let base = &module[..module.len().saturating_sub(up)];
            Some(
                base.iter()
                    .map(|part| (*part).to_owned())
                    .chain(segments[supers..].iter().cloned())
                    .collect(),
            )
        }
        Some("self") => {
            Some(module.iter().map(|part| (*part).to_owned()).chain(segments[1..].iter().cloned()).collect())
        }
        // A child that its parent names without `self::`.
        Some(_) => {
            Some(module.iter().map(|part| (*part).to_owned()).chain(segments.iter().cloned()).collect())
        }
        None => None,
    }
}

/// The file that declares what a path names: re-exports of a `mod.rs` lead on to the file behind them.
fn file_of<'a>(
    target: &[String],
    files: &BTreeMap<String, &'a str>,
    paths: &BTreeMap<&str, Vec<Path>>,
    depth: usize,
) -> Option<&'a str> {
    let known = |length: usize| files.get(&target[..length].join("::")).map(|file| (length, *file));
    let (length, file) = (1..=target.len()).rev().find_map(known)?;
    let item = target.get(length).filter(|_| file.ends_with("/mod.rs") && depth < 8);
    let behind = item.and_then(|item| {
        let module: Vec<&str> = target[..length].iter().map(String::as_str).collect();
        let named = |path: &&Path| path.imported_as.as_deref() == Some(item);
        let import = paths[file].iter().find(named)?;
        let absolute = absolute(import, &module)?;
        (absolute != target).then(|| file_of(&absolute, files, paths, depth + 1))?
    });
    behind.or(Some(file))
}

fn in_one_room(one: &str, other: &str) -> bool {
    one.contains('/') && one.split('/').next() == other.split('/').next()
}

/// Whether this is the `mod.rs` of a folder that the other file is in.
fn is_above(module: &str, other: &str) -> bool {
    module.strip_suffix("mod.rs").is_some_and(|folder| other.starts_with(folder))
}

/// `from .run import x`, `from . import figures`; the package's own `__init__` and `__main__` are its `mod.rs`.
fn python_uses(tree: &Tree) -> Uses {
    let folder = "analysis/numamark_reader/";
    let mut uses = Uses::new();
    for file in tree.files.iter().filter(|file| file.name.starts_with(folder) && file.name.ends_with(".py")) {
        let name = file.name[folder.len()..].trim_end_matches(".py").to_owned();
        if name.starts_with("__") {
            continue;
        }
        let of_file = uses.entry(name).or_default();
        for (index, line) in file.text.lines().enumerate() {
            // An import inside a function counts as well: the circle is the same.
            let line = line.trim();
            let Some(rest) = line.strip_prefix("from .") else { continue };
            let Some((module, names)) = rest.split_once(" import ") else { continue };
            let modules = if module.is_empty() { names.split(", ").collect() } else { vec![module] };
            for module in modules {
                of_file.entry(module.trim_matches(['(', ')']).to_owned()).or_insert(index + 1);
            }
        }
    }
    let known: BTreeSet<String> = uses.keys().cloned().collect();
    uses.values_mut().for_each(|targets| targets.retain(|target, _| known.contains(target)));
    uses
}
