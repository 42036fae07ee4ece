//! `samples.parquet`: one measured value in each row, for notebooks and SQL.
//!
//! | scope | rows |
//! |---|---|
//! | `rank` | what one rank measured in one repetition, and with `interval` the progress within it |
//! | `host` | the figures of `run.json` over the ranks of one host |
//! | `all` | the figures of `run.json`, bit for bit |
//!
//! Rows are sorted by scope, case, host, rank, repetition, metric and interval. An unknown value has no row.

mod rows;
pub mod table;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::aggregate::evidence::Evidence;
use crate::error::Result;
use crate::record::durable::replace;
use crate::record::run::{CaseHeader, Header, Parameter, Run, SCHEMA};
use crate::units::counted;
use rows::{SampleRow, Whose};
use table::{Cell, ColumnSchema, ColumnType, TableReader, TableWriter};

/// Columns of every run: `HEAD` before the parameters, `TAIL` after them.
const HEAD: [(&str, ColumnType, &str); 6] = [
    (
        "scope",
        ColumnType::Text,
        "Whose value this is: rank (one rank), host (its ranks together), all (all ranks).",
    ),
    ("host", ColumnType::Text, "Name of the host; null for all."),
    ("node", ColumnType::Integer, "NUMA node of the rank, as hwloc counts; null for host and all."),
    ("rank", ColumnType::Integer, "Index of the rank; null for host and all."),
    ("case", ColumnType::Text, "Id of the case, as in run.json."),
    ("workload", ColumnType::Text, "Workload of the case."),
];
const TAIL: [(&str, ColumnType, &str); 6] = [
    ("repetition", ColumnType::Integer, "Round of the repetition, from 1."),
    (
        "interval",
        ColumnType::Integer,
        "Interval within the repetition, from 0; null for values of a whole repetition.",
    ),
    (
        "began",
        ColumnType::Moment,
        "When the repetition began, by the clock of the rank's own host; for host and all, of the lowest rank.",
    ),
    ("metric", ColumnType::Text, "Name of the value; those of host and all are the metrics of run.json."),
    ("value", ColumnType::Real, "The value. Values that are not known have no row."),
    ("unit", ColumnType::Text, "Unit of the value."),
];
const SORTED_BY: [&str; 7] = ["scope", "case", "host", "rank", "repetition", "metric", "interval"];

/// Metadata keys that identify the run of the file.
const SCHEMA_KEY: &str = "numamark.schema";
const VERSION_KEY: &str = "numamark.version";
const JOB_HASH_KEY: &str = "numamark.job_hash";

/// Writes the samples of a run.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(path: &Path, run: &Run, evidence: &Evidence) -> Result<()> {
    replace(path, |file| write_to(file, run, evidence))
}

fn write_to(file: &mut File, run: &Run, evidence: &Evidence) -> io::Result<()> {
    let shape = Shape::of(&run.header);
    let metadata = [
        (SCHEMA_KEY, SCHEMA.to_string()),
        (VERSION_KEY, env!("CARGO_PKG_VERSION").to_owned()),
        (JOB_HASH_KEY, run.header.job_hash.clone()),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let mut table = TableWriter::new(file, &shape.columns(), &metadata, &SORTED_BY)?;
    rows::each(run, evidence, &mut |sample| table.push(&shape.cells(sample)))?;
    table.finish()
}

/// Derives every row again and compares it with the file. Returns the number of equal rows, and the differences.
pub(super) fn compare(path: &Path, run: &Run, evidence: &Evidence) -> (usize, Vec<String>) {
    let mut comparison = Comparison { equal: 0, differences: Vec::new() };
    if let Err(why) = comparison.run(path, run, evidence) {
        comparison.differences.push(format!("cannot be read: {why}"));
    }
    let named = comparison.differences.into_iter().map(|why| format!("samples.parquet: {why}"));
    (comparison.equal, named.collect())
}

struct Comparison {
    equal: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn run(&mut self, path: &Path, run: &Run, evidence: &Evidence) -> io::Result<()> {
        let shape = Shape::of(&run.header);
        let mut table = TableReader::open(File::open(path)?)?;
        for (key, wanted) in [(SCHEMA_KEY, SCHEMA.to_string()), (JOB_HASH_KEY, run.header.job_hash.clone())] {
            let found = table.about(key).unwrap_or("none");
            if found != wanted {
                self.differences.push(format!("{key} is {found}, that of the run is {wanted}"));
            }
        }
        let columns = shape.columns();
        if table.columns() != columns {
            let names = |columns: &[ColumnSchema]| {
                columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", ")
            };
            let (found, wanted) = (names(table.columns()), names(&columns));
            self.differences
                .push(format!("its columns are {found}; those of the run are {wanted}, with comments"));
            return Ok(());
        }
        rows::each(run, evidence, &mut |sample| {
            let derived = shape.cells(sample);
            match table.next_row()? {
                Some(found) if same(&found, &derived) => self.equal += 1,
                found => self.differences.push(described(sample, &columns, found.as_deref(), &derived)),
            }
            Ok(())
        })?;
        let mut more = 0;
        while table.next_row()?.is_some() {
            more += 1;
        }
        if more > 0 {
            let more = counted(more, "row");
            self.differences.push(format!("{more} more than the parts give"));
        }
        Ok(())
    }
}

