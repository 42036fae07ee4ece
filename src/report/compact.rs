//! Tables of a sweep, with one line per case.

use super::grid::{Column, Grid};
use super::sweep::Group;
use super::text::{NOT_AVAILABLE, OperationUnit, bare_percent, microseconds_by, short_host};
use crate::metric::{CaseMetric, Distribution};
use crate::record::run::{CaseResult, HistogramSummary, Measure, Parameter, RankResult, Run};
use crate::report::cells;
use crate::report::cells::{parameter_name as name, parameter_value as value};
use crate::units::human_rate;
use crate::word::Word;

/// `block 4MiB, kernel auto`
pub(super) fn list<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a Parameter)>) -> String {
    let parameters = parameters.into_iter().map(|(name, value)| cells::parameter(name, value));
    parameters.collect::<Vec<_>>().join(", ")
}

/// Properties of the run that affect the display of its cases.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    hosts: usize,
    step_ns: f64,
}

impl Seen {
    /// Properties of this run.
    pub(super) fn by(run: &Run) -> Seen {
        Seen { hosts: run.header.hosts.len(), step_ns: run.derived.clock_step_ns }
    }
}

/// One row per case, with a column for each of `axes`.
pub(super) fn rows(axes: &[&str], cases: &[&CaseResult], seen: Seen) -> Grid {
    let mut grid = Grid::of_rows(cases.len());
    let cases = || cases.iter().copied();
    for axis in axes {
        let cell = |case: &CaseResult| dash(case.parameters.get(*axis).map(|word| value(axis, word)));
        grid.push(Column::figures(name(axis), ""), cases().map(cell));
    }
    grid.keys_so_far();
    let scale = Scale::of(cases());
    grid.push(Column::figures("rate", scale.unit()), cases().map(|case| scale.cell(rate(case))));
    grid.push_known(Column::figures("+-", "%"), cases().map(confidence_interval));
    let limits = cases().any(|case| case.limits.is_some());
    if limits {
        grid.push_known(Column::figures("limit", "%"), cases().map(limit_share));
    }
    if cases().any(|case| case.histograms.contains_key(Distribution::Chunk.word())) {
        grid.push_known(Column::figures("slow 1%", "GiB/s"), cases().map(slow_chunks));
    }
    if cases().any(|case| cells::latencies(case).is_some()) {
        let quantile = |of: fn(&HistogramSummary) -> Option<u64>| {
            move |case: &CaseResult| quantile(cells::latencies(case), of, seen.step_ns)
        };
        grid.push_known(Column::figures("latency p50", "us"), cases().map(quantile(|times| times.p50)));
        grid.push_known(Column::figures("p99", "us"), cases().map(quantile(|times| times.p99)));
        grid.push_known(Column::figures("p99.9", "us"), cases().map(quantile(|times| times.p999)));
        grid.push(Column::figures("max", "us"), cases().map(quantile(|times| times.max)));
    }
    if cases().any(|case| cells::refills(case).is_some()) {
        grid.push_known(
            Column::figures("refill p99", "us"),
            cases().map(|case| refill_p99(case, seen.step_ns)),
        );
        grid.push_known(Column::figures("share", "%"), cases().map(refill_share));
    }
    if cases().any(|case| case.per_rank.len() > 1) {
        let rate = |case: &CaseResult| scale.cell(case.slowest().and_then(|row| row.rate.value));
        let of = |what: fn(&RankResult) -> Option<String>| {
            move |case: &CaseResult| dash(case.slowest().and_then(what))
        };
        grid.push(Column::figures("slowest", scale.unit()), cases().map(rate));
        // Several hosts add columns; host and node already identify the rank.
        if seen.hosts == 1 || !limits {
            grid.push(Column::figures("rank", ""), cases().map(of(|row| Some(row.rank.to_string()))));
        }
        grid.push(Column::figures("node", ""), cases().map(of(|row| Some(row.node_index?.to_string()))));
        if seen.hosts > 1 {
            grid.push(Column::words("host"), cases().map(of(|row| Some(short_host(&row.host)))));
        }
    }
    grid
}

