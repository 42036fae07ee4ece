//! Every file in `jobs/` is a job, begins with the question it answers, and follows the schema.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use numamark::job::{Allocator, Amount, BUILT_IN, Job, decode, schema};
use numamark::word::Word;
use serde_json::Value;

use crate::validator::violations;

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs");
    let files = fs::read_dir(folder).expect("jobs/ is there");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

#[test]
fn every_shipped_job_parses_and_follows_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    let paths = shipped();
    assert!(!paths.is_empty());
    for path in paths {
        let shown = path.display().to_string();
        let bytes = fs::read(&path).expect("readable");
        let text = decode(&bytes, &shown).expect("it is text");
        let job = Job::parse(text, &shown, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(job.name.as_str()), "{shown}");
        let value: Value = toml::from_str(text).expect("it is TOML");
        assert_eq!(violations(&schema, &value, ""), Vec::<String>::new(), "{shown}");
    }
}

#[test]
fn every_shipped_job_is_built_in_and_begins_with_its_question() {
    let names = shipped().into_iter().map(|path| path.file_stem().expect("a file").to_owned());
    let built_in: BTreeSet<_> = BUILT_IN.iter().map(|job| OsString::from(job.name)).collect();
    assert_eq!(names.collect::<BTreeSet<_>>(), built_in);
    for job in BUILT_IN {
        let question = job.question();
        assert!(question.ends_with('?') && question.len() < 200, "{}: {question}", job.name);
    }
}

/// The list in a document is that of `numamark jobs`.
#[test]
fn the_documents_list_every_job_with_its_question() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents =
        fs::read_dir(root.join("docs")).expect("docs/ is there").map(|file| file.expect("readable").path());
    let documents =
        documents.chain([root.join("README.md")]).filter_map(|path| fs::read_to_string(path).ok());
    let lines: Vec<String> =
        documents.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    for job in BUILT_IN {
        let row = format!("| {} |", job.question());
        let listed = lines.iter().any(|line| line.contains(job.name) && line.ends_with(&row));
        assert!(listed, "no table of README.md or docs/ has the row: | `{}` {row}", job.name);
    }
}

/// `make run` looks for the words in the job.
#[test]
fn make_run_builds_the_allocators_that_a_job_names() {
    let makefile =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Makefile")).expect("readable");
    let line = makefile.lines().find(|line| line.starts_with("PEERS :=")).expect("it lists the words");
    for allocator in Allocator::ALL {
        assert_eq!(line.contains(allocator.word()), allocator.is_from_another_project(), "{allocator:?}");
    }
}

/// "About half a minute" is what `make run` promises; set-up and tear-down come on top.
#[test]
fn the_quick_job_asks_for_twenty_to_twenty_five_seconds() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/quick.toml");
    let text = fs::read_to_string(path).expect("readable");
    let job = Job::parse(&text, "quick.toml", &[]).unwrap_or_else(|error| panic!("{error}"));
    let generate = job.generate.as_ref().expect("it generates");
    let allocate = job.allocate.as_ref().expect("it allocates");
    assert_eq!((generate.chunk.len(), allocate.workload.len(), allocate.allocator.len()), (1, 1, 1));
    let Amount::Duration(duration) = job.run.amount else { panic!("it ends by time") };
    let case_ns = job.run.warmup.0 + u64::from(job.run.repetitions.at_most()) * duration.0;
    assert!((20_000_000_000..=25_000_000_000).contains(&(2 * case_ns)), "{} ns", 2 * case_ns);
}
