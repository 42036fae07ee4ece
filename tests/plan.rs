//! `numamark plan` from the command line: what it prints and refuses. Its predictions are tested in `prediction.rs`.
#![cfg(feature = "cli")]

mod program;

use std::path::{Path, PathBuf};

use program::attempt::text;
use program::{Folder, LIMIT, SWEEP, Start, finish, numamark};
use serde_json::Value;

/// 16 nodes of 24 cores, as `--topology` describes them.
const LARGE: &str = "pack:4 numa:4 core:24 pu:1";

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
    let files = std::fs::read_dir(folder).expect("jobs/ is there").map(|file| file.expect("readable").path());
    let mut jobs: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    jobs.sort();
    jobs
}

fn assert_fits_80_columns(printed: &str) {
    for line in printed.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn every_shipped_job_can_be_planned_for_sixteen_nodes_of_24_cores() {
    for job in shipped() {
        let said = numamark(&["plan", text(&job), "--topology", LARGE, "--hosts", "16", "--slurm"]);
        if said.stderr.contains("built without hwloc") {
            return println!("skipped: {}", said.stderr.trim());
        }
        let said = said.expect_code(0).stdout;
        assert_fits_80_columns(&said);
        assert!(said.contains("on 256 ranks (16 hosts x 16)"), "{said}");
        assert!(said.contains("the machine is only described"), "{said}");
        assert!(said.contains("sbatch --nodes=16 --ntasks-per-node=16 --cpus-per-task=24"), "{said}");
        let mut cases = said.lines().skip_while(|line| !line.starts_with("---")).skip(1);
        let first = cases.find(|line| line.contains(" 24 ")).unwrap_or_else(|| panic!("{said}"));
        let time = first.rsplit(' ').nth(1).unwrap_or_default();
        assert!(time.starts_with('>') || first.ends_with("n/a"), "no time without a try: {first}");
    }
}

/// Shortened on the command line, as the job files explain.
#[test]
fn every_shipped_job_runs_here() {
    for job in shipped() {
        let written = std::fs::read_to_string(&job).expect("readable");
        let mut arguments = vec!["run".to_owned(), text(&job).to_owned(), "--quiet".to_owned()];
        let mut set = |setting: String| arguments.extend(["--set".to_owned(), setting]);
        set("run.warmup=0s".to_owned());
        set("run.repetitions=1".to_owned());
        set(if written.contains("\nbytes =") { "run.bytes=64MiB" } else { "run.duration=20ms" }.to_owned());
        // The outcomes of the gates depend on this machine.
        let gates = written.lines().filter(|line| *line == "[[gate]]").count();
        (0..gates).for_each(|gate| set(format!("gate.{gate}.level=warn")));
        let folder = Folder::new("shipped");
        let out = folder.path().join("out");
        arguments.extend(["--out".to_owned(), text(&out).to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = finish(Start::Alone.command(1, &arguments), LIMIT).expect_code(0);
        let run = std::fs::read_to_string(out.join("run.json")).expect("run.json");
        let run: Value = serde_json::from_str(&run).expect("JSON");
        assert_eq!(run["complete"], true, "{}", said.stdout);
        assert_eq!(run["cases"].as_array().map(Vec::len), run["planned"].as_array().map(Vec::len));
    }
}

#[test]
fn a_run_longer_than_its_time_limit_is_refused_with_both_numbers() {
    let folder = Folder::new("limit");
    let job = folder.job(SWEEP);
    // 20 repetitions of 100 + 300 ms; ten of them generate, with 100 ms of limits before and after each.
    let plan = |limit: &str| numamark(&["plan", text(&job), "--no-probe", "--time", limit]);
    let said = plan("5s").expect_code(5);
    assert!(said.stderr.contains("would take 10.0 s, which is more than --time 5s"), "{}", said.stderr);
    assert!(
        said.stdout.contains("10.0 s of warm-up and timed work"),
        "the plan stands above: {}",
        said.stdout
    );
    plan("1m").expect_code(0);
    // With a miniature run, the prediction is a little longer than the durations in the job.
    let said = numamark(&["plan", text(&job), "--time", "7s"]).expect_code(5);
    assert!(said.stderr.contains("more than --time 7s"), "{}", said.stderr);
    let said = plan("20").expect_code(2);
    assert!(said.stderr.contains("\"20\" has no unit"), "{}", said.stderr);
    let bytes = "schema = 1\nname = \"x\"\n[run]\nbytes = \"1GiB\"\n[generate]\n";
    let job = folder.job(bytes);
    let said = numamark(&["plan", text(&job), "--no-probe", "--time", "1h"]).expect_code(5);
    assert!(said.stderr.contains("is not known"), "{}", said.stderr);
}

#[test]
fn a_case_that_does_not_fit_the_memory_is_refused_with_both_numbers() {
    let folder = Folder::new("memory");
    let job =
        folder.job("schema = 1\nname = \"x\"\n[generate]\nchunk = [\"1MiB\", \"64GiB\"]\nin_flight = 64\n");
    let said = numamark(&["plan", text(&job)]).expect_code(5);
    // 65 chunks of 64 GiB.
    assert!(said.stderr.contains("generate.chunk=64GiB needs 4.06 TiB per rank"), "{}", said.stderr);
    assert!(
        said.stderr.contains("GiB are free on") || said.stderr.contains("left in this process's cgroup"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_sweep_on_the_command_line_reaches_every_rank() {
    for start in [Start::Alone, Start::OpenMpi, Start::Mpich] {
        if let Some(why) = start.missing() {
            println!("skipped {start:?}: {why}");
            continue;
        }
        let folder = Folder::new("sweep");
        let job = folder.job(&SWEEP.replace("300ms", "10ms").replace("repetitions = 5", "repetitions = 1"));
        let out = folder.path().join("out");
        let sweep = "generate.chunk=1MiB..4MiB*2,12MiB";
        let run = [
            "run",
            text(&job),
            "--out",
            text(&out),
            "--quiet",
            "--sweep",
            sweep,
            "--sweep",
            "allocate.allocator=slab",
        ];
        finish(start.command(2, &run), LIMIT).expect_code(0);
        let run = std::fs::read_to_string(out.join("run.json")).expect("run.json");
        let run: Value = serde_json::from_str(&run).expect("JSON");
        let ids: Vec<&str> =
            run["cases"].as_array().expect("cases").iter().filter_map(|case| case["id"].as_str()).collect();
        let sizes = ["1MiB", "2MiB", "4MiB", "12MiB"].map(|size| format!("generate.chunk={size}"));
        assert_eq!(ids, sizes.iter().map(String::as_str).chain(["larson"]).collect::<Vec<_>>());
        assert_eq!(run["ranks"], 2);
        assert!(
            run["job"]
                .as_str()
                .is_some_and(|job| job.contains("chunk = [\"1MiB\", \"2MiB\", \"4MiB\", \"12MiB\"]"))
        );
    }
}

#[test]
fn a_mistake_in_a_sweep_is_shown_in_its_argument() {
    let folder = Folder::new("wrong");
    let job = folder.job(SWEEP);
    for command in ["plan", "run"] {
        let said = numamark(&[command, text(&job), "--sweep", "generate.chunk=64MiB..8MiB*2"]).expect_code(2);
        let expected = "numamark: --sweep, column 16: generate.chunk: a range goes up, found one from 64MiB down to 8MiB\n";
        assert!(said.stderr.starts_with(expected), "{}", said.stderr);
        assert!(said.stderr.contains("write \"8MiB..64MiB*2\""), "{}", said.stderr);
    }
}
