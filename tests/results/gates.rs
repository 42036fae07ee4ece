//! Gates against a stored run, and their JUnit form for tools that show test results.

use numamark::aggregate::aggregate;
use numamark::job;
use numamark::metric::{CaseMetric, GateMetric};
use numamark::record::Run;
use numamark::record::run::{Bound, Outcome};
use numamark::report::junit;
use numamark::results::{RunDirectory, resolve_gates, verify};

use crate::fixture::{Folder, finished, run};

const RATE: &str = "throughput_bytes_per_s";

fn gate(directory: &str, bound: job::Bound) -> job::Gate {
    job::Gate {
        metric: GateMetric::Case(CaseMetric::ThroughputBytesPerS),
        bound,
        level: job::Level::Fail,
        against: Some(directory.to_owned()),
    }
}

/// A run with a gate against a stored run of the same cases, and the stored figure. Both runs are in the folder.
fn held_against(folder: &Folder, bound: job::Bound) -> (Run, f64) {
    let stored = folder.join("stored");
    let (_, base, _) = finished(&stored, 2, 51);
    let (directory, mut header, evidence) = run(&folder.join("run"), 2, 52);
    let planned: Vec<&str> = header.planned.iter().map(|case| case.id.as_str()).collect();
    let cpu = header.environment.cpu_model.as_deref();
    header.gates =
        resolve_gates(&[gate(&stored.display().to_string(), bound)], &planned, cpu).expect("it can be read");
    // As a run does it, before the first repetition.
    directory.write_header(&header).expect("room");
    let run = aggregate(&header, &evidence, Some(1.0)).expect("whole evidence");
    directory.write_results(&run, &evidence).expect("room");
    let stored = base.derived.cases[0].metrics[RATE].value.expect("it generates");
    (run, stored)
}

#[test]
fn a_bound_against_a_stored_run_is_a_share_of_its_figure_of_the_same_case() {
    let folder = Folder::new("gate-against");
    let (run, stored) = held_against(&folder, job::Bound::AtLeast(0.5));
    let [of_generate, of_run] = &run.derived.gate_results[..] else {
        panic!("only one case has a throughput")
    };
    assert_eq!(of_run.metric, "trustworthy", "every job has this gate");
    assert_eq!(of_generate.case.as_deref(), Some("generate-1"));
    assert_eq!((of_generate.stored, of_generate.outcome), (Some(stored), Outcome::Pass));
    assert_eq!(of_generate.own_bound(), Some(Bound::AtLeast(0.5 * stored)));
    assert_eq!(of_generate.value, run.derived.cases[0].metrics[RATE].value);
    // The header has the stored figures, so the stored run is no longer needed.
    std::fs::remove_dir_all(folder.join("stored")).expect("it is there");
    verify(&folder.join("run")).expect("the run proves itself alone");
}

#[test]
fn a_bound_above_what_the_stored_run_had_is_not_met() {
    let folder = Folder::new("gate-above");
    let (run, _) = held_against(&folder, job::Bound::AtLeast(2.0));
    assert_eq!(run.derived.gate_results[0].outcome, Outcome::Fail);
    assert_eq!(run.verdict().expect_err("a gate").exit_code(), numamark::error::ExitCode::Gate);
}

#[test]
fn a_stored_run_that_cannot_be_a_bound_is_refused_before_anything_is_measured() {
    let folder = Folder::new("gate-refused");
    let stored = folder.join("stored");
    let path = stored.display().to_string();
    let gates = [gate(&path, job::Bound::AtMost(1.05))];
    let refused = |planned: &[&str], cpu: Option<&str>, why: &str| {
        let error = resolve_gates(&gates, planned, cpu).expect_err(why);
        assert_eq!(error.exit_code(), numamark::error::ExitCode::Usage);
        let said = error.to_string();
        assert!(said.starts_with(&format!("gate.0.against = \"{path}\": ")) && said.contains(why), "{said}");
    };
    let planned = ["generate-1", "larson-1"];
    refused(&planned, None, "stored");
    let (directory, mut base, evidence) = finished(&stored, 1, 53);
    refused(&["generate-2"], None, "it has generate-1, larson-1, and this job generate-2: no case in common");
    // In a job with arms, base and base-again correspond to the stored case without an arm.
    let with_arms = ["generate-1.arm=base", "generate-1.arm=base-again", "generate-1.arm=other"];
    let resolved = resolve_gates(&gates, &with_arms, None).expect("its base is the stored case");
    let against = resolved[0].against.as_ref().expect("a stored run");
    assert!(against.values.keys().eq(&with_arms[..2]), "{against:?}");
    refused(&["larson-1"], None, "the run has no throughput_bytes_per_s of any case of this job");
    base.header.environment.cpu_model = Some("Made-up 9000".to_owned());
    directory.write_results(&base, &evidence).expect("room");
    refused(&planned, Some("Other 1"), "of another CPU (Made-up 9000; this host has Other 1)");
    base.complete = false;
    directory.write_results(&base, &evidence).expect("room");
    refused(&planned, None, "partial");
}

