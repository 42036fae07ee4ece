//! Limits and memory layout of a real run: the values that each repetition records beside those of its case.
#![cfg(feature = "cli")]

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use program::{Folder, LIMIT, Start, finish};
use serde_json::Value;

const SUPERSLAB: u64 = 2 << 20;

/// Two cases over the same memory, one over other memory, and one that has no limit.
const JOB: &str = r#"
schema = 1
name = "limits"
[run]
warmup = "1ms"
duration = "5ms"
repetitions = 6
limit = "4ms"
[rank]
share_nodes = true
workers = 1
[generate]
chunk = ["256KiB", "1MiB"]
stores = ["ordinary", "non-temporal"]
[allocate]
"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn run(folder: &Folder, more: &[&str]) -> (Value, Vec<Vec<Value>>) {
    let (job, out) = (folder.job(JOB), folder.path().join("out"));
    let arguments = [&["run", text(&job), "--out", text(&out)], more].concat();
    finish(Start::Alone.command(2, &arguments), LIMIT).expect_code(0);
    finish(Start::Alone.command(1, &["verify", text(&out)]), LIMIT).expect_code(0);
    let parts = (0..2).map(|rank| {
        let part = std::fs::read_to_string(out.join(format!("parts/rank-{rank:05}.jsonl"))).expect("a part");
        part.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    });
    let parts = parts.collect();
    let run = std::fs::read_to_string(out.join("run.json")).expect("a result");
    (serde_json::from_str(&run).expect("JSON"), parts)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// Counts each (when, with) in a list of timings. Checks that every loop took time and moved bytes.
fn counts(timings: &Value) -> BTreeMap<(&str, &str), usize> {
    let mut counts = BTreeMap::new();
    for timing in timings.as_array().expect("a list") {
        assert!(["bytes", "elapsed_ns"].iter().all(|key| timing[*key].as_u64() > Some(0)), "{timing}");
        *counts.entry((word(timing, "when"), word(timing, "with"))).or_default() += 1;
    }
    counts
}

#[test]
fn limits_are_measured_around_every_repetition_and_alone_at_the_beginning_and_the_end() {
    let folder = Folder::new("limits");
    let (run, parts) = run(&folder, &[]);
    for part in &parts {
        let of_kind = |kind| part.iter().filter(move |line| word(line, "kind") == kind);
        for line in of_kind("repetition") {
            let generates = word(line, "case").starts_with("generate");
            let mut expected = BTreeMap::new();
            if generates {
                expected.extend([(("before", "all"), 4), (("after", "all"), 4)]);
            }
            if generates && line["round"] == 1 {
                expected.insert(("before", "alone"), 4);
            }
            assert_eq!(counts(&line["limits"]), expected, "{} {}", line["case"], line["round"]);
        }
        let end = of_kind("end").next().expect("the run ended");
        let limits = end["limits"].as_object().expect("by case");
        assert_eq!(limits.len(), 4, "every case that generates: {limits:?}");
        assert!(limits.values().all(|timings| counts(timings) == [(("after", "alone"), 4)].into()));
        // Cases over the same memory share the limits that a rank measured alone.
        let alone = |stores: &str| &limits[&format!("generate.chunk=1MiB.stores={stores}")];
        assert_eq!(alone("ordinary"), alone("non-temporal"));
        assert_ne!(alone("ordinary"), &limits["generate.chunk=256KiB.stores=ordinary"]);
    }
    for case in run["cases"].as_array().expect("a list") {
        let generates = word(case, "workload") == "generate";
        assert_eq!(case["limits"].is_object(), generates, "{}", case["id"]);
        // Other programs may have had the CPUs; then no share is claimed, and what each repetition measured is there.
        let ranks = case["per_rank"].as_array().expect("a list");
        let quiet = ranks.iter().all(|row| row["cpu_share"].as_f64().is_some_and(|share| share >= 0.9));
        let share = &case["metrics"]["limit_share"];
        assert_eq!(share["value"].is_number(), generates && quiet, "{}", case["id"]);
        assert_eq!(share["values"].as_array().is_some(), generates, "{share}");
        for row in ranks {
            assert_eq!(row["limit_share"].is_number(), generates && quiet, "{row}");
            assert_eq!(row["limit_share_alone"].is_number(), generates && quiet, "{row}");
        }
    }
}

#[test]
fn repetitions_begin_all_over_the_arena_where_the_seed_says() {
    let offsets = |seed: &str| {
        let folder = Folder::new("layout");
        let (_, parts) = run(&folder, &["--set", &format!("seed={seed}"), "--set", "run.limit=0ms"]);
        let repetitions = parts.into_iter().flatten().filter(|line| word(line, "kind") == "repetition");
        let offset = |line: Value| {
            assert_eq!(line["limits"], Value::Array(Vec::new()), "0 ms are no limit at all");
            let key = (word(&line, "case").to_owned(), line["round"].as_u64().expect("a number"));
            (key, line["heap_offset_bytes"].as_u64().expect("a number"))
        };
        repetitions.map(offset).fold(BTreeMap::<_, Vec<u64>>::new(), |mut all, (key, offset)| {
            all.entry(key).or_default().push(offset);
            all
        })
    };
    let (one, again, other) = (offsets("1"), offsets("1"), offsets("2"));
    assert_eq!(one, again);
    assert_ne!(one, other);
    let places: BTreeSet<u64> = one.values().flatten().copied().collect();
    assert!(places.len() > 4 && places.iter().all(|offset| offset % SUPERSLAB == 0), "{places:?}");
    assert!(one.values().any(|ranks| ranks[0] != ranks[1]), "each rank draws for itself");
}
