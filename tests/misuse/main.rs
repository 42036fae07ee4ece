//! The table of docs/allocator.md that says what each level of hardening finds: every cell is proved by a process of
//! its own, which does the misuse and reports what was counted.

mod case;
mod misuses;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use case::{Case, heap};
use misuses::{Cell, MISUSES, perform};
use numamark::slab::{Cheap, Full, Hardening, Level, Off, Strict};
use numamark::word::Word;

/// The row and column of the child's misuse.
const CELL: &str = "NUMAMARK_MISUSE";
const LEVELS: [Hardening; 4] = [Hardening::Off, Hardening::Cheap, Hardening::Strict, Hardening::Full];

fn report<L: Level>(row: usize) -> String {
    let (name, cells) = MISUSES[row];
    let cell = cells[LEVELS.iter().position(|level| *level == L::HARDENING).expect("one of four")];
    let heap = heap(L::HARDENING);
    let mut case = Case::<L>::new(&heap, cell != Cell::NotDetected);
    perform(name, &mut case);
    case.check_bystanders();
    format!("found {:?}", case.found)
}

/// Does nothing, unless it was started by the test below.
#[test]
fn child() {
    let Ok(cell) = std::env::var(CELL) else { return };
    let (row, column) = cell.split_once(' ').expect("a row and a column");
    let row = row.parse().expect("a row");
    let report = match LEVELS[column.parse::<usize>().expect("a column")] {
        Hardening::Off => report::<Off>(row),
        Hardening::Cheap => report::<Cheap>(row),
        Hardening::Strict => report::<Strict>(row),
        Hardening::Full => report::<Full>(row),
    };
    println!("{report}");
}

#[test]
fn every_cell_of_the_table_is_true() {
    let program = std::env::current_exe().expect("a program knows where it is");
    let mut wrong = Vec::new();
    for (row, (name, cells)) in MISUSES.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let mut child = Command::new(&program);
            child.args(["child", "--exact", "--nocapture"]).env(CELL, format!("{row} {column}"));
            let output = child.output().expect("this program starts");
            let said = String::from_utf8_lossy(&output.stdout);
            let found = said.lines().find(|line| line.starts_with("found ")).unwrap_or("nothing reported");
            let as_expected = match cell {
                Cell::Certain(misuse, when) => found == format!("found {:?}", Some((misuse, when))),
                Cell::Probable(_) => found.starts_with("found "),
                Cell::EndsAtWrite => found == "nothing reported",
                Cell::NotDetected => found == "found None",
            };
            let ended = match cell {
                Cell::EndsAtWrite => output.status.signal() == Some(libc::SIGSEGV),
                _ => output.status.success(),
            };
            if !as_expected || !ended {
                let level = LEVELS[column].word();
                let why = String::from_utf8_lossy(&output.stderr);
                wrong.push(format!("{name}, {level}: expected {cell:?}, {found}, {}\n{why}", output.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documentation_has_the_same_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/allocator.md");
    let text = std::fs::read_to_string(path).expect("docs/allocator.md");
    let (_, section) = text.split_once("## What each level finds").expect("a section of that name");
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let found: Vec<&str> = rows.collect();
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let levels = LEVELS.iter().map(|level| level.word().to_owned());
    let mut expected = vec![
        line(std::iter::once("misuse".to_owned()).chain(levels).collect()),
        "|---|---|---|---|---|".to_owned(),
    ];
    expected.extend(MISUSES.iter().map(|(name, cells)| {
        line(std::iter::once((*name).to_owned()).chain(cells.iter().map(|cell| cell.text())).collect())
    }));
    assert_eq!(found, expected, "docs/allocator.md differs; expected:\n{}", expected.join("\n"));
}
