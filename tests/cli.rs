//! The command line: help, examples, corrections, completions.
#![cfg(feature = "cli")]

mod program;

use std::path::Path;
use std::process::Command;

use program::{Finished, Folder, LIMIT, Start, finish};

fn numamark(arguments: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_numamark"));
    command.args(arguments);
    finish(command, LIMIT)
}

/// The names in the list of `numamark --help`.
fn subcommands() -> Vec<String> {
    let help = numamark(&["--help"]).expect_code(0).stdout;
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A continued description is indented further.
    let names =
        list.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

fn examples(help: &str) -> Vec<&str> {
    help.lines().filter_map(|line| line.strip_prefix("Example: ")).collect()
}

#[test]
fn every_help_fits_80_columns_and_has_one_example() {
    let subcommands = subcommands();
    assert!(subcommands.len() >= 9, "{subcommands:?}");
    for name in subcommands.iter().filter(|name| *name != "help") {
        let help = numamark(&[name, "--help"]).expect_code(0).stdout;
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.lines().count() <= 60, "{name}: the help is longer than a screen or two:\n{help}");
        let example = examples(&help);
        assert_eq!(example.len(), 1, "{help}");
        assert!(example[0].contains(&format!("numamark {name} ")), "{help}");
    }
    let help = numamark(&["--help"]).expect_code(0).stdout;
    assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
}

/// Every example as it is printed, in a folder with the jobs; only `run` is shortened.
#[test]
fn every_example_runs_as_printed() {
    let folder = Folder::new("examples");
    let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
    std::os::unix::fs::symlink(jobs, folder.path().join("jobs")).expect("a new link");
    let mut names = subcommands();
    names.retain(|name| name != "help");
    // `run` comes first because other examples read its directory. `recover` comes last because it needs a directory
    // without a result.
    names.sort_by_key(|name| (name != "run", name == "recover"));
    for name in names {
        let help = numamark(&[&name, "--help"]).expect_code(0).stdout;
        let mut line = examples(&help)[0].to_owned();
        const SHORT: &str = " --set run.duration=20ms --set run.warmup=1ms --set run.repetitions=2 --set run.limit=0ms --ranks 1";
        match name.as_str() {
            "run" => {
                line += SHORT;
                let again = line.replace("results/first", "results/second");
                assert_eq!(shell(&again, folder.path()).code, Some(0), "{again}");
            }
            "recover" => {
                std::fs::remove_file(folder.path().join("results/first/run.json")).expect("a result")
            }
            _ => {}
        }
        let said = shell(&line, folder.path());
        let describes_a_machine = line.contains("--topology") && !cfg!(feature = "hwloc");
        assert_eq!(said.code, Some(if describes_a_machine { 2 } else { 0 }), "{line}\n{said:?}");
    }
    for made in ["results/first/run.json", "job.schema.json", "first.md", "env.txt"] {
        let length =
            std::fs::metadata(folder.path().join(made)).unwrap_or_else(|why| panic!("{made}: {why}")).len();
        assert!(length > 500, "{made} has {length} bytes");
    }
}

fn shell(line: &str, folder: &Path) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_numamark")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -eu; {line}")]).current_dir(folder).env("PATH", path);
    finish(command, LIMIT)
}

#[test]
fn mistyped_words_are_corrected_by_suggestion() {
    for (typed, suggested) in [
        (&["rnu", "job.toml"][..], "'run'"),
        (&["reprot", "dir"], "'report'"),
        (&["repotr", "dir"], "'report'"),
        (&["verfiy", "dir"], "'verify'"),
        (&["complete", "bash"], "'completions'"),
        (&["Plan", "job.toml"], "'plan'"),
        (&["jobs/quick.toml"], "numamark run jobs/quick.toml"),
        (&["quick"], "numamark run quick"),
        (&["run", "job.toml", "--quite"], "'--quiet'"),
        (&["run", "job.toml", "--seet", "a=1"], "'--set'"),
        (&["run", "job.toml", "--output", "dir"], "'--out'"),
        (&["run", "job.toml", "--expect-rank", "2"], "'--expect-ranks'"),
        (&["plan", "job.toml", "--topo", "x"], "'--topology'"),
        (&["comapre", "a", "--", "b"], "'compare'"),
        (&["compare", "dir", "--arm"], "'--arms'"),
        (&["report", "dir", "--fromat", "csv"], "'--format'"),
        (&["report", "dir", "--format", "markdwon"], "'markdown'"),
        (&["schema", "jobs"], "'job'"),
        (&["completions", "fsh"], "'fish'"),
        (&["--quiet", "run", "job.toml"], "'run --quiet'"),
    ] {
        let said = numamark(typed).expect_code(2);
        assert_eq!(said.stdout, "", "{typed:?}");
        let tip = said.stderr.lines().find(|line| line.contains("tip: ")).unwrap_or_default();
        assert!(tip.contains(suggested), "{typed:?} has no tip of {suggested}:\n{}", said.stderr);
    }
    for stranger in [&["frobnicate"][..], &["run", "job.toml", "--zzz"]] {
        let said = numamark(stranger).expect_code(2);
        assert!(!said.stderr.contains("tip: "), "{}", said.stderr);
    }
}

