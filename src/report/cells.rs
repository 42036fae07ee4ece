//! A case as five table cells of a few lines each.

use super::text::{
    NOT_AVAILABLE, OperationUnit, bare_percent, between, byte_rate, cut_host, duration_by, durations,
    operation_rate, percent, plain, ratio_percent,
};
use crate::aggregate::trust::LIMIT_SHARE_MAX;
use crate::metric::{CaseMetric, Distribution};
use crate::record::run::{CaseResult, HistogramSummary, Measure, Metric, Parameter};
use crate::stats::relative_range;
use crate::units::{Bytes, counted, grouped, human_rate};
use crate::word::Word;

/// Columns for the interval of a rate, of all ranks and of the slowest.
const ALL_RANKS_COLUMNS: usize = 14;
const SLOWEST_COLUMNS: usize = 12;
/// Columns for a host's name.
const HOST_COLUMNS: usize = 12;
/// Mark after a figure that is not as expected.
pub(super) const UNEXPECTED: &str = " !";
/// Placeholder for the node of a rank that may run on several nodes.
pub(super) const NODE_UNKNOWN: &str = "not bound";

/// Workload and parameters, which together are the case's id, in lines that fit the column.
pub(super) fn case(case: &CaseResult) -> String {
    let parameters = case.parameters.iter().map(|(name, value)| parameter(name, value));
    std::iter::once(plain(&case.workload)).chain(parameters).collect::<Vec<_>>().join("\n")
}

/// A parameter in the notation of the job file: `chunk 64MiB`.
pub(super) fn parameter(name: &str, value: &Parameter) -> String {
    format!("{} {}", parameter_name(name), parameter_value(name, value))
}

/// `chunk` for `chunk_bytes`.
pub(super) fn parameter_name(name: &str) -> String {
    plain(name.strip_suffix("_bytes").unwrap_or(name))
}

/// `64MiB` for 67108864 bytes.
pub(super) fn parameter_value(name: &str, value: &Parameter) -> String {
    match value {
        Parameter::Number(bytes) if name.ends_with("_bytes") => Bytes(*bytes).to_string(),
        value => plain(&value.to_string()),
    }
}

/// Rate of all ranks, its variation, and the locality of memory.
pub(super) fn all_ranks(case: &CaseResult) -> String {
    let locality = case.locality.share.map_or("unverified".to_owned(), percent);
    let Some((measure, metric)) = rate(case) else { return format!("{NOT_AVAILABLE}\nlocal {locality}") };
    let known: Vec<f64> = metric.values.iter().copied().flatten().collect();
    let range = relative_range(&known).map_or(NOT_AVAILABLE.to_owned(), percent);
    let count = counted(u64::from(metric.repetitions), "repetition");
    let confidence = confidence_line(measure, metric, ALL_RANKS_COLUMNS);
    let limit = limit_line(limit_share(case));
    let rate = figure(measure, metric.value);
    format!("{rate}\n{confidence}range {range}\n{count}\nlocal {locality}{limit}")
}

/// Share of the write-only limit that the case reached, over all ranks.
pub(super) fn limit_share(case: &CaseResult) -> Option<f64> {
    case.metrics.get(CaseMetric::LimitShare.word()).and_then(|metric| metric.value)
}

/// Share of a limit in per cent; one that cannot be is marked.
pub(super) fn limit_figure(share: f64) -> String {
    let mark = if share > LIMIT_SHARE_MAX { UNEXPECTED } else { "" };
    ratio_percent(share) + mark
}

/// Limit share as a separate line; empty when the limit was not measured.
fn limit_line(share: Option<f64>) -> String {
    share.map_or(String::new(), |share| {
        let mark = if share > LIMIT_SHARE_MAX { UNEXPECTED } else { "" };
        format!("\nlimit {} %{mark}", ratio_percent(share))
    })
}

/// Confidence interval of a rate in the unit of [`figure`], in at most `columns`, as a separate line; empty when
/// there is none.
fn confidence_line(measure: Measure, rate: &Metric, columns: usize) -> String {
    let (Some(value), Some(confidence)) = (rate.value, rate.confidence) else { return String::new() };
    let figure = |end: f64| match measure {
        Measure::Bytes => human_rate(end),
        Measure::Operations => OperationUnit::of(value).figure(end),
    };
    let [low, high] = [figure(confidence.low), figure(confidence.high)];
    let text = match between(low.clone(), high.clone()) {
        // An interval over several powers of ten does not fit as it stands; the power of its end tells enough.
        long if long.len() > columns => between(low, power(&high)),
        short => short,
    };
    text + "\n"
}

/// `1e5` for `140733`.
fn power(figure: &str) -> String {
    figure.parse().map_or(figure.to_owned(), |figure: f64| format!("{figure:.0e}"))
}

/// Half-width of a metric's confidence interval as a percentage of its value.
pub(super) fn half_width(metric: &Metric) -> String {
    let half = metric.confidence.zip(metric.value).filter(|(_, value)| *value != 0.0);
    let half = half.map(|(confidence, value)| (confidence.high - confidence.low) / 2.0 / value.abs());
    half.map_or(NOT_AVAILABLE.to_owned(), bare_percent)
}

/// Rate of the slowest rank, with its rank, node and host.
pub(super) fn slowest(case: &CaseResult) -> String {
    let (Some((measure, _)), Some(row)) = (rate(case), case.slowest()) else {
        return NOT_AVAILABLE.to_owned();
    };
    let rate = figure(measure, row.rate.value);
    let node = row.node_index.map_or(NODE_UNKNOWN.to_owned(), |node| format!("node {node}"));
    let confidence = confidence_line(measure, &row.rate, SLOWEST_COLUMNS);
    let limit = limit_line(row.limit_share);
    format!("{rate}\n{confidence}rank {}\n{node}\n{}{limit}", row.rank, cut_host(&row.host, HOST_COLUMNS))
}

