//! Advice from a sweep of chunk sizes: the sizes at which parallelism, cache and memory limit a machine, and the
//! size to take.
//!
//! `reading` is the judgement, a pure function of the measurements; `sentences` formats it as text.

mod reading;
mod sentences;

use super::cells;
use super::sweep::Group;
use super::text::plain;
use crate::aggregate::trust::believed;
use crate::record::run::{CaseResult, Expected, Finding};
use reading::{Point, Sweep, read};

/// The swept parameter.
const CHUNK: &str = "chunk_bytes";
/// Fewest sizes that give advice; fewer have no middle.
const SIZES_MIN: usize = 3;

/// Advice for this workload, one sentence per line; empty unless at least three chunk sizes were swept, and when a case cannot
/// be believed.
pub(super) fn lines(group: &Group<'_>, findings: &[Finding]) -> Vec<String> {
    if !group.axes().contains(&CHUNK) {
        return Vec::new();
    }
    let line = group.along(CHUNK);
    if let Some(case) = line.cases.iter().find(|case| !believed(findings, &case.id)) {
        return vec![format!("advice: none, because the figures of {} cannot be trusted", plain(&case.id))];
    }
    let mut points: Vec<Point> = line.cases.iter().filter_map(|case| point(case)).collect();
    points.sort_by_key(|point| point.chunk_bytes);
    if points.len() < SIZES_MIN || points.windows(2).any(|pair| pair[0].chunk_bytes == pair[1].chunk_bytes) {
        return Vec::new();
    }
    let ranks = line.cases.iter().map(|case| case.per_rank.len()).max().unwrap_or(1).max(1);
    let sweep = Sweep { points, ranks: ranks as f64 };
    let Some(reading) = read(&sweep) else { return Vec::new() };
    sentences::lines(&sweep, &reading)
}

/// The point of a case; `None` when it has no expectation or no rate.
fn point(case: &CaseResult) -> Option<Point> {
    let plan: &Expected = case.expected.as_ref()?;
    let (_, rate) = cells::rate(case)?;
    Some(Point {
        chunk_bytes: case.number(CHUNK)?,
        rates: rate.values.clone(),
        rate: rate.value.filter(|rate| *rate > 0.0)?,
        limit_share: cells::limit_share(case),
        working_set_bytes: plan.working_set_bytes,
        l3_bytes: plan.l3_bytes.filter(|bytes| *bytes > 0),
        workers: case.per_rank.iter().map(|row| row.workers).min().unwrap_or(plan.busy_workers),
        busy_workers: plan.busy_workers,
    })
}
