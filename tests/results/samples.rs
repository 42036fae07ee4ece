//! `samples.parquet` read back: every value of every part, the figures of `run.json`, and nothing else.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use numamark::results::samples::table::{Cell, ColumnSchema, ColumnType, TableReader, TableWriter};
use numamark::results::{recover, verify};
use serde_json::Value;

use crate::again;
use crate::fixture::{Folder, finished, run};

/// Columns, and rows.
type Table = (Vec<ColumnSchema>, Vec<Vec<Cell>>);

fn read(path: &Path) -> Table {
    let mut table = TableReader::open(File::open(path).expect("it was written")).expect("a table");
    let rows = std::iter::from_fn(|| table.next_row().expect("not damaged")).collect();
    (table.columns().to_vec(), rows)
}

/// Key of a row: scope, host, rank, case, repetition, metric, interval.
type Key = (String, Option<String>, Option<i64>, String, i64, String, Option<i64>);

fn key(row: &[Cell], columns: &[ColumnSchema]) -> Key {
    let cell = |name: &str| &row[columns.iter().position(|column| column.name == name).expect(name)];
    let text = |name: &str| match cell(name) {
        Cell::Text(text) => Some(text.to_string()),
        Cell::Null => None,
        other => panic!("{name} is {other:?}"),
    };
    let whole = |name: &str| match cell(name) {
        Cell::Whole(whole) => Some(*whole),
        Cell::Null => None,
        other => panic!("{name} is {other:?}"),
    };
    (
        text("scope").expect("a scope"),
        text("host"),
        whole("rank"),
        text("case").expect("a case"),
        whole("repetition").expect("a repetition"),
        text("metric").expect("a metric"),
        whole("interval"),
    )
}

#[test]
fn every_row_follows_from_the_parts_and_none_is_missing() {
    let folder = Folder::new("samples-rows");
    let path = folder.join("run");
    let (directory, run, _) = finished(&path, 5, 61);
    let (columns, rows) = read(&directory.samples());
    let place = |name: &str| columns.iter().position(|column| column.name == name).expect(name);
    let (value, unit, node, began) = (place("value"), place("unit"), place("node"), place("began"));
    let mut found: BTreeMap<Key, &Vec<Cell>> = BTreeMap::new();
    for row in &rows {
        assert!(found.insert(key(row, &columns), row).is_none(), "{row:?} is there twice");
    }
    let mut expect = |key: Key, number: f64, tolerance: f64, of: &str, at: Option<i64>, when: &Value| {
        let row = found.remove(&key).unwrap_or_else(|| panic!("{key:?} is missing"));
        let Cell::Real(real) = row[value] else { panic!("{row:?}") };
        assert!(
            (real - number).abs() <= tolerance * number.abs(),
            "{key:?} is {real}, the parts give {number}"
        );
        assert_eq!(row[unit], Cell::Text(of.into()), "{key:?}");
        assert_eq!(row[node], at.map_or(Cell::Null, Cell::Whole), "{key:?}");
        assert_eq!(row[began], Cell::Whole(when.as_i64().expect("a moment")), "{key:?}");
    };
    let lines = again::lines(&path, 5);
    for line in &lines {
        let (case, round, when) = (line.case(), line.round(), &line.of["began_unix_ms"]);
        let key = |metric: &str, interval| {
            let (scope, host, rank) = ("rank".to_owned(), Some(line.host.clone()), Some(line.rank));
            (scope, host, rank, case.clone(), round, metric.to_owned(), interval)
        };
        for (metric, interval, number, unit) in again::measured(line) {
            expect(key(metric, interval), number, 0.0, unit, Some(line.node), when);
        }
        let of_rank = |other: &&again::Line| (other.rank, other.case()) == (line.rank, line.case());
        let share = again::limit_shares(&lines.iter().filter(of_rank).collect::<Vec<_>>());
        let share = share.map(|shares| ("limit_share", (shares[&round], "share")));
        for (metric, (number, unit)) in again::figures(&[line]).into_iter().chain(share) {
            expect(key(metric, None), number, 1e-12, unit, Some(line.node), when);
        }
    }
    let hosts = ["host0", "host1"];
    for (case, round) in lines.iter().filter(|line| line.rank == 0).map(|line| (line.case(), line.round())) {
        for host in hosts {
            let here = |line: &&again::Line| {
                (line.case(), line.round()) == (case.clone(), round) && line.host == host
            };
            let here: Vec<&again::Line> = lines.iter().filter(here).collect();
            let of_host = |line: &&again::Line| line.case() == case && line.host == host;
            let share = again::limit_shares(&lines.iter().filter(of_host).collect::<Vec<_>>());
            let share = share.map(|shares| ("limit_share", (shares[&round], "share")));
            for (metric, (number, unit)) in again::figures(&here).into_iter().chain(share) {
                let key = (
                    "host".to_owned(),
                    Some(host.to_owned()),
                    None,
                    case.clone(),
                    round,
                    metric.to_owned(),
                    None,
                );
                // The lowest rank of the host comes first.
                expect(key, number, 1e-12, unit, None, &here[0].of["began_unix_ms"]);
            }
        }
        let result = run.derived.cases.iter().find(|result| result.id == case).expect("planned");
        let first =
            lines.iter().find(|line| (line.case(), line.round()) == (case.clone(), round)).expect("rank 0");
        for (metric, figures) in &result.metrics {
            let key = ("all".to_owned(), None, None, case.clone(), round, metric.clone(), None);
            // Without a value there must be no row: an unexpected row would remain in `found`.
            if let Some(number) = figures.values[round as usize - 1] {
                expect(key, number, 0.0, &figures.unit, None, &first.of["began_unix_ms"]);
            }
        }
    }
    assert!(found.is_empty(), "rows that no part has: {:?}", found.keys());
}

