//! The package: what it needs, and what is in it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The most crates of the library alone, this one included.
const CRATES_MAX: usize = 12;

/// Output of the cargo that runs this test, in the repository.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).arg("--offline").current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("cargo prints text")
}

#[test]
fn the_library_alone_needs_at_most_a_dozen_crates() {
    let tree = cargo(&["tree", "--edges", "normal", "--no-default-features", "--prefix", "none"]);
    let crates: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    println!("{crates:?}");
    assert!(crates.contains("numamark"), "{tree}");
    assert!(crates.len() <= CRATES_MAX, "{} crates, at most {CRATES_MAX}:\n{tree}", crates.len());
}
