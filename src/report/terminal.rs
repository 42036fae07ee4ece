//! Text of at most 80 columns. comfy-table measures wide characters and breaks lines.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use super::grid::Grid;

/// Columns of the terminal that a report may use.
pub(super) const COLUMNS: u16 = 80;
/// Columns between two columns of a table.
pub(super) const GAP: u16 = 2;

/// A grid with the smallest width that fits.
pub(super) fn grid(grid: &Grid) -> String {
    let mut table = empty(false);
    table.set_width(COLUMNS).set_content_arrangement(ContentArrangement::Dynamic);
    let units = grid.columns.iter().any(|column| !column.unit.is_empty());
    table.set_header(grid.columns.iter().map(|column| match units {
        true => format!("{}\n{}", column.name, column.unit),
        false => column.name.clone(),
    }));
    table.add_rows(&grid.rows);
    for (index, column) in grid.columns.iter().enumerate() {
        let gap = if index + 1 < grid.columns.len() { GAP } else { 0 };
        let shown = table.column_mut(index).expect("the header has every column");
        shown.set_padding((0, gap));
        if column.figures {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    trimmed(&table)
}

/// A table with fixed column widths (without the gap) and cells of several lines.
pub(super) fn fixed<const N: usize>(layout: [(&str, u16); N], rows: &[[String; N]]) -> String {
    let mut table = empty(true);
    table.set_header(layout.map(|(name, _)| name));
    table.add_rows(rows);
    for (index, (_, width)) in layout.into_iter().enumerate() {
        let gap = if index + 1 < N { GAP } else { 0 };
        let column = table.column_mut(index).expect("the header has every column");
        // The fixed width includes the padding.
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + gap))).set_padding((0, gap));
    }
    trimmed(&table)
}

/// One line of prose, broken at 80 columns. Continuation lines are indented by two more than the first.
pub(super) fn prose(line: &str) -> String {
    // Line breaking removes leading spaces, so the indent is added back.
    let words = line.trim_start();
    let own = line.len() - words.len();
    let indent = own + 2;
    let width = COLUMNS.saturating_sub(u16::try_from(indent).unwrap_or(COLUMNS)).max(1);
    let mut text = String::new();
    for (number, line) in broken(words, width).iter().enumerate() {
        let indent = if number == 0 { own } else { indent };
        text += &format!("{:indent$}{line}\n", "");
    }
    text
}

/// Breaks text into lines of at most `width` columns.
pub(super) fn broken(text: &str, width: u16) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    table.add_row([text]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// An empty table with a line below the header; with `airy`, also an empty line between rows.
fn empty(airy: bool) -> Table {
    let mut table = Table::new();
    let mut style = TableStyle::new().header_separator(LineStyle::none().fill('-'));
    if airy {
        style = style.row_separator(LineStyle::none().fill(' '));
    }
    table.load_style(style);
    table
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