/// True when all cells are equal to the last bit.
fn same(a: &[Cell], b: &[Cell]) -> bool {
    a.iter().zip(b).all(|pair| match pair {
        (Cell::Real(a), Cell::Real(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    })
}

fn described(
    sample: &SampleRow,
    columns: &[ColumnSchema],
    found: Option<&[Cell]>,
    derived: &[Cell],
) -> String {
    let Whose { scope, host, rank, case, .. } = sample.whose;
    let of = match (rank, host) {
        (Some(rank), _) => format!("rank {rank}"),
        (None, Some(host)) => format!("host {host}"),
        (None, None) => scope.to_owned(),
    };
    let (metric, ..) = sample.value;
    let row = format!("{metric} of {of}, case {}, round {}", case.id, sample.repetition.round);
    let Some(found) = found else { return format!("{row} has no row") };
    let cells = columns.iter().zip(found.iter().zip(derived));
    let differ = cells.filter(|(_, (a, b))| !same(std::slice::from_ref(a), std::slice::from_ref(b)));
    let differ = differ.map(|(column, (a, b))| format!("{} is {a}, the parts give {b}", column.name));
    format!("{row}: {}", differ.collect::<Vec<_>>().join("; "))
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::Text(text) => write!(f, "\"{text}\""),
            Cell::Whole(whole) => write!(f, "{whole}"),
            Cell::Real(real) => write!(f, "{real}"),
        }
    }
}

/// Column after the parameters, in a run with arms.
const ARM: &str = "arm";

/// Columns that depend on the run's cases: one for each parameter of any case, and one for the arm.
struct Shape {
    parameters: Vec<ColumnSchema>,
}

impl Shape {
    fn of(header: &Header) -> Shape {
        let names: BTreeSet<&String> =
            header.planned.iter().flat_map(|case| case.parameters.keys()).collect();
        let numeric = |name: &str| {
            let mut values = header.planned.iter().filter_map(|case| case.parameters.get(name));
            values.all(|value| matches!(value, Parameter::Number(_)))
        };
        let column = |name: &String| ColumnSchema {
            name: name.clone(),
            kind: if numeric(name) { ColumnType::Long } else { ColumnType::Text },
            comment: format!("Parameter {name} of the case; null where it has none."),
        };
        let arms = header.planned.iter().any(|case| case.arm.is_some());
        let arm = arms.then(|| ColumnSchema {
            name: ARM.to_owned(),
            kind: ColumnType::Text,
            comment: "Arm of the case; null where it is compared with nothing.".to_owned(),
        });
        Shape { parameters: names.into_iter().map(column).chain(arm).collect() }
    }

    fn columns(&self) -> Vec<ColumnSchema> {
        let fixed = |(name, kind, comment): (&str, ColumnType, &str)| ColumnSchema {
            name: name.to_owned(),
            kind,
            comment: comment.to_owned(),
        };
        let head = HEAD.into_iter().map(fixed);
        head.chain(self.parameters.iter().cloned()).chain(TAIL.into_iter().map(fixed)).collect()
    }

    fn cells(&self, sample: &SampleRow) -> Vec<Cell> {
        let text = |text: &str| Cell::Text(Arc::from(text));
        let index = |index: Option<u32>| index.map_or(Cell::Null, |index| Cell::Whole(i64::from(index)));
        let SampleRow { whose: Whose { scope, host, node, rank, case }, repetition, value } = *sample;
        let host = host.map_or(Cell::Null, text);
        let head = [text(scope), host, index(node), index(rank), text(&case.id), text(&case.workload)];
        let began = Cell::Whole(i64::try_from(repetition.began_unix_ms).unwrap_or(i64::MAX));
        let (metric, interval, value, unit) = value;
        let round = index(Some(repetition.round));
        let tail = [round, index(interval), began, text(metric), Cell::Real(value), text(unit)];
        let parameters = self.parameters.iter().map(|column| parameter(column, case));
        head.into_iter().chain(parameters).chain(tail).collect()
    }
}

fn parameter(column: &ColumnSchema, case: &CaseHeader) -> Cell {
    if column.name == ARM {
        return case.arm.as_deref().map_or(Cell::Null, |arm| Cell::Text(Arc::from(arm)));
    }
    match (case.parameters.get(&column.name), column.kind) {
        (None, _) => Cell::Null,
        (Some(Parameter::Word(word)), _) => Cell::Text(Arc::from(word.as_str())),
        (Some(Parameter::Number(number)), ColumnType::Text) => Cell::Text(number.to_string().into()),
        // Numbers in a job have at most 63 bits.
        (Some(Parameter::Number(number)), _) => Cell::Whole(i64::try_from(*number).unwrap_or(i64::MAX)),
    }
}