#[test]
fn intervals_sum_to_the_work_of_the_repetition() {
    let folder = Folder::new("samples-intervals");
    let (directory, run, _) = finished(&folder.join("run"), 3, 62);
    let (columns, rows) = read(&directory.samples());
    let value = columns.iter().position(|column| column.name == "value").expect("value");
    let mut sums: BTreeMap<(Option<i64>, String, i64), [f64; 2]> = BTreeMap::new();
    for row in &rows {
        let ((scope, _, rank, case, repetition, metric, _), Cell::Real(real)) =
            (key(row, &columns), &row[value])
        else {
            panic!("{row:?} has no value")
        };
        let side = match metric.as_str() {
            "interval_bytes" | "interval_operations" => 0,
            "bytes" | "operations" => 1,
            _ => continue,
        };
        assert_eq!(scope, "rank");
        sums.entry((rank, case, repetition)).or_default()[side] += real;
    }
    assert_eq!(sums.len(), 3 * 6, "every rank and repetition");
    assert!(sums.values().all(|[intervals, whole]| intervals == whole), "{sums:?}");
    for (case, of) in run.derived.cases.iter().map(|case| (case, case.total)) {
        let here = sums.iter().filter(|((_, id, _), _)| *id == case.id).map(|(_, [intervals, _])| intervals);
        assert_eq!(here.sum::<f64>(), (of.bytes + of.operations) as f64, "{}", case.id);
    }
}

