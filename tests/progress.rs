//! Progress output of a run: on a terminal and elsewhere, verbose and quiet, and from rank 0 only.
#![cfg(feature = "cli")]

mod program;

use std::process::Command;

use program::{Finished, Folder, LIMIT, Start, finish};

/// Two cases of three repetitions.
const JOB: &str = r#"
schema = 1
name = "progress"
[run]
warmup = "0ms"
duration = "30ms"
repetitions = 3
[rank]
share_nodes = true
[generate]
chunk = ["1MiB", "2MiB"]
block = "256KiB"
"#;

const STAGES: [&str; 5] = [
    "reading the job",
    "binding to a node",
    "setting up workers and memory",
    "making the run directory",
    "writing the result",
];

/// A run of [`JOB`] with further arguments; its folder disappears with it.
fn run(start: Start, ranks: u32, arguments: &[&str]) -> Finished {
    run_job(JOB, start, ranks, arguments)
}

fn run_job(job: &str, start: Start, ranks: u32, arguments: &[&str]) -> Finished {
    let folder = Folder::new("progress");
    let (job, out) = (folder.job(job), folder.path().join("out"));
    let mut all =
        vec!["run", job.to_str().expect("a plain path"), "--out", out.to_str().expect("a plain path")];
    all.extend(arguments);
    finish(start.command(ranks, &all), LIMIT).expect_code(0)
}

#[test]
fn quiet_says_nothing_on_stderr() {
    let said = run(Start::Alone, 2, &["-q"]);
    assert_eq!(said.stderr, "");
    assert!(said.stdout.contains("run directory: "));
}

#[test]
fn without_a_terminal_there_are_plain_lines_seconds_apart() {
    let said = run(Start::Alone, 2, &[]);
    let first = said.stderr.lines().next().expect("the first repetition is announced");
    assert!(
        first.starts_with("1 of 6: generate.chunk=") && first.contains(", repetition 1 of 3, about "),
        "{first}"
    );
    assert!(!said.stderr.contains(['\r', '\u{1b}']), "{:?}", said.stderr);
    // Without a terminal a line is printed at most every five seconds.
    let seconds = usize::try_from(said.took.as_secs()).expect("a short run");
    assert!(said.stderr.lines().count() <= 1 + seconds / 5, "{}", said.stderr);
}

/// Under a launcher every process has the same stderr, so only rank 0 prints.
#[test]
fn verbose_tells_once_where_ranks_are_what_they_did_and_how_long_stages_took() {
    let job = JOB.replace("duration = \"30ms\"", "bytes = \"64MiB\"");
    for start in [Start::Alone, Start::OpenMpi] {
        if let Some(why) = start.missing() {
            println!("skipped {start:?}: {why}");
            continue;
        }
        let said = run_job(&job, start, 2, &["--verbose"]);
        let count = |begin: &str| said.stderr.lines().filter(|line| line.starts_with(begin)).count();
        for stage in STAGES {
            assert_eq!(count(&format!("{stage}: ")), 1, "{stage}\n{}", said.stderr);
        }
        for rank in ["rank 0: ", "rank 1: "] {
            assert_eq!(count(rank), 1, "{}", said.stderr);
        }
        for repetition in 1..=6 {
            let begin = format!("{repetition} of 6: generate.chunk=");
            assert_eq!(count(&begin), 1, "{}", said.stderr);
            let line = said.stderr.lines().find(|line| line.starts_with(&begin)).expect("counted");
            // The share of refills is there if one of the few was timed.
            for figure in [" GiB/s in ", ", CPU ", ", slowest rank "] {
                assert!(line.contains(figure), "{line}");
            }
        }
        assert_eq!(said.stderr.lines().count(), STAGES.len() + 2 + 6, "{}", said.stderr);
    }
}

/// The same run in a pseudo-terminal of `script`, whose output has stdout and stderr in one.
fn on_a_terminal(columns: u32, environment: &[(&str, &str)], arguments: &str) -> Option<String> {
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: no script(1) to make a terminal with");
        return None;
    }
    let folder = Folder::new("terminal");
    let (job, out) = (folder.job(JOB), folder.path().join("out"));
    // The terminal that script makes is standard output: standard input is none here.
    let line = format!(
        "stty -F /dev/stdout rows 24 columns {columns}; {} run {} --out {} --ranks 1 {arguments}",
        env!("CARGO_BIN_EXE_numamark"),
        job.display(),
        out.display()
    );
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    command.envs(environment.iter().copied());
    let said = finish(command, LIMIT);
    // The exit code is not checked: a test that expects a failure checks the text.
    Some(said.stdout)
}

