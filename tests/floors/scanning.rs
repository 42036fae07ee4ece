//! The scanner and the laws on small trees whose breaches are known: a law that sees nothing would always hold.

use crate::circles::circles;
use crate::english::riddles;
use crate::laws::{self, Breach};
use crate::shapes::{integer_casts, long_functions, names_of_several_rooms};
use crate::source::{paths, tokens};
use crate::tables::FUNCTION_LINES_MAX;
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
        (laws::unknown_modules as fn(&Tree) -> Vec<Breach>, "src/lib.rs", "", 0),
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

fn told(breaches: &[Breach]) -> Vec<String> {
    breaches.iter().map(ToString::to_string).collect()
}

#[test]
fn a_circle_is_found_however_its_uses_are_written() {
    let ab = |a, b| vec![("src/slab/a.rs", a), ("src/slab/b.rs", b)];
    let with_mod =
        |module, a, b| vec![("src/slab/mod.rs", module), ("src/slab/a.rs", a), ("src/slab/b.rs", b)];
    for (files, count) in [
        (ab("use crate::slab::b::B;", "use crate::slab::a::A;"), 1),
        (ab("use super::b::B;", "fn f() -> super::a::A {}"), 1),
        (ab("use super::{b::B};", "mod inner { use super::super::a::A; }"), 1),
        (ab("use super::b::B;", "pub struct B; // super::a::A"), 0),
        (ab("use super::b::B;", "#[cfg(test)] mod tests { use super::super::a::A; }"), 0),
        // Through the names that `mod.rs` hands on.
        (with_mod("pub use a::A; pub use self::b::B;", "use super::B;", "use crate::slab::A;"), 1),
        (with_mod("pub use a::A; pub use b::B;", "use super::B;", "pub struct B;"), 0),
        // A `mod.rs` and its children are one thing.
        (vec![("src/slab/mod.rs", "mod a; use a::A;"), ("src/slab/a.rs", "use super::Slab;")], 0),
        (vec![("src/slab/a/mod.rs", "mod b; use b::B;"), ("src/slab/a/b.rs", "use crate::slab::a::A;")], 0),
        // Rooms are held apart by their floors.
        (vec![("src/slab/a.rs", "use crate::job::b::B;"), ("src/job/b.rs", "use crate::slab::a::A;")], 0),
    ] {
        let breaches = told(&circles(&tree(&files)));
        assert_eq!(breaches.len(), count, "{files:?}: {breaches:?}");
    }
}

#[test]
fn a_circle_of_three_is_told_once_with_its_lines() {
    let three = [
        ("src/slab/a.rs", "\nuse super::b::B;"),
        ("src/slab/b.rs", "use super::c::C;"),
        ("src/slab/c.rs", "use super::a::A;"),
        ("src/slab/d.rs", "use super::a::A;"),
    ];
    let breaches = told(&circles(&tree(&three)));
    let expected = "src/slab/a.rs:1: a circle: slab/a.rs -> slab/b.rs (line 2), slab/b.rs -> slab/c.rs (line 1), \
                    slab/c.rs -> slab/a.rs (line 1)";
    assert_eq!(breaches, [expected]);
}

#[test]
fn a_circle_of_the_python_reader_is_found() {
    for (run, rows, count) in [
        ("from .rows import Row\n", "from .run import Run\n", 1),
        ("from . import figures, rows\n", "def f():\n    from .run import Run\n", 1),
        ("from .rows import Row\n", "from . import figures\n", 0),
        ("from .rows import Row\n", "from ..run import Run\nimport run\n", 0),
    ] {
        let files = [
            ("analysis/numamark_reader/__init__.py", "from .run import Run\n"),
            ("analysis/numamark_reader/figures.py", "from . import __init__\n"),
            ("analysis/numamark_reader/rows.py", rows),
            ("analysis/numamark_reader/run.py", run),
        ];
        let breaches = told(&circles(&tree(&files)));
        assert_eq!(breaches.len(), count, "{run:?}, {rows:?}: {breaches:?}");
    }
}

