//! Rows of a comparison as tables.

use super::figures;
use crate::record::run::Comparison;
use crate::report::grid::{Column, Grid};
use crate::report::text::plain;
use crate::units::grouped;

/// Placeholder for an unknown number of replicates, or a missing probability.
const NOBODY_KNOWS: &str = "-";
/// Larger numbers of replicates are not practical and are shown as `>99,999`.
const NEEDED_MAX: u64 = 99_999;

/// Figures of one case and arm; with `all`, including those without a pair.
pub(super) fn figures(rows: &[Comparison], all: bool) -> Grid {
    // The reason for a missing pair is shown below the table.
    let rows: Vec<&Comparison> = rows.iter().filter(|row| all || row.ratio.is_some()).collect();
    let mut grid = Grid::of_rows(rows.len());
    grid.push(Column::words("figure"), rows.iter().map(|row| figures::figure(row)));
    judged(&mut grid, &rows);
    grid
}

/// The tests behind the verdicts of one case and arm; `None` when there are none.
pub(super) fn tests(rows: &[Comparison]) -> Option<Grid> {
    let rows: Vec<&Comparison> = rows.iter().filter(|row| row.p.is_some()).collect();
    let mut grid = Grid::of_rows(rows.len());
    grid.push(Column::words("figure"), rows.iter().map(|row| figures::figure(row)));
    let p = |of: fn(&Comparison) -> Option<f64>| {
        rows.iter().map(move |row| of(row).map_or(NOBODY_KNOWS.to_owned(), probability))
    };
    grid.push(Column::figures("interval's test", "p"), p(|row| row.p));
    grid.push(Column::figures("after Holm", "p"), p(|row| row.p_adjusted));
    grid.push(Column::figures("signed rank", "p"), p(|row| row.p_signed_rank));
    (!rows.is_empty()).then_some(grid)
}

/// One figure of several cases and arms, without its power: the change, its confidence interval and the verdict. With one
/// arm, the values of both sides as well.
pub(super) fn cases(rows: &[&Comparison]) -> Grid {
    let mut grid = Grid::of_rows(rows.len());
    let each = || rows.iter().copied();
    grid.push(Column::words("case"), each().map(|row| plain(&row.case)));
    let one_arm = rows.iter().all(|row| row.candidate == rows[0].candidate);
    if !one_arm {
        grid.push(Column::words("B"), each().map(|row| plain(&row.candidate)));
    }
    if rows.iter().any(|row| row.metric != rows[0].metric) {
        grid.push(Column::words("figure"), each().map(figures::figure));
    }
    grid.keys_so_far();
    if one_arm {
        sides(&mut grid, rows);
    }
    verdicts(&mut grid, rows);
    grid
}

/// Adds values, change, confidence interval, verdict, smallest detectable difference and needed replicates.
fn judged(grid: &mut Grid, rows: &[&Comparison]) {
    sides(grid, rows);
    verdicts(grid, rows);
    let each = || rows.iter().copied();
    grid.push(Column::figures("finds", "%"), each().map(|row| figures::share(row.smallest_detectable)));
    let unit = rows.first().map_or("", |row| figures::needed(row));
    // A quantile covers all ranks together, so it has rounds where other figures have hosts.
    let needed = |row: &Comparison| match figures::needed(row) == unit {
        true => needs(row),
        false => format!("{} {}", needs(row), figures::needed(row)),
    };
    grid.push(Column::figures("needs", unit), each().map(needed));
}

/// Adds the values of both sides.
fn sides(grid: &mut Grid, rows: &[&Comparison]) {
    let each = || rows.iter().copied();
    grid.push(Column::figures("A", ""), each().map(|row| figures::value(row, row.base_value)));
    grid.push(Column::figures("B", ""), each().map(|row| figures::value(row, row.candidate_value)));
}

/// Adds change, confidence interval and verdict.
fn verdicts(grid: &mut Grid, rows: &[&Comparison]) {
    let each = || rows.iter().copied();
    grid.push(Column::figures("change", "%"), each().map(|row| figures::change(row.ratio)));
    grid.push(
        Column::figures("interval", "%"),
        each().map(|row| figures::confidence_interval(row.confidence)),
    );
    grid.push(Column::words("verdict"), each().map(|row| figures::verdict(row).to_owned()));
}

fn needs(row: &Comparison) -> String {
    match row.replicates_needed {
        None => NOBODY_KNOWS.to_owned(),
        Some(needed) if needed > NEEDED_MAX => format!(">{}", grouped(NEEDED_MAX)),
        Some(needed) => grouped(needed),
    }
}

/// A probability with two digits.
pub(super) fn probability(p: f64) -> String {
    match p {
        p if p < 0.0005 => "<0.001".to_owned(),
        p if p < 0.0995 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}
