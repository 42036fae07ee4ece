//! Metrics by which gates and comparisons judge: those of a case, and statistics of its distributions.

use super::{Better, CaseMetric, ComparisonColumn, Unit, ValueRange, column};
use crate::word::{Word, words};

words! {
    /// Distribution of a case: the name of a gate's metric before its last point.
    Distribution {
        /// Durations of chunks.
        Chunk = "chunk_ns",
        /// Latencies of operations in an open loop, from the times at which they were due.
        Latency = "latency_ns",
        /// Durations of refills.
        Refill = "refill_ns",
        /// Durations of the stage of a refill that looks for a slab.
        RefillFind = "refill_stage_ns.find",
        /// Durations of the stage that takes memory from the arena.
        RefillMap = "refill_stage_ns.map",
        /// Durations of the stage that prepares a slab.
        RefillInitialise = "refill_stage_ns.initialise",
        /// Durations of the stage that makes objects.
        RefillCarve = "refill_stage_ns.carve",
        /// Durations of the stage that takes the objects that other workers freed.
        RefillDrain = "refill_stage_ns.drain",
    }

    /// Statistic of a distribution: the name of a gate's metric after its last point.
    Statistic {
        /// Number of values.
        Count = "count",
        /// Smallest value.
        Min = "min",
        /// Median.
        P50 = "p50",
        /// 90 % quantile.
        P90 = "p90",
        /// 99 % quantile.
        P99 = "p99",
        /// 99.9 % quantile.
        P999 = "p999",
        /// Largest value.
        Max = "max",
        /// Sum of all values.
        Sum = "sum",
    }
}

/// Figure that a gate or a comparison looks at, named as in `run.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GateMetric {
    /// `refill_share`
    Case(CaseMetric),
    /// `refill_ns.p99`, in nanoseconds; `refill_ns.count`, a number.
    Statistic(Distribution, Statistic),
}

impl GateMetric {
    /// The 99 % quantile of a distribution.
    pub const fn p99(distribution: Distribution) -> GateMetric {
        GateMetric::Statistic(distribution, Statistic::P99)
    }

    /// The name in job files and in `run.json`.
    pub fn name(self) -> String {
        match self {
            GateMetric::Case(metric) => metric.word().to_owned(),
            GateMetric::Statistic(distribution, statistic) => {
                format!("{}.{}", distribution.word(), statistic.word())
            }
        }
    }

    /// The metric with this name.
    pub fn from_name(name: &str) -> Option<GateMetric> {
        let statistic = || {
            let (distribution, statistic) = name.rsplit_once('.')?;
            let distribution = Distribution::from_word(distribution)?;
            Some(GateMetric::Statistic(distribution, Statistic::from_word(statistic)?))
        };
        CaseMetric::from_word(name).map(GateMetric::Case).or_else(statistic)
    }

    /// Unit of its values.
    pub fn unit(self) -> Unit {
        match self {
            GateMetric::Case(metric) => metric.facts().unit,
            GateMetric::Statistic(_, Statistic::Count) => Unit::Events,
            GateMetric::Statistic(..) => Unit::Nanoseconds,
        }
    }

    /// Which way it is better; `None` where neither is.
    pub fn better(self) -> Option<Better> {
        match self {
            GateMetric::Case(metric) => metric.facts().better,
            GateMetric::Statistic(..) => Some(Better::Lower),
        }
    }

    /// The values that it can have.
    pub fn extent(self) -> ValueRange {
        match self {
            GateMetric::Case(metric) => metric.facts().extent,
            GateMetric::Statistic(..) => ValueRange::Absolute,
        }
    }

    /// Its column in a comparison; `None` for what arms are not compared by.
    pub fn column(self) -> Option<ComparisonColumn> {
        match self {
            GateMetric::Case(metric) => metric.facts().column,
            GateMetric::Statistic(Distribution::Chunk, Statistic::P99) => column("chunk p99", "ms", 1e6),
            GateMetric::Statistic(Distribution::Refill, Statistic::P99) => column("refill p99", "us", 1e3),
            GateMetric::Statistic(Distribution::Latency, Statistic::P99) => column("latency p99", "us", 1e3),
            GateMetric::Statistic(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name() {
        let statistics = Distribution::ALL.iter().flat_map(|distribution| {
            Statistic::ALL.iter().map(|statistic| GateMetric::Statistic(*distribution, *statistic))
        });
        for metric in CaseMetric::ALL.iter().map(|metric| GateMetric::Case(*metric)).chain(statistics) {
            assert_eq!(GateMetric::from_name(&metric.name()), Some(metric));
        }
        for unknown in ["", ".", "refill_ns", "refill_ns.", "refill_ns.p98", ".p99", "refill_stage_ns.p99"] {
            assert_eq!(GateMetric::from_name(unknown), None, "{unknown}");
        }
    }
}
