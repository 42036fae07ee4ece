//! Every failure ends the run, with one line that names the place, the documented exit code, and no
//! result that looks complete.
#![cfg(feature = "cli")]

mod program;

use program::attempt::{Attempt, LONG, processes, starts, text, wait_for_parts};
use program::{Finished, LIMIT, Start, finish, signal, spawn, wait};
use std::path::PathBuf;
use std::time::Instant;

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
    let hangs = |fault| {
        let attempt = Attempt::new("hang", LONG);
        let said = with_fault(&attempt, Start::Alone, fault).expect_code(1);
        assert!(said.stderr.contains("rank 1"), "{}", said.stderr);
        attempt.assert_nothing_looks_complete();
    };
    // At the same time, because each lasts as long as the time limit.
    std::thread::scope(|scope| {
        scope.spawn(|| hangs("hang:1"));
        hangs("hang:1:0");
    });
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
fn a_wrong_command_line_is_reported_once_for_all_processes() {
    for start in starts() {
        let said = finish(start.command(4, &["run", "job.toml", "--no-such-option"]), LIMIT).expect_code(2);
        assert_eq!(said.stderr.matches("--no-such-option' found").count(), 1, "{}", said.stderr);
    }
}