#[test]
fn the_usage_line_of_an_error_drops_no_options() {
    for (typed, usage) in [
        (&["report"][..], "Usage: numamark report [OPTIONS] <DIR>"),
        (&["plan"], "Usage: numamark plan [OPTIONS] <JOB>"),
        (&["run"], "Usage: numamark run [OPTIONS] <JOB>\n       numamark run [OPTIONS] --resume <DIR>"),
        (&["run", "--quite", "job.toml"], "Usage: numamark run [OPTIONS] <JOB>"),
        (&["run", "job.toml", "--resume", "dir"], "Usage: numamark run [OPTIONS] <JOB>"),
        (&["verify"], "Usage: numamark verify <DIR>"),
    ] {
        let said = numamark(typed).expect_code(2);
        assert!(said.stderr.contains(usage), "{typed:?}:\n{}", said.stderr);
    }
}

#[test]
fn completions_are_what_their_shell_reads() {
    for (shell, check) in [
        ("bash", Some("-n")),
        ("zsh", Some("-n")),
        ("fish", Some("-n")),
        ("elvish", None),
        ("powershell", None),
    ] {
        let script = numamark(&["completions", shell]).expect_code(0).stdout;
        for word in ["completions", "expect-ranks", "topology"] {
            assert!(script.contains(word), "{word} is not in the completions of {shell}");
        }
        let Some(check) = check else { continue };
        let folder = Folder::new(shell);
        let file = folder.path().join("script");
        std::fs::write(&file, &script).expect("a new file");
        match Command::new(shell).arg(check).arg(&file).output() {
            Err(why) => println!("skipped the syntax check of {shell}: {why}"),
            Ok(output) => assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}"),
        }
    }
}

/// The completions that bash offers after these words, from the functions of the script.
#[test]
fn bash_completes_subcommands_and_flags() {
    let offered = |words: &str| {
        let count = words.split(' ').count() - 1;
        let line = format!(
            "source <(numamark completions bash); COMP_WORDS=({words} ''); \
             COMP_CWORD={count}; last=${{COMP_WORDS[COMP_CWORD]}}; COMPREPLY=(); \
             _numamark numamark \"$last\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let folder = Folder::new("bash");
        shell(&line, folder.path()).expect_code(0).stdout
    };
    assert_eq!(offered("numamark rep").trim(), "report");
    assert_eq!(offered("numamark run --expect").trim(), "--expect-ranks");
    assert_eq!(offered("numamark report --format mark").trim(), "markdown");
}

/// Each way of naming the runs of a comparison, and the message that tells the right one.
#[test]
fn two_runs_are_compared_without_dashes_and_more_are_not() {
    let folder = Folder::new("compared");
    let line = |line: &str| shell(&format!("numamark {line}"), folder.path());
    for out in ["first", "second"] {
        let job = "schema = 1\nname = \"two\"\n[run]\nduration = \"5ms\"\nwarmup = \"1ms\"\nrepetitions = 2\n\
                   limit = \"0ms\"\n[allocate]\n";
        let job = folder.job(job);
        line(&format!("run {} --out {out} --ranks 1 --quiet", job.display())).expect_code(0);
    }
    let json = line("compare first second --format json").expect_code(0).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value["base"][0]["directory"], "first");
    assert_eq!(value["candidate"][0]["directory"], "second");
    for same in ["compare --format json first -- second", "compare first --format json second"] {
        assert_eq!(line(same).expect_code(0).stdout, json, "{same}");
    }
    for (wrong, why) in [
        ("compare first", "numamark compare first CANDIDATE, or numamark compare first --arms"),
        (
            "compare a b c",
            "3 runs: separate those of the base from those of the candidate with --, as many on each side: \
             numamark compare a -- b c",
        ),
        (
            "compare a b c d",
            "4 runs: separate those of the base from those of the candidate with --: numamark compare a b -- c d",
        ),
        ("compare a -- b --verbose", "numamark compare --verbose .. BASE.. -- CANDIDATE.."),
        ("compare a b --arms", "--arms compares the arms of one run: numamark compare RUN --arms"),
    ] {
        let said = line(wrong).expect_code(2);
        assert!(said.stderr.contains(why), "{wrong}: {}", said.stderr);
    }
}

