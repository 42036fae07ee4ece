//! The plan's expectations for cases that generate, beside the measured values.

use super::cells::{UNEXPECTED, parameter_name, parameter_value};
use super::grid::{Column, Grid};
use super::text::NOT_AVAILABLE;
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Expected};
use crate::units::three_digits;
use crate::word::Word;

const MIB: f64 = (1u64 << 20) as f64;

/// Explanation of the mark, if the grid contains it.
pub(super) fn legend(grid: &Grid) -> Option<&'static str> {
    let marked = grid.rows.iter().flatten().any(|cell| cell.ends_with(UNEXPECTED));
    marked.then_some("!: not as planned; the plan is in brackets")
}

/// One row per case, with a column for each of `axes`. `None` unless every case has expectations and they differ
/// between cases.
pub(super) fn rows(axes: &[&str], cases: &[&CaseResult]) -> Option<Grid> {
    let rows: Vec<(&CaseResult, &Expected)> =
        cases.iter().filter_map(|case| Some((*case, case.expected.as_ref()?))).collect();
    let alike = rows.windows(2).all(|pair| pair[0].1 == pair[1].1);
    if rows.len() < cases.len() || alike {
        return None;
    }
    let mut grid = Grid::of_rows(rows.len());
    for axis in axes {
        let cell = |case: &CaseResult| {
            case.parameters.get(*axis).map_or("-".to_owned(), |value| parameter_value(axis, value))
        };
        grid.push(Column::figures(parameter_name(axis), ""), rows.iter().map(|(case, _)| cell(case)));
    }
    grid.keys_so_far();
    let expected = |of: fn(&Expected) -> String| rows.iter().map(move |(_, expected)| of(expected));
    grid.push(Column::figures("blocks", "per chunk"), expected(|plan| plan.blocks_per_chunk.to_string()));
    grid.push(Column::figures("busy", "workers"), rows.iter().map(|(case, plan)| busy(case, plan)));
    grid.push(Column::figures("working set", "MiB"), expected(|plan| mebibytes(plan.working_set_bytes)));
    grid.push(Column::figures("of L3", "x"), expected(of_l3));
    // Swept stores are already a column of `axes`.
    let differ = rows.windows(2).any(|pair| pair[0].1.stores != pair[1].1.stores);
    if differ && !axes.contains(&"stores") {
        grid.push(Column::words("stores"), expected(stores));
    }
    grid.push(Column::figures("memory", "peak MiB"), rows.iter().map(|(case, plan)| peak(case, plan)));
    Some(grid)
}

fn busy(case: &CaseResult, plan: &Expected) -> String {
    let Some(busy) = measured(case, CaseMetric::BusyWorkers.word()) else { return NOT_AVAILABLE.to_owned() };
    match busy < f64::from(plan.busy_workers) {
        true => format!("{busy} ({}){UNEXPECTED}", plan.busy_workers),
        false => busy.to_string(),
    }
}

fn peak(case: &CaseResult, plan: &Expected) -> String {
    let Some(peak) = measured(case, CaseMetric::MemoryPeakBytes.word()) else {
        return NOT_AVAILABLE.to_owned();
    };
    let range = plan.memory_bytes_min as f64..=plan.memory_bytes_max as f64;
    match range.contains(&peak) {
        true => three_digits(peak / MIB),
        false => format!("{} ({}){UNEXPECTED}", three_digits(peak / MIB), memory(plan)),
    }
}

fn memory(plan: &Expected) -> String {
    match (plan.memory_bytes_min, plan.memory_bytes_max) {
        (min, max) if min == max => mebibytes(min),
        (min, max) => format!("{} to {}", mebibytes(min), mebibytes(max)),
    }
}

/// Short names, so that other columns have room.
fn stores(plan: &Expected) -> String {
    match plan.stores.as_deref() {
        Some("ordinary") => "cached".to_owned(),
        Some("non-temporal") => "around".to_owned(),
        _ => NOT_AVAILABLE.to_owned(),
    }
}

fn of_l3(plan: &Expected) -> String {
    let l3 = plan.l3_bytes.filter(|bytes| *bytes > 0);
    l3.map_or(NOT_AVAILABLE.to_owned(), |l3| three_digits(plan.working_set_bytes as f64 / l3 as f64))
}

fn measured(case: &CaseResult, metric: &str) -> Option<f64> {
    case.metrics.get(metric)?.value
}

fn mebibytes(bytes: u64) -> String {
    three_digits(bytes as f64 / MIB)
}
