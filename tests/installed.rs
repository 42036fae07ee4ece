//! The program on its own, in an empty folder: built-in jobs, man pages, completions.
#![cfg(feature = "cli")]

mod program;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use numamark::job::BUILT_IN;
use numamark::record::Run;
use numamark::results::RunDirectory;
use program::{Finished, Folder, Start, finish};

const LIMIT: Duration = Duration::from_secs(120);
/// The options that make a run of `quick` short.
const SHORT: [&str; 8] = [
    "--set",
    "run.duration=20ms",
    "--set",
    "run.warmup=1ms",
    "--set",
    "run.limit=0ms",
    "--set",
    "run.repetitions=2",
];

fn numamark(arguments: &[&str], folder: &Folder) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_numamark"));
    command.args(arguments).current_dir(folder.path());
    finish(command, LIMIT)
}

fn run_of(directory: &Path) -> Run {
    RunDirectory::open(directory).expect("a run directory").read_run().expect("a result")
}

#[test]
fn a_built_in_job_runs_under_every_launcher_and_is_recorded() {
    for start in [Start::Alone, Start::OpenMpi, Start::Mpich] {
        if let Some(why) = start.missing() {
            println!("skipped {start:?}: {why}");
            continue;
        }
        let folder = Folder::new("built-in");
        let shared = ["run", "quick", "--out", "out", "--quiet", "--set", "rank.share_nodes=true"];
        let mut command = start.command(2, &[&shared[..], &SHORT].concat());
        command.current_dir(folder.path());
        finish(command, LIMIT).expect_code(0);
        let run = run_of(&folder.path().join("out"));
        assert_eq!(run.header.name, "quick", "{start:?}");
        assert!(run.header.job.contains("\nname = \"quick\"\n"), "{start:?}: {}", run.header.job);
        assert!(run.complete, "{start:?}");
    }
}

#[test]
fn a_file_wins_over_a_built_in_job_and_a_folder_does_not() {
    let folder = Folder::new("file-wins");
    let plan = |expected: &str| {
        let said = numamark(&["plan", "quick", "--no-probe"], &folder).expect_code(0);
        assert!(said.stdout.starts_with(expected), "{expected}: {}", said.stdout);
    };
    plan("quick: ");
    fs::create_dir(folder.path().join("quick")).expect("a new folder");
    plan("quick: ");
    fs::remove_dir(folder.path().join("quick")).expect("an empty folder");
    fs::write(folder.path().join("quick"), "schema = 1\nname = \"mine\"\n[allocate]\n").expect("a new file");
    plan("mine: ");
}

#[test]
fn an_unknown_name_is_answered_with_all_names_nearest_first() {
    let folder = Folder::new("unknown");
    for subcommand in ["run", "plan"] {
        let said = numamark(&[subcommand, "sweeps"], &folder).expect_code(2);
        assert!(said.stderr.contains("the job file sweeps: No such file or directory"), "{}", said.stderr);
        let (_, names) = said.stderr.split_once("one of ").unwrap_or_else(|| panic!("{}", said.stderr));
        let names: Vec<&str> = names.trim_end().split(", ").collect();
        assert_eq!(names[0], "chunk-sweep", "{names:?}");
        let known: BTreeSet<&str> = BUILT_IN.iter().map(|job| job.name).collect();
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), known);
    }
    let said = numamark(&["run", "jobs/soak.toml"], &folder).expect_code(2);
    assert!(said.stderr.ends_with("without folder and ending: soak\n"), "{}", said.stderr);
    let said = numamark(&["soak"], &folder).expect_code(2);
    assert!(said.stderr.contains("tip: to run a job: numamark run soak"), "{}", said.stderr);
    let said = numamark(&["jobs", "quik"], &folder).expect_code(2);
    assert!(said.stderr.contains("tip: a similar value exists: 'quick'"), "{}", said.stderr);
}

#[test]
fn jobs_are_listed_with_their_questions_and_printed_as_they_are() {
    let folder = Folder::new("list");
    let list = numamark(&["jobs"], &folder).expect_code(0).stdout;
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let words = list.split_whitespace().collect::<Vec<_>>().join(" ");
    for job in BUILT_IN {
        assert!(words.contains(&format!("{} {}", job.name, job.question())), "{}: {list}", job.name);
        assert_eq!(numamark(&["jobs", job.name], &folder).expect_code(0).stdout, job.text);
    }
}

