//! A table before it has a width: what a terminal and Markdown show alike.

/// Columns and rows of text.
pub(super) struct Grid {
    /// Every row has a cell for each.
    pub(super) columns: Vec<Column>,
    /// Cells of one line.
    pub(super) rows: Vec<Vec<String>>,
}

/// What stands above a column.
pub(super) struct Column {
    /// What it is.
    pub(super) name: String,
    /// What it is counted in; empty for words and counts.
    pub(super) unit: String,
    /// Figures stand at the right edge, words at the left.
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
    /// Rows without a column yet.
    pub(super) fn of_rows(count: usize) -> Grid {
        Grid { columns: Vec::new(), rows: vec![Vec::new(); count] }
    }

    /// Adds a column, with a cell for each row.
    pub(super) fn push(&mut self, column: Column, cells: impl IntoIterator<Item = String>) {
        self.columns.push(column);
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
}
