//! Every case in full: a few lines each, in columns of fixed width that no content can widen.

use super::{cells, terminal};
use crate::record::run::CaseResult;

/// Header and width of each column, without the gap between columns.
const LAYOUT: [(&str, u16); 5] =
    [("case", 19), ("all ranks", 14), ("slowest rank", 12), ("chunk GiB/s", 13), ("refill", 14)];
/// The column of chunks, where it has the latencies of open loops instead, or as well.
const CHUNKS: usize = 3;
const _: () = assert!(19 + 14 + 12 + 13 + 14 + 4 * terminal::GAP == terminal::COLUMNS);

/// One row of several lines for each case; `step_ns` is the step of the clock.
pub(super) fn detail(cases: &[&CaseResult], step_ns: f64) -> String {
    let rows: Vec<[String; 5]> = cases
        .iter()
        .map(|case| {
            [
                cells::case(case),
                cells::all_ranks(case),
                cells::slowest(case),
                cells::latency(case, step_ns).unwrap_or_else(|| cells::chunk(case)),
                cells::refill(case, step_ns),
            ]
        })
        .collect();
    let mut layout = LAYOUT;
    let with_latency = cases.iter().filter(|case| cells::latencies(case).is_some()).count();
    match with_latency {
        0 => {}
        all if all == cases.len() => layout[CHUNKS].0 = "latency",
        _ => layout[CHUNKS].0 = "chunk/latency",
    }
    terminal::fixed(layout, &rows)
}
