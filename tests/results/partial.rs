//! Runs without a `run.json`: what is said of them, what is shown, and that reading leaves them as they are.

use std::fs;
use std::path::{Path, PathBuf};

use numamark::compare::compare_arms;
use numamark::error::ExitCode;
use numamark::numa::host_name;
use numamark::record::Header;
use numamark::record::run::PartialState;
use numamark::report;
use numamark::report::Detail;
use numamark::results::{RunDirectory, read, recover, verify};
use serde_json::json;

use crate::fixture::{Folder, header, repetition, run_of};
use crate::table::assert_fits;

/// A run of two ranks on this host. Rank 1 wrote `lines` whole lines and a piece of the next one.
fn stopped(path: &Path, lines: usize, change: impl Fn(&mut Header)) -> RunDirectory {
    let mut header = header(2);
    header.hosts[0] = host_name();
    change(&mut header);
    let (directory, ..) = run_of(path, header, |case, round, rank| repetition(case, round, rank, 5));
    let part = path.join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    let whole: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    fs::write(&part, &text[..whole + 9]).expect("room");
    directory
}

/// Writes a `live.json` with this state and reason, and the other keys of a real one.
fn say(directory: &RunDirectory, state: &str, why: Option<&str>) {
    let live = json!({
        "schema": 2, "name": "made-up", "state": state, "why": why, "started": "2026-11-22T05:26:13Z",
        "updated": "2026-11-22T05:27:13Z", "ranks": 2, "hosts": ["host0"], "repetitions_done": 3,
        "repetitions_planned": 6, "elapsed_s": 1.0, "remaining_s": null, "now": null, "latest": null, "cases": [],
    });
    fs::write(directory.live(), live.to_string()).expect("room");
}

fn files(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folders = [path.to_owned(), path.join("parts")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("there").flatten());
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    let mut files: Vec<_> = files.map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect();
    files.sort();
    files
}

#[test]
fn the_first_line_tells_what_ended_the_run_and_after_how_much() {
    let folder = Folder::new("partial-standing");
    let directory = stopped(&folder.join("run"), 4, |_| ());
    let path = directory.path();
    for (live, why, said) in [
        ("stopped", Some("--time 20s"), "stopped by --time 20s after 3 of 6 repetitions"),
        ("stopped", Some("SIGINT"), "stopped by SIGINT after 3 of 6 repetitions"),
        ("failed", Some("rank 1: no space"), "failed after 3 of 6 repetitions (rank 1: no space)"),
        ("running", None, "died after 3 of 6 repetitions, without a run.json"),
    ] {
        say(&directory, live, why);
        let before = files(path);
        let run = read(path).expect("three repetitions are complete");
        assert!(!run.complete && run.elapsed_s.is_none());
        let table = report::table(&run, Detail::Summary);
        assert_fits(&table);
        let first = format!("PARTIAL RESULT: {said}; showing those");
        // A line that is longer than a screen continues indented.
        assert_eq!(table.replace("\n  ", " ").lines().nth(2), Some(&*first), "{table}");
        assert!(report::markdown(&run).contains("PARTIAL RESULT"));
        assert!(report::junit(&run).contains(&format!("message=\"partial result: {said}\"")), "{said}");
        let verified = verify(path).expect("the parts are sound");
        assert_eq!(verified.standing.as_deref(), Some(said));
        assert_eq!((verified.values, verified.parts, verified.repetitions), (0, 2, 3));
        assert!(files(path) == before, "reading writes nothing");
    }
    fs::write(directory.live(), "{").expect("room");
    let run = read(path).expect("the live file is no part of the result");
    assert_eq!(run.partial.expect("not whole").state, PartialState::Died);
    fs::remove_file(directory.live()).expect("it was there");
    assert_eq!(read(path).expect("enough").partial.expect("not whole").state, PartialState::Died);
}

#[test]
fn a_run_of_another_host_may_still_be_going_on() {
    let folder = Folder::new("partial-elsewhere");
    let directory = stopped(&folder.join("run"), 4, |header| header.hosts[0] = "elsewhere".to_owned());
    say(&directory, "running", None);
    let said = read(directory.path()).expect("enough").standing().expect("not whole");
    assert_eq!(
        said,
        "died or still running on elsewhere (last sign of life at 2026-11-22T05:27:13Z), which cannot be seen from \
         here: 3 of 6 repetitions so far"
    );
}

