//! Reports of sweeps and of many ranks: in 80 columns, as Markdown and as CSV.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use numamark::report::{self, Extent};
use numamark::results::run::{CaseResult, RankResult};
use numamark::results::{Parameter, Run, aggregate};
use numamark::stats::median;

use crate::fixture::{Folder, run};
use crate::table::assert_fits;

const GIB: f64 = (1u64 << 30) as f64;

/// A real run of one rank, from which cases and ranks are cut.
fn template() -> Run {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = Folder::new(&format!("sweep-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    let (_, header, evidence) = run(&folder.join("run"), 1, 43);
    aggregate(&header, &evidence, Some(24.3)).expect("whole evidence")
}

/// The template's case of this index with other parameters and another rate.
fn case(template: &Run, index: usize, rate: f64, parameters: &[(&str, Parameter)]) -> CaseResult {
    let mut case = template.derived.cases[index].clone();
    let words = parameters.iter().map(|(name, value)| format!(".{name}={value:?}"));
    case.id = format!("{}{}", case.workload, words.collect::<String>());
    case.parameters = BTreeMap::from([("workers".to_owned(), Parameter::Word("all".to_owned()))]);
    case.parameters.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let name = ["throughput_bytes_per_s", "operations_per_s"][index];
    let metric = case.metrics.get_mut(name).expect("every case has its rate");
    metric.value = Some(rate);
    case
}

fn bytes(mebibytes: u64) -> Parameter {
    Parameter::Number(mebibytes << 20)
}

fn word(word: &str) -> Parameter {
    Parameter::Word(word.to_owned())
}

/// Chunk by kernel: 3 x 2 cases, the fastest of which is 16 MiB with avx2.
fn two_axes() -> Run {
    let mut run = template();
    let mut cases = Vec::new();
    for (chunk, speed) in [(4, 3.0), (16, 7.0), (64, 5.0)] {
        for (kernel, faster) in [("scalar", 0.5), ("avx2", 2.0)] {
            let rate = speed * faster * GIB;
            cases.push(case(&run, 0, rate, &[("chunk_bytes", bytes(chunk)), ("kernel", word(kernel))]));
        }
    }
    run.derived.cases = cases;
    run
}

/// The rows below the line that begins with `title`, each as its words.
fn rows<'a>(text: &'a str, title: &str) -> Vec<Vec<&'a str>> {
    let below = text.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    let table: Vec<&str> = below.take_while(|line| !line.is_empty()).collect();
    let rule = table.iter().position(|line| line.starts_with("---")).expect("a line below the header");
    table[rule + 1..].iter().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn each_swept_key_has_a_table_through_the_fastest_case() {
    let text = report::table(&two_axes(), Extent::Summary);
    println!("{text}");
    assert_fits(&text);
    assert!(text.contains("generate: 6 cases, 3 values of chunk, 2 values of kernel; workers all"), "{text}");
    let of = |title| rows(&text, title).iter().map(|row| (row[0], row[1])).collect::<Vec<_>>();
    assert_eq!(of("chunk, at kernel avx2:"), [("4MiB", "6.00"), ("16MiB", "14.0"), ("64MiB", "10.0")]);
    assert_eq!(of("kernel, at chunk 16MiB:"), [("scalar", "3.50"), ("avx2", "14.0")]);
    let all = rows(&text, "rates of all 6 cases:");
    assert_eq!(all, [["4MiB", "1.50", "6.00"], ["16MiB", "3.50", "14.0"], ["64MiB", "2.50", "10.0"]]);
}

#[test]
fn one_swept_key_has_a_line_a_case_and_units_in_the_header() {
    let mut run = two_axes();
    run.derived.cases.retain(|case| case.parameters["kernel"] == word("avx2"));
    let text = report::table(&run, Extent::Summary);
    assert_fits(&text);
    let lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().position(|line| line.trim_start().starts_with("chunk ")).expect("a header");
    assert!(lines[header].contains("rate  range  slow 1%  refill p99"), "{text}");
    assert!(lines[header + 1].contains("GiB/s      %    GiB/s"), "{text}");
    assert!(!text.contains(", at "), "nothing else is swept:\n{text}");
    assert!(text.contains("3 values of chunk; kernel avx2, workers all"), "{text}");
}

#[test]
fn a_knob_that_does_not_touch_a_case_does_not_keep_it_out() {
    let mut run = template();
    let slab = |batch, rate| {
        case(&run, 1, rate, &[("allocator", word("slab")), ("batch", Parameter::Number(batch))])
    };
    let mut cases = vec![slab(16, 1e8), slab(64, 3e8)];
    cases.push(case(&run, 1, 2e6, &[("allocator", word("system"))]));
    run.derived.cases = cases;
    let text = report::table(&run, Extent::Summary);
    assert_fits(&text);
    let of = |title| rows(&text, title).iter().map(|row| (row[0], row[1])).collect::<Vec<_>>();
    assert_eq!(of("allocator, at batch 64:"), [("slab", "300"), ("system", "2.00")], "{text}");
    assert_eq!(of("batch, at allocator slab:"), [("16", "100"), ("64", "300")], "{text}");
    assert!(!text.contains("rates of all"), "the system allocator has no batch:\n{text}");
}

/// Chunk by kernel by depth: 2 x 2 x 2 cases, of which the tables show the fastest and its three neighbours.
#[test]
fn of_three_swept_keys_the_report_says_how_many_cases_it_does_not_show() {
    let mut run = template();
    let mut cases = Vec::new();
    for (index, chunk) in [(0, 4), (1, 16)] {
        for (kernel, faster) in [("scalar", 1.0), ("avx2", 4.0)] {
            for depth in [1, 2] {
                let parameters = [
                    ("chunk_bytes", bytes(chunk)),
                    ("kernel", word(kernel)),
                    ("in_flight", Parameter::Number(depth)),
                ];
                let rate = (faster + f64::from(index) + depth as f64 / 4.0) * GIB;
                cases.push(case(&run, 0, rate, &parameters));
            }
        }
    }
    run.derived.cases = cases;
    let text = report::table(&run, Extent::Summary);
    assert_fits(&text);
    for title in [
        "chunk, at kernel avx2, in_flight 2:",
        "kernel, at chunk 16MiB, in_flight 2:",
        "in_flight, at chunk 16MiB, kernel avx2:",
    ] {
        assert_eq!(rows(&text, title).len(), 2, "{text}");
    }
    assert!(text.contains("4 of 8 cases are shown; numamark report -v shows all"), "{text}");
}

#[test]
fn everything_shows_every_case_in_full() {
    let run = two_axes();
    let text = report::table(&run, Extent::Everything);
    assert_fits(&text);
    assert_eq!(text.matches("p99.9").count() - text.matches("p99.9 needs").count(), 6, "{text}");
}

#[test]
fn hostile_names_neither_widen_a_sweep_nor_break_markdown() {
    for text in ["x".repeat(300), "\u{1b}[31m\r\n\t| `a` <b>\u{202e}漢字かな".repeat(20), String::new()] {
        let mut run = with_ranks(40, 5);
        run.header.name = text.clone();
        run.header.hosts = vec![text.clone(), text.clone()];
        for (index, host) in (0..).zip(run.derived.cases[0].per_rank.iter_mut()) {
            host.host = format!("{text}{}", index / 5);
        }
        let mut other = run.derived.cases[0].clone();
        run.derived.cases[0].parameters.insert(text.clone(), Parameter::Word(text.clone()));
        other.parameters.insert(text.clone(), Parameter::Word(format!("{text}b")));
        other.parameters.insert("huge_bytes".to_owned(), Parameter::Number(u64::MAX));
        run.derived.cases.insert(1, other);
        for extent in [Extent::Summary, Extent::Everything] {
            assert_fits(&report::table(&run, extent));
        }
        assert_whole(&report::markdown(&run));
    }
}

/// Every row of every Markdown table has as many cells as its header.
fn assert_whole(markdown: &str) -> usize {
    let mut tables = 0;
    let mut cells = 0;
    for line in markdown.lines() {
        if !line.starts_with('|') {
            cells = 0;
            continue;
        }
        let found = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        if cells == 0 {
            (cells, tables) = (found, tables + 1);
        }
        assert_eq!(found, cells, "{line}");
        assert!(line.ends_with('|') && !line.chars().any(char::is_control), "{line:?}");
    }
    tables
}

#[test]
fn markdown_has_a_row_for_every_case() {
    let mut run = two_axes();
    run.derived.cases.push(template().derived.cases[1].clone());
    let text = report::markdown(&run);
    assert_eq!(assert_whole(&text), 2, "{text}");
    for row in ["| 4MiB | scalar | 1.50 |", "| 16MiB | avx2 | 14.0 |", "| 64MiB | scalar | 2.50 |"] {
        assert!(text.contains(row), "{row} is not in\n{text}");
    }
    assert!(text.contains("| chunk | kernel | rate (GiB/s) | range (%) |"), "{text}");
    assert!(text.contains("## generate") && text.contains("## larson"), "{text}");
}

#[test]
fn csv_has_every_figure_of_every_case_exactly() {
    let mut run = two_axes();
    run.header.name = "a \"name\", with\nlines".to_owned();
    run.derived.cases.push(template().derived.cases[1].clone());
    let text = report::csv(&run);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|other| other == name).expect(name);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("rows of one width")).collect();
    let cell = |case: &str, metric: &str, name: &str| {
        let here =
            |row: &&csv::StringRecord| &row[column("case")] == case && &row[column("metric")] == metric;
        let found: Vec<&csv::StringRecord> = rows.iter().filter(here).collect();
        assert_eq!(found.len(), 1, "{case} {metric}");
        assert_eq!(&found[0][column("run")], run.header.name);
        found[0][column(name)].to_owned()
    };
    for case in &run.derived.cases {
        for (name, metric) in &case.metrics {
            let value = cell(&case.id, name, "value");
            assert_eq!(value.parse().ok(), metric.value, "{} {name}", case.id);
            assert_eq!(cell(&case.id, name, "unit"), metric.unit);
        }
        let chunk = cell(&case.id, "locality", "chunk_bytes");
        assert_eq!(chunk.parse().ok(), case.number("chunk_bytes"));
        for (name, times) in &case.histograms {
            assert_eq!(cell(&case.id, &format!("{name}.max"), "value").parse().ok(), times.max);
            assert_eq!(cell(&case.id, &format!("{name}.count"), "value").parse(), Ok(times.count));
        }
    }
    let figures: usize =
        run.derived.cases.iter().map(|case| case.metrics.len() + 9 * case.histograms.len() + 1).sum();
    assert_eq!(rows.len(), figures);
}

