//! Every failure ends the run within seconds, with one line that names the place, the documented exit code, and no
//! result that looks complete.
#![cfg(feature = "cli")]

mod program;

use program::{Finished, Folder, Start, finish, signal, spawn, wait};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

/// Long enough to be interrupted, short enough to end by itself otherwise.
const LONG: &str = r#"
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

struct Attempt {
    /// Kept for its drop.
    _folder: Folder,
    job: PathBuf,
    out: PathBuf,
}

impl Attempt {
    fn new(name: &str, job: &str) -> Attempt {
        let folder = Folder::new(name);
        let (job, out) = (folder.job(job), folder.path().join("out"));
        Attempt { _folder: folder, job, out }
    }

    fn command(&self, start: Start, ranks: u32, more: &[&str]) -> std::process::Command {
        let mut arguments = vec!["run", text(&self.job), "--out", text(&self.out)];
        arguments.extend(more);
        start.command(ranks, &arguments)
    }

    fn run(&self, start: Start, ranks: u32, more: &[&str]) -> Finished {
        finish(self.command(start, ranks, more), LIMIT)
    }

    fn assert_nothing_looks_complete(&self) {
        assert_nothing_looks_complete(&self.out);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn assert_nothing_looks_complete(out: &Path) {
    if let Ok(text) = std::fs::read_to_string(out.join("run.json")) {
        let value: serde_json::Value =
            serde_json::from_str(&text).expect("a run.json that is there is whole");
        assert_eq!(value["complete"], false, "{text}");
    }
}

/// The starts that can be tried here; prints why the others cannot.
fn starts() -> Vec<Start> {
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
fn wait_for_parts(out: &Path, ranks: u32) {
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

/// Processes whose command line holds `needle`, by /proc.
fn processes(needle: &str) -> Vec<u32> {
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

#[test]
fn an_existing_run_directory_is_refused_and_left_alone() {
    for start in starts() {
        let attempt = Attempt::new(&format!("exists-{start:?}"), LONG);
        std::fs::create_dir(&attempt.out).unwrap();
        std::fs::write(attempt.out.join("precious"), "data").unwrap();
        let said = attempt.run(start, 2, &[]).expect_code(2);
        assert!(said.stderr.contains("already exists"), "{}", said.stderr);
        assert_eq!(std::fs::read_dir(&attempt.out).unwrap().count(), 1);
    }
}

#[test]
fn an_unwritable_run_directory_is_an_environment_error() {
    let mut attempt = Attempt::new("unwritable", LONG);
    attempt.out = PathBuf::from("/proc/numamark-cannot-be-here");
    let said = attempt.run(Start::Alone, 2, &[]).expect_code(5);
    assert!(said.stderr.contains("/proc/numamark-cannot-be-here"), "{}", said.stderr);
}

#[test]
fn more_ranks_than_nodes_is_refused_without_share_nodes() {
    for start in starts() {
        let attempt = Attempt::new(&format!("ranks-{start:?}"), &LONG.replace("share_nodes = true", ""));
        let said = attempt.run(start, 4, &[]).expect_code(5);
        assert!(said.stderr.contains("share_nodes"), "{}", said.stderr);
        attempt.assert_nothing_looks_complete();
    }
}

#[test]
fn more_memory_than_the_node_has_is_refused_before_it_is_touched() {
    let attempt = Attempt::new("memory", LONG);
    let said =
        attempt.run(Start::Alone, 1, &["--set", "generate.chunk=64GiB", "--set", "generate.in_flight=64"]);
    let said = said.expect_code(5);
    assert!(said.stderr.contains("not enough memory"), "{}", said.stderr);
    assert!(!attempt.out.exists());
}

#[test]
fn job_errors_say_where_and_what_would_be_accepted() {
    for (line, expected) in [
        ("chnk = \"1MiB\"", "chunk"),
        ("block = \"4MB\"", "MiB"),
        ("block = ", "job.toml:"),
        ("kernel = \"avx1024\"", "avx512"),
    ] {
        let attempt = Attempt::new("job", &format!("{LONG}\n{line}\n"));
        let said = attempt.run(Start::Alone, 2, &[]).expect_code(2);
        assert!(
            said.stderr.contains("job.toml:13:") || said.stderr.contains("job.toml:14:"),
            "{}",
            said.stderr
        );
        assert!(said.stderr.contains(expected), "{line}: {}", said.stderr);
        assert!(!attempt.out.exists());
    }
}

#[test]
fn an_interrupt_keeps_what_was_completed_and_exits_4() {
    for start in starts() {
        for name in ["INT", "TERM", "USR1"] {
            if start != Start::Alone && name != "TERM" {
                continue; // launchers turn INT into TERM, and numamark does not define their reaction to USR1
            }
            let attempt = Attempt::new(&format!("interrupt-{start:?}-{name}"), LONG);
            let started = Instant::now();
            let child = spawn(attempt.command(start, 2, &[]));
            wait_for_parts(&attempt.out, 2);
            match start {
                Start::Alone => signal(child.id(), name),
                _ => processes(text(&attempt.out)).into_iter().for_each(|id| signal(id, name)),
            }
            let said = wait(child, started, LIMIT).expect_code(4);
            assert!(said.stderr.contains("--resume"), "{}", said.stderr);
            assert!(said.took < Duration::from_secs(15), "{:?}", said.took);
            attempt.assert_nothing_looks_complete();
        }
    }
}

#[test]
fn a_killed_rank_takes_the_job_down_and_its_parts_are_recovered() {
    for start in starts().into_iter().filter(|start| *start != Start::Alone) {
        let attempt = Attempt::new(&format!("killed-{start:?}"), LONG);
        let started = Instant::now();
        let child = spawn(attempt.command(start, 4, &[]));
        wait_for_parts(&attempt.out, 4);
        let ranks = processes(text(&attempt.out));
        signal(*ranks.last().expect("ranks are running"), "KILL");
        let said = wait(child, started, LIMIT);
        assert_ne!(said.code, Some(0), "{said:?}");
        attempt.assert_nothing_looks_complete();
        assert!(!attempt.out.join("run.json").exists());
        let recovered = finish(Start::Alone.command(1, &["recover", text(&attempt.out)]), LIMIT);
        recovered.expect_code(0);
        attempt.assert_nothing_looks_complete();
        assert!(attempt.out.join("run.json").exists());
    }
}

#[test]
fn a_hung_rank_is_named_and_the_job_ends() {
    for start in starts().into_iter().filter(|start| *start != Start::Alone) {
        let attempt = Attempt::new(&format!("hung-{start:?}"), LONG);
        let started = Instant::now();
        let child = spawn(attempt.command(start, 4, &[]));
        wait_for_parts(&attempt.out, 4);
        let ranks = processes(text(&attempt.out));
        let hung = *ranks.last().expect("ranks are running");
        signal(hung, "STOP");
        let said = wait(child, started, LIMIT);
        signal(hung, "KILL");
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stderr.contains("rank"), "{}", said.stderr);
        assert!(!attempt.out.join("run.json").exists());
    }
}

/// Runs with an injected fault that only a bug could cause. Builds without debug assertions cannot inject faults.
fn with_fault(attempt: &Attempt, start: Start, fault: &str) -> Finished {
    let mut command = attempt.command(start, 4, &["--quiet"]);
    command.env("NUMAMARK_FAULT", fault);
    finish(command, LIMIT)
}

#[test]
fn a_panic_on_a_rank_or_a_worker_ends_the_job_with_one_line_and_code_101() {
    if cfg!(not(debug_assertions)) {
        println!("skipped: a release build has no faults to ask for");
        return;
    }
    for start in starts() {
        for (fault, who) in [("panic:2", "rank 2"), ("panic:1:0", "rank 1 worker 0")] {
            let attempt = Attempt::new("panic", LONG);
            let said = with_fault(&attempt, start, fault);
            assert_eq!(said.code, Some(101), "{start:?} {fault}: {said:?}");
            let lines: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("numamark:")).collect();
            assert_eq!(lines.len(), 1, "{start:?} {fault}: {}", said.stderr);
            assert!(lines[0].contains(who) && lines[0].contains("bug"), "{start:?} {fault}: {}", lines[0]);
            attempt.assert_nothing_looks_complete();
        }
    }
}

#[test]
fn a_hung_rank_in_process_is_named_and_the_run_ends() {
    if cfg!(not(debug_assertions)) {
        println!("skipped: a release build has no faults to ask for");
        return;
    }
    for fault in ["hang:1", "hang:1:0"] {
        let attempt = Attempt::new("hang", LONG);
        let said = with_fault(&attempt, Start::Alone, fault).expect_code(1);
        assert!(said.stderr.contains("rank 1"), "{}", said.stderr);
        attempt.assert_nothing_looks_complete();
    }
}

#[test]
fn the_wrong_launcher_is_refused_before_anything_is_written() {
    let (openmpi, mpich) = (Start::OpenMpi.missing(), Start::Mpich.missing());
    if let Some(why) = openmpi.or(mpich) {
        println!("skipped: {why}");
        return;
    }
    let of_mpich = std::env::var("NUMAMARK_MPICH_BINARY").expect("checked above");
    let programs = [(Start::OpenMpi, of_mpich), (Start::Mpich, env!("CARGO_BIN_EXE_numamark").to_owned())];
    for (launcher, program) in programs {
        let attempt = Attempt::new("launcher", LONG);
        let command = attempt.command(launcher, 2, &[]);
        let own = match launcher {
            Start::OpenMpi => env!("CARGO_BIN_EXE_numamark").to_owned(),
            _ => std::env::var("NUMAMARK_MPICH_BINARY").expect("checked above"),
        };
        let mut wrong = std::process::Command::new(command.get_program());
        wrong.args(command.get_args().map(|word| if word == own.as_str() { program.as_ref() } else { word }));
        wrong.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let said = finish(wrong, LIMIT).expect_code(5);
        assert_eq!(said.stderr.matches("numamark:").count(), 1, "{}", said.stderr);
        assert!(said.stderr.contains("started 2 processes"), "{}", said.stderr);
        assert!(!attempt.out.exists());
    }
}

/// True when this process may mount a file system for one process tree, as root may.
fn can_mount() -> bool {
    let status = std::process::Command::new("unshare").args(["--mount", "true"]).status();
    let can = status.is_ok_and(|status| status.success());
    if !can {
        println!("skipped: unshare --mount is not allowed here");
    }
    can
}

/// The command, run by a shell that first does `before` in a mount namespace of its own.
fn in_namespace(before: &str, command: &std::process::Command) -> std::process::Command {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().expect("plain arguments")))
        .collect();
    let mut inside = std::process::Command::new("unshare");
    inside.args(["--mount", "sh", "-c", &format!("{before} && exec {}", words.join(" "))]);
    inside
}

#[test]
fn a_full_disk_ends_the_run_and_keeps_whole_lines() {
    if !can_mount() {
        return;
    }
    let attempt = Attempt::new("disk", LONG);
    let disk = attempt.out.parent().expect("a folder").join("disk");
    std::fs::create_dir(&disk).expect("mount point");
    let out = disk.join("out");
    let command = Start::Alone.command(2, &["run", text(&attempt.job), "--out", text(&out)]);
    let before = format!("mount -t tmpfs -o size=64k none '{}'", text(&disk));
    let said = finish(in_namespace(&before, &command), LIMIT).expect_code(1);
    assert!(said.stderr.contains("No space left") && said.stderr.contains("rank-0000"), "{}", said.stderr);
}

#[test]
fn a_run_directory_that_is_not_shared_is_named() {
    if let Some(why) = Start::OpenMpi.missing() {
        println!("skipped: {why}");
        return;
    }
    if !can_mount() {
        return;
    }
    let attempt = Attempt::new("shared", LONG);
    let place = attempt.out.parent().expect("a folder").join("place");
    std::fs::create_dir(&place).expect("mount point");
    let out = place.join("out");
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_numamark"));
    let elsewhere = in_namespace(&format!("mount -t tmpfs none '{}'", text(&place)), &{
        let mut run = program;
        run.args(["run", text(&attempt.job), "--out", text(&out)]);
        run
    });
    // mpirun's syntax for two programs in one world: the second rank has another file system at the same path.
    let mut command = Start::OpenMpi.command(1, &["run", text(&attempt.job), "--out", text(&out)]);
    command.args([":", "-n", "1"]).arg(elsewhere.get_program()).args(elsewhere.get_args());
    let said = finish(command, LIMIT).expect_code(5);
    assert!(said.stderr.contains("rank 1 on") && said.stderr.contains("all hosts share"), "{}", said.stderr);
}

#[test]
fn a_stopped_run_is_resumed_to_the_end() {
    let short = LONG.replace("repetitions = 60", "repetitions = 6");
    for start in starts() {
        let attempt = Attempt::new("resume", &short);
        let started = Instant::now();
        let child = spawn(attempt.command(start, 2, &[]));
        wait_for_parts(&attempt.out, 2);
        match start {
            Start::Alone => signal(child.id(), "TERM"),
            _ => processes(text(&attempt.out)).into_iter().for_each(|id| signal(id, "TERM")),
        }
        wait(child, started, LIMIT).expect_code(4);
        // The command that the stopped run printed: without a launcher the number of ranks is that of the run.
        let resumed = match start {
            Start::Alone => {
                let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_numamark"));
                command.args(["run", "--resume", text(&attempt.out)]);
                command
            }
            _ => start.command(2, &["run", "--resume", text(&attempt.out)]),
        };
        finish(resumed, LIMIT).expect_code(0);
        let written = std::fs::read_to_string(attempt.out.join("run.json")).expect("a result");
        let run: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(run["complete"], true);
        assert_eq!(run["cases"][0]["metrics"]["throughput_bytes_per_s"]["repetitions"], 6);
        finish(Start::Alone.command(1, &["verify", text(&attempt.out)]), LIMIT).expect_code(0);
        finish(start.command(2, &["run", "--resume", text(&attempt.out)]), LIMIT).expect_code(2);
    }
}

#[test]
fn a_wrong_command_line_is_reported_once_for_all_processes() {
    for start in starts() {
        let said = finish(start.command(4, &["run", "job.toml", "--no-such-option"]), LIMIT).expect_code(2);
        assert_eq!(said.stderr.matches("--no-such-option' found").count(), 1, "{}", said.stderr);
    }
}
