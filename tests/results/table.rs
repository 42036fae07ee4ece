//! The table fits 80 columns and has all required values, whatever names the run has.

use numamark::aggregate::aggregate;
use numamark::environment::NodeRecord;
use numamark::record::run::GateResult;
use numamark::record::{Parameter, Run};
use numamark::report;
use numamark::report::Detail;

use crate::fixture::{Folder, run};

fn good_run(test: &str, ranks: u32) -> Run {
    let folder = Folder::new(test);
    let (_, header, evidence) = run(&folder.join("run"), ranks, 41);
    aggregate(&header, &evidence, Some(24.3)).expect("whole evidence")
}

/// Terminal columns: wide characters (the CJK blocks) take two.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if ('\u{1100}'..='\u{ffef}').contains(&c) { 2 } else { 1 }).sum()
}

pub fn assert_fits(text: &str) {
    for line in text.lines() {
        assert!(columns(line) <= 80, "{} columns: {line}", columns(line));
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line.trim_end(), line);
    }
}

#[test]
fn the_table_says_what_a_reader_asks() {
    let run = good_run("says", 4);
    let text = report::table(&run, Detail::Everything);
    println!("{text}");
    assert_fits(&text);
    for answer in [
        "made-up: 4 ranks on 2 hosts, 24.3 s",
        "GiB/s",
        "Mop/s",
        "3 repetitions",
        "slow 1%",
        "share   0.6",
        "local >99.9 %",
        "clock: time stamp counter, step 13.0 ns; a reading 23.0 ns, a record 8.00 ns",
        "measuring: up to <0.01 % of worker time",
        "noise: thermal_throttles cannot be read here; run.json says why",
        "of 16,384 pages on the rank's own node",
        "refills were timed; max is that of the timed ones",
        "digest of the data set: fffffffffffffffffffffffffffffff6",
        "\nPASS locality 99.9",
        "\nWARN generate-1: refill_share 0.6",
    ] {
        assert!(text.contains(answer), "{answer} is not in\n{text}");
    }
    let slowest = run.derived.cases[0].slowest().expect("there are four");
    assert!(text.contains(&format!("rank {}", slowest.rank)) && text.contains(&slowest.host));
    assert!(!text.contains("PARTIAL"));
}

#[test]
fn nothing_makes_the_table_wider_than_80_columns() {
    let long = "x".repeat(300);
    let hostile = "\u{1b}[31m\r\n\t\u{202e}漢字かな交じり文".repeat(20);
    for text in [long.as_str(), hostile.as_str(), ""] {
        let mut run = good_run("wide", 2);
        run.complete = false;
        run.elapsed_s = None;
        (run.header.name, run.header.started) = (text.to_owned(), text.to_owned());
        run.header.hosts = vec![text.to_owned()];
        run.header.ranks = u32::MAX;
        run.header.environment.clock_source = text.to_owned();
        run.header.environment.nodes =
            vec![NodeRecord { os_index: 0, pus: text.to_owned(), memory_bytes: None }];
        run.header.environment_differences = vec![text.to_owned(); 9];
        run.derived.violations = u64::MAX;
        run.derived.unfinished_repetitions = u32::MAX;
        run.derived.locality.share = None;
        run.derived.locality.unverified = Some(text.to_owned());
        for case in &mut run.derived.cases {
            case.id = text.to_owned();
            case.parameters.insert(text.to_owned(), Parameter::Word(text.to_owned()));
            case.parameters.insert("huge_bytes".to_owned(), Parameter::Number(u64::MAX));
            case.digest = Some(text.to_owned());
            case.per_rank.iter_mut().for_each(|row| {
                (row.host, row.node_index) = (text.to_owned(), Some(u32::MAX));
                row.rate.value = Some(f64::MAX);
            });
            for metric in case.metrics.values_mut() {
                (metric.value, metric.values) = (Some(1e300), vec![Some(-1e300), Some(f64::MIN_POSITIVE)]);
            }
            for times in case.histograms.values_mut() {
                (times.count, times.p50, times.p99, times.max) =
                    (u64::MAX, Some(0), Some(u64::MAX), Some(u64::MAX));
            }
        }
        let gates: Vec<GateResult> = run.derived.gate_results.clone();
        for gate in gates {
            let (metric, reason, value) = (text.to_owned(), Some(text.to_owned()), Some(1e-300));
            run.derived.gate_results.push(GateResult { metric, reason, value, ..gate });
        }
        let table = report::table(&run, Detail::Summary);
        assert_fits(&table);
        assert!(table.contains("PARTIAL RESULT"));
    }
}

#[test]
fn a_run_without_any_repetition_still_has_a_table() {
    let folder = Folder::new("no-repetition");
    let (_, header, _) = run(&folder.join("run"), 1, 42);
    let evidence = numamark::aggregate::Evidence::new(vec![crate::fixture::begin(0, 1)]).expect("one rank");
    let run = aggregate(&header, &evidence, None).expect("nothing is no error");
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    assert!(text.contains("PARTIAL RESULT"));
    assert!(
        text.contains("no figure of generate-1: throughput_bytes_per_s: no repetition was finished"),
        "{text}"
    );
}
