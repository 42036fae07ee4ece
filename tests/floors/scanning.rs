//! The scanner and the laws on small trees whose breaches are known: a law that sees nothing would always hold.

use crate::laws;
use crate::source::{paths, tokens};
use crate::tree::{File, Tree};

const LIBRARY: &str = "//! | floor | module | owns |\n//! | 0 | [`units`], `mix` | a |\n//! | 2 | `slab` | b |\n\
                       //! | 2 | `job` | c |\n//! | 6 | `rank` | d |\npub mod slab;\n";

/// A tree of `lib.rs`, a manifest and the given files.
fn tree(files: &[(&str, &str)]) -> Tree {
    let manifest = "[dependencies]\n# Used for sums.\nrayon = \"1\"\n";
    let fixed = [("src/lib.rs", LIBRARY), ("Cargo.toml", manifest)];
    let given = |name| files.iter().any(|(other, _)| *other == name);
    let all = fixed.iter().filter(|(name, _)| !given(*name)).chain(files);
    let files = all.map(|(name, text)| File { name: (*name).to_owned(), text: (*text).to_owned() }).collect();
    Tree { files, root: "/nowhere/at/all".to_owned() }
}

fn words(text: &str) -> Vec<String> {
    tokens(text).into_iter().map(|token| token.text).collect()
}

fn found(text: &str) -> Vec<String> {
    paths(&tokens(text)).into_iter().map(|path| path.segments.join("::")).collect()
}

