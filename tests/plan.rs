//! `numamark plan` from the command line: its predictions are compared with the run.
#![cfg(feature = "cli")]

mod program;

use std::path::{Path, PathBuf};
use std::time::Duration;

use program::{Finished, Folder, Start, finish};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(120);

/// A job of a few seconds, with a sweep.
const SWEEP: &str = r#"
schema = 1
name = "predicted"
[run]
warmup = "100ms"
duration = "300ms"
repetitions = 5
interval = "50ms"
[rank]
share_nodes = true
[generate]
chunk = ["1MiB", "16MiB"]
[allocate]
allocator = ["slab", "system"]
"#;

fn numamark(arguments: &[&str]) -> Finished {
    finish(Start::Alone.command(1, arguments), LIMIT)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Figures that `plan` prints, or those of a run.
#[derive(Debug)]
struct Figures {
    seconds: f64,
    memory_bytes: f64,
    parts_bytes: f64,
    rest_bytes: f64,
}

impl Figures {
    fn of(printed: &str) -> Figures {
        let paragraph = |label: &str| {
            let from = printed.split_once(&format!("\n{label} ")).expect("every plan has it").1;
            // Lines of a paragraph begin with blanks.
            let lines: Vec<&str> = from.split('\n').collect();
            let more = lines[1..].iter().take_while(|line| line.starts_with(' '));
            std::iter::once(&lines[0]).chain(more).map(|line| line.trim()).collect::<Vec<_>>()
        };
        let files = paragraph("files").join(" ");
        let (total, each) = files.split_once(": ").expect("a total and its parts");
        let (parts, rest) = each.split_once(" in parts/, ").expect("parts and the rest");
        let (rest, _) = rest.split_once(" beside it (an estimate").expect("marked as an estimate");
        let [parts_bytes, rest_bytes] = [parts, rest].map(quantity);
        let total = quantity(total.strip_prefix("about ").expect("marked as an estimate"));
        assert!((total / (parts_bytes + rest_bytes) - 1.0).abs() < 0.01, "{files}");
        let memory = paragraph("memory");
        let arenas =
            memory.iter().find_map(|line| line.split_once(" on each host")).expect("memory of a host");
        let beside = memory.iter().find_map(|line| line.split_once(" in each process")).expect("beside");
        let time = paragraph("time").join(" ");
        let seconds = quantity(time.split_once(':').expect("a time").0);
        let memory_bytes = quantity(arenas.0) + quantity(beside.0);
        Figures { seconds, memory_bytes, parts_bytes, rest_bytes }
    }
}

/// `12.3 MiB` in bytes, `5.6 s` in seconds.
fn quantity(text: &str) -> f64 {
    let (number, unit) = text.trim().split_once(' ').unwrap_or_else(|| panic!("{text:?} is no quantity"));
    let scale = match unit {
        "B" | "s" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1048576.0,
        "GiB" => 1073741824.0,
        "ms" => 1e-3,
        other => panic!("the unit {other} of {text:?}"),
    };
    number.parse::<f64>().expect("a number") * scale
}

/// The figures of a run that ended.
fn measured(out: &Path, ranks: u32) -> Figures {
    let bytes_in = |path: &Path| {
        let entries = std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry"));
        let metadata = entries.map(|entry| entry.metadata().expect("a file"));
        metadata.filter(std::fs::Metadata::is_file).map(|file| file.len() as f64).sum::<f64>()
    };
    let run = std::fs::read_to_string(out.join("run.json")).expect("run.json");
    let run: Value = serde_json::from_str(&run).expect("JSON");
    let peak = |rank: u32| {
        let part = std::fs::read_to_string(out.join(format!("parts/rank-{rank:05}.jsonl"))).expect("a part");
        let end: Value = serde_json::from_str(part.lines().last().expect("an end")).expect("JSON");
        end["resident_peak_bytes"].as_f64().expect("Linux counts it")
    };
    Figures {
        seconds: run["elapsed_s"].as_f64().expect("it ended"),
        memory_bytes: (0..ranks).map(peak).fold(0.0, f64::max),
        parts_bytes: bytes_in(&out.join("parts")),
        rest_bytes: bytes_in(out),
    }
}

/// The figures of a prediction that are wrong: time and memory by more than a fifth, estimates of files by more than a
/// factor of two.
fn wrong(predicted: &Figures, real: &Figures) -> Vec<String> {
    let pairs = [
        ("seconds", predicted.seconds, real.seconds, 1.2),
        ("memory", predicted.memory_bytes, real.memory_bytes, 1.2),
        ("parts", predicted.parts_bytes, real.parts_bytes, 2.0),
        ("the rest", predicted.rest_bytes, real.rest_bytes, 2.0),
    ];
    let wrong = pairs.into_iter().filter(|(_, a, b, factor)| (a / b).max(b / a) > *factor);
    wrong.map(|(name, predicted, real, _)| format!("{name}: {predicted} predicted, {real} real")).collect()
}

/// The wall time is dominated by the job's own durations. Other load on the machine may still disturb one of the two, so
/// a wrong prediction is tried again.
#[test]
fn a_prediction_lies_within_a_fifth_of_the_run_and_files_within_a_factor_of_two() {
    for ranks in [1, 2] {
        let folder = Folder::new("plan");
        let job = folder.job(SWEEP);
        let count = ranks.to_string();
        let mut tried = Vec::new();
        for attempt in 0..3 {
            let out = folder.path().join(format!("out-{attempt}"));
            let planned = numamark(&["plan", text(&job), "--ranks-per-host", &count]).expect_code(0);
            let run = ["run", text(&job), "--out", text(&out), "--quiet"];
            finish(Start::Alone.command(ranks, &run), LIMIT).expect_code(0);
            let (predicted, real) = (Figures::of(&planned.stdout), measured(&out, ranks));
            println!("{ranks} ranks\n{predicted:#?}\n{real:#?}");
            tried = wrong(&predicted, &real);
            if tried.is_empty() {
                break;
            }
        }
        assert!(tried.is_empty(), "{tried:#?}");
    }
}

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
        assert!(said.contains("this machine was described, not tried"), "{said}");
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
    assert!(said.stderr.contains("generate.chunk=64GiB needs 4.06 TiB for each rank"), "{}", said.stderr);
    assert!(
        said.stderr.contains("GiB are free on") || said.stderr.contains("left in this process's cgroup"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_data_set_is_predicted_with_its_digest() {
    let folder = Folder::new("dataset");
    let job = folder.job(
        "schema = 1\nname = \"x\"\n[run]\nwarmup = \"0s\"\nbytes = \"256MiB\"\nrepetitions = 2\n[generate]\nchunk = \"16MiB\"\n",
    );
    let said = numamark(&["plan", text(&job)]).expect_code(0).stdout;
    let predicted = Figures::of(&said);
    assert!(predicted.seconds > 0.0 && predicted.seconds < 600.0, "{said}");
    assert_fits_80_columns(&said);
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