#[test]
fn a_case_that_the_stored_run_does_not_have_fails_with_the_reason() {
    let folder = Folder::new("gate-case");
    let (_, mut header, evidence) = run(&folder.join("run"), 1, 54);
    let (stored, ..) = finished(&folder.join("stored"), 1, 54);
    let path = stored.path().display().to_string();
    header.gates =
        resolve_gates(&[gate(&path, job::Bound::AtLeast(0.1))], &["generate-1"], None).expect("one case");
    header.gates[0].against.as_mut().expect("it has one").values.clear();
    let run = aggregate(&header, &evidence, None).expect("whole evidence");
    let result = &run.derived.gate_results[0];
    assert_eq!((result.outcome, result.stored, result.own_bound()), (Outcome::Fail, None, None));
    assert!(
        result.reason.as_ref().is_some_and(|why| why.contains("has no such figure of this case")),
        "{result:?}"
    );
}

/// The tags of a document in order. Panics when it is not well-formed, as far as JUnit's form needs.
fn tags(xml: &str) -> Vec<String> {
    let rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let (mut open, mut seen): (Vec<String>, Vec<String>) = Default::default();
    for piece in rest.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>') && text.matches('&').count() == text.matches(';').count(), "{text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.chars().any(char::is_control), "{tag:?}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None => {
                let name = tag.split([' ', '/']).next().expect("a name").to_owned();
                if !tag.ends_with('/') {
                    open.push(name.clone());
                }
                seen.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    seen
}

#[test]
fn a_run_is_a_suite_with_a_test_for_itself_and_one_for_each_gate_and_case() {
    let folder = Folder::new("junit");
    let (_, header, evidence) = run(&folder.join("run"), 2, 55);
    let mut run = aggregate(&header, &evidence, Some(12.5)).expect("whole evidence");
    let text = junit(&run);
    // Locality on two cases, refill_share on two, of which both are above their bound at level warn; and trust.
    assert_eq!(tags(&text).iter().filter(|tag| *tag == "testcase").count(), 2 + 5, "{text}");
    assert!(text.contains(
        "<testsuite name=\"made-up\" tests=\"7\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"12.5\""
    ));
    assert!(text.contains("timestamp=\"2026-11-22T05:26:13\" hostname=\"host0\""), "{text}");
    assert!(
        text.contains("<testcase classname=\"made-up.generate-1\" name=\"locality &gt;= 0.99\" time=\"0\"/>"),
        "{text}"
    );
    assert_eq!(text.matches("<system-out>WARN refill_share 0.").count(), 2, "{text}");
    run.derived.gate_results.iter_mut().for_each(|result| result.outcome = Outcome::Fail);
    run.complete = false;
    let text = junit(&run);
    assert!(text.contains("tests=\"7\" failures=\"5\" errors=\"1\""), "{text}");
    assert!(text.contains("<error type=\"run\" message=\"partial result: ended early, after"), "{text}");
    assert_eq!(tags(&text).iter().filter(|tag| *tag == "failure").count(), 5);
    let hostile = "\u{1b}[31m<a b=\"c\" & 'd'>\r\n]]>\u{ffff}漢字";
    (run.header.name, run.header.hosts) = (hostile.to_owned(), vec![hostile.to_owned()]);
    for result in &mut run.derived.gate_results {
        (result.metric, result.case) = (hostile.to_owned(), Some(hostile.to_owned()));
        result.reason = Some(hostile.to_owned());
    }
    assert_eq!(tags(&junit(&run)).len(), 2 + 7 + 6);
}

#[test]
fn a_stored_run_is_read_as_it_lies_there() {
    let folder = Folder::new("gate-unreadable");
    std::fs::create_dir_all(folder.join("stored")).expect("a new folder");
    let path = folder.join("stored").display().to_string();
    let why = resolve_gates(&[gate(&path, job::Bound::AtLeast(1.0))], &["generate-1"], None)
        .expect_err("nothing in it");
    assert!(why.to_string().contains(&path), "{why}");
    assert!(RunDirectory::open(&folder.join("stored")).and_then(|directory| directory.read_run()).is_err());
}
