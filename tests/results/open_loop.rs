//! Open loops end to end: latencies in `run.json`, in the reports and in the tables for programs, and the note on a rate of
//! arrivals that was not reached.

use numamark::record::{Header, Parameter, Run};
use numamark::report;
use numamark::report::Detail;
use numamark::results::{RunDirectory, verify};

use crate::fixture::Folder;
use crate::known_speed::{Made, made};
use crate::table::assert_fits;

/// Operations that a rank does each second, to a hundredth.
const RANK_OPERATIONS_PER_S: f64 = 5e7;
const ROUNDS: u32 = 3;
const RANKS: u32 = 2;
/// Latencies of a case: those of every rank and round.
const LATENCIES: u64 = 20_000 * (ROUNDS * RANKS) as u64;

/// Larson with each of these arrivals at each of two workers; 0 stands for a closed loop. The case's speed is the usual one.
fn with_arrivals(name: &str, arrivals: &[u64]) -> (Folder, Run) {
    let header = |header: &mut Header| {
        let template = header.planned.pop().expect("two cases");
        header.planned.clear();
        header.gates.clear();
        for arrivals in arrivals {
            let mut case = template.clone();
            if *arrivals > 0 {
                case.id = format!("larson.arrivals={arrivals}");
                case.parameters.insert("arrivals".to_owned(), Parameter::Number(*arrivals));
            }
            header.planned.push(case);
        }
    };
    let folder = Folder::new(name);
    let speed = |_: &str| RANK_OPERATIONS_PER_S / 1e9;
    let made =
        Made { ranks: RANKS, rounds: ROUNDS, proved: true, header: &header, speed: &speed, ..made(91) };
    let path = made.write(&folder.join("run"));
    verify(&path).expect("every figure of an open loop follows from the parts");
    let run = RunDirectory::open(&path).expect("a run").read_run().expect("its result");
    (folder, run)
}

/// The report of a run in one line.
fn report_line(run: &Run) -> String {
    let text = report::table(run, Detail::Everything);
    assert_fits(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Arrivals at each of the two workers of a rank that are this share of its operations.
fn arrivals(share: f64) -> u64 {
    (RANK_OPERATIONS_PER_S / 2.0 * share) as u64
}

#[test]
fn latencies_of_an_open_loop_are_in_every_result() {
    let (folder, run) = with_arrivals("open-loop", &[arrivals(0.9)]);
    let case = &run.derived.cases[0];
    let latencies = &case.histograms["latency_ns"];
    assert_eq!((latencies.count, latencies.timed), (LATENCIES, LATENCIES));
    let [p50, p99, p999] = [latencies.p50, latencies.p99, latencies.p999].map(|time| time.expect("enough"));
    assert!((100..1000).contains(&p50) && (40_000..41_000).contains(&p99) && p99 <= p999, "{latencies:?}");

    let table = report::table(&run, Detail::Summary);
    assert_fits(&table);
    let heading = table.lines().find(|line| line.starts_with("case")).expect("a table");
    assert!(heading.contains("latency") && !heading.contains("chunk"), "{table}");
    let cells: Vec<&str> = table.split_whitespace().collect();
    let below = |name: &str| {
        let at = cells.iter().position(|cell| *cell == name).expect("a quantile of the first column");
        cells[at + 1..at + 3].join(" ")
    };
    assert!(below("p99").starts_with("40.") && below("p99").ends_with(" us"), "{table}");
    for row in ["latency_ns.p50", "latency_ns.p99", "latency_ns.p999", "latency_ns.max"] {
        assert!(report::csv(&run).contains(&format!(",{row},")), "{row}");
    }
    let log = std::fs::read_to_string(folder.join("run").join("histograms.hlog")).expect("it was written");
    assert!(log.contains(&format!("{};latency_ns", case.id)), "no line of the log has latencies");
}

#[test]
fn a_sweep_of_arrivals_has_a_column_for_each_quantile_of_the_latencies() {
    let (_folder, run) = with_arrivals("open-loop-sweep", &[arrivals(0.5), arrivals(0.9)]);
    assert!(report::markdown(&run).contains("| latency p50 (us) | p99 (us) | p99.9 (us) | max (us) |"));
}

#[test]
fn a_closed_loop_beside_an_open_one_has_no_latencies() {
    let (_folder, run) = with_arrivals("open-loop-beside", &[0, arrivals(0.9)]);
    assert!(!run.derived.cases[0].histograms.contains_key("latency_ns"));
    assert_eq!(run.derived.cases[1].histograms["latency_ns"].count, LATENCIES);
    let table = report::table(&run, Detail::Everything);
    assert_fits(&table);
    assert!(table.lines().any(|line| line.starts_with("case") && line.contains("chunk/latency")), "{table}");
}

#[test]
fn arrivals_that_were_reached_need_no_note() {
    for share in [0.5, 0.995] {
        let (_folder, run) = with_arrivals("open-loop-reached", &[arrivals(share)]);
        assert!(!report_line(&run).contains("were due"), "{share}");
    }
}

#[test]
fn arrivals_that_were_not_reached_are_named_with_what_was_due_and_done() {
    let (_folder, run) = with_arrivals("open-loop-behind", &[arrivals(0.5), arrivals(2.0)]);
    let line = report_line(&run);
    let behind = format!("arrivals of larson.arrivals={}: 200 Mop/s due, only", arrivals(2.0));
    assert!(line.contains(&behind), "{line}");
    assert!(line.contains(" done (49.") || line.contains(" done (50.0 %)"), "{line}");
    assert_eq!(line.matches(" due, only").count(), 1, "{line}");
}

#[test]
fn many_cases_that_fell_behind_share_one_note() {
    let shares = [0.5, 1.25, 2.0, 4.0];
    let (_folder, run) = with_arrivals("open-loop-many", &shares.map(arrivals));
    let line = report_line(&run);
    assert!(line.contains("arrivals: 3 of 4 cases did only 2"), "{line}");
    assert_eq!(line.matches("operations due:").count(), 1, "{line}");
}