#[test]
fn man_pages_cover_every_subcommand_and_are_what_man_reads() {
    let folder = Folder::new("man");
    numamark(&["man", "some/where"], &folder).expect_code(0);
    let help = numamark(&["--help"], &folder).expect_code(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut expected: BTreeSet<String> = names.map(|name| format!("numamark-{name}.1")).collect();
    expected.insert("numamark.1".to_owned());
    let pages = fs::read_dir(folder.path().join("some/where")).expect("a folder");
    let pages: BTreeSet<String> =
        pages.map(|page| page.expect("readable").file_name().into_string().expect("text")).collect();
    assert_eq!(pages, expected);
    for page in pages {
        let path = folder.path().join("some/where").join(&page);
        let text = fs::read_to_string(&path).expect("a page");
        let version = concat!("\"numamark ", env!("CARGO_PKG_VERSION"), "\"");
        assert!(text.contains(version) && text.contains(".SH SYNOPSIS"), "{page}: {text}");
        match Command::new("groff").args(["-man", "-ww", "-Tutf8"]).arg(&path).output() {
            Err(why) => println!("{page} is not formatted: groff: {why}"),
            Ok(output) => assert!(output.status.success() && output.stderr.is_empty(), "{page}: {output:?}"),
        }
    }
}

/// The words that a shell offers, asked of the shell itself.
#[test]
fn shells_offer_built_in_jobs_and_files() {
    let folder = Folder::new("shells");
    fs::write(folder.path().join("mine.toml"), "").expect("a new file");
    let script = |shell: &str| numamark(&["completions", shell], &folder).expect_code(0).stdout;
    let bash = script("bash");
    for subcommand in ["run", "plan", "jobs"] {
        let words = format!("numamark {subcommand} chunk");
        let ask = format!(
            "{bash}\nCOMP_WORDS=({words}); COMP_CWORD=2; _numamark numamark chunk {subcommand}; echo \"${{COMPREPLY[@]}}\""
        );
        let said = Command::new("bash").args(["-c", &ask]).output().expect("bash");
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "chunk-sweep", "{subcommand}: {said:?}");
    }
    let fish = folder.path().join("numamark.fish");
    fs::write(&fish, script("fish")).expect("a new file");
    let ask = "source numamark.fish; complete -C 'numamark run qui'; complete -C 'numamark plan mi'";
    match Command::new("fish").args(["--no-config", "-c", ask]).current_dir(folder.path()).output() {
        Err(why) => println!("skipped fish: {why}"),
        Ok(said) => {
            let offered = String::from_utf8_lossy(&said.stdout);
            let offered: Vec<&str> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
            assert_eq!(offered, ["quick", "mine.toml"], "{said:?}");
        }
    }
    // zsh completes only on a terminal; its script names both sources.
    let zsh = script("zsh");
    assert_eq!(zsh.matches(":_numamark_job'").count(), 2, "{zsh}");
    assert!(zsh.contains("_numamark_job() {\n    compadd -- quick "), "{zsh}");
}

/// elvish and PowerShell complete only on a terminal; what their scripts offer behind each subcommand is read from them.
#[test]
fn scripts_of_elvish_and_powershell_offer_built_in_jobs() {
    let folder = Folder::new("more-shells");
    let script = |shell: &str| numamark(&["completions", shell], &folder).expect_code(0).stdout;
    let part = |script: &str, head: &str| {
        let (_, rest) = script.split_once(head).unwrap_or_else(|| panic!("no {head} in {script}"));
        rest.split_once("\n        }").expect("its end").0.to_owned()
    };
    let (elvish, powershell) = (script("elvish"), script("powershell"));
    for (subcommand, files) in [("run", true), ("plan", true), ("jobs", false), ("topo", false)] {
        let of_elvish = part(&elvish, &format!("&'numamark;{subcommand}'= {{"));
        let of_powershell = part(&powershell, &format!("'numamark;{subcommand}' {{"));
        let jobs = subcommand != "topo";
        assert_eq!(of_elvish.contains("cand chunk-sweep 'Built-in job'"), jobs, "{of_elvish}");
        assert_eq!(of_elvish.contains("edit:complete-filename $words[-1]"), files, "{of_elvish}");
        assert_eq!(of_powershell.contains("::new('chunk-sweep', 'chunk-sweep', "), jobs, "{of_powershell}");
    }
    // Behind the name of a job, the flags of its subcommand are offered.
    let cut =
        "set command = (str:join ';' [(str:split ';' $command)][..-1])\n    }\n    $completions[$command]";
    assert!(elvish.contains(cut), "{elvish}");
    let cut = "-replace '^(numamark;(?!help)[^;]+);.*', '$1'\n\n    $completions = @(switch ($command) {";
    assert!(powershell.contains(cut), "{powershell}");
    let file = folder.path().join("numamark.elv");
    fs::write(&file, &elvish).expect("a new file");
    match Command::new("elvish").args(["-compileonly"]).arg(&file).output() {
        Err(why) => println!("skipped the check of elvish: {why}"),
        // The names of the editor are known on a terminal alone.
        Ok(said) => {
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            let wrong: Vec<&str> = said.lines().filter(|line| line.contains("error")).collect();
            assert!(wrong.iter().all(|line| line.contains("edit:")), "{said}");
        }
    }
}
