//! A run that a test interrupts: its job, its directory, its processes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Finished, Folder, LIMIT, Start, finish};

/// Long enough to be interrupted, short enough to end by itself otherwise.
pub const LONG: &str = r#"
schema = 1
name = "long"
[run]
warmup = "0ms"
duration = "300ms"
repetitions = 60
[rank]
share_nodes = true
[generate]
chunk = "1MiB"
"#;

/// The job of a run and the place for its directory.
pub struct Attempt {
    /// Kept for its drop.
    _folder: Folder,
    pub job: PathBuf,
    pub out: PathBuf,
}

impl Attempt {
    pub fn new(name: &str, job: &str) -> Attempt {
        let folder = Folder::new(name);
        let (job, out) = (folder.job(job), folder.path().join("out"));
        Attempt { _folder: folder, job, out }
    }

    pub fn command(&self, start: Start, ranks: u32, more: &[&str]) -> std::process::Command {
        let mut arguments = vec!["run", text(&self.job), "--out", text(&self.out)];
        arguments.extend(more);
        start.command(ranks, &arguments)
    }

    pub fn run(&self, start: Start, ranks: u32, more: &[&str]) -> Finished {
        finish(self.command(start, ranks, more), LIMIT)
    }

    pub fn assert_nothing_looks_complete(&self) {
        assert_nothing_looks_complete(&self.out);
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

pub fn assert_nothing_looks_complete(out: &Path) {
    if let Ok(text) = std::fs::read_to_string(out.join("run.json")) {
        let value: serde_json::Value =
            serde_json::from_str(&text).expect("a run.json that is there is whole");
        assert_eq!(value["complete"], false, "{text}");
    }
}

/// The starts that can be tried here; prints why the others cannot.
pub fn starts() -> Vec<Start> {
    let mut starts = vec![Start::Alone];
    for start in [Start::OpenMpi, Start::Mpich] {
        match start.missing() {
            Some(why) => println!("skipped {start:?}: {why}"),
            None => starts.push(start),
        }
    }
    starts
}

/// Waits until every rank has written at least one repetition.
pub fn wait_for_parts(out: &Path, ranks: u32) {
    let began = Instant::now();
    let written = |rank| {
        let part = out.join(format!("parts/rank-{rank:05}.jsonl"));
        std::fs::read_to_string(part).is_ok_and(|text| text.lines().count() >= 2)
    };
    while !(0..ranks).all(written) {
        assert!(began.elapsed() < LIMIT, "no repetition was recorded in {}", out.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes of numamark with `needle` in their command line, by /proc.
pub fn processes(needle: &str) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let program = line.split(' ').next().unwrap_or_default();
        program.ends_with("numamark") && line.contains(needle)
    };
    numbers.filter(ours).collect()
}
