//! Histograms of a case: each recorded one, and the combined strata of each quantity.

use std::collections::BTreeMap;

use crate::aggregate::evidence::{Counters, Evidence};
use crate::error::Error;
use crate::measure::histogram::{highest_index, layout};
use crate::record::line::{HistogramRecord, Row};
use crate::record::run::{ConfidenceInterval, HistogramSummary};
use crate::stats::{Stratum, median_confidence_interval, quantile};

/// Suffixes of strata: `refill_ns.slow` and `refill_ns.fast` are the strata of `refill_ns`.
const STRATA: [&str; 2] = [".slow", ".fast"];

/// Returns the quantity that this histogram is a stratum of, or the name itself for a histogram that is no
/// stratum.
pub(crate) fn quantity(name: &str) -> &str {
    STRATA.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// Summaries of every recorded histogram and every combined one, by name.
pub(crate) fn summaries<'a>(
    rounds: &[Vec<&Row>],
    counters: &'a BTreeMap<&'a str, Counters>,
) -> BTreeMap<String, HistogramSummary> {
    let parts: Vec<(&str, HistogramRecord, &Counters)> = counters
        .iter()
        .map(|(name, counters)| {
            let records = records(rounds).filter(|(other, _)| other == name).map(|(_, record)| record);
            (*name, sum(records), counters)
        })
        .collect();
    let mut groups: BTreeMap<&str, Vec<(&HistogramRecord, &Counters)>> = BTreeMap::new();
    for (name, record, counters) in &parts {
        groups.entry(name).or_default().push((record, counters));
        if quantity(name) != *name {
            groups.entry(quantity(name)).or_default().push((record, counters));
        }
    }
    groups.into_iter().map(|(name, strata)| (name.to_owned(), summary(&strata))).collect()
}

/// Summaries of a whole case over the rounds that count, with a confidence interval for each quantile from its
/// values in these rounds.
pub(super) fn of_case(
    evidence: &Evidence,
    case: &str,
    counts: impl Fn(u32) -> bool,
) -> Result<BTreeMap<String, HistogramSummary>, Error> {
    let counted = || evidence.rounds(case).filter(|(number, _)| counts(*number));
    let rounds: Vec<Vec<&Row>> = counted().map(|(_, round)| round.rows.iter().collect()).collect();
    let mut whole = summaries(&rounds, &evidence.totals_of(case, &counts)?);
    let mut quantiles: BTreeMap<(String, &str), Vec<f64>> = BTreeMap::new();
    for (_, round) in counted() {
        for (name, summary) in summaries(&[round.rows.iter().collect()], &round.counters_of(|_| true)) {
            for (quantile, value) in summary.quantiles() {
                let known = value.map(|value| value as f64);
                quantiles.entry((name.clone(), quantile)).or_default().extend(known);
            }
        }
    }
    for ((name, quantile), values) in quantiles {
        // All repetitions must have the quantile: those without it are a different kind of repetition.
        let confidence = median_confidence_interval(&values).filter(|_| values.len() == rounds.len());
        if let (Some(summary), Some(confidence)) = (whole.get_mut(&name), confidence) {
            summary.confidence_intervals.insert(quantile.to_owned(), ConfidenceInterval::from(confidence));
        }
    }
    Ok(whole)
}

/// Estimates the total duration of a quantity over the given rows; `Err` gives the reason when it is unknown.
pub(super) fn sum_estimate(rows: &[&Row], wanted: &str) -> Result<f64, String> {
    let mut strata: BTreeMap<&str, Vec<&HistogramRecord>> = BTreeMap::new();
    for (name, record) in of_rows(rows).filter(|(name, _)| quantity(name) == wanted) {
        strata.entry(name).or_default().push(record);
    }
    if strata.is_empty() {
        return Err(format!("the case records no {wanted}"));
    }
    let sums = strata.into_values().map(|records| scaled_sum(&sum(records.into_iter())));
    sums.sum::<Option<f64>>().ok_or_else(|| format!("of a stratum of {wanted} none was timed"))
}

/// The largest timed value of a quantity.
pub(super) fn max(rounds: &[Vec<&Row>], wanted: &str) -> Option<u64> {
    records(rounds).filter(|(name, _)| quantity(name) == wanted).filter_map(|(_, record)| record.max).max()
}

fn records<'a>(rounds: &[Vec<&'a Row>]) -> impl Iterator<Item = (&'a str, &'a HistogramRecord)> {
    rounds.iter().flat_map(|rows| of_rows(rows))
}

fn of_rows<'a>(rows: &[&'a Row]) -> impl Iterator<Item = (&'a str, &'a HistogramRecord)> {
    let all = rows.iter().flat_map(|row| row.repetition.histograms.iter());
    all.map(|(name, record)| (name.as_str(), record))
}

/// Sum of what some records hold beside their counters; the sum has no counters.
fn sum<'a>(records: impl Iterator<Item = &'a HistogramRecord>) -> HistogramRecord {
    records.fold(HistogramRecord::default(), |total, other| HistogramRecord {
        count: total.count.saturating_add(other.count),
        timed: total.timed.saturating_add(other.timed),
        min: total.min.into_iter().chain(other.min).min(),
        max: total.max.max(other.max),
        sum: total.sum.saturating_add(other.sum),
        clamped: total.clamped.saturating_add(other.clamped),
        counters: Vec::new(),
    })
}

/// The timed sum scaled up to all events.
fn scaled_sum(record: &HistogramRecord) -> Option<f64> {
    match (record.count, record.timed) {
        (count, timed) if count == timed => Some(record.sum as f64),
        (_, 0) => None,
        (count, timed) => Some(record.sum as f64 * (count as f64 / timed as f64)),
    }
}

fn summary(strata: &[(&HistogramRecord, &Counters)]) -> HistogramSummary {
    let total = sum(strata.iter().map(|(record, _)| *record));
    let weighted: Vec<Stratum> = strata
        .iter()
        .map(|(record, counters)| Stratum { count: record.count, timed: record.timed, counters })
        .collect();
    // The upper edge of a counter can exceed the largest value in it. The edge of the highest counter can be
    // below that value, because larger values are clamped into it.
    let value = |q: f64| {
        let index = usize::try_from(quantile(&weighted, q)?).expect("an index of the layout");
        total.max.map(|max| if index >= highest_index() { max } else { layout()[index].min(max) })
    };
    HistogramSummary {
        count: total.count,
        timed: total.timed,
        clamped: total.clamped,
        min: total.min,
        p50: value(0.5),
        p90: value(0.9),
        p99: value(0.99),
        p999: value(0.999),
        max: total.max,
        sum: total.sum,
        confidence_intervals: BTreeMap::new(),
        sum_estimate: strata.iter().map(|(record, _)| scaled_sum(record)).sum(),
    }
}
