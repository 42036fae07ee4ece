//! The same job started three ways gives the same answer.
#![cfg(feature = "cli")]

mod program;

use program::attempt::starts;
use program::{Folder, LIMIT, Start, finish};

/// 37 chunks of 1 MiB: a prime, which no number of ranks divides.
const DATA_SET: &str = r#"
schema = 1
name = "digest"
seed = 7
[run]
warmup = "0ms"
bytes = "37MiB"
repetitions = 1
[rank]
share_nodes = true
[generate]
chunk = "1MiB"
block = "256KiB"
"#;

fn run(start: Start, ranks: u32, settings: &[&str]) -> serde_json::Value {
    let folder =
        Folder::new(&format!("starts-{start:?}-{ranks}-{}", settings.join("-").replace(['.', '='], "-")));
    let job = folder.job(DATA_SET);
    let out = folder.path().join("out");
    let mut arguments = vec![
        "run",
        job.to_str().expect("a plain path"),
        "--out",
        out.to_str().expect("a plain path"),
        "--quiet",
    ];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    let said = finish(start.command(ranks, &arguments), LIMIT).expect_code(0);
    let text = std::fs::read_to_string(out.join("run.json")).unwrap_or_else(|why| panic!("{why}\n{said:?}"));
    let result: serde_json::Value = serde_json::from_str(&text).expect("run.json is JSON");
    assert_eq!(result["complete"], true);
    assert_eq!(result["ranks"], ranks);
    let verified = finish(Start::Alone.command(1, &["verify", out.to_str().expect("a plain path")]), LIMIT)
        .expect_code(0);
    assert!(verified.stdout.contains("verified"), "{verified:?}");
    result
}

fn digest(start: Start, ranks: u32, settings: &[&str]) -> String {
    let result = run(start, ranks, settings);
    let digest = &result["cases"][0]["digest"];
    digest.as_str().unwrap_or_else(|| panic!("no digest in {result}")).to_owned()
}

#[test]
fn digest_does_not_depend_on_ranks_or_launcher() {
    let expected = digest(Start::Alone, 1, &[]);
    assert_eq!(expected.len(), 32, "{expected}");
    for start in starts() {
        for ranks in [1, 2, 4, 16] {
            assert_eq!(digest(start, ranks, &[]), expected, "{start:?} with {ranks} ranks");
        }
    }
}

#[test]
fn digest_does_not_depend_on_workers_kernel_chunk_block_or_depth() {
    let expected = digest(Start::Alone, 1, &[]);
    for settings in [
        &["rank.workers=1"][..],
        &["generate.kernel=scalar"],
        &["generate.stores=non-temporal"],
        &["generate.stores=ordinary", "generate.in_flight=5"],
        &["generate.chunk=8KiB", "generate.block=4KiB"],
        &["generate.chunk=37MiB", "generate.block=1MiB"],
    ] {
        assert_eq!(digest(Start::Alone, 2, settings), expected, "{settings:?}");
    }
    assert_ne!(digest(Start::Alone, 1, &["seed=8"]), expected);
}

#[test]
fn a_time_limit_that_leaves_no_room_keeps_the_run_for_later() {
    for start in starts() {
        let folder = Folder::new(&format!("time-{start:?}"));
        let (job, out) = (folder.job(DATA_SET), folder.path().join("out"));
        let (job, out) = (job.to_str().expect("a plain path"), out.to_str().expect("a plain path"));
        // A time limit of a nanosecond allows no repetition, one of an hour allows all.
        let refused = start.command(2, &["run", job, "--out", out, "--quiet", "--time", "1ns"]);
        let refused = finish(refused, LIMIT).expect_code(4);
        let line = "stopped by --time 1ns after 0 of 1 repetitions; continue with numamark run --resume";
        assert_eq!(refused.stderr.matches(line).count(), 1, "{refused:?}");
        assert!(!folder.path().join("out/run.json").exists());
        finish(start.command(2, &["run", "--resume", out, "--quiet", "--time", "1h"]), LIMIT).expect_code(0);
        assert!(folder.path().join("out/run.json").exists());
    }
}