#[test]
fn comments_strings_and_lifetimes_are_not_code() {
    for (text, expected) in [
        ("a // b::c\nd", vec!["a", "d"]),
        ("a /* b /* c */ d */ e", vec!["a", "e"]),
        (r##"a "b\"c" d r#"e"f"# g b"h" b'i' j"##, vec!["a", "d", "g", "j"]),
        ("'\"' x '\\'' y 'z' w", vec!["x", "y", "w"]),
        ("&'a str", vec!["&", "str"]),
        ("/// doc crate::x\nfn", vec!["fn"]),
        ("ré::b \u{201c}", vec!["ré", "::", "b"]),
        ("/* never closed", vec![]),
        ("\"never closed", vec![]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn lines_are_counted_through_comments_and_strings() {
    let all = tokens("/* 1\n2 */ \"3\n4\" // 5\nlast");
    assert_eq!(all.last().map(|token| token.line), Some(4));
}

#[test]
fn use_trees_unfold() {
    let text = "use crate::{a::B, c::{self, D as E}, f}; pub use super::g::*; use h;";
    assert_eq!(found(text), ["crate::a::B", "crate::c::self", "crate::c::D", "crate::f", "super::g", "h"]);
    let imported: Vec<_> = paths(&tokens(text)).into_iter().filter_map(|path| path.imported_as).collect();
    assert_eq!(imported, ["B", "c", "E", "f", "g", "h"]);
}

#[test]
fn paths_in_expressions_types_and_attributes_are_seen() {
    let text = "#[derive(schemars::JsonSchema)] fn f<T: serde::de::Error>(x: crate::units::Bytes) -> impl Sized + use<T> \
                { x.field::<u8>(); crate::rank::run::<u8>() }";
    assert_eq!(
        found(text),
        ["schemars::JsonSchema", "serde::de::Error", "crate::units::Bytes", "crate::rank::run"]
    );
}

#[test]
fn code_for_tests_is_told_apart() {
    let all = tokens(
        "fn a() {} #[cfg(all(test, unix))] mod tests { fn b() { mod inner { fn c() {} } } } fn d() {}",
    );
    let marks: Vec<_> = all
        .iter()
        .filter(|token| ["a", "b", "c", "d"].contains(&token.text.as_str()))
        .map(|token| (token.text.as_str(), token.test, token.depth))
        .collect();
    assert_eq!(marks, [("a", false, 0), ("b", true, 1), ("c", true, 2), ("d", false, 0)]);
}

#[test]
fn upward_and_sideways_uses_are_found_however_they_are_written() {
    for (text, count) in [
        ("use crate::rank::Round;", 1),
        ("use crate::{units::Bytes, rank};", 1),
        ("fn f() { crate::job::parse() }", 1),
        ("use super::super::rank;", 1),
        ("use super::cache; use super::super::units;", 0),
        ("mod tests { use super::super::cache; use super::super::super::rank; }", 1),
        ("use crate::slab::arena; use crate::mix::mix64; // crate::rank", 0),
    ] {
        let breaches = laws::upward_uses(&tree(&[("src/slab/heap.rs", text)]));
        assert_eq!(breaches.len(), count, "{text}");
    }
}

#[test]
fn a_foreign_crate_is_found_outside_its_room() {
    for (name, text, count) in [
        ("src/rank/pool.rs", "use rayon::ThreadPool;", 0),
        ("src/slab/heap.rs", "use rayon::ThreadPool;", 1),
        ("src/slab/heap.rs", "fn f() -> ::rayon::ThreadPool {}", 1),
        ("src/slab/heap.rs", "fn f() { T::rayon::x(); <T as A>::rayon::x(); }", 0),
        ("src/comm/mod.rs", "mod mpi; type A = mpi::Comm;", 0),
        ("src/comm/ending.rs", "use super::mpi; type A = mpi::Comm;", 0),
        ("src/comm/ending.rs", "type A = super::mpi::Comm;", 0),
        ("src/comm/mod.rs", "type A = mpi::Comm;", 1),
        ("src/slab/heap.rs", "use serde::Serialize; use libc::mmap;", 0),
    ] {
        assert_eq!(laws::strays(&tree(&[(name, text)])).len(), count, "{name}: {text}");
    }
}

#[test]
fn dependencies_need_a_room_and_a_reason() {
    let bad = "[dependencies]\nrayon = \"1\"\n# Used for nothing known.\nnew-crate = \"1\"\n[profile.dev]\nopt-level = 2\n";
    let breaches = laws::unexplained_dependencies(&tree(&[("Cargo.toml", bad)]));
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("Cargo.toml:2: `rayon` has no comment"), "{}", lines[0]);
    assert!(lines[1].starts_with("Cargo.toml:4: `new_crate` has no room"), "{}", lines[1]);
    assert!(laws::unexplained_dependencies(&tree(&[])).is_empty());
    let above = "# Used for a check.\n[target.'cfg(loom)'.dev-dependencies]\nloom = \"1\"\nrayon = \"1\"\n";
    let breaches = laws::unexplained_dependencies(&tree(&[("Cargo.toml", above)]));
    assert_eq!(breaches.len(), 1, "the comment is about the first one below the heading only");
}

#[test]
fn the_other_laws_see_their_breaches() {
    let long = "\n".repeat(401);
    for (law, name, text, count) in [
        (laws::unknown_modules as fn(&Tree) -> Vec<laws::Breach>, "src/lib.rs", "", 0),
        (laws::unsafe_places, "src/job/keys.rs", "unsafe {} // unsafe", 1),
        (laws::unsafe_places, "src/numa/bind.rs", "unsafe {}", 0),
        (laws::voices, "src/slab/heap.rs", "fn f() { eprintln!(\"x\"); std::process::exit(1) }", 2),
        (laws::voices, "src/slab/heap.rs", "#[cfg(test)] mod tests { fn f() { println!() } }", 0),
        (laws::voices, "src/slab/tests.rs", "fn f() { println!() }", 0),
        (laws::voices, "src/cli/run.rs", "fn f() { println!() }", 0),
        (laws::lengths_and_names, "src/slab/heap.rs", long.as_str(), 1),
        (laws::lengths_and_names, "src/slab/helpers.rs", "", 1),
        (laws::unfinished, "src/slab/heap.rs", concat!("// TO", "DO later"), 1),
        (laws::one_machine, "README.md", concat!("see /ho", "me/ann/x and /nowhere/at/all"), 1),
    ] {
        let text = if name == "src/lib.rs" { LIBRARY } else { text };
        assert_eq!(law(&tree(&[(name, text)])).len(), count, "{name}: {text}");
    }
    let unlisted = format!("{LIBRARY}pub mod surprise;\n");
    assert_eq!(laws::unknown_modules(&tree(&[("src/lib.rs", &unlisted)])).len(), 1);
}
