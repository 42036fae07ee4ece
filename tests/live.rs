//! A run as another process sees it: `live.json` while the run continues, and after a failed end.
#![cfg(feature = "cli")]

mod program;

use program::{Folder, LIMIT, Start, finish, signal, spawn, wait};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A job of two cases, which takes several times as long as the live file is left unchanged.
const JOB: &str = r#"
schema = 1
name = "watched"
[run]
warmup = "0ms"
duration = "200ms"
interval = "50ms"
repetitions = 20
[rank]
share_nodes = true
[generate]
chunk = ["1MiB", "2MiB"]
"#;
const PLANNED: u64 = 40;
/// Six repetitions, for tests that only need the end of a run.
const FEW: [&str; 2] = ["--set", "run.repetitions=3"];

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// `live.json`, if it exists already. Panics when it is not whole.
fn live(out: &Path) -> Option<Value> {
    let text = fs::read_to_string(out.join("live.json")).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|why| panic!("half-written: {why}\n{text}")))
}

/// Reads `live.json` again and again until `enough` accepts it; returns the number of reads.
fn watch(out: &Path, enough: impl Fn(&Value) -> bool) -> u32 {
    let (began, mut reads) = (Instant::now(), 0);
    loop {
        if let Some(live) = live(out) {
            reads += 1;
            if enough(&live) {
                return reads;
            }
        }
        assert!(began.elapsed() < LIMIT, "live.json never said it: {:?}", live(out));
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn start(folder: &Folder, more: &[&str]) -> (PathBuf, std::process::Child, Instant) {
    let (job, out) = (folder.job(JOB), folder.path().join("out"));
    let command = Start::Alone.command(2, &[&["run", text(&job), "--out", text(&out)], more].concat());
    let started = Instant::now();
    (out, spawn(command), started)
}

#[test]
fn the_live_file_is_always_whole_and_advances() {
    let folder = Folder::new("live-watched");
    let (out, child, started) = start(&folder, &[]);
    let seen = std::cell::RefCell::new(Vec::new());
    let reads = watch(&out, |live| {
        let done = live["repetitions_done"].as_u64().expect("a number");
        let mut seen = seen.borrow_mut();
        if seen.last() != Some(&done) {
            seen.push(done);
        }
        assert_eq!(live["repetitions_planned"], PLANNED);
        let of_cases = live["cases"].as_array().expect("a list").iter().map(|case| &case["repetitions_done"]);
        assert_eq!(of_cases.map(|done| done.as_u64().expect("a number")).sum::<u64>(), done);
        assert_eq!(done > 0, live["latest"]["value"].is_number(), "{live}");
        live["state"] == "finished"
    });
    wait(child, started, LIMIT).expect_code(0);
    let seen = seen.into_inner();
    println!("{reads} reads saw {seen:?} of {PLANNED} repetitions done");
    assert!(seen.is_sorted() && seen.len() > 2 && seen.last() == Some(&PLANNED), "{seen:?}");
    let (last, run) =
        (live(&out).expect("it stays"), fs::read_to_string(out.join("run.json")).expect("a result"));
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!((&last["now"], &last["remaining_s"]), (&Value::Null, &Value::from(0.0)));
    for (live, result) in
        last["cases"].as_array().expect("a list").iter().zip(run["cases"].as_array().expect("a list"))
    {
        let metric = &result["metrics"]["throughput_bytes_per_s"];
        assert_eq!(
            (&live["id"], &live["value"], &live["unit"]),
            (&result["id"], &metric["value"], &metric["unit"])
        );
    }
    assert!(!out.join("live.json.partial").exists());
}

#[test]
fn a_stopped_run_is_shown_as_stopped_and_its_continuation_continues_the_count() {
    let folder = Folder::new("live-stopped");
    let (out, child, started) = start(&folder, &[]);
    watch(&out, |live| live["repetitions_done"].as_u64() >= Some(2));
    signal(child.id(), "TERM");
    wait(child, started, LIMIT).expect_code(4);
    let stopped = live(&out).expect("it stays");
    assert_eq!((&stopped["state"], &stopped["why"]), (&Value::from("stopped"), &Value::from("SIGTERM")));
    let done = stopped["repetitions_done"].as_u64().expect("a number");
    assert!((2..PLANNED).contains(&done), "{stopped}");
    // A partial result in between must not survive the continuation.
    finish(Start::Alone.command(1, &["recover", text(&out)]), LIMIT).expect_code(0);
    finish(Start::Alone.command(1, &["verify", text(&out)]), LIMIT).expect_code(0);
    let mut resume = Start::Alone.command(2, &["run", "--resume", text(&out)]);
    resume.arg("--quiet");
    let (child, started) = (spawn(resume), Instant::now());
    watch(&out, |live| {
        assert!(live["repetitions_done"].as_u64() >= Some(done), "{live}");
        live["state"] == "finished"
    });
    wait(child, started, LIMIT).expect_code(0);
    assert_eq!(live(&out).expect("it stays")["repetitions_done"], PLANNED);
    finish(Start::Alone.command(1, &["verify", text(&out)]), LIMIT).expect_code(0);
}

#[test]
fn a_live_file_that_cannot_be_written_does_not_fail_the_run() {
    let folder = Folder::new("live-unwritable");
    let (out, child, started) = start(&folder, &FEW);
    watch(&out, |_| true);
    // A folder takes the place of the temporary file. Permissions are not used for this, because tests may run as root.
    fs::create_dir(out.join("live.json.partial")).expect("it stands there only while it is written");
    let said = wait(child, started, LIMIT).expect_code(0);
    assert!(!said.stderr.contains("live.json"), "{}", said.stderr);
    assert_eq!(live(&out).expect("the old one")["state"], "running");
    finish(Start::Alone.command(1, &["verify", text(&out)]), LIMIT).expect_code(0);
}

#[test]
fn a_disk_that_is_full_at_the_end_loses_the_result_but_keeps_the_measurements() {
    for file in ["samples.parquet", "histograms.hlog", "run.json"] {
        let folder = Folder::new("live-full");
        let (out, child, started) = start(&folder, &FEW);
        watch(&out, |_| true);
        let beside = out.join(format!("{file}.partial"));
        std::os::unix::fs::symlink("/dev/full", &beside).expect("a link");
        let said = wait(child, started, LIMIT).expect_code(1);
        let named = format!("{file}.partial: No space left on device");
        assert!(said.stderr.contains(&named), "{}", said.stderr);
        assert!(!out.join("run.json").exists() && !beside.exists(), "{file}: no result, and no half of one");
        let ended = live(&out).expect("it stays");
        assert_eq!(ended["state"], "failed");
        assert!(ended["why"].as_str().expect("a reason").contains(&named), "{ended}");
        let shown = finish(Start::Alone.command(1, &["report", text(&out)]), LIMIT).expect_code(0);
        assert!(shown.stdout.contains("failed after 6 of 6 repetitions"), "{}", shown.stdout);
        assert!(!out.join("run.json").exists(), "a report writes nothing");
        finish(Start::Alone.command(1, &["recover", text(&out)]), LIMIT).expect_code(0);
        let run: Value =
            serde_json::from_str(&fs::read_to_string(out.join("run.json")).expect("a result")).expect("JSON");
        assert_eq!(run["complete"], true, "every rank had reached its end");
        finish(Start::Alone.command(1, &["verify", text(&out)]), LIMIT).expect_code(0);
    }
}
