//! The table: comfy-table with fixed columns, so that no content can make it wider.

use comfy_table::{ColumnConstraint, LineStyle, Table, TableStyle, Width};

use super::{cells, notes};
use crate::results::run::Run;

/// Columns of the terminal that a report may use.
pub(super) const COLUMNS: u16 = 80;

/// Header and width of each column, without the spaces that part it from the next.
const LAYOUT: [(&str, u16); 5] =
    [("case", 19), ("all ranks", 14), ("slowest rank", 12), ("chunk GiB/s", 13), ("refill", 14)];
const GAP: u16 = 2;
const _: () = assert!(19 + 14 + 12 + 13 + 14 + 4 * GAP == COLUMNS);

/// The whole report of a run: a headline, the table, and how it was measured.
pub fn table(run: &Run) -> String {
    let mut report = String::new();
    for line in notes::headline(run) {
        report += &wrapped(&line);
    }
    report.push('\n');
    report += &cases(run);
    report.push('\n');
    for line in notes::notes(run) {
        report += &wrapped(&line);
    }
    report
}

fn cases(run: &Run) -> String {
    let mut table = Table::new();
    table.load_style(
        TableStyle::new()
            .header_separator(LineStyle::none().fill('-'))
            .row_separator(LineStyle::none().fill(' ')),
    );
    table.set_header(LAYOUT.map(|(name, _)| name));
    for case in &run.derived.cases {
        table.add_row([
            cells::case(case),
            cells::all_ranks(case),
            cells::slowest(case),
            cells::chunk(case),
            cells::refill(case),
        ]);
    }
    for (index, (_, width)) in LAYOUT.into_iter().enumerate() {
        let gap = if index + 1 < LAYOUT.len() { GAP } else { 0 };
        let column = table.column_mut(index).expect("the header has every column");
        // A fixed width counts the padding.
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + gap))).set_padding((0, gap));
    }
    table.trim_fmt() + "\n"
}

/// One line of prose, broken at 80 columns; continued lines are indented.
fn wrapped(line: &str) -> String {
    let indent = if line.starts_with(' ') { 4 } else { 2 };
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_width(COLUMNS - indent).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.add_row([line]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    let mut text = String::new();
    for (number, line) in table.lines().enumerate() {
        let indent = if number == 0 { 0 } else { usize::from(indent) };
        text += &format!("{:indent$}{}\n", "", line.trim_end());
    }
    text
}
