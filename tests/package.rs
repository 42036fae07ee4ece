//! What is handed on: the crates of the library, the archive of the package, the Debian package, the container.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most crates of the library alone, this one included.
const CRATES_MAX: usize = 12;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// Output of the cargo that runs this test, in the repository.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).arg("--offline").current_dir(root());
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

/// Files that a person or a build looks for in the archive, and every file that the README links to.
#[test]
fn the_archive_holds_what_its_reader_and_its_build_look_for() {
    let list = cargo(&["package", "--list", "--allow-dirty"]);
    let files: BTreeSet<&str> = list.lines().collect();
    let readme = text("README.md");
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|link| !link.is_empty() && !link.contains("://"));
    let looked_for = [
        "Cargo.lock",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Dockerfile",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "Makefile",
        "benches/allocator/main.rs",
        "benches/generator/main.rs",
        "build.rs",
        "docs/architecture.md",
        "jobs/quick.toml",
        "scripts/setup.sh",
        "slurm/run.sbatch",
        "src/generator/calibration/table.txt",
    ];
    for file in looked_for.into_iter().chain(links) {
        assert!(files.iter().any(|have| Path::new(have).starts_with(file)), "{file} is not in the archive");
    }
    for folder in ["target", "results", "fuzz", "analysis/.venv"] {
        let stray = files.iter().find(|have| Path::new(have).starts_with(folder));
        assert_eq!(stray, None, "{folder}/ is in the archive");
    }
}

/// Every package that scripts/setup.sh knows for apt-get.
fn packages_of_setup() -> BTreeSet<String> {
    let setup = text("scripts/setup.sh");
    let rows = setup.lines().filter_map(|line| line.strip_prefix("  \"has_"));
    let columns = rows.filter_map(|row| row.split('|').nth(2)).flat_map(str::split_whitespace);
    let packages: BTreeSet<String> = columns.map(str::to_owned).collect();
    assert!(packages.contains("libhwloc-dev"), "{packages:?}");
    packages
}

/// Sources of the files in the Debian package that are not built.
fn sources_of_debian_package() -> Vec<String> {
    let manifest: toml::Value = toml::from_str(&text("Cargo.toml")).expect("Cargo.toml is TOML");
    let recipe = &manifest["package"]["metadata"]["deb"];
    let recommended = recipe["recommends"].as_str().expect("a package");
    assert!(packages_of_setup().contains(recommended), "scripts/setup.sh does not install {recommended}");
    let assets = recipe["assets"].as_array().expect("a list");
    let sources = assets.iter().map(|asset| asset[0].as_str().expect("a path").to_owned());
    sources.filter(|source| !source.starts_with("target/release/")).collect()
}

/// The file itself, or the folder of a pattern such as `docs/*.md`.
fn folder_of_pattern(source: &str) -> PathBuf {
    let fixed = source.split('/').take_while(|part| !part.contains('*'));
    fixed.collect()
}

#[test]
fn the_debian_package_takes_files_that_exist() {
    for source in sources_of_debian_package() {
        let path = root().join(folder_of_pattern(&source));
        let ending = source.rsplit_once('*').map(|(_, ending)| ending);
        let found = match ending {
            None => path.is_file(),
            Some(ending) => fs::read_dir(&path).is_ok_and(|files| {
                files.flatten().any(|file| file.file_name().to_string_lossy().ends_with(ending))
            }),
        };
        assert!(found, "{source}");
    }
}

/// Words of every `COPY` from this folder: sources, without the destination.
fn copied(dockerfile: &str) -> Vec<&str> {
    let lines = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
    let from_here = lines.filter(|line| !line.starts_with("--from"));
    let words = from_here.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.flat_map(|mut words| words.drain(..words.len() - 1).collect::<Vec<_>>()).collect()
}

#[test]
fn the_container_is_built_of_files_that_exist_and_are_sent_to_docker() {
    let dockerfile = text("Dockerfile");
    let copied = copied(&dockerfile);
    let ignore = text(".dockerignore");
    let sent: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for source in &copied {
        assert!(root().join(source).exists(), "COPY {source}");
        let first = source.split('/').next().expect("not empty");
        let is_sent = |pattern: &&str| {
            first == *pattern || pattern.strip_suffix('*').is_some_and(|head| first.starts_with(head))
        };
        assert!(sent.iter().any(is_sent), ".dockerignore keeps {source} back");
    }
    let is_copied = |path: &Path| copied.iter().any(|source| path.starts_with(source));
    for needed in sources_of_debian_package() {
        assert!(is_copied(&folder_of_pattern(&needed)), "the Debian package needs {needed}: COPY it");
    }
    // Every file that a target of Cargo.toml names has to be there, or cargo refuses the manifest.
    for folder in ["src", "benches", "examples", "tests", "Makefile", "scripts", "build.rs", "Cargo.lock"] {
        assert!(is_copied(Path::new(folder)), "COPY {folder}");
    }
}

/// One list of packages: the first stage calls the script, the second takes the libraries of the Debian package.
#[test]
fn the_container_installs_no_package_that_setup_does_not_know() {
    let dockerfile = text("Dockerfile");
    assert!(dockerfile.contains("\nRUN scripts/setup.sh build\n"), "{dockerfile}");
    let joined = dockerfile.replace("\\\n", " ");
    let installs = joined.lines().filter_map(|line| line.split_once("apt-get install "));
    let installs: Vec<&str> = installs.map(|(_, rest)| rest.split("&&").next().unwrap_or(rest)).collect();
    assert_eq!(installs.len(), 1, "{installs:?}");
    let words = installs[0].split_whitespace().filter(|word| !word.starts_with('-'));
    let (built, named): (Vec<&str>, Vec<&str>) = words.partition(|word| word.ends_with(".deb"));
    assert_eq!(built.len(), 1, "{installs:?}");
    let known = packages_of_setup();
    for package in named {
        assert!(known.contains(package), "scripts/setup.sh does not install {package}");
    }
}