/// One case on `hosts` hosts with `nodes` ranks each, all at 8 GiB/s but rank 7 at a half and rank 3 at 0.94 of it.
fn with_ranks(hosts: u32, nodes: u32) -> Run {
    let mut run = template();
    let mut case = run.derived.cases[0].clone();
    let of_rank = |rank: u32, template: &RankResult| {
        let mut row = template.clone();
        let share = [(7, 0.5), (3, 0.94)].into_iter().find(|(slow, _)| *slow == rank);
        row.rank = rank;
        row.host = format!("cluster-node-{:04}.example", rank / nodes);
        row.node_index = Some(rank % nodes);
        row.rate.value = Some(8.0 * GIB * share.map_or(1.0, |(_, share)| share));
        row
    };
    case.per_rank = (0..hosts * nodes).map(|rank| of_rank(rank, &case.per_rank[0])).collect();
    case.slowest_rank = Some(7);
    run.header.ranks = hosts * nodes;
    run.header.hosts = (0..hosts).map(|host| format!("cluster-node-{host:04}.example")).collect();
    run.derived.cases = vec![case];
    run
}

#[test]
fn the_heat_map_names_the_slowest_ranks_and_fills_their_cells() {
    let text = report::table(&with_ranks(3, 4), Extent::Summary);
    println!("{text}");
    assert_fits(&text);
    assert!(text.contains("rate in % of the median rank's, 8.00 GiB/s"), "{text}");
    assert!(text.contains("slowest: rank 7 (node 3 of cluster-node-0001): 50 %"), "{text}");
    let unbroken = text.replace("\n  ", " ");
    assert!(unbroken.contains(", rank 3 (node 3 of cluster-node-0000): 94 %"), "{text}");
    let map = rows_of_map(&text);
    assert_eq!(map["~uster-node-0000"], ["100", "100", "100", "...94"]);
    assert_eq!(map["~uster-node-0001"], ["100", "100", "100", "+++50"]);
    assert_eq!(map["~uster-node-0002"], ["100"; 4]);
    assert!(report::markdown(&with_ranks(3, 4)).contains("| cluster-node-0001 | 100 | 100 | 100 | 50 |"));
}