#[test]
fn a_function_longer_than_a_screen_is_found() {
    let lines = |count: usize| format!("fn long() {{\n{}}}\n", "    f();\n".repeat(count - 2));
    let fields = "struct S { f: fn() }\n".to_owned();
    let brackets = format!("trait T {{ fn f(x: [u8; 3]) -> u8; }}\nimpl T for S {{\n{}}}\n", "\n".repeat(90));
    for (text, count) in [
        (lines(FUNCTION_LINES_MAX), 0),
        (lines(FUNCTION_LINES_MAX + 1), 1),
        (fields.clone() + &lines(FUNCTION_LINES_MAX + 1), 1),
        (fields + &lines(FUNCTION_LINES_MAX), 0),
        (brackets, 0),
    ] {
        assert_eq!(long_functions(&tree(&[("src/slab/heap.rs", &text)])).len(), count, "{text}");
    }
}

#[test]
fn a_type_name_of_two_rooms_needs_a_reason() {
    let two = |name, text| tree(&[("src/slab/heap.rs", "pub struct Turn;\npub enum Heap {}"), (name, text)]);
    for (name, text, listed, count) in [
        ("src/rank/round.rs", "pub(crate) enum Turn {}", &[][..], 1),
        ("src/rank/round.rs", "pub type Turn = u8; pub trait Heap {}", &[], 2),
        ("src/rank/round.rs", "pub struct Turn;", &[("Turn", "`rank` and `slab` take turns.")], 0),
        ("src/rank/round.rs", "pub struct Turn;", &[("Turn", "`rank` takes turns.")], 1),
        ("src/rank/round.rs", "pub struct Turn;", &[("Turn", "")], 2),
        ("src/rank/round.rs", "pub struct Round;", &[("Turn", "`rank` and `slab` take turns.")], 1),
        ("src/rank/round.rs", "struct Turn; use crate::slab::Turn;", &[], 0),
        ("src/rank/round.rs", "#[cfg(test)] mod tests { pub struct Turn; }", &[], 0),
        ("src/slab/cache.rs", "pub struct Turn;", &[], 0),
        ("src/units.rs", "pub struct Turn;", &[], 1),
    ] {
        let breaches = told(&names_of_several_rooms(&two(name, text), listed));
        assert_eq!(breaches.len(), count, "{name}: {text}, {listed:?}: {breaches:?}");
    }
}

#[test]
fn a_bare_conversion_between_integers_is_found() {
    for (name, text, count) in [
        ("src/record/line/mod.rs", "fn f(x: u64) -> usize { x as usize + (x as u8) as usize }", 3),
        ("src/record/line/mod.rs", "use crate::units as u64; fn f(x: u64) -> f64 { x as f64 } // x as u8", 1),
        ("src/record/line/mod.rs", "use a::B as C; fn f(x: u8) -> u64 { u64::from(x) }", 0),
        ("src/record/line/mod.rs", "#[cfg(test)] mod tests { const X: u8 = 3u64 as u8; }", 0),
        ("src/record/tests.rs", "const X: u8 = 3u64 as u8;", 0),
        ("src/rank/pool.rs", "const X: u8 = 3u64 as u8;", 0),
    ] {
        assert_eq!(integer_casts(&tree(&[(name, text)])).len(), count, "{name}: {text}");
    }
}

#[test]
fn questions_and_pronouns_are_counted_against_all_comments() {
    let plain = "/// The heap of a rank.\npub struct Heap;\n";
    for (text, breaches) in [
        (plain.to_owned(), 0),
        // Each breach, and the sum.
        ("/// What a rank owns.\npub struct Heap;\n".to_owned(), 2),
        ("//! How a heap grows.\n\n/// Whose it is: who asks, owns.\npub struct Heap;\n".to_owned(), 6),
        ("// Whoever asks.\n".to_owned(), 2),
        // The first line of a doc comment only, and no code.
        ("/// A heap.\n/// What it owns is kept.\nconst WHO: &str = \"who\"; // who\n".to_owned(), 0),
        ("// What a rank owns.\n/// Whatever a rank owns.\n".to_owned(), 0),
        // Allowed: one question in a hundred doc comments, four pronouns in a thousand lines.
        (plain.repeat(99) + "/// What a rank owns.\n", 0),
        (plain.repeat(97) + "/// What a rank owns.\n", 2),
        (plain.repeat(999) + "/// A heap, by one who, whose, whom, whoever.\n", 0),
        (plain.repeat(999) + "/// A heap, by one who, whose, whom, whoever: who?\n", 6),
    ] {
        let found = told(&riddles(&tree(&[("src/slab/heap.rs", &text)])));
        // `LIBRARY` adds one doc comment of four lines.
        assert_eq!(found.len(), breaches, "{text}: {found:?}");
    }
}
