//! Runs with arms and runs with a stop rule, started from the command line.
#![cfg(feature = "cli")]

mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use program::{Finished, Folder, LIMIT, Start, finish, signal, spawn, wait};
use serde_json::Value;

/// Two workloads in three arms, a few milliseconds each.
const JOB: &str = r#"
schema = 1
name = "arms"
[run]
warmup = "0ms"
duration = "5ms"
interval = "10ms"
limit = "0ms"
aa = true
stop = { half_width = "50%", at_most = 24 }
[rank]
share_nodes = true
workers = 1
[generate]
chunk = "1MiB"
block = "64KiB"
[allocate]
[[arm]]
name = "large"
slab.batch = 256
"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn numamark(arguments: &[&str]) -> Finished {
    finish(Start::Alone.command(1, arguments), LIMIT)
}

/// A run of [`JOB`] by two ranks.
fn run(folder: &Folder, more: &[&str]) -> (PathBuf, Finished) {
    let (job, out) = (folder.job(JOB), folder.path().join("out"));
    let arguments = [&["run", text(&job), "--out", text(&out), "--quiet"], more].concat();
    let said = finish(Start::Alone.command(2, &arguments), LIMIT);
    (out, said)
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn part(out: &Path, rank: u32) -> PathBuf {
    out.join(format!("parts/rank-{rank:05}.jsonl"))
}

/// The repetitions of a part in the order in which they were done: case and round.
fn order(out: &Path, rank: u32) -> Vec<(String, u64)> {
    let text = fs::read_to_string(part(out, rank)).expect("a part");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let turn = |line: Value| {
        let round = line["round"].as_u64()?;
        Some((line["case"].as_str()?.to_owned(), round))
    };
    lines.filter_map(turn).collect()
}

/// Number of rounds of a complete run, and the reason for its end. Checks that every case has all rounds and that
/// `verify` succeeds.
fn ended(out: &Path) -> (u64, String) {
    let run = json(&out.join("run.json"));
    assert_eq!(run["complete"], true);
    let rounds = run["rounds"].as_u64().expect("a number");
    for case in run["cases"].as_array().expect("cases") {
        assert_eq!(case["total"]["repetitions"], rounds, "{}", case["id"]);
    }
    numamark(&["verify", text(out)]).expect_code(0);
    (rounds, run["ended_by"].as_str().expect("a word").to_owned())
}

#[test]
fn arms_are_interleaved_on_every_rank_and_the_run_says_what_ended_it() {
    let folder = Folder::new("arms-interleaved");
    let (out, said) = run(&folder, &[]);
    let said = said.expect_code(0);
    let (rounds, ended_by) = ended(&out);
    println!("{rounds} rounds, ended by {ended_by}\n{}", said.stdout);
    assert!(rounds % 2 == 0 && (8..=24).contains(&rounds), "{rounds}");
    // The last round that is allowed may also be the first that is narrow enough.
    let possible = if rounds < 24 { &["half_width"][..] } else { &["half_width", "at_most"] };
    assert!(possible.contains(&ended_by.as_str()), "{rounds} rounds, ended by {ended_by}");
    let run = json(&out.join("run.json"));
    let cases = run["planned"].as_array().expect("cases");
    let named: Vec<(&str, &str)> = cases
        .iter()
        .map(|case| (case["compared_as"].as_str().expect("compared"), case["arm"].as_str().expect("an arm")))
        .collect();
    let arms = ["base", "large", "base-again"];
    let expected: Vec<(&str, &str)> =
        ["generate", "larson"].into_iter().flat_map(|case| arms.map(|arm| (case, arm))).collect();
    assert_eq!(named, expected);
    assert_eq!((run["aa"].clone(), run["stop"]["half_width"].clone()), (true.into(), 0.5.into()));
    let turns = order(&out, 0);
    assert_eq!(turns, order(&out, 1), "all ranks do the same at the same time");
    for stretch in turns.chunks(6) {
        let of = |turns: &[(String, u64)]| turns.iter().map(|turn| turn.0.clone()).collect::<Vec<_>>();
        let (there, back) = stretch.split_at(3);
        assert!(of(there).iter().rev().eq(&of(back)), "{stretch:?}");
        assert!(there.iter().all(|turn| turn.1 % 2 == 1) && back.iter().all(|turn| turn.1 % 2 == 0));
    }
    let squeezed = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed.contains(&format!("repetitions: {rounds} of each case")), "{squeezed}");
    assert!(squeezed.contains("the same arm twice") && squeezed.contains("large"), "{squeezed}");
    assert!(said.stdout.lines().all(|line| line.chars().count() <= 80), "{}", said.stdout);
}

#[test]
fn the_time_of_the_rule_ends_a_run_between_two_strides() {
    let folder = Folder::new("arms-time");
    let rule = ["--set", "run.stop.half_width=0.1%", "--set", "run.stop.at_most=10000", "--set"];
    let (out, said) = run(&folder, &[&rule[..], &["run.stop.time=1s"]].concat());
    let said = said.expect_code(0);
    let (rounds, ended_by) = ended(&out);
    assert_eq!((rounds % 2, ended_by.as_str()), (0, "time"), "{rounds} rounds");
    let squeezed = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let why =
        format!("repetitions: {rounds} of each case of at most 10000: the stop rule's time of 1s is over");
    assert!(squeezed.contains(&why), "{squeezed}");
    assert_eq!(json(&out.join("live.json"))["repetitions_planned"], rounds * 6, "nothing is left to do");
}

