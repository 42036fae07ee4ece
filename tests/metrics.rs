//! `analysis/numamark_reader/metrics.py` is the list of `src/metric/` in Python.
//!
//! `make metrics` writes the file; without that the test compares.
#![cfg(feature = "cli")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use numamark::metric::{Better, CaseMetric, Definition, Distribution, Recorded, Statistic};
use numamark::word::Word;

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
        dictionary("METRICS", "The metrics of a case, with one value a repetition.", metrics),
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

#[test]
fn the_python_reader_has_the_same_list_of_metrics() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("analysis/numamark_reader/metrics.py");
    let wanted = python();
    if std::env::var_os("NUMAMARK_WRITE_METRICS").is_some() {
        fs::write(&path, &wanted).expect("the folder of the reader can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} differs from src/metric/; run `make metrics`", path.display());
}
