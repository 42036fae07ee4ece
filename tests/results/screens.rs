//! The last screen of runs of 1 to 1,024 ranks on terminals of 80 and 160 columns, held by golden files.
//!
//! `NUMAMARK_WRITE_SCREENS=1` writes them anew; look at every one of them before it is committed.

use std::path::Path;

use numamark::record::Run;
use numamark::record::run::{ConfidenceInterval, Finding, FindingKind, Metric, Trust, TrustVerdict};
use numamark::report;
use numamark::report::{Detail, Screen, table_on};
use numamark::results::RunDirectory;

use crate::compare::with_arms;
use crate::fixture::Folder;
use crate::known_speed::{Made, made};
use crate::made_up::{two_axes, with_ranks};
use crate::table::assert_fits;

fn sound(mut run: Run) -> Run {
    run.derived.trust = Some(Trust { verdict: TrustVerdict::Sound, trustworthy: 1.0, findings: Vec::new() });
    run.derived.gate_results.clear();
    run
}

fn disturbed(run: Run) -> Run {
    let mut run = sound(run);
    let case = Some(run.derived.cases[0].id.clone());
    let finding =
        |kind, severe, value| Finding { kind, severe, case: case.clone(), rank: None, value: Some(value) };
    run.derived.trust = Some(Trust {
        verdict: TrustVerdict::NotTrustworthy,
        trustworthy: 0.0,
        findings: vec![
            finding(FindingKind::OtherPrograms, true, 0.75),
            finding(FindingKind::WideInterval, false, 0.42),
        ],
    });
    run
}

#[test]
fn the_last_screens_are_as_stored() {
    let one = || with_ranks(1, 1);
    let screens: [(&str, Run); 6] = [
        ("1-rank", sound(one())),
        ("1-rank-disturbed", disturbed(one())),
        ("4-ranks", sound(with_ranks(1, 4))),
        ("64-ranks", sound(with_ranks(4, 16))),
        ("1024-ranks", sound(with_ranks(64, 16))),
        ("sweep", sound(two_axes())),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/results/screens");
    let write = std::env::var_os("NUMAMARK_WRITE_SCREENS").is_some();
    for (name, run) in screens {
        for columns in [80, 160] {
            let text = table_on(Screen::terminal(columns, false), &run, Detail::Summary);
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{name}\n{text}");
            let limit = if run.header.ranks > 4 { 60 } else { 45 };
            assert!(text.lines().count() <= limit, "{name}: {} lines\n{text}", text.lines().count());
            let path = folder.join(format!("{name}-{columns}.txt"));
            if write {
                std::fs::create_dir_all(&folder).expect("the source tree");
                std::fs::write(&path, &text).expect("the source tree");
            }
            let stored = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(text, stored, "{} is another screen", path.display());
        }
    }
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let run = disturbed(with_ranks(1, 4));
    let plain = table_on(Screen::terminal(80, false), &run, Detail::Summary);
    let mut coloured = table_on(Screen::terminal(80, true), &run, Detail::Summary);
    assert!(coloured.contains("\u{1b}[31mNOT TRUSTWORTHY:\u{1b}[0m"), "{coloured}");
    for code in ["31", "32", "33", "0"] {
        coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(coloured, plain);
}

/// Four arms in two workloads: one table of all rates, and a screen of less than 40 lines.
#[test]
fn many_arms_of_several_workloads_stay_on_one_screen() {
    let folder = Folder::new("compare-many-arms");
    let arms = ["base", "base-again", "batch-8", "b", "c"];
    let run = Made {
        ranks: 1,
        rounds: 10,
        speed: &|case| if case.ends_with("batch-8") { 1.2 } else { 1.0 },
        header: &|header| with_arms(header, &arms),
        ..made(58)
    };
    let path = run.write(&folder.join("run"));
    let mut run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
    // The fixture has gates that nothing meets, and a digest.
    run.derived.gate_results.clear();
    run.derived.cases.iter_mut().for_each(|case| case.digest = None);
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    assert!(text.lines().count() < 40, "{} lines:\n{text}", text.lines().count());
    let answer =
        text.split("\n\n").next().expect("paragraphs").split_whitespace().collect::<Vec<_>>().join(" ");
    for said in ["larson (a random object of a table is replaced): base ", "batch-8 +20 %, faster; b "] {
        assert!(answer.contains(said), "{said} is not in {answer}");
    }
    assert_eq!(text.matches("\nrates").count(), 1, "{text}");
    assert_eq!(text.matches("  verdict\n").count(), 1, "one table:\n{text}");
}

/// Ranks of very different rates have an interval over many powers of ten.
#[test]
fn an_interval_too_wide_for_its_cell_is_not_broken() {
    let mut run = sound(with_ranks(1, 1));
    let case = &mut run.derived.cases[0];
    let level = case.metrics["throughput_bytes_per_s"].confidence.expect("an interval").level;
    let wide = |low: f64, high: f64| Some(ConfidenceInterval { low, high, level });
    let rate = case.metrics.remove("throughput_bytes_per_s").expect("its rate");
    case.metrics.insert(
        "operations_per_s".to_owned(),
        Metric { value: Some(347e3), confidence: wide(345e3, 140.7e9), ..rate },
    );
    case.slowest_rank = Some(0);
    case.per_rank[0].rate.value = Some(347e3);
    case.per_rank[0].rate.confidence = wide(345e3, 140.7e9);
    let share = case.metrics.get_mut("refill_share").expect("refills");
    share.confidence = wide(1e-6, 2e-6);
    let text = table_on(Screen::terminal(80, false), &run, Detail::Summary);
    assert!(text.contains(" 345 to 1e8  "), "{text}");
    assert_eq!(text.matches(" 345 to 1e8 ").count(), 2, "both columns:\n{text}");
    assert!(!text.contains("<0.01 to <0.01"), "{text}");
}