/// Keys of a value, and of what it contains, that a document does not have. The parts that are as in `run.json` have a schema.
fn undocumented(value: &serde_json::Value, document: &str) -> Vec<String> {
    let of_run = ["environment", "expected", "parameters"];
    match value {
        serde_json::Value::Array(values) => {
            values.iter().flat_map(|value| undocumented(value, document)).collect()
        }
        serde_json::Value::Object(object) => {
            let unknown = object.keys().filter(|key| !document.contains(key.as_str())).cloned();
            let inside = object.iter().filter(|(key, _)| !of_run.contains(&key.as_str()));
            unknown.chain(inside.flat_map(|(_, value)| undocumented(value, document))).collect()
        }
        _ => Vec::new(),
    }
}

/// The objects of `env`, `topo` and `plan`, beside the texts of the same commands; `docs/json.md` has every key.
#[test]
fn machines_and_plans_are_one_object_for_programs() {
    let folder = Folder::new("objects");
    let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/quick.toml");
    let document = include_str!("../docs/json.md");
    let object = |line: &str| {
        let said = shell(&format!("numamark {line} --format json"), folder.path()).expect_code(0);
        let value: serde_json::Value = serde_json::from_str(&said.stdout).expect("one JSON value");
        assert_eq!(value["schema"], 1, "{line}");
        let unknown = undocumented(&value, document);
        assert!(unknown.is_empty(), "{line}: docs/json.md lacks {unknown:?}");
        value
    };
    let env = object("env");
    let checks = env["checks"].as_array().expect("checks");
    let warnings = checks.iter().filter(|check| check["state"] == "warn").count();
    assert!(checks.len() > 10 && env["warnings"] == warnings, "{env}");
    let helped = |check: &serde_json::Value| check["command"].is_string() || check["advice"].is_string();
    assert!(checks.iter().all(|check| helped(check) == (check["state"] == "warn")), "{env}");
    assert!(env["environment"]["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 28), "{env}");

    let plan = object(&format!("plan {} --no-probe --hosts 3 --slurm", jobs.display()));
    assert_eq!((plan["hosts"].as_u64(), plan["estimated_ns"].as_u64()), (Some(3), None), "{plan}");
    let arenas = plan["ranks"].as_array().expect("ranks").iter().map(|rank| rank["memory_bytes"].as_u64());
    assert_eq!(arenas.sum::<Option<u64>>(), plan["memory_bytes"].as_u64(), "{plan}");
    assert!(
        plan["slurm_command"].as_str().is_some_and(|line| line.starts_with("sbatch --nodes=3 ")),
        "{plan}"
    );
    let ids: Vec<&str> =
        plan["cases"].as_array().expect("cases").iter().filter_map(|case| case["id"].as_str()).collect();
    let text =
        shell(&format!("numamark plan {} --no-probe", jobs.display()), folder.path()).expect_code(0).stdout;
    assert!(!ids.is_empty() && ids.iter().all(|id| text.contains(id)), "{ids:?}:\n{text}");
    let tried = object(&format!("plan {} --set run.duration=20ms", jobs.display()));
    let [begin, finish, all] = ["estimated_begin_ns", "estimated_finish_ns", "estimated_ns"]
        .map(|key| tried[key].as_u64().expect(key));
    let cases = tried["cases"].as_array().expect("cases").iter();
    let repetitions: u64 = cases.map(|case| case["estimated_ns"].as_u64().expect("a time")).sum();
    assert!(begin + finish + repetitions <= all + 10, "but for rounding: {tried}");

    if !cfg!(feature = "hwloc") {
        println!("skipped described machines: built without hwloc");
        object("topo");
        return;
    }
    let topo = object("topo --topology 'pack:2 l3:2 core:4 numa:1 pu:2' --ranks-per-host 4 --share-nodes");
    let nodes = topo["nodes"].as_array().expect("nodes");
    let ranks = topo["ranks"].as_array().expect("ranks");
    assert_eq!((ranks.len(), topo["is_this_machine"].as_bool()), (4, Some(false)), "{topo}");
    let pus = |rank: &serde_json::Value| rank["pus"].as_array().expect("PUs").len();
    let node_of =
        |rank: &serde_json::Value| nodes.iter().find(|node| node["index"] == rank["node_index"]).cloned();
    assert!(
        ranks.iter().all(|rank| pus(rank) > 0 && node_of(rank).is_some_and(|node| node["state"] == "usable")),
        "{topo}"
    );
}

/// All ranks get the same wrong argument; only one of them prints the error.
#[test]
fn a_wrong_argument_is_reported_once_for_all_ranks() {
    if let Some(why) = Start::OpenMpi.missing() {
        println!("skipped: {why}");
        return;
    }
    let said = finish(Start::OpenMpi.command(3, &["run", "--quite", "job.toml"]), LIMIT);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(said.stderr.matches("tip: a similar argument exists: '--quiet'").count(), 1, "{said:?}");
}

/// One run with a bound that is met, one that warns and one that fails; then a stored run as a bound, and JUnit's form.
#[test]
fn gates_decide_the_exit_code_and_are_reported_in_one_line_each() {
    let folder = Folder::new("gates");
    let run = |out: &str, gates: &str| {
        let head =
            "schema = 1\nname = \"gates\"\n[run]\nduration = \"20ms\"\nwarmup = \"1ms\"\nrepetitions = 2\n";
        let job = folder.job(&format!("{head}limit = \"0ms\"\n[allocate]\n{gates}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_numamark"));
        command
            .arg("run")
            .arg(job)
            .args(["--out", out, "--ranks", "1", "--quiet"])
            .current_dir(folder.path());
        finish(command, LIMIT)
    };
    let gate = |metric: &str, rest: &str| format!("[[gate]]\nmetric = \"{metric}\"\n{rest}\n");
    let met = gate("busy_workers", "at_least = 1");
    let said = run("met", &met).expect_code(0);
    assert!(said.stdout.contains("\nPASS larson: busy_workers ") && said.stderr.is_empty(), "{said:?}");
    let warns = gate("operations_per_s", "at_least = 1e17\nlevel = \"warn\"");
    let said = run("warns", &(met.clone() + &warns)).expect_code(0);
    assert!(said.stdout.contains("\nWARN larson: operations_per_s "), "{said:?}");
    assert_eq!(said.stderr, "numamark: warning: 1 gate not met\n");
    let fails = gate("busy_workers", "at_least = \"1000%\"\nagainst = \"met\"");
    let said = run("fails", &(met + &fails)).expect_code(3);
    assert!(said.stdout.contains("\nFAIL larson: busy_workers "), "{said:?}");
    let flat = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("1000 % of met)"), "{said:?}");
    let said =
        run("refused", &gate("operations_per_s", "at_least = 1\nagainst = \"nowhere\"")).expect_code(2);
    assert!(said.stderr.contains("gate.0.against = \"nowhere\": "), "{said:?}");
    assert!(!folder.path().join("refused").exists(), "refused before a run directory is made");
    let verify = |run: &str| shell(&format!("numamark verify {run}"), folder.path());
    verify("fails").expect_code(0);
    let junit = shell("numamark report fails --format junit", folder.path()).expect_code(0).stdout;
    assert!(
        junit.contains("<testsuites name=\"numamark\" tests=\"5\" failures=\"1\" errors=\"0\""),
        "{junit}"
    );
    match Command::new("python3")
        .args(["-c", "import sys, xml.dom.minidom as x; x.parse(sys.stdin)"])
        .output()
    {
        Err(why) => println!("skipped the check by an XML parser: {why}"),
        Ok(_) => {
            let check = "numamark report fails --format junit | \
                         python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.stdin)'";
            shell(check, folder.path()).expect_code(0);
        }
    }
}
