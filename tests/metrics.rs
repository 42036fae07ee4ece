//! Files that are made from the lists of keys and metrics: `analysis/numamark_reader/metrics.py` and `docs/reference.md`.
//!
//! `make metrics` writes the files; without that the tests compare.
#![cfg(feature = "cli")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use numamark::job;
use numamark::metric::{Better, CaseMetric, Definition, Distribution, Recorded, Statistic};
use numamark::word::Word;
use serde_json::Value;

const HEAD: &str = "\
\"\"\"Every metric of numamark: its unit, which way it is better, and one sentence about it.

Written by `make metrics` from src/metric/; not to be edited.
\"\"\"

from typing import NamedTuple, Optional


class Facts(NamedTuple):
    \"\"\"Everything that is known of a metric before anything is measured.\"\"\"

    unit: str
    #: \"higher\" or \"lower\"; None where neither is better.
    better: Optional[str]
    about: str

";

fn dictionary(name: &str, about: &str, rows: impl Iterator<Item = (&'static str, Definition)>) -> String {
    let mut text = format!("\n#: {about}\n{name} = {{\n");
    for (word, facts) in rows {
        let better = match facts.better {
            Some(Better::Higher) => "\"higher\"",
            Some(Better::Lower) => "\"lower\"",
            None => "None",
        };
        let (unit, about) = (facts.unit.word(), facts.about);
        writeln!(text, "    \"{word}\": Facts(\"{unit}\", {better}, \"{about}\"),").expect("into a String");
    }
    text + "}\n"
}

fn words(name: &str, about: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("    \"{word}\",\n")).collect();
    format!("\n#: {about}\n{name} = (\n{})\n", words.concat())
}

fn python() -> String {
    let metrics = CaseMetric::ALL.iter().map(|metric| (metric.word(), metric.facts()));
    let recorded = Recorded::ALL.iter().map(|recorded| (recorded.word(), recorded.facts()));
    [
        HEAD.to_owned(),
        dictionary("METRICS", "The metrics of a case, with one value per repetition.", metrics),
        dictionary(
            "RECORDED",
            "The values that samples have of a rank's repetition beside its metrics.",
            recorded,
        ),
        words("DISTRIBUTIONS", "The distributions that gates can name.", Distribution::WORDS),
        words("STATISTICS", "The statistics of a distribution that gates can name.", Statistic::WORDS),
    ]
    .concat()
}

const REFERENCE: &str = "\
# Reference

Every key of a job file and every metric. Written by `make metrics` from the program's own lists; not to be edited.

## Keys of a job

";

/// A row for each key of a JSON Schema's object, and for the keys of the objects in it.
fn keys(prefix: &str, schema: &Value, text: &mut String) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, of) in properties {
        let key = format!("{prefix}{name}");
        let inner = if of["type"] == "array" { &of["items"] } else { of };
        // An arm has the keys of the job's own sections.
        if inner["properties"].is_object() && !(prefix == "arm." && name != "name") {
            let section = if of["type"] == "array" { format!("[[{key}]]") } else { format!("[{key}]") };
            let about = inner["description"].as_str().or(of["description"].as_str()).unwrap_or_default();
            writeln!(text, "| `{section}` | | {} |", cell(about)).expect("into a String");
            keys(&format!("{key}."), inner, text);
            continue;
        }
        let default = match &of["default"] {
            Value::Null => String::new(),
            default => format!("`{default}`"),
        };
        let about = cell(of["description"].as_str().unwrap_or_default());
        writeln!(text, "| `{key}` | {default} | {about} |").expect("into a String");
    }
}

/// Text of a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn metric_rows(rows: impl Iterator<Item = (&'static str, Definition)>) -> String {
    let row = |(word, facts): (&str, Definition)| {
        let better = match facts.better {
            Some(Better::Higher) => "higher",
            Some(Better::Lower) => "lower",
            None => "-",
        };
        format!("| `{word}` | {} | {better} | {} |\n", facts.unit.word(), facts.about)
    };
    format!("| name | unit | better | meaning |\n|---|---|---|---|\n{}", rows.map(row).collect::<String>())
}

fn reference() -> String {
    let schema: Value = serde_json::from_str(&job::schema()).expect("a schema is JSON");
    let mut text = REFERENCE.to_owned() + "| key | default | meaning |\n|---|---|---|\n";
    keys("", &schema, &mut text);
    text += "\n## Metrics of a case\n\nEach has one value per repetition, their median, and its confidence interval.\n\n";
    text += &metric_rows(CaseMetric::ALL.iter().map(|metric| (metric.word(), metric.facts())));
    text += "\n## Values of a rank\n\n`samples.parquet` has these of every rank and repetition, beside the metrics.\n\n";
    text += &metric_rows(Recorded::ALL.iter().map(|recorded| (recorded.word(), recorded.facts())));
    let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    writeln!(
        text,
        "\n## Distributions\n\nA gate names one with a statistic, such as `refill_ns.p99`: {}; with {}.",
        words(Distribution::WORDS),
        words(Statistic::WORDS)
    )
    .expect("into a String");
    text
}

fn is_as_made(path: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("NUMAMARK_WRITE_METRICS").is_some() {
        fs::write(&path, wanted).expect("the source tree can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} differs from the program's lists; run `make metrics`", path.display());
}

#[test]
fn the_python_reader_has_the_same_list_of_metrics() {
    is_as_made("analysis/numamark_reader/metrics.py", &python());
}

#[test]
fn the_reference_has_every_key_and_metric() {
    is_as_made("docs/reference.md", &reference());
}
