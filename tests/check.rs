//! `check = true`: the measured ratios of a real run beside the requested ones, in every output of the run.
#![cfg(feature = "cli")]

mod program;

use std::fs;
use std::path::Path;
use std::process::Command;

use numamark::record::Run;
use numamark::results::RunDirectory;
use program::{Finished, Folder, LIMIT, finish};

fn numamark(arguments: &[&str], folder: &Path) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_numamark"));
    command.args(arguments).current_dir(folder);
    finish(command, LIMIT)
}

/// Two ranks as threads, one chunk per repetition. The bytes do not depend on the load of the machine.
fn job(generate: &str, gates: &str) -> String {
    format!(
        "schema = 1\nname = \"check\"\n[rank]\nshare_nodes = true\nworkers = 1\n\
         [run]\nduration = \"1ms\"\nwarmup = \"0ms\"\nrepetitions = 2\nlimit = \"0ms\"\n\
         [generate]\nchunk = \"1MiB\"\ncheck = true\n{generate}\n{gates}"
    )
}

fn run(folder: &Folder, generate: &str, gates: &str, code: i32) -> (Run, String) {
    let path = folder.job(&job(generate, gates));
    let _ = fs::remove_dir_all(folder.path().join("out"));
    let path = path.to_str().expect("a path of letters");
    let said = numamark(&["run", path, "--out", "out", "--ranks", "2", "--quiet"], folder.path());
    let said = said.expect_code(code);
    numamark(&["verify", "out"], folder.path()).expect_code(0);
    let directory = RunDirectory::open(&folder.path().join("out")).expect("a run directory");
    (directory.read_run().expect("a result"), said.stdout)
}

fn figure(run: &Run, name: &str) -> f64 {
    let metric = &run.derived.cases[0].metrics[name];
    assert_eq!(metric.values, [metric.value, None], "{name} is of the first repetition");
    metric.value.unwrap_or_else(|| panic!("{name} has no value: {:?}", metric.reason))
}

#[test]
fn the_measured_ratios_are_the_requested_ones_in_every_scope() {
    let folder = Folder::new("check");
    let shape = "dedup = 1.5\ncompress = 2\ncodec = \"lz4\"\n";
    for (scope, within) in
        [("rank", " within ranks and 1.000 across them"), ("host", " within hosts"), ("all", "")]
    {
        let (run, said) = run(&folder, &format!("{shape}scope = \"{scope}\"\n"), "", 0);
        let (dedup, compression) = (figure(&run, "dedup_ratio"), figure(&run, "compression_ratio"));
        // 1024 units of two ranks each, and one unit more or less.
        assert!((dedup - 1.5).abs() < 1.5 / 680.0, "{scope}: {dedup}");
        assert_eq!(figure(&run, "dedup_ratio_across"), 1.0, "{scope}");
        assert!((compression / 2.0 - 1.0).abs() < 0.02, "{scope}: {compression}");
        let least = figure(&run, "compression_ratio_min");
        assert!(least >= 2.0 / 1.02 && least <= compression, "{scope}: {least}");
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("check of generate: dedup 1.5 asked, {dedup:.3} found{within}");
        assert!(flat.contains(&line), "{line}\n{said}");
        let line = format!("compress 2 asked, {compression:.3} found, {least:.3} at least (lz4)");
        assert!(flat.contains(&line), "{line}\n{said}");
    }
}

#[test]
fn gates_accept_checked_ratios_and_a_plain_stream_has_none() {
    let folder = Folder::new("check-gates");
    let gate = |metric: &str, bound: &str| format!("[[gate]]\nmetric = \"{metric}\"\n{bound}\n");
    let met = gate("dedup_ratio", "at_most = 1") + &gate("dedup_ratio_across", "at_most = 1");
    let (run, said) = run(&folder, "", &(met + &gate("compression_ratio_min", "at_least = 1.9")), 3);
    assert_eq!((figure(&run, "dedup_ratio"), figure(&run, "dedup_ratio_across")), (1.0, 1.0));
    assert!((0.99..1.0).contains(&figure(&run, "compression_ratio")));
    assert!(
        said.contains("PASS on 2 gates: dedup_ratio, dedup_ratio_across")
            && said.contains(": compression_ratio_min 0.99"),
        "{said}"
    );
}

#[test]
fn a_damaged_hash_is_found_in_the_parts() {
    let folder = Folder::new("check-damage");
    run(&folder, "dedup = 2\n", "", 0);
    let part = folder.path().join("out/parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("a part");
    let from = text.find("\"distinct_units\":512").expect("1024 units, of which every second differs");
    let damaged = format!("{}{}{}", &text[..from], "\"distinct_units\":511", &text[from + 20..]);
    fs::write(&part, damaged).expect("a part");
    let said = numamark(&["verify", "out"], folder.path()).expect_code(1);
    assert!(said.stderr.contains("check: there are more hashes than units"), "{}", said.stderr);
}

/// Without the check, a gate on a ratio would never have a figure.
#[test]
fn a_gate_on_a_ratio_needs_the_check() {
    let folder = Folder::new("check-unasked");
    let gate = "[[gate]]\nmetric = \"dedup_ratio\"\nat_least = 1\n";
    let path = folder.job(&job("", gate).replace("check = true", ""));
    let path = path.to_str().expect("a path of letters");
    let said = numamark(&["run", path, "--out", "out", "--ranks", "1"], folder.path()).expect_code(2);
    assert!(said.stderr.contains("needs [generate] check = true"), "{}", said.stderr);
}
