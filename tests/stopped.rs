//! Runs that were stopped, killed, or are still going on: they have a table of what is complete, and can be resumed.
#![cfg(feature = "cli")]

mod program;

use program::attempt::{Attempt, LONG, processes, starts, text, wait_for_parts};
use program::{LIMIT, Start, finish, numamark, signal, spawn, wait};
use std::time::Instant;

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
            let line = said.stderr.lines().find(|line| line.starts_with("numamark: ")).expect("a reason");
            assert!(line.starts_with(&format!("numamark: stopped by SIG{name} after ")), "{line}");
            assert!(line.contains("--resume"), "{line}");
            // The table of the run itself, and the one that is read from its parts.
            let (done, first) = partial_line(&said.stdout);
            assert!((1..60).contains(&done), "{first}");
            assert_eq!(first, format!("stopped by SIG{name} after {done} of 60 repetitions; showing those"));
            assert_eq!(
                partial_line(&numamark(&["report", text(&attempt.out)]).expect_code(0).stdout),
                (done, first)
            );
            attempt.assert_nothing_looks_complete();
            assert!(!attempt.out.join("run.json").exists(), "neither a stopped run nor a report writes one");
        }
    }
}

/// The number of repetitions in the line of a report on a run that is not whole, and that line's text.
#[track_caller]
fn partial_line(report: &str) -> (u32, String) {
    // A line that is longer than a screen continues indented.
    let joined = report.replace("\n  ", " ");
    let text = joined.lines().take(3).find_map(|line| line.strip_prefix("PARTIAL RESULT: "));
    let text = text.unwrap_or_else(|| panic!("{report}"));
    let words: Vec<&str> = text.split(' ').collect();
    let of = words.windows(2).position(|pair| pair == ["of", "60"]).unwrap_or_else(|| panic!("{text}"));
    (words[of - 1].parse().expect("a count"), text.to_owned())
}

#[test]
fn a_time_limit_leaves_a_table_of_what_is_complete_and_says_when_there_is_nothing() {
    for start in starts() {
        let attempt = Attempt::new(&format!("time-{start:?}"), LONG);
        let out = text(&attempt.out);
        let said = attempt.run(start, 2, &["--time", "1ms"]).expect_code(4);
        assert!(
            said.stderr.contains("numamark: stopped by --time 1ms after 0 of 60 repetitions"),
            "{said:?}"
        );
        assert_eq!(said.stdout, "", "no table without a repetition");
        for command in ["report", "verify", "recover"] {
            let said = numamark(&[command, out]).expect_code(4);
            assert!(said.stderr.contains("stopped by --time 1ms after 0 repetitions"), "{}", said.stderr);
        }
        let started = Instant::now();
        let child = spawn(start.command(2, &["run", "--resume", out]));
        wait_for_parts(&attempt.out, 2);
        processes(out).into_iter().for_each(|id| signal(id, "TERM"));
        let (done, _) = partial_line(&wait(child, started, LIMIT).expect_code(4).stdout);
        // The limit counts from the start of the program, so this session adds nothing to the first one.
        let said = finish(start.command(2, &["run", "--resume", out, "--time", "1ms"]), LIMIT).expect_code(4);
        let (again, first) = partial_line(&said.stdout);
        assert_eq!(again, done);
        assert_eq!(first, format!("stopped by --time 1ms after {done} of 60 repetitions; showing those"));
        let verified = numamark(&["verify", out]).expect_code(0);
        assert!(verified.stdout.starts_with("PARTIAL RESULT: stopped by --time 1ms"), "{}", verified.stdout);
        assert!(verified.stdout.contains("no run.json to verify; 2 parts"), "{}", verified.stdout);
    }
}

#[test]
fn a_run_that_is_going_on_has_a_table_and_is_protected() {
    for start in starts() {
        let attempt = Attempt::new(&format!("going-on-{start:?}"), LONG);
        let (out, started) = (text(&attempt.out), Instant::now());
        let child = spawn(attempt.command(start, 2, &[]));
        wait_for_parts(&attempt.out, 2);
        // Halted, so that it is still going on when it is read, however long that takes.
        let ranks = processes(out);
        ranks.iter().for_each(|id| signal(*id, "STOP"));
        let (done, first) = partial_line(&numamark(&["report", out]).expect_code(0).stdout);
        assert_eq!(first, format!("still running: {done} of 60 repetitions so far; showing those"));
        for refused in [&["recover", out][..], &["run", "--resume", out]] {
            let said = numamark(refused).expect_code(2);
            assert!(said.stderr.contains("its run is still going on"), "{}", said.stderr);
        }
        ranks.iter().for_each(|id| signal(*id, "CONT"));
        ranks.iter().for_each(|id| signal(*id, "TERM"));
        let (later, _) = partial_line(&wait(child, started, LIMIT).expect_code(4).stdout);
        assert!(later >= done, "{later} after {done}");
    }
}

#[test]
fn a_killed_process_leaves_a_table() {
    let attempt = Attempt::new("killed-alone", LONG);
    let (out, started) = (text(&attempt.out), Instant::now());
    let child = spawn(attempt.command(Start::Alone, 2, &[]));
    wait_for_parts(&attempt.out, 2);
    signal(child.id(), "KILL");
    assert_eq!(wait(child, started, LIMIT).code, None, "killed");
    let (done, first) = partial_line(&numamark(&["report", out]).expect_code(0).stdout);
    assert_eq!(first, format!("died after {done} of 60 repetitions, without a run.json; showing those"));
    let csv = numamark(&["report", out, "--format", "csv"]).expect_code(0);
    assert!(csv.stderr.contains("warning: partial result: died after "), "{}", csv.stderr);
    let json = numamark(&["report", out, "--format", "json"]).expect_code(0).stdout;
    let run: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&run["complete"], &run["partial"]["state"]), (&false.into(), &"died".into()));
    assert!(!attempt.out.join("run.json").exists(), "a report writes nothing");
    numamark(&["recover", out]).expect_code(0);
    assert_eq!(partial_line(&numamark(&["report", out]).expect_code(0).stdout), (done, first));
    numamark(&["verify", out]).expect_code(0);
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
        let shown = numamark(&["report", text(&attempt.out)]).expect_code(0).stdout;
        let (done, first) = partial_line(&shown);
        assert_eq!(first, format!("died after {done} of 60 repetitions, without a run.json; showing those"));
        let recovered = finish(Start::Alone.command(1, &["recover", text(&attempt.out)]), LIMIT);
        recovered.expect_code(0);
        attempt.assert_nothing_looks_complete();
        assert!(attempt.out.join("run.json").exists());
    }
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
