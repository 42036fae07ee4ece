//! Predictions of `numamark plan`, compared with the run. A suite of its own: its tests have the machine for themselves.
#![cfg(feature = "cli")]

mod program;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use program::attempt::text;
use program::{Folder, LIMIT, SWEEP, Start, finish, numamark};
use serde_json::Value;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (rest, _) = rest.split_once(" beside it").expect("the rest");
        let (total, _) = total.split_once(" (within a factor").expect("marked as an estimate");
        let [parts_bytes, rest_bytes] = [parts, rest].map(quantity);
        let total = quantity(total.strip_prefix("about ").expect("marked as an estimate"));
        assert!((total / (parts_bytes + rest_bytes) - 1.0).abs() < 0.01, "{files}");
        let memory = paragraph("memory");
        let arenas = memory.iter().find_map(|line| line.split_once(" per host")).expect("memory of a host");
        let beside = memory.iter().find_map(|line| line.split_once(" more per process")).expect("beside");
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

/// The wall time is dominated by the job's own durations. Whatever else the machine does disturbs the prediction or the run,
/// so the figures that depend on it are judged in an attempt in which other programs took next to nothing.
#[test]
fn a_prediction_lies_within_a_fifth_of_the_run_and_files_within_a_factor_of_two() {
    let _alone = alone();
    for ranks in [1, 2] {
        let folder = Folder::new("plan");
        let job = folder.job(SWEEP);
        let count = ranks.to_string();
        let mut judged = None;
        for attempt in 0..3 {
            let before = Spent::now();
            let out = folder.path().join(format!("out-{attempt}"));
            let planned = numamark(&["plan", text(&job), "--ranks-per-host", &count]).expect_code(0);
            let run = ["run", text(&job), "--out", text(&out), "--quiet"];
            finish(Start::Alone.command(ranks, &run), LIMIT).expect_code(0);
            let (predicted, real) = (Figures::of(&planned.stdout), measured(&out, ranks));
            println!("{ranks} ranks\n{predicted:#?}\n{real:#?}");
            let others = before.share_of_others();
            println!("other programs took {:.1} % of the machine", others * 100.0);
            let off = |figure: f64, other: f64| (figure / other).max(other / figure);
            assert!(off(predicted.memory_bytes, real.memory_bytes) < 1.2, "memory does not depend on load");
            // Four cases of five repetitions, each of 100 and 300 ms.
            assert!(predicted.seconds >= 8.0 && real.seconds >= 8.0, "less than the job asks for");
            let wrong = wrong(&predicted, &real);
            if wrong.is_empty() || others < QUIET {
                judged = Some(wrong);
            }
            if judged.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
        }
        match judged {
            Some(wrong) => assert!(wrong.is_empty(), "{wrong:#?}"),
            None => println!("skipped: the machine is too busy to judge times and sizes"),
        }
    }
}

/// Below this share of the machine the other programs are taken for none.
const QUIET: f64 = 0.05;

/// CPU time that was spent since the machine started, in the kernel's ticks.
struct Spent {
    by_all: u64,
    by_us: u64,
    /// The time of all PUs.
    possible: u64,
}

impl Spent {
    fn now() -> Spent {
        let numbers =
            |line: &str| -> Vec<u64> { line.split(' ').filter_map(|word| word.parse().ok()).collect() };
        let stat = std::fs::read_to_string("/proc/stat").expect("Linux");
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted among the users.
        let all = numbers(stat.lines().next().expect("the sum of all PUs"));
        let possible = all[..8].iter().sum();
        let own = std::fs::read_to_string("/proc/self/stat").expect("Linux");
        // utime, stime, cutime and cstime: the 12th field after the name and the next three.
        let own: Vec<&str> = own.rsplit(')').next().expect("a name").split_whitespace().collect();
        let by_us = own[11..15].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
        Spent { by_all: possible - all[3] - all[4], by_us, possible }
    }

    /// Share of the machine that other programs took since then.
    fn share_of_others(&self) -> f64 {
        let now = Spent::now();
        let others = (now.by_all - self.by_all).saturating_sub(now.by_us - self.by_us);
        others as f64 / (now.possible - self.possible).max(1) as f64
    }
}

#[test]
fn a_data_set_is_predicted_with_its_digest() {
    let _alone = alone();
    let folder = Folder::new("dataset");
    let job = folder.job(
        "schema = 1\nname = \"x\"\n[run]\nwarmup = \"0s\"\nbytes = \"256MiB\"\nrepetitions = 2\n[generate]\nchunk = \"16MiB\"\n",
    );
    let said = numamark(&["plan", text(&job)]).expect_code(0).stdout;
    let predicted = Figures::of(&said);
    assert!(predicted.seconds > 0.0, "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}
