//! A run as JUnit XML for viewers of test results: one test for each gate and case, and tests for the run itself.
//!
//! The format is the one that Jenkins and GitLab read: `testsuites`, `testsuite`, `testcase` with `failure` or
//! `error`. It has no warnings, so an unmet gate at level `warn` passes, with its line in `system-out`.

use super::gates::sentence;
use super::text::plain;
use crate::record::run::{Bound, GateResult, Outcome, Run};
use crate::units::counted;

/// The complete file.
pub fn junit(run: &Run) -> String {
    let tests = tests(run);
    let count = |wanted: fn(&Verdict) -> bool| tests.iter().filter(|test| wanted(&test.verdict)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{}\"",
        tests.len(),
        count(|verdict| matches!(verdict, Verdict::Failure(_))),
        count(|verdict| matches!(verdict, Verdict::Error(_))),
        run.elapsed_s.unwrap_or(0.0)
    );
    let host = run.header.hosts.first().map_or(String::new(), |host| escaped(host));
    let name = escaped(&run.header.name);
    // The format has no time zone.
    let started = escaped(run.header.started.trim_end_matches('Z'));
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text += &format!("<testsuites name=\"numamark\" {counts}>\n");
    text += &format!("  <testsuite name=\"{name}\" {counts} timestamp=\"{started}\" hostname=\"{host}\">\n");
    text.extend(tests.iter().map(|test| test.element(&run.header.name)));
    text + "  </testsuite>\n</testsuites>\n"
}

/// One `testcase`.
struct Test {
    /// Case of the run; empty for tests of the whole run.
    case: String,
    name: String,
    verdict: Verdict,
}

enum Verdict {
    Passed,
    Warned(String),
    Failure(String),
    Error(String),
}

/// Tests of the run come first: gates on an incomplete run prove nothing.
fn tests(run: &Run) -> Vec<Test> {
    let of_run = |name: &str, verdict| Test { case: String::new(), name: name.to_owned(), verdict };
    let complete = match run.standing() {
        None => Verdict::Passed,
        Some(standing) => Verdict::Error(format!("partial result: {standing}")),
    };
    let sound = match run.derived.violations {
        0 => Verdict::Passed,
        count => {
            Verdict::Error(format!("misuse of {}: freed twice or never allocated", counted(count, "object")))
        }
    };
    let gates = run.derived.gate_results.iter().map(of_gate);
    [of_run("run is complete", complete), of_run("allocator is sound", sound)]
        .into_iter()
        .chain(gates)
        .collect()
}

fn of_gate(result: &GateResult) -> Test {
    let said = sentence(result);
    let (sign, bound) = match result.bound {
        Bound::AtLeast(bound) => (">=", bound),
        Bound::AtMost(bound) => ("<=", bound),
    };
    let of = result.against.as_ref().map_or(String::new(), |against| format!(" of {against}"));
    Test {
        case: result.case.clone().unwrap_or_default(),
        name: format!("{} {sign} {bound}{of}", result.metric),
        verdict: match result.outcome {
            Outcome::Pass => Verdict::Passed,
            Outcome::Warn => Verdict::Warned(said),
            Outcome::Fail => Verdict::Failure(said),
        },
    }
}

impl Test {
    fn element(&self, run: &str) -> String {
        let class = match self.case.as_str() {
            "" => escaped(run),
            case => format!("{}.{}", escaped(run), escaped(case)),
        };
        let head = format!("    <testcase classname=\"{class}\" name=\"{}\" time=\"0\"", escaped(&self.name));
        let inside = match &self.verdict {
            Verdict::Passed => return format!("{head}/>\n"),
            Verdict::Warned(said) => format!("<system-out>{}</system-out>", escaped(said)),
            Verdict::Failure(said) => format!("<failure type=\"gate\" message=\"{}\"/>", escaped(said)),
            Verdict::Error(said) => format!("<error type=\"run\" message=\"{}\"/>", escaped(said)),
        };
        format!("{head}>\n      {inside}\n    </testcase>\n")
    }
}

/// Escapes text for attributes and element content. `plain` has already replaced control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in plain(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
