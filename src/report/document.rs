//! Pieces that every document is made of: how much it shows, and text and tables as Markdown.

use super::grid::Grid;

/// Amount of detail in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Sweeps with one line per case, and the hosts with the slowest ranks.
    Summary,
    /// Every case in full, every host.
    Everything,
}

/// A table; figures are aligned right.
pub(super) fn grid(grid: &Grid) -> String {
    let heads = grid.columns.iter().map(|column| match column.unit.as_str() {
        "" => escaped(&column.name),
        unit => format!("{} ({})", escaped(&column.name), escaped(unit)),
    });
    let edges = grid.columns.iter().map(|column| if column.figures { "---:" } else { "---" }.to_owned());
    let rows = grid.rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect::<Vec<_>>());
    let lines = [heads.collect::<Vec<_>>(), edges.collect()].into_iter().chain(rows);
    lines.map(|cells| format!("| {} |\n", cells.join(" | "))).collect()
}

/// Escapes text that could start markup, and keeps a line on one line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '~' | '#' | '$' => {
                escaped.extend(['\\', c])
            }
            '&' => escaped += "&amp;",
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
