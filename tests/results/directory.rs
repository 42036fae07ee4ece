//! Places that cannot be a run directory, and the message for each.

use std::fs;
use std::path::Path;

use numamark::aggregate::{Evidence, aggregate};
use numamark::error::{Error, ExitCode};
use numamark::results::{RunDirectory, verify};

use crate::fixture::{Folder, begin, finished, run};

#[test]
fn a_directory_that_exists_is_left_alone() {
    let folder = Folder::new("exists");
    let path = folder.join("there");
    fs::create_dir(&path).expect("a new folder");
    for path in [path.clone(), path.join("."), folder.join("there/")] {
        let why = RunDirectory::create(&path).expect_err("it exists");
        assert!(matches!(why, Error::DirectoryExists(_)), "{why}");
    }
    assert_eq!(fs::read_dir(&path).expect("still there").count(), 0, "nothing was put into it");
    let file = folder.join("file");
    fs::write(&file, "mine").expect("room");
    assert!(RunDirectory::create(&file).is_err());
    assert_eq!(fs::read_to_string(&file).expect("still there"), "mine");
}

#[test]
fn a_place_that_cannot_be_written_is_an_environment_error() {
    let folder = Folder::new("unwritable");
    fs::write(folder.join("file"), "").expect("room");
    // Permissions are not used for this, because tests may run as root.
    for path in [folder.join("file/run"), Path::new("/proc/numamark/run").to_owned()] {
        let why = RunDirectory::create(&path).expect_err("not a folder for us");
        assert_eq!(why.exit_code(), ExitCode::Environment, "{why}");
        assert!(why.to_string().contains("--out"), "{why}");
    }
}

#[test]
fn a_new_directory_may_be_deep_and_tells_its_absolute_path() {
    let folder = Folder::new("deep");
    let (directory, token) = RunDirectory::create(&folder.join("a/b/c")).expect("parents are made");
    assert!(directory.path().is_absolute());
    RunDirectory::join(directory.path(), &token).expect("the same place");
}

#[test]
fn another_directory_of_the_same_name_is_not_shared() {
    let folder = Folder::new("not-shared");
    let (directory, token) = RunDirectory::create(&folder.join("run")).expect("new");
    let (elsewhere, _) = RunDirectory::create(&folder.join("elsewhere")).expect("new");
    // A rank does not wait for ever.
    let why = RunDirectory::join(elsewhere.path(), &token).expect_err("it is another one");
    assert_eq!(why.exit_code(), ExitCode::Environment);
    assert!(why.to_string().contains("all hosts share"), "{why}");
    RunDirectory::join(directory.path(), &token).expect("this is the one");
}

#[test]
fn two_ranks_cannot_write_one_part() {
    let folder = Folder::new("two-writers");
    let (directory, _) = RunDirectory::create(&folder.join("run")).expect("new");
    let _part = directory.part(&begin(0, 1)).expect("new");
    let why = directory.part(&begin(0, 1)).expect_err("there is one already");
    assert_eq!(why.exit_code(), ExitCode::Environment);
    assert!(why.to_string().contains("rank-00000.jsonl already exists"), "{why}");
}

#[test]
fn parts_are_listed_by_rank_also_when_numbers_have_another_length() {
    let folder = Folder::new("many-ranks");
    let (directory, _) = RunDirectory::create(&folder.join("run")).expect("new");
    let ranks = [100_000, 99_999, 7, 1_000_000, 100_001, 0];
    for rank in ranks {
        directory.part(&begin(rank, 1_000_001)).expect("new");
    }
    let paths = directory.part_paths().expect("readable");
    let names: Vec<_> =
        paths.iter().map(|path| path.file_stem().expect("a file").to_string_lossy()).collect();
    let expected = ["rank-00000", "rank-00007", "rank-99999", "rank-100000", "rank-100001", "rank-1000000"];
    assert_eq!(names, expected);
}

#[test]
fn evidence_does_not_depend_on_the_order_of_the_parts() {
    let folder = Folder::new("order-of-parts");
    let (directory, ..) = run(&folder.join("run"), 3, 5);
    let mut paths = directory.part_paths().expect("readable");
    paths.rotate_left(1);
    let rotated = Evidence::from_parts(&paths).expect("whole");
    assert!(rotated == directory.evidence().expect("whole"), "parts in another order are other evidence");
}

#[test]
fn a_path_that_is_no_run_directory_is_refused_with_the_reason() {
    let folder = Folder::new("not-a-run");
    fs::create_dir(folder.join("empty")).expect("new");
    fs::write(folder.join("file"), "").expect("room");
    for (name, why) in [("empty", "it has no parts/"), ("file", "it is a file"), ("absent", "No such file")] {
        let error = RunDirectory::open(&folder.join(name)).expect_err(name);
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.exit_code(), ExitCode::Usage);
    }
}

#[test]
fn a_disk_that_fills_up_at_the_end_leaves_no_result_and_no_half_file() {
    let folder = Folder::new("full-disk");
    for (file, left) in [
        ("samples.parquet", &["parts"][..]),
        ("histograms.hlog", &["parts", "samples.parquet"]),
        ("run.json", &["histograms.hlog", "parts", "samples.parquet"]),
    ] {
        let (directory, header, evidence) = run(&folder.join(file), 1, 1);
        let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
        let beside = directory.path().join(format!("{file}.partial"));
        std::os::unix::fs::symlink("/dev/full", beside).expect("a link");
        let why = directory.write_results(&run, &evidence).expect_err("the device is always full");
        assert_eq!(why.exit_code(), ExitCode::Failed);
        let why = why.to_string();
        assert!(why.contains(&format!("{file}.partial: No space left on device")), "{why}");
        assert_eq!(names(directory.path()), left, "whole files only, and no run.json");
        directory.write_results(&run, &evidence).expect("the disk has room again");
        directory.read_run().expect("a result");
        verify(directory.path()).expect("the whole of it");
    }
}

#[test]
fn a_finished_run_leaves_its_results_and_its_parts_only() {
    let folder = Folder::new("left");
    let (directory, ..) = finished(&folder.join("run"), 2, 1);
    assert_eq!(names(directory.path()), ["histograms.hlog", "parts", "run.json", "samples.parquet"]);
    assert_eq!(
        names(&directory.path().join("parts")),
        ["header.json", "rank-00000.jsonl", "rank-00001.jsonl"]
    );
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).expect("there").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("ASCII")).collect();
    names.sort();
    names
}
