//! Quantities that are compared in a case: unit, better direction, and the value in every round.

use std::collections::{BTreeMap, BTreeSet};

use crate::results::aggregate;
use crate::results::evidence::{Counters, Evidence, Round};
use crate::results::record::Row;
use crate::results::run::{Better, Measure};

/// A figure by which two arms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    /// Name in `run.json`.
    pub(super) name: &'static str,
    /// Unit of the values.
    pub(super) unit: &'static str,
    /// Direction that is better.
    pub(super) better: Better,
    /// Entity that has one value in each round.
    pub(super) grain: Grain,
}

/// Entity that has one value of a quantity in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// A rank, which is one node.
    Rank,
    /// All ranks together: the counters are stored as sums over ranks, and a quantile is taken from the sum.
    World,
}

/// Values of one quantity in one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// Values by rank and round, all above 0; with [`Grain::World`], all at rank 0.
    pub(super) values: BTreeMap<(u32, u32), f64>,
    /// Reason that some values are missing.
    pub(super) reason: Option<String>,
}

/// The rate comes first: cases are judged by it.
const BYTES: [Quantity; 5] = [
    rank("throughput_bytes_per_s", "bytes/s", Better::Higher),
    rank("core_seconds_per_gib", "s/GiB", Better::Lower),
    rank("refill_share", "share", Better::Lower),
    world("chunk_ns.p99"),
    world("refill_ns.p99"),
];
const OPERATIONS: [Quantity; 4] = [
    rank("operations_per_s", "operations/s", Better::Higher),
    rank("core_ns_per_operation", "ns", Better::Lower),
    rank("refill_share", "share", Better::Lower),
    world("refill_ns.p99"),
];

const fn rank(name: &'static str, unit: &'static str, better: Better) -> Quantity {
    Quantity { name, unit, better, grain: Grain::Rank }
}

const fn world(name: &'static str) -> Quantity {
    Quantity { name, unit: "ns", better: Better::Lower, grain: Grain::World }
}

impl Quantity {
    /// Quantities of cases with this measure.
    pub(super) fn of(measure: Measure) -> &'static [Quantity] {
        match measure {
            Measure::Bytes => &BYTES,
            Measure::Operations => &OPERATIONS,
        }
    }
}

/// All quantities of a case, in the order of [`Quantity::of`], from every round that is not among `dropped`.
pub(super) fn series(
    evidence: &Evidence,
    case: &str,
    measure: Measure,
    dropped: &BTreeSet<u32>,
) -> Vec<(Quantity, Series)> {
    let mut all: Vec<(Quantity, Series)> =
        Quantity::of(measure).iter().map(|quantity| (*quantity, Series::default())).collect();
    for (number, round) in evidence.rounds(case).filter(|(number, _)| !dropped.contains(number)) {
        for row in &round.rows {
            let figures = aggregate::of_repetition(measure, std::slice::from_ref(row));
            for (quantity, series) in all.iter_mut().filter(|(quantity, _)| quantity.grain == Grain::Rank) {
                let figure = figures.get(quantity.name);
                let value = figure.and_then(|metric| metric.value);
                let reason = figure.and_then(|metric| metric.reason.clone());
                series.put((row.rank, number), value.ok_or_else(|| reason.unwrap_or_default()));
            }
        }
        for (quantity, series) in all.iter_mut().filter(|(quantity, _)| quantity.grain == Grain::World) {
            series.put((0, number), quantile(quantity.name, round));
        }
    }
    all
}

impl Series {
    /// Adds a value; a value of 0 is left out, because ratios need values above 0.
    fn put(&mut self, at: (u32, u32), value: Result<f64, String>) {
        match value {
            Ok(value) if value > 0.0 => drop(self.values.insert(at, value)),
            Ok(_) => drop(self.reason.get_or_insert("it is 0, and nothing is a multiple of that".to_owned())),
            Err(why) => drop(self.reason.get_or_insert(why)),
        }
    }
}

/// A quantile such as `refill_ns.p99` in one round, over all ranks.
fn quantile(name: &str, round: &Round) -> Result<f64, String> {
    let histogram = name.trim_end_matches(".p99");
    let of_it = |name: &str| {
        name == histogram || name.strip_prefix(histogram).is_some_and(|end| end.starts_with('.'))
    };
    let counters: BTreeMap<&str, Counters> = round
        .counters
        .iter()
        .filter(|(name, _)| of_it(name))
        .map(|(name, packed)| (name.as_str(), packed.iter().collect()))
        .collect();
    let rows: Vec<&Row> = round.rows.iter().collect();
    let summary = aggregate::summaries(&[rows], &counters).remove(histogram);
    let summary = summary.ok_or_else(|| format!("the case records no {histogram}"))?;
    summary
        .p99
        .map(|p99| p99 as f64)
        .ok_or_else(|| format!("a repetition has too few timed values of {histogram} for a p99"))
}
