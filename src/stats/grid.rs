//! Values by row and column, some of them missing: nodes by rounds, hosts by rounds.

use std::collections::{BTreeMap, BTreeSet};

use super::signed_rank::centre;

/// Rows that share the numbers of their columns.
#[derive(Clone, Debug)]
pub(super) struct Grid(Vec<BTreeMap<u32, f64>>);

impl Grid {
    pub fn new(rows: Vec<BTreeMap<u32, f64>>) -> Grid {
        Grid(rows.into_iter().filter(|row| !row.is_empty()).collect())
    }

    /// The centre of each row.
    pub fn rows(&self) -> Vec<f64> {
        self.0.iter().filter_map(|row| centre(row.values().copied().collect())).collect()
    }

    /// The centre of each column that has a value.
    pub fn columns(&self) -> BTreeMap<u32, f64> {
        let column = |column: &u32| self.0.iter().filter_map(|row| row.get(column).copied()).collect();
        self.column_numbers().iter().filter_map(|number| Some((*number, centre(column(number))?))).collect()
    }

    /// The same grid, were every row's centre the common one, if it has holes: a row that is missing from a column then
    /// leaves the column's centre where it was. A whole grid is left as it is.
    pub fn levelled(self) -> Grid {
        let columns = self.column_numbers().len();
        if self.0.iter().all(|row| row.len() == columns) {
            return self;
        }
        let centres = self.rows();
        let Some(common) = centre(centres.clone()) else { return self };
        let shifted = |(row, own): (BTreeMap<u32, f64>, f64)| {
            row.into_iter().map(|(column, value)| (column, value - own + common)).collect()
        };
        Grid(self.0.into_iter().zip(centres).map(shifted).collect())
    }

    /// How much longer an interval made of the rows alone must be because columns have something in common.
    pub fn widening(&self) -> f64 {
        1.0
    }

    fn column_numbers(&self) -> BTreeSet<u32> {
        self.0.iter().flat_map(|row| row.keys().copied()).collect()
    }
}