/// Rates of all cases over two axes: one down, one across. `None` when the table would be too wide, or when some
/// case lacks one of the axes.
pub(super) fn across(group: &Group<'_>, [down, across]: [&str; 2]) -> Option<Grid> {
    const ACROSS_MAX: usize = 8;
    let values = group.values(across);
    let touched = |case: &&CaseResult| [down, across].iter().all(|axis| case.parameters.contains_key(*axis));
    if values.len() > ACROSS_MAX || !group.cases.iter().all(touched) {
        return None;
    }
    let scale = Scale::of(group.cases.iter().copied());
    let corner = format!("{} \\ {}", name(down), name(across));
    let rows = group.values(down);
    let mut grid = Grid::of_rows(rows.len());
    grid.push(Column::figures(corner, ""), rows.iter().map(|word| value(down, word)));
    for other in values {
        let cell = |word: &&Parameter| {
            let here =
                |case: &&&CaseResult| case.parameters[down] == **word && case.parameters[across] == *other;
            dash(group.cases.iter().find(here).map(|case| scale.cell(rate(case))))
        };
        grid.push(Column::figures(value(across, other), scale.unit()), rows.iter().map(cell));
    }
    Some(grid)
}

fn rate(case: &CaseResult) -> Option<f64> {
    cells::rate(case).and_then(|(_, metric)| metric.value)
}

/// Common unit for all rates of a table.
#[derive(Clone, Copy)]
enum Scale {
    Bytes,
    Operations(OperationUnit),
}

impl Scale {
    fn of<'run>(cases: impl Iterator<Item = &'run CaseResult> + Clone) -> Scale {
        let largest = cases.clone().filter_map(rate).fold(0.0, f64::max);
        match cases.clone().find_map(cells::rate) {
            Some((Measure::Operations, _)) => Scale::Operations(OperationUnit::of(largest)),
            _ => Scale::Bytes,
        }
    }

    fn unit(self) -> String {
        match self {
            Scale::Bytes => "GiB/s".to_owned(),
            Scale::Operations(unit) => unit.name(),
        }
    }

    fn cell(self, rate: Option<f64>) -> String {
        match (self, rate) {
            (_, None) => NOT_AVAILABLE.to_owned(),
            (Scale::Bytes, Some(rate)) => human_rate(rate),
            (Scale::Operations(unit), Some(rate)) => unit.figure(rate),
        }
    }
}

/// Half-width of the rate's confidence interval, in per cent.
fn confidence_interval(case: &CaseResult) -> String {
    cells::rate(case).map_or(NOT_AVAILABLE.to_owned(), |(_, metric)| cells::half_width(metric))
}

fn limit_share(case: &CaseResult) -> String {
    match case.limits {
        None => "-".to_owned(),
        Some(_) => cells::limit_share(case).map_or(NOT_AVAILABLE.to_owned(), cells::limit_figure),
    }
}

/// Rate of one rank that 1 % of the chunks do not reach.
fn slow_chunks(case: &CaseResult) -> String {
    cells::chunk_rate(case, |times| times.p99)
}

fn refill_p99(case: &CaseResult, step_ns: f64) -> String {
    quantile(cells::refills(case), |times| times.p99, step_ns)
}

/// A quantile in microseconds; a dash for a case without the distribution.
fn quantile(
    times: Option<&HistogramSummary>,
    of: fn(&HistogramSummary) -> Option<u64>,
    step_ns: f64,
) -> String {
    let value =
        |value: Option<u64>| value.map_or(NOT_AVAILABLE.to_owned(), |value| microseconds_by(step_ns, value));
    times.map_or("-".to_owned(), |times| value(of(times)))
}

fn refill_share(case: &CaseResult) -> String {
    let share = case.metrics.get(CaseMetric::RefillShare.word()).and_then(|metric| metric.value);
    match cells::refills(case) {
        None => "-".to_owned(),
        Some(_) => share.map_or(NOT_AVAILABLE.to_owned(), bare_percent),
    }
}

fn dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
