//! Reports for other programs, which stay well-formed whatever a name contains.

use numamark::record::Parameter;
use numamark::record::run::CaseResult;
use numamark::report;
use numamark::report::Detail;

use crate::made_up::{template, two_axes, with_ranks};
use crate::table::assert_fits;

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
        for extent in [Detail::Summary, Detail::Everything] {
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
    assert!(text.contains("| chunk | kernel | rate (GiB/s) | +- (%) |"), "{text}");
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
        assert_eq!(cell(&case.id, "total.bytes", "value").parse(), Ok(case.total.bytes));
        let chunk = cell(&case.id, "locality", "chunk_bytes");
        assert_eq!(chunk.parse().ok(), case.number("chunk_bytes"));
        for (name, times) in &case.histograms {
            assert_eq!(cell(&case.id, &format!("{name}.max"), "value").parse().ok(), times.max);
            assert_eq!(cell(&case.id, &format!("{name}.count"), "value").parse(), Ok(times.count));
        }
    }
    let count = |case: &CaseResult| {
        // Locality, three totals, six expectations.
        case.metrics.len() + 9 * case.histograms.len() + 4 + 6 * usize::from(case.expected.is_some())
    };
    assert_eq!(rows.len(), run.derived.cases.iter().map(count).sum::<usize>());
}