#[test]
fn a_run_is_going_on_as_long_as_its_directory_is_held() {
    let folder = Folder::new("partial-held");
    let directory = stopped(&folder.join("run"), 4, |_| ());
    let path = directory.path();
    // A run that is resumed has the live file of the run before until it replaces it.
    say(&directory, "stopped", Some("SIGINT"));
    let lock = directory.hold().expect("held by nobody").expect("a file system with locks");
    assert_eq!(
        read(path).expect("enough").standing().as_deref(),
        Some("still running: 3 of 6 repetitions so far")
    );
    let refused = [
        recover(path).expect_err("it would write into a running run"),
        directory.reopen(2).expect_err("two would write the same parts"),
        directory.hold().expect_err("one at a time"),
    ];
    for why in refused {
        assert_eq!(why.exit_code(), ExitCode::Usage);
        assert!(why.to_string().contains("its run is still going on; numamark report"), "{why}");
    }
    drop(lock);
    assert!(read(path).expect("enough").standing().expect("not whole").starts_with("stopped by SIGINT"));
    directory.reopen(2).expect("it can be resumed");
}

#[test]
fn a_recovered_run_keeps_the_reason_and_verify_accepts_it() {
    let folder = Folder::new("partial-recovered");
    let directory = stopped(&folder.join("run"), 4, |_| ());
    say(&directory, "stopped", Some("SIGINT"));
    let recovered = recover(directory.path()).expect("enough");
    assert_eq!(read(directory.path()).expect("a run.json"), recovered);
    let verified = verify(directory.path()).expect("a partial result is a true one");
    assert_eq!(verified.standing.as_deref(), Some("stopped by SIGINT after 3 of 6 repetitions"));
    assert!(verified.values > 100);
}

#[test]
fn a_run_without_a_complete_repetition_is_told_in_one_line_and_exits_with_4() {
    let folder = Folder::new("partial-nothing");
    let directory = stopped(&folder.join("run"), 1, |_| ());
    let path = directory.path();
    let all = |case: &str, said: &str| {
        let all = [
            read(path).expect_err(case),
            verify(path).expect_err(case),
            recover(path).expect_err(case),
            compare_arms(path, 0.02, false).expect_err(case),
        ];
        for why in all {
            assert_eq!(why.exit_code(), ExitCode::Incomplete, "{why}");
            assert_eq!(why.to_string(), format!("{}: {said}", path.display()), "{case}");
        }
    };
    all("only rank 0 has one", "died after 0 repetitions, without a run.json: there is nothing to show yet");
    let resume = format!("continue with numamark run --resume {}", path.display());
    say(&directory, "stopped", Some("--time 1ms"));
    let stopped =
        format!("stopped by --time 1ms after 0 repetitions: there is nothing to show yet; {resume}");
    all("it was stopped", &stopped);
    // The parts of both ranks have only a piece of their first line, then one part is missing.
    for rank in 0..2 {
        fs::write(path.join(format!("parts/rank-0000{rank}.jsonl")), "{\"kind\":\"beg").expect("room");
    }
    all("killed while the parts were begun", &stopped);
    fs::remove_file(path.join("parts/rank-00000.jsonl")).expect("it was there");
    all("killed before the parts were begun", &stopped);
    fs::remove_file(path.join("parts/header.json")).expect("it was there");
    all("killed before the header", "the run ended before its first repetition, or has not reached it yet");
}

#[test]
fn damage_is_no_early_end() {
    let folder = Folder::new("partial-damaged");
    let directory = stopped(&folder.join("run"), 4, |_| ());
    let part = directory.path().join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    fs::write(&part, text.replacen("{\"kind\":\"repetition\"", "{\"kind\":\"rep\"", 1)).expect("room");
    for why in [read(directory.path()).expect_err("damaged"), verify(directory.path()).expect_err("damaged")]
    {
        assert_eq!(why.exit_code(), ExitCode::Failed);
        assert!(why.to_string().contains("rank-00001.jsonl:2: "), "{why}");
    }
    fs::remove_file(&part).expect("it was there");
    let why = read(directory.path()).expect_err("rank 0 has repetitions, so rank 1 had a part");
    assert!(why.to_string().contains("parts of 1 rank found, rank 0 recorded 2"), "{why}");
}
