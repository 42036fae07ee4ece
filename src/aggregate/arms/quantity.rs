//! Quantities that are compared in a case: unit, better direction, and the value in every round.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::evidence::{Evidence, Round};
use crate::aggregate::{self, distribution};
use crate::metric::{Better, CaseMetric, Distribution, GateMetric, Measure};
use crate::record::line::Row;
use crate::record::run::Metric;
use crate::word::Word;

/// A figure by which two arms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// The metric; it has a column.
    pub(crate) metric: GateMetric,
    /// Entity that has one value in each round.
    pub(crate) grain: Grain,
}

/// Entity that has one value of a quantity in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    /// A rank, which is one node.
    Rank,
    /// All ranks together: the counters are stored as sums over ranks, and a quantile is taken from the sum.
    World,
}

/// Values of one quantity in one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    /// Values by rank and round, all above 0; with [`Grain::World`], all at rank 0.
    pub(crate) values: BTreeMap<(u32, u32), f64>,
    /// Reason that some values are missing.
    pub(crate) reason: Option<String>,
}

/// The rate comes first: a case is judged by it.
const BYTES: [Quantity; 5] = [
    rank(CaseMetric::ThroughputBytesPerS),
    rank(CaseMetric::CoreSecondsPerGib),
    rank(CaseMetric::RefillShare),
    world(Distribution::Chunk),
    world(Distribution::Refill),
];
const OPERATIONS: [Quantity; 5] = [
    rank(CaseMetric::OperationsPerS),
    rank(CaseMetric::CoreNsPerOperation),
    rank(CaseMetric::RefillShare),
    world(Distribution::Refill),
    world(Distribution::Latency),
];

const fn rank(metric: CaseMetric) -> Quantity {
    Quantity { metric: GateMetric::Case(metric), grain: Grain::Rank }
}

const fn world(distribution: Distribution) -> Quantity {
    Quantity { metric: GateMetric::p99(distribution), grain: Grain::World }
}

impl Quantity {
    /// Better direction.
    pub(crate) fn better(self) -> Better {
        self.metric.better().expect("arms are compared by metrics that are better one way")
    }

    /// True when only some cases with the measure have it: latencies, those of an open loop. Such quantities stand last,
    /// so that the others keep their places without them.
    pub(crate) fn is_optional(self) -> bool {
        matches!(self.metric, GateMetric::Statistic(Distribution::Latency, _))
    }

    /// Quantities of cases with this measure.
    pub(crate) fn of(measure: Measure) -> &'static [Quantity] {
        match measure {
            Measure::Bytes => &BYTES,
            Measure::Operations => &OPERATIONS,
        }
    }
}

/// All quantities of a case, in the order of [`Quantity::of`], from every round that is not among `dropped`.
pub(crate) fn series(
    evidence: &Evidence,
    case: &str,
    measure: Measure,
    dropped: &BTreeSet<u32>,
) -> Vec<(Quantity, Series)> {
    let mut all: Vec<(Quantity, Series)> =
        Quantity::of(measure).iter().map(|quantity| (*quantity, Series::default())).collect();
    for (number, round) in evidence.rounds(case).filter(|(number, _)| !dropped.contains(number)) {
        let by_rank = |row: &Row| (row.rank, aggregate::of_repetition(measure, std::slice::from_ref(row)));
        let figures: Vec<(u32, BTreeMap<String, Metric>)> = round.rows.iter().map(by_rank).collect();
        for (quantity, series) in &mut all {
            match quantity.metric {
                GateMetric::Case(metric) => {
                    for (rank, figures) in &figures {
                        let figure = figures.get(metric.word());
                        let value = figure.and_then(|metric| metric.value);
                        let reason = figure.and_then(|metric| metric.reason.clone());
                        series.put((*rank, number), value.ok_or_else(|| reason.unwrap_or_default()));
                    }
                }
                GateMetric::Statistic(distribution, _) => series.put((0, number), p99(distribution, round)),
            }
        }
    }
    all
}

impl Series {
    /// Adds a value; a value of 0 is left out, because ratios need values above 0.
    fn put(&mut self, at: (u32, u32), value: Result<f64, String>) {
        match value {
            Ok(value) if value > 0.0 => drop(self.values.insert(at, value)),
            Ok(_) => drop(self.reason.get_or_insert("it is 0, which has no ratio".to_owned())),
            Err(why) => drop(self.reason.get_or_insert(why)),
        }
    }
}

/// 99 % quantile of one round, over all ranks.
fn p99(distribution: Distribution, round: &Round) -> Result<f64, String> {
    let histogram = distribution.word();
    let counters = round.counters_of(|name| distribution::quantity(name) == histogram);
    let rows: Vec<&Row> = round.rows.iter().collect();
    let summary = distribution::summaries(&[rows], &counters).remove(histogram);
    let summary = summary.ok_or_else(|| format!("the case records no {histogram}"))?;
    summary
        .p99
        .map(|p99| p99 as f64)
        .ok_or_else(|| format!("a repetition has too few timed values of {histogram} for a p99"))
}
