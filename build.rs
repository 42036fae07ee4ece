//! Compiles the git commit and the build's settings into the program, which writes them into every result.
//!
//! An archive of `cargo package` has its commit in a file. Elsewhere the commit is unknown and nothing fails; packagers may set
//! `NUMAMARK_GIT_COMMIT` themselves.

use std::process::Command;

fn main() {
    for variable in ["NUMAMARK_GIT_COMMIT", "CFLAGS", "CXXFLAGS"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    for path in ["build.rs", "Cargo.toml", "Cargo.lock", "src"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let given = std::env::var("NUMAMARK_GIT_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(commit_of_archive).or_else(commit);
    if let Some(commit) = commit {
        println!("cargo::rustc-env=NUMAMARK_GIT_COMMIT={commit}");
    }
    let setting = |name: &str| std::env::var(name).unwrap_or_default();
    println!(
        "cargo::rustc-env=NUMAMARK_BUILD={} profile, opt-level {}, {}, {}",
        setting("PROFILE"),
        setting("OPT_LEVEL"),
        setting("TARGET"),
        output(&setting("RUSTC"), &["--version"]).unwrap_or_default()
    );
    allocators();
}

/// Versions of the crates that build the allocators of other projects, and the compiler flags that a person added.
fn allocators() {
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    for name in ["libmimalloc-sys", "rpmalloc-sys", "snmalloc-sys", "tikv-jemalloc-sys"] {
        let mut packages = lock.split("[[package]]");
        let package = packages.find(|package| package.contains(&format!("name = \"{name}\"")));
        let version = package.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
        // As a dependency of another program this crate does not see the lock.
        let version = version.unwrap_or("of unknown version");
        println!("cargo::rustc-env=NUMAMARK_{}={version}", name.to_uppercase().replace('-', "_"));
    }
    let flags = |name: &str| {
        let value = std::env::var(name).unwrap_or_default().replace(['\n', '\r'], " ");
        if value.is_empty() { value } else { format!("; {name}={value}") }
    };
    println!("cargo::rustc-env=NUMAMARK_C_FLAGS={}{}", flags("CFLAGS"), flags("CXXFLAGS"));
}

/// The commit that `cargo package` wrote into the archive; only an unpacked archive has this file.
fn commit_of_archive() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let commit = text.split("\"sha1\": \"").nth(1)?.split('"').next()?;
    Some(if text.contains("\"dirty\": true") { format!("{commit}-dirty") } else { commit.to_owned() })
}

/// The commit, with `-dirty` when tracked files differ from it.
fn commit() -> Option<String> {
    // An unpacked archive may stand inside the checkout of another project.
    let top = output("git", &["rev-parse", "--show-toplevel"])?;
    let here = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    if std::fs::canonicalize(top).ok()? != std::fs::canonicalize(here).ok()? {
        return None;
    }
    // The log of HEAD grows with every commit and checkout.
    for name in ["HEAD", "logs/HEAD"] {
        let path = output("git", &["rev-parse", "--git-path", name]);
        if let Some(path) = path.filter(|path| std::path::Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let commit = output("git", &["rev-parse", "HEAD"])?;
    let clean = output("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if clean { commit } else { format!("{commit}-dirty") })
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