/// The lines that a terminal shows after it has applied `\r` and "erase line".
fn drawn(output: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in output.split_inclusive(['\r', '\n']) {
        let text = piece.rsplit("\u{1b}[2K").next().unwrap_or(piece);
        let line = lines.last_mut().expect("never empty");
        if piece.contains("\u{1b}[2K") {
            line.clear();
        }
        let text = text.trim_end_matches(['\r', '\n']);
        if !text.is_empty() {
            *line = text.to_owned();
        }
        if piece.ends_with('\n') {
            lines.push(String::new());
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn on_a_terminal_there_is_a_bar_that_fits_and_leaves_nothing_behind() {
    for columns in [80, 60] {
        let Some(output) = on_a_terminal(columns, &[], "") else { return };
        let bars: Vec<&str> = output
            .split(['\r', '\n'])
            .map(|text| text.trim_start_matches("\u{1b}[2K"))
            .filter(|text| text.starts_with('['))
            .collect();
        let last = bars.iter().find(|bar| bar.contains("] 5/6  ")).unwrap_or_else(|| panic!("{output:?}"));
        // How much of the case has room depends on the rate.
        assert!(last.contains(" left  ") && last.contains(" so far  g"), "{last:?}");
        let widest = bars.iter().map(|bar| bar.trim_end().chars().count()).max().expect("bars");
        assert!(widest <= columns as usize, "{widest} columns: {output:?}");
        let screen = drawn(&output);
        assert!(screen[0].starts_with("progress: 1 rank on "), "{screen:?}");
        assert!(!screen.iter().any(|line| line.starts_with('[')), "{screen:?}");
    }
}

#[test]
fn a_dumb_terminal_has_plain_lines() {
    let Some(output) = on_a_terminal(80, &[("TERM", "dumb")], "") else { return };
    assert!(output.starts_with("1 of 6: generate.chunk="), "{output:?}");
    assert!(!output.contains('\u{1b}'), "{output:?}");
}

/// The bar has no colour, so it stays; the report has, and loses them.
#[test]
fn no_color_removes_colours_and_not_the_bar() {
    let Some(plain) = on_a_terminal(80, &[("NO_COLOR", "1")], "") else { return };
    assert!(plain.contains("] 5/6  ") && plain.contains(" so far"), "{plain:?}");
    assert!(!plain.contains("\u{1b}[3"), "{plain:?}");
    let Some(coloured) = on_a_terminal(80, &[], "") else { return };
    assert!(
        ["31m", "32m", "33m"].iter().any(|colour| coloured.contains(&format!("\u{1b}[{colour}"))),
        "{coloured:?}"
    );
}

/// Open MPI gives each rank a terminal for its stdout, and forwards it to whatever its own is: here a pipe.
#[test]
fn the_terminal_of_a_launcher_is_no_screen() {
    for start in [Start::OpenMpi, Start::Mpich] {
        if let Some(why) = start.missing() {
            println!("skipped {start:?}: {why}");
            continue;
        }
        let folder = Folder::new("launched");
        let (job, out) = (folder.job(JOB), folder.path().join("out"));
        let paths = [&job, &out].map(|path| path.to_str().expect("a plain path"));
        let mut command = start.command(2, &["run", paths[0], "--out", paths[1]]);
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        let said = finish(command, LIMIT).expect_code(0);
        assert!(said.stdout.starts_with("progress: 2 ranks on "), "{:?}", said.stdout);
        assert!(!said.stdout.contains('\u{1b}'), "{start:?}: {:?}", said.stdout);
    }
}

/// The table of a stopped run is made for its terminal, as that of a complete one.
#[test]
fn the_table_of_a_stopped_run_has_colours_too() {
    let mut seen = String::new();
    // A slow machine may not end a repetition in the first of these.
    for time in ["2s", "10s", "40s"] {
        let arguments = format!("--set run.repetitions=10000 --time {time}");
        let Some(output) = on_a_terminal(80, &[], &arguments) else { return };
        if output.contains(&format!("\u{1b}[33mPARTIAL\u{1b}[0m RESULT: stopped by --time {time}")) {
            return;
        }
        seen = output;
    }
    panic!("{seen:?}");
}

#[test]
fn verbose_lines_stand_above_the_bar() {
    let Some(output) = on_a_terminal(120, &[], "-v") else { return };
    let screen = drawn(&output);
    let about = |begin: &str| screen.iter().filter(|line| line.starts_with(begin)).count();
    assert_eq!(about("6 of 6: generate.chunk="), 1, "{screen:?}");
    assert_eq!(about("rank 0: "), 1, "{screen:?}");
    assert!(output.contains("] 5/6  "), "{output:?}");
}

/// Error and bar do not share a line.
#[test]
fn an_error_begins_its_own_line() {
    let Some(output) = on_a_terminal(80, &[], "--set generate.in_flight=64 --set generate.chunk=64GiB")
    else {
        return;
    };
    let screen = drawn(&output);
    assert!(screen.iter().any(|line| line.starts_with("numamark: ")), "{screen:?}");
}
