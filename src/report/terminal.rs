//! Text for a screen of a given width. comfy-table measures wide characters and breaks lines of prose; figures are never
//! broken: a table that is too wide becomes several, one below the other.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use super::grid::Grid;
use crate::screen::words;

/// Columns of the narrowest screen that a report is made for, and of every output that is no terminal.
pub(super) const COLUMNS: u16 = 80;
/// Prose does not become wider on wider screens: longer lines are harder to read.
const PROSE_COLUMNS: u16 = 100;
/// Widest screen that a report makes use of.
const COLUMNS_MAX: u16 = 200;
/// Columns between two columns of a table.
pub(super) const GAP: u16 = 2;

/// The screen that a report is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    columns: u16,
    colour: bool,
}

impl Screen {
    /// A file, a pipe or another program: 80 columns, no colour.
    pub const PLAIN: Screen = Screen { columns: COLUMNS, colour: false };

    /// A terminal of this many columns. One that is narrower than 80 columns breaks the lines itself.
    pub fn terminal(columns: u16, colour: bool) -> Screen {
        Screen { columns: columns.clamp(COLUMNS, COLUMNS_MAX), colour }
    }

    /// Width in columns.
    pub(super) fn columns(self) -> u16 {
        self.columns
    }

    /// The finished text, with colours where the screen has them.
    pub(super) fn painted(self, text: String) -> String {
        if self.colour { super::colour::painted(&text) } else { text }
    }

    /// A grid in tables that fit. The key columns begin every one of them.
    pub(super) fn grid(self, grid: &Grid) -> String {
        let widths = table(grid, &all(grid)).column_max_content_widths();
        let width = |column: &usize| widths[*column] + GAP;
        let keys: Vec<usize> = (0..grid.keys.min(grid.columns.len())).collect();
        let room = (self.columns + GAP).saturating_sub(keys.iter().map(width).sum());
        let (mut tables, mut used): (Vec<Vec<usize>>, u16) = (Vec::new(), 0);
        for column in keys.len()..grid.columns.len() {
            match tables.last_mut().filter(|_| used + width(&column) <= room) {
                Some(table) => table.push(column),
                None => {
                    tables.push(keys.iter().copied().chain([column]).collect());
                    used = 0;
                }
            }
            used += width(&column);
        }
        if tables.is_empty() {
            tables.push(keys);
        }
        let tables = tables.iter().map(|columns| {
            let mut table = table(grid, columns);
            // Only a key can be too wide by itself; its words are broken.
            table.set_width(self.columns).set_content_arrangement(ContentArrangement::Dynamic);
            trimmed(&table)
        });
        tables.collect::<Vec<_>>().join("\n")
    }

    /// One line of prose, broken at the width of the screen. Continuation lines are indented by two more than the
    /// first.
    pub(super) fn prose(self, line: &str) -> String {
        // Line breaking removes leading spaces, so the indent is added back.
        let words = line.trim_start();
        let own = line.len() - words.len();
        let indent = own + 2;
        let columns = self.columns.min(PROSE_COLUMNS);
        let width = columns.saturating_sub(u16::try_from(indent).unwrap_or(columns)).max(1);
        let mut text = String::new();
        for (number, line) in broken(words, width).iter().enumerate() {
            let indent = if number == 0 { own } else { indent };
            text += &format!("{:indent$}{line}\n", "");
        }
        text
    }

    /// Several lines of prose.
    pub(super) fn lines<Line: AsRef<str>>(self, lines: impl IntoIterator<Item = Line>) -> String {
        lines.into_iter().map(|line| self.prose(line.as_ref())).collect()
    }
}

/// One line of prose for any output.
pub(super) fn prose(line: &str) -> String {
    Screen::PLAIN.prose(line)
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

/// Breaks text into lines of at most `width` columns. A figure and its unit stay on one line.
pub(super) fn broken(text: &str, width: u16) -> Vec<String> {
    /// Stands for a blank where no line is broken.
    const BOUND: &str = "\u{A0}";
    let text = words(text).into_iter().map(|word| word.replace(' ', BOUND)).collect::<Vec<_>>().join(" ");
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    table.add_row([text]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    table.lines().map(|line| line.trim_end().replace(BOUND, " ")).collect()
}

fn all(grid: &Grid) -> Vec<usize> {
    (0..grid.columns.len()).collect()
}

/// Some columns of a grid, each as wide as its content.
fn table(grid: &Grid, columns: &[usize]) -> Table {
    let mut table = empty(false);
    let units = columns.iter().any(|column| !grid.columns[*column].unit.is_empty());
    table.set_header(columns.iter().map(|column| {
        let column = &grid.columns[*column];
        match units {
            true => format!("{}\n{}", column.name, column.unit),
            false => column.name.clone(),
        }
    }));
    table
        .add_rows(grid.rows.iter().map(|row| columns.iter().map(|column| &row[*column]).collect::<Vec<_>>()));
    for (index, column) in columns.iter().enumerate() {
        let gap = if index + 1 < columns.len() { GAP } else { 0 };
        let shown = table.column_mut(index).expect("the header has every column");
        shown.set_padding((0, gap));
        if grid.columns[*column].figures {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::grid::Column;

    fn wide(columns: usize) -> Grid {
        let mut grid = Grid::of_rows(2);
        grid.push(Column::words("key"), ["a".to_owned(), "b".to_owned()]);
        for column in 0..columns {
            let cells = [format!("{column}.123456789"), "n/a".to_owned()];
            grid.push(Column::figures(format!("figure {column}"), "GiB/s"), cells);
        }
        grid
    }

    #[test]
    fn a_table_that_is_too_wide_becomes_several_and_no_figure_is_broken() {
        for columns in [0, 1, 4, 5, 6, 30] {
            let text = Screen::PLAIN.grid(&wide(columns));
            assert!(text.lines().all(|line| line.len() <= 80), "{text}");
            for column in 0..columns {
                assert!(text.contains(&format!("{column}.123456789")), "{column} is broken in\n{text}");
            }
            let keys = text.lines().filter(|line| line.starts_with("a ") || *line == "a").count();
            // Five columns of 13 and one of 5 fit; from column 10 on they are wider.
            assert_eq!(keys, columns.div_ceil(5).max(1), "{text}");
        }
    }

    #[test]
    fn a_wide_screen_has_one_table_and_prose_that_can_be_read() {
        let screen = Screen::terminal(160, false);
        assert_eq!(screen.grid(&wide(11)).lines().count(), 5);
        assert!(screen.prose(&"word ".repeat(60)).lines().all(|line| line.len() <= 100));
        assert_eq!(Screen::terminal(20, false), Screen::PLAIN);
    }

    #[test]
    fn no_line_is_broken_between_a_figure_and_its_unit() {
        let text = "of rank 3, 4.00 GiB/s; 12 %, 10 min (5 ms), 7 nodes";
        for width in 12..60 {
            let lines = broken(text, width);
            assert_eq!(lines.join(" "), text, "nothing is lost");
            let begins =
                |line: &String| ["GiB/s", "%", "min", "ms"].iter().any(|unit| line.starts_with(unit));
            assert!(!lines.iter().any(begins), "{width}: {lines:?}");
        }
        assert!(broken(text, 54).concat().contains("7 nodes"));
    }
}