/// Chunk times as rates of one rank: the median, and the rate that 1 % of the chunks do not reach.
pub(super) fn chunk(case: &CaseResult) -> String {
    if !case.histograms.contains_key(Distribution::Chunk.word()) {
        return "-".to_owned();
    }
    let (median, slow) = (chunk_rate(case, |times| times.p50), chunk_rate(case, |times| times.p99));
    let [around_median, around_slow] = ["p50", "p99"].map(|name| chunk_confidence(case, name));
    format!("median  {median:>5}\n{around_median}slow 1% {slow:>5}\n{around_slow}").trim_end().to_owned()
}

/// Confidence interval of a quantile of the chunk times, as rates: the longer time is the lower rate.
fn chunk_confidence(case: &CaseResult, quantile: &str) -> String {
    let times = case
        .histograms
        .get(Distribution::Chunk.word())
        .and_then(|times| times.confidence_intervals.get(quantile));
    let (Some(bytes), Some(times)) = (case.number("chunk_bytes"), times) else { return String::new() };
    let [low, high] = [times.high, times.low].map(|time| human_rate(bytes as f64 / (time / 1e9)));
    format!("{:>13}\n", between(low, high))
}

/// One quantile of the chunk times as a rate, in GiB/s.
pub(super) fn chunk_rate(case: &CaseResult, quantile: fn(&HistogramSummary) -> Option<u64>) -> String {
    let Some(times) = case.histograms.get(Distribution::Chunk.word()) else { return "-".to_owned() };
    match (case.number("chunk_bytes"), quantile(times)) {
        (Some(bytes), Some(time)) if time > 0 => human_rate(bytes as f64 / (time as f64 / 1e9)),
        _ => NOT_AVAILABLE.to_owned(),
    }
}

/// Refill times, measured with a clock of this step, and their share of worker time.
pub(super) fn refill(case: &CaseResult, step_ns: f64) -> String {
    let Some(times) = refills(case) else { return "-".to_owned() };
    let share = case.metrics.get(CaseMetric::RefillShare.word());
    let value = share.and_then(|share| share.value).map_or(NOT_AVAILABLE.to_owned(), percent);
    let ends = share.and_then(|share| share.confidence);
    let ends = ends.map(|ends| [bare_percent(ends.low), bare_percent(ends.high)]);
    // From below 0.01 to below 0.01 is no interval.
    let ends = ends.filter(|[low, high]| low != high || !low.starts_with('<'));
    let around_share = ends.map_or(String::new(), |[low, high]| format!("\n{:>14}", between(low, high)));
    let quantile = |(name, value): (&str, Option<u64>)| {
        let confidence = times.confidence_intervals.get(name).zip(value).filter(|_| SHORT.contains(&name));
        let around = confidence.map_or(String::new(), |(confidence, value)| {
            format!("{:>14}\n", durations(value, confidence.low, confidence.high))
        });
        let shown = if name == "p999" { "p99.9" } else { name };
        format!("{shown:<5} {:>8}\n{around}", duration_by(step_ns, value))
    };
    /// Quantiles shown with their confidence interval; run.json has those of all quantiles.
    const SHORT: [&str; 2] = ["p50", "p99"];
    let quantiles = [("p50", times.p50), ("p99", times.p99), ("p999", times.p999), ("max", times.max)];
    // A quantile on a handful of values is not shown; their number is.
    let few =
        if times.p99.is_none() { format!("count {:>8}\n", grouped(times.count)) } else { String::new() };
    let known: String = quantiles.into_iter().filter(|(_, value)| value.is_some()).map(quantile).collect();
    few + &known + &format!("share {value:>8}{around_share}")
}

/// Latencies of an open loop, measured with a clock of this step; `None` for a case without.
pub(super) fn latency(case: &CaseResult, step_ns: f64) -> Option<String> {
    let times = latencies(case)?;
    let quantiles = [("p50", times.p50), ("p99", times.p99), ("p99.9", times.p999), ("max", times.max)];
    let line = |(name, value)| format!("{name:<5}{:>8}", duration_by(step_ns, value));
    Some(quantiles.map(line).join("\n"))
}

/// Latencies of an open loop; `None` for a case without.
pub(super) fn latencies(case: &CaseResult) -> Option<&HistogramSummary> {
    case.histograms.get(Distribution::Latency.word())
}

/// Combined refill times; `None` for a case without refills.
pub(super) fn refills(case: &CaseResult) -> Option<&HistogramSummary> {
    case.histograms.get(Distribution::Refill.word()).filter(|times| times.count > 0)
}

/// Metric by which cases are compared.
pub(super) fn rate(case: &CaseResult) -> Option<(Measure, &Metric)> {
    let bytes =
        case.metrics.get(CaseMetric::ThroughputBytesPerS.word()).map(|metric| (Measure::Bytes, metric));
    bytes.or_else(|| {
        case.metrics.get(CaseMetric::OperationsPerS.word()).map(|metric| (Measure::Operations, metric))
    })
}

/// A rate with its unit.
pub(super) fn figure(measure: Measure, value: Option<f64>) -> String {
    match (measure, value) {
        (_, None) => NOT_AVAILABLE.to_owned(),
        (Measure::Bytes, Some(rate)) => byte_rate(rate),
        (Measure::Operations, Some(rate)) => operation_rate(rate),
    }
}
