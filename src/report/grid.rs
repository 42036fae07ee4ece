//! A table without widths, the common form for a terminal and for Markdown.

/// Columns and rows of text.
pub(super) struct Grid {
    /// Columns; every row has one cell for each.
    pub(super) columns: Vec<Column>,
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
    /// A grid with empty rows and no columns.
    pub(super) fn of_rows(count: usize) -> Grid {
        Grid { columns: Vec::new(), rows: vec![Vec::new(); count] }
    }

    /// Adds a column, with a cell for each row.
    pub(super) fn push(&mut self, column: Column, cells: impl IntoIterator<Item = String>) {
        self.columns.push(column);
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
}