#[test]
fn the_file_names_its_columns_and_its_run() {
    let folder = Folder::new("samples-columns");
    let (directory, run, _) = finished(&folder.join("run"), 2, 63);
    let (columns, rows) = read(&directory.samples());
    let shape: Vec<(&str, ColumnType)> =
        columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
    use ColumnType::{Integer, Long, Moment, Real, Text};
    assert_eq!(
        shape,
        [
            ("scope", Text),
            ("host", Text),
            ("node", Integer),
            ("rank", Integer),
            ("case", Text),
            ("workload", Text),
            ("batch", Long),
            ("block_bytes", Long),
            ("chunk_bytes", Long),
            ("kernel", Text),
            // A word in one case, a number in the other.
            ("workers", Text),
            ("repetition", Integer),
            ("interval", Integer),
            ("began", Moment),
            ("metric", Text),
            ("value", Real),
            ("unit", Text),
        ]
    );
    assert!(columns.iter().all(|column| column.comment.len() > 10), "every column is explained");
    let table = TableReader::open(File::open(directory.samples()).expect("written")).expect("a table");
    assert_eq!(table.about("numamark.schema"), Some("2"));
    assert_eq!(table.about("numamark.version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(table.about("numamark.job_hash"), Some(run.header.job_hash.as_str()));
    let sorted = |row: &Vec<Cell>| {
        let (scope, host, rank, case, repetition, metric, interval) = key(row, &columns);
        (scope, case, host, rank, repetition, metric, interval)
    };
    assert!(rows.is_sorted_by_key(sorted), "nulls first");
    let of = |name: &str, row: &[Cell]| row[columns.iter().position(|c| c.name == name).expect(name)].clone();
    for row in &rows {
        let generates = of("workload", row) == Cell::Text("generate".into());
        let (chunk, workers) = match generates {
            true => (Cell::Whole(64 << 20), "all"),
            false => (Cell::Null, "2"),
        };
        assert_eq!((of("chunk_bytes", row), of("workers", row)), (chunk, Cell::Text(workers.into())));
    }
}

/// Writes a table again with other rows, everything else as it was.
fn rewrite(path: &Path, edit: impl FnOnce(&[ColumnSchema], &mut Vec<Vec<Cell>>)) {
    let (columns, mut rows) = read(path);
    let old = TableReader::open(File::open(path).expect("written")).expect("a table");
    let about = ["numamark.schema", "numamark.version", "numamark.job_hash"];
    let about = about.map(|key| (key.to_owned(), old.about(key).expect(key).to_owned()));
    edit(&columns, &mut rows);
    let mut file = File::create(path).expect("room");
    let mut table = TableWriter::new(&mut file, &columns, &about, &[]).expect("room");
    rows.iter().for_each(|row| table.push(row).expect("room"));
    table.finish().expect("room");
}

#[test]
fn verify_finds_and_names_any_change_of_the_samples() {
    let folder = Folder::new("samples-changed");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 2, 64);
    let samples = directory.samples();
    let original = fs::read(&samples).expect("written");
    let complaint = || verify(&path).expect_err("it was changed").to_string();
    let (columns, rows) = read(&samples);
    let verified = verify(&path).expect("as written");
    assert_eq!(verified.samples, rows.len());
    // In each column, in rows at the beginning, in the middle and at the end.
    for (place, column) in columns.iter().enumerate() {
        for at in [0, rows.len() / 2, rows.len() - 1] {
            rewrite(&samples, |_, rows| {
                rows[at][place] = match (&rows[at][place], column.kind) {
                    (Cell::Real(real), _) => Cell::Real(f64::from_bits(real.to_bits() ^ 1)),
                    (Cell::Whole(whole), _) => Cell::Whole(whole ^ 1),
                    (Cell::Text(text), _) => Cell::Text(format!("{text}x").into()),
                    (Cell::Null, ColumnType::Text) => Cell::Text("x".into()),
                    (Cell::Null, _) => Cell::Whole(0),
                };
            });
            let why = complaint();
            let (.., metric, _) = key(&rows[at], &columns);
            assert!(why.contains(&format!("samples.parquet: {metric} of ")), "{why}");
            assert!(why.contains(&format!(": {} is ", column.name)), "{why}");
            fs::write(&samples, &original).expect("room");
        }
    }
    rewrite(&samples, |_, rows| drop(rows.pop()));
    assert!(complaint().contains("has no row"), "{}", complaint());
    fs::write(&samples, &original).expect("room");
    rewrite(&samples, |_, rows| rows.push(rows[0].clone()));
    assert!(complaint().contains("samples.parquet: 1 row more than the parts give"), "{}", complaint());
    fs::write(&samples, &original[..original.len() - 9]).expect("room");
    assert!(complaint().contains("samples.parquet: cannot be read"), "{}", complaint());
    fs::remove_file(&samples).expect("it is there");
    assert!(complaint().contains("samples.parquet: cannot be read: No such file"), "{}", complaint());
    let (other, ..) = finished(&folder.join("other"), 2, 65);
    fs::copy(other.samples(), &samples).expect("room");
    assert!(complaint().contains("value is "), "another run's: {}", complaint());
    fs::write(&samples, &original).expect("room");
    verify(&path).expect("as written");
}

#[test]
fn a_flipped_bit_anywhere_in_the_file_is_found() {
    let folder = Folder::new("samples-flipped");
    let path = folder.join("run");
    let (directory, ..) = finished(&path, 1, 66);
    let samples = directory.samples();
    let original = fs::read(&samples).expect("written");
    // Pages, footer, and the hash itself; each bit of a byte in turn.
    for (bit, at) in (0..original.len()).step_by((original.len() / 60).max(1)).enumerate() {
        let mut flipped = original.clone();
        flipped[at] ^= 1 << (bit % 8);
        fs::write(&samples, flipped).expect("room");
        let why = verify(&path).expect_err(&format!("byte {at} is flipped")).to_string();
        assert!(why.contains("samples.parquet: cannot be read: "), "byte {at}: {why}");
    }
}

#[test]
fn a_recovered_run_has_the_samples_of_repetitions_that_all_ranks_finished() {
    let folder = Folder::new("samples-recovered");
    let path = folder.join("run");
    let (directory, ..) = run(&path, 2, 67);
    let part = path.join("parts/rank-00001.jsonl");
    let text = fs::read_to_string(&part).expect("just written");
    fs::write(&part, text.split_inclusive('\n').take(4).collect::<String>()).expect("room");
    recover(&path).expect("enough is left");
    let (columns, rows) = read(&directory.samples());
    let repetitions: std::collections::BTreeSet<(String, i64)> = rows
        .iter()
        .map(|row| {
            let (_, _, _, case, repetition, ..) = key(row, &columns);
            (case, repetition)
        })
        .collect();
    let expected = [("generate-1", 1), ("generate-1", 2), ("larson-1", 1)];
    assert!(repetitions.into_iter().eq(expected.map(|(case, round)| (case.to_owned(), round))));
    let verified = verify(&path).expect("a partial result is still a true one");
    assert!(!verified.complete && verified.samples == rows.len() && verified.histograms > 0);
}
