//! Reports of sweeps: one table for each swept key, in 80 columns.

use numamark::record::run::Expected;
use numamark::record::{Parameter, Run};
use numamark::report;
use numamark::report::Detail;

use crate::made_up::{GIB, bytes, case, rows, template, two_axes, with_ranks, word};
use crate::table::assert_fits;

#[test]
fn each_swept_key_has_a_table_through_the_fastest_case() {
    let text = report::table(&two_axes(), Detail::Summary);
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
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    let lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().position(|line| line.trim_start().starts_with("chunk ")).expect("a header");
    let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(header).contains("rate +- limit refill p99"), "{text}");
    assert!(words(header + 1).contains("GiB/s % % us %"), "{text}");
    assert!(!text.contains("slow 1%"), "no case has enough chunks for it");
    assert!(!text.contains(", at "), "nothing else is swept:\n{text}");
    assert!(text.contains("3 values of chunk; kernel avx2, workers all"), "{text}");
}

#[test]
fn a_case_without_a_swept_parameter_is_shown_beside_the_fastest_value() {
    let mut run = template();
    let slab = |batch, rate| {
        case(&run, 1, rate, &[("allocator", word("slab")), ("batch", Parameter::Number(batch))])
    };
    let mut cases = vec![slab(16, 1e8), slab(64, 3e8)];
    cases.push(case(&run, 1, 2e6, &[("allocator", word("system"))]));
    run.derived.cases = cases;
    let text = report::table(&run, Detail::Summary);
    assert_fits(&text);
    let of = |title| rows(&text, title).iter().map(|row| (row[0], row[1])).collect::<Vec<_>>();
    assert_eq!(of("allocator, at batch 64:"), [("slab", "300"), ("system", "2.00")], "{text}");
    assert_eq!(of("batch, at allocator slab:"), [("16", "100"), ("64", "300")], "{text}");
    assert!(!text.contains("rates of all"), "the system allocator has no batch:\n{text}");
    // Also when the case without the parameter is the fastest of all, as the null allocator is.
    let mut faster = run.clone();
    faster.derived.cases.push(case(&run, 1, 9e8, &[("allocator", word("null"))]));
    let text = report::table(&faster, Detail::Summary);
    let of = |title| rows(&text, title).iter().map(|row| (row[0], row[1])).collect::<Vec<_>>();
    let fastest_of_each = [("slab", "300"), ("system", "2.00"), ("null", "900")];
    assert_eq!(of("allocator, at batch 64:"), fastest_of_each, "{text}");
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
    let text = report::table(&run, Detail::Summary);
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
    let text = report::table(&run, Detail::Everything);
    assert_fits(&text);
    assert_eq!(
        text.matches("\nslow 1%").count().max(text.matches("limit 20.2 %    limit").count()),
        6,
        "{text}"
    );
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
    let text = report::table(&run, Detail::Summary);
    println!("{text}");
    assert_fits(&text);
    let found = rows(&text, "generate: 3 cases");
    let slowest: Vec<&[&str]> = found.iter().filter(|row| row.len() > 4).map(|row| &row[6..8]).collect();
    assert_eq!(slowest, [["4.00", "3"], ["4.00", "3"], ["7.52", "3"]], "{text}");
}

/// Three chunks in blocks of up to 4 MiB. Where blocks are fewer than workers, some workers are idle. The largest chunk
/// exceeds its arena.
fn with_expectations() -> Run {
    let mut run = two_axes();
    run.derived.cases.retain(|case| case.parameters["kernel"] == word("avx2"));
    for (case, (busy, peak)) in run.derived.cases.iter_mut().zip([(1.0, 12.5), (3.0, 50.0), (4.0, 300.0)]) {
        let chunk = case.number("chunk_bytes").expect("swept");
        let blocks = u32::try_from(chunk >> 22).expect("few");
        case.expected = Some(Expected {
            blocks_per_chunk: blocks,
            busy_workers: blocks.min(4),
            working_set_bytes: 3 * chunk,
            stores: None,
            l3_bytes: Some(32 << 20),
            memory_bytes_min: 3 * chunk,
            memory_bytes_max: 4 * chunk,
        });
        let mut measured = |name: &str, value: f64| {
            let metric = case.metrics.get_mut(name).expect("every case has it");
            metric.value = Some(value);
        };
        measured("busy_workers", busy);
        measured("memory_peak_bytes", peak * f64::from(1 << 20));
    }
    run
}

#[test]
fn expected_values_are_shown_beside_measured_ones() {
    let run = with_expectations();
    let text = report::table(&run, Detail::Summary);
    println!("{text}");
    assert_fits(&text);
    let header = text.lines().find(|line| line.contains("working set")).expect("a table");
    let below = format!("\n{}", &text[text.find(header).expect("found")..]);
    let rows = rows(&below, "");
    let expected: [&[&str]; 3] = [
        &["4MiB", "1", "1", "12.0", "0.38", "12.5"],
        &["16MiB", "4", "3", "(4)", "!", "48.0", "1.50", "50.0"],
        &["64MiB", "16", "4", "192", "6.00", "300", "(192", "to", "256)", "!"],
    ];
    assert_eq!(rows[..3], expected, "{text}");
    assert!(text.contains("!: not as planned; the plan is in brackets"), "{text}");
    assert!(report::markdown(&run).contains("| 4MiB | 1 | 1 | 12.0 | 0.38 | 12.5 |"));
}

#[test]
fn expectations_that_are_all_alike_or_unknown_have_no_table() {
    let mut alike = with_expectations();
    let first = alike.derived.cases[0].expected.clone();
    alike.derived.cases.iter_mut().for_each(|case| case.expected.clone_from(&first));
    let mut unknown = with_expectations();
    unknown.derived.cases[0].expected = None;
    for run in [alike, unknown] {
        let text = report::table(&run, Detail::Summary);
        // Only the table's words are excluded, because the advice below mentions workers as well.
        assert!(!text.contains("per chunk  workers") && !text.contains("!:"), "{text}");
    }
}