fn rows_of_map(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let map = text.lines().skip_while(|line| !line.starts_with("host \\ node")).skip(1);
    let rows = map.take_while(|line| !line.starts_with("slowest:") && !line.contains("more hosts"));
    rows.map(|row| {
        let mut words = row.split_whitespace();
        (words.next().expect("a host"), words.collect())
    })
    .collect()
}

#[test]
fn many_hosts_are_folded_to_those_with_the_slowest_ranks() {
    let run = with_ranks(64, 16);
    let folded = report::table(&run, Extent::Summary);
    println!("{folded}");
    assert_fits(&folded);
    assert!(folded.contains("48 more hosts: every rank at 100 to 100 %"), "{folded}");
    assert!(folded.contains("~uster-node-0000 100 100 100..94 100 100 100++50 100"), "{folded}");
    let whole = report::table(&run, Extent::Everything);
    assert_fits(&whole);
    assert_eq!(whole.matches("~uster-node-00").count(), 64, "{whole}");
}

#[test]
fn ranks_that_share_a_node_and_ranks_on_none_have_their_own_cells() {
    let mut run = with_ranks(1, 4);
    for (row, node) in run.derived.cases[0].per_rank.iter_mut().zip([Some(0), Some(0), Some(1), None]) {
        row.node_index = node;
    }
    let text = report::table(&run, Extent::Summary);
    assert_fits(&text);
    let heads = text.lines().find(|line| line.starts_with("host \\ node")).expect("a map");
    assert_eq!(heads.split_whitespace().collect::<Vec<_>>(), ["host", "\\", "node", "-", "0a", "0b", "1"]);
    assert_eq!(rows_of_map(&text)["~uster-node-0000"], ["...94", "100", "100", "100"]);
    assert!(text.contains("slowest: rank 3 (not bound of cluster-node-0000): 94 %"), "{text}");
}

