//! A table without widths, the common form for a terminal and for Markdown.

use super::text::NOT_AVAILABLE;

/// Columns and rows of text.
pub(super) struct Grid {
    /// Columns; every row has one cell for each.
    pub(super) columns: Vec<Column>,
    /// Number of columns, from the first, that name a row. Where a grid does not fit, each of its tables has them.
    pub(super) keys: usize,
    /// Cells of one line.
    pub(super) rows: Vec<Vec<String>>,
}

/// Heading of a column.
pub(super) struct Column {
    /// Name of the quantity.
    pub(super) name: String,
    /// Unit; empty for words and counts.
    pub(super) unit: String,
    /// True for figures, which are aligned right; words are aligned left.
    pub(super) figures: bool,
}

impl Column {
    /// A column of words.
    pub(super) fn words(name: impl Into<String>) -> Column {
        Column { name: name.into(), unit: String::new(), figures: false }
    }

    /// A column of figures.
    pub(super) fn figures(name: impl Into<String>, unit: impl Into<String>) -> Column {
        Column { name: name.into(), unit: unit.into(), figures: true }
    }
}

impl Grid {
    /// A grid with empty rows and no columns; the first column will name the rows.
    pub(super) fn of_rows(count: usize) -> Grid {
        Grid { columns: Vec::new(), keys: 1, rows: vec![Vec::new(); count] }
    }

    /// The columns so far name the rows.
    pub(super) fn keys_so_far(&mut self) {
        self.keys = self.columns.len();
    }

    /// Adds a column, unless no row has its figure.
    pub(super) fn push_known(&mut self, column: Column, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        if cells.iter().any(|cell| cell != NOT_AVAILABLE && cell != "-") {
            self.push(column, cells);
        }
    }

    /// Adds a column, with a cell for each row.
    pub(super) fn push(&mut self, column: Column, cells: impl IntoIterator<Item = String>) {
        self.columns.push(column);
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
}