#[test]
fn a_run_that_is_stopped_and_resumed_ends_as_it_would_have() {
    let folder = Folder::new("arms-resumed");
    let (job, out) = (folder.job(&JOB.replace("50%", "0.1%")), folder.path().join("out"));
    let started = Instant::now();
    let child = spawn(Start::Alone.command(2, &["run", text(&job), "--out", text(&out), "--quiet"]));
    let done = || order_if_there(&out).len();
    while done() < 30 {
        assert!(started.elapsed() < LIMIT, "no 30 repetitions");
        std::thread::sleep(Duration::from_millis(2));
    }
    signal(child.id(), "TERM");
    let said = wait(child, started, LIMIT);
    if said.code == Some(0) {
        return println!("skipped: all was done before the signal came");
    }
    let said = said.expect_code(4);
    assert!(
        said.stderr.contains(" of at most 144 repetitions; continue with numamark run --resume"),
        "{}",
        said.stderr
    );
    let resume = || finish(Start::Alone.command(2, &["run", "--resume", text(&out), "--quiet"]), LIMIT);
    resume().expect_code(0);
    assert_eq!(ended(&out), (24, "at_most".to_owned()));
    // A run that was killed between its last repetition and the last line of its parts only has to write this line and
    // the result.
    let before = order(&out, 0);
    for rank in [0, 1] {
        let lines = fs::read_to_string(part(&out, rank)).expect("a part");
        let last = lines.trim_end().rfind('\n').expect("more than a line") + 1;
        fs::write(part(&out, rank), &lines[..last]).expect("a part");
    }
    fs::remove_file(out.join("run.json")).expect("it was there");
    resume().expect_code(0);
    assert_eq!(ended(&out), (24, "at_most".to_owned()));
    assert_eq!(order(&out, 0), before, "no repetition was added");
}

fn order_if_there(out: &Path) -> Vec<String> {
    let text = fs::read_to_string(part(out, 0)).unwrap_or_default();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// `--time` is no part of the stop rule: the run can be resumed, and ends by the rule.
#[test]
fn a_time_limit_on_the_command_line_ends_nothing_for_good() {
    let folder = Folder::new("arms-patience");
    let (out, said) = run(&folder, &["--set", "run.stop.half_width=0.1%", "--time", "1ms"]);
    let said = said.expect_code(4);
    assert!(
        said.stderr.contains("stopped by --time 1ms after 0 of at most 144 repetitions"),
        "{}",
        said.stderr
    );
    assert!(!out.join("run.json").exists());
}

#[test]
fn a_plan_states_the_most_that_a_rule_allows_and_refuses_an_arm_without_effect() {
    let folder = Folder::new("arms-plan");
    let said = numamark(&["plan", text(&folder.job(JOB)), "--ranks-per-host", "2"]).expect_code(0).stdout;
    assert!(said.starts_with("arms: 6 cases x at most 24 repetitions on 2 ranks"), "{said}");
    assert!(said.contains("\ntime     at most "), "{said}");
    let job =
        folder.job("schema = 1\nname = \"x\"\n[generate]\n[[arm]]\nname = \"large\"\nslab.batch = 256\n");
    for command in ["run", "plan"] {
        let said = numamark(&[command, text(&job)]).expect_code(2);
        assert!(said.stderr.contains("arm \"large\" touches no case"), "{}", said.stderr);
    }
}

/// Each side begins a repetition with memory that nothing has touched, and only the arm has a thread that populates it.
#[test]
fn work_in_the_background_is_an_arm_over_memory_that_nothing_has_touched() {
    let folder = Folder::new("arms-background");
    let job = folder.job(
        r#"
schema = 1
name = "background"
[run]
warmup = "0ms"
duration = "20ms"
repetitions = 4
limit = "0ms"
[rank]
share_nodes = true
workers = 1
[allocate]
workload = "grow"
[[arm]]
name = "populate"
slab.background = "populate"
"#,
    );
    let out = folder.path().join("out");
    let arguments = ["run", text(&job), "--out", text(&out), "--quiet"];
    finish(Start::Alone.command(1, &arguments), LIMIT).expect_code(0);
    numamark(&["verify", text(&out)]).expect_code(0);
    let part = fs::read_to_string(part(&out, 0)).expect("a part");
    let lines = part.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let (mut faults, mut sides) = (0, [0, 0]);
    for line in lines.filter(|line| line["kind"] == "repetition") {
        let cpu_ns = line.get("background_cpu_ns").map(|ns| ns.as_u64().expect("a count"));
        assert_eq!(cpu_ns.is_some_and(|ns| ns > 0), line["case"] == "grow.arm=populate", "{line}");
        sides[usize::from(cpu_ns.is_some())] += 1;
        faults += line["noise"]["minor_faults"].as_u64().expect("counted") * u64::from(cpu_ns.is_none());
    }
    assert_eq!(sides, [4, 4]);
    assert!(faults > 0, "the base touches its memory in the timed region");
    let run = json(&out.join("run.json"));
    let cases = run["cases"].as_array().expect("cases");
    let known = cases.iter().map(|case| case["metrics"]["background_cpu_ns"]["value"].is_number());
    assert_eq!(known.collect::<Vec<_>>(), [false, true]);
}