#[test]
fn shares_over_several_cases_are_the_median_of_each_ranks_shares() {
    let mut run = with_ranks(1, 3);
    let mut cases = Vec::new();
    let shares = [[1.0, 0.5, 1.0], [1.0, 0.7, 1.0], [1.0, 0.9, 1.2]];
    for (chunk, shares) in [4, 16, 64].into_iter().zip(shares) {
        let mut case = run.derived.cases[0].clone();
        case.parameters.insert("chunk_bytes".to_owned(), bytes(chunk));
        case.per_rank.iter_mut().zip(shares).for_each(|(row, share)| {
            row.rate.value = Some(share * 3.0 * f64::from(u32::try_from(chunk).expect("small")));
        });
        cases.push(case);
    }
    run.derived.cases = cases;
    let text = report::table(&run, Extent::Summary);
    assert_fits(&text);
    let expected = median(&shares.map(|shares| shares[1])).expect("three");
    assert!(text.contains("median over 3 cases"), "{text}");
    assert!(
        text.contains(&format!("slowest: rank 1 (node 1 of cluster-node-0000): {:.0} %", expected * 100.0)),
        "{text}"
    );
}

#[test]
fn one_rank_has_no_heat_map() {
    assert!(!report::table(&two_axes(), Extent::Everything).contains("median rank"));
}

#[test]
fn a_sweep_over_many_hosts_names_the_slowest_rank_of_each_case() {
    let mut run = with_ranks(3, 4);
    let mut cases = Vec::new();
    for (chunk, slowest) in [(4, 7), (16, 7), (512, 3)] {
        let mut case = run.derived.cases[0].clone();
        case.parameters.insert("chunk_bytes".to_owned(), bytes(chunk));
        case.slowest_rank = Some(slowest);
        cases.push(case);
    }
    run.derived.cases = cases;
    let text = report::table(&run, Extent::Summary);
    println!("{text}");
    assert_fits(&text);
    let found = rows(&text, "generate: 3 cases");
    let slowest: Vec<&[&str]> = found.iter().filter(|row| row.len() > 4).map(|row| &row[6..9]).collect();
    assert_eq!(slowest, [["4.00", "7", "3"], ["4.00", "7", "3"], ["7.52", "3", "3"]], "{text}");
}
