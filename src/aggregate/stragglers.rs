//! Nodes slower than others of their class, the cost of each, and its possible causes in the record.

use std::collections::BTreeMap;

use super::cause::beyond_usual;
use super::dropping::AllDropped;
use super::rate::rate_of;
use super::trust::mostly_disturbed;
use crate::aggregate::evidence::Evidence;
use crate::record::line::{Begin, Repetition};
use crate::record::run::{CaseResult, ConfidenceInterval, Header, Straggler};
use crate::stats::{NodeRates, Straggling, cost, median, stragglers};

/// Remote memory is a cause when the share of local pages is lower than in the class by more than this.
const LOCALITY_MARGIN: f64 = 0.01;
/// Memory is slower when its limit of plain stores is lower than in the class by more than this.
const LIMIT_MARGIN: f64 = 0.02;

/// A core clock lower by more than this is a cause; on a quiet core the probe's error is smaller.
const CLOCK_MARGIN: f64 = 0.02;

/// Rates of all ranks for one case in one round that counts.
struct Column<'a> {
    round: u32,
    rows: Vec<&'a Repetition>,
    rates: Vec<Option<f64>>,
}

/// Stragglers of the run, the slowest first.
pub(super) fn of_run(
    header: &Header,
    evidence: &Evidence,
    cases: &[CaseResult],
    dropped: &AllDropped,
) -> Vec<Straggler> {
    let columns = columns(header, evidence, cases, dropped);
    let classes = classes(evidence.begins());
    let nodes: Vec<NodeRates> = classes
        .iter()
        .enumerate()
        .map(|(rank, class)| NodeRates {
            class: *class,
            values: columns.iter().map(|column| column.rates[rank]).collect(),
        })
        .collect();
    let rounds: Vec<u32> = columns.iter().map(|column| column.round).collect();
    let found = stragglers(&rounds, &nodes);
    let indices: Vec<usize> = found.iter().map(|straggling| straggling.index).collect();
    let class = Class { evidence, cases, columns: &columns, classes: &classes, stragglers: &indices };
    found
        .iter()
        .enumerate()
        .map(|(place, straggling)| {
            let with_slower = cost(&nodes, &indices[..=place]);
            class.straggler(straggling, with_slower)
        })
        .collect()
}

/// Rates of every case in which most ranks had their CPUs. In other cases the slowest rank is the most disturbed one.
fn columns<'a>(
    header: &Header,
    evidence: &'a Evidence,
    cases: &[CaseResult],
    dropped: &AllDropped,
) -> Vec<Column<'a>> {
    let mut columns = Vec::new();
    let judged = header.planned.iter().zip(cases).filter(|(_, result)| !mostly_disturbed(result));
    for (case, _) in judged {
        let gone = dropped.get(&case.id);
        for (round, rows) in evidence.rounds(&case.id) {
            if gone.is_some_and(|gone| gone.contains_key(&round)) {
                continue;
            }
            let rates = rows.rows.iter().map(|row| rate_of(case.measure, &[row])).collect();
            let rows = rows.rows.iter().map(|row| &row.repetition).collect();
            columns.push(Column { round, rows, rates });
        }
    }
    columns
}

/// The class of each rank, as a number.
fn classes(begins: &[Begin]) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let classes = begins.iter().map(|begin| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        *known.entry(&begin.class).or_insert(next)
    });
    classes.collect()
}

/// Data of the nodes that a straggler is compared with.
struct Class<'a> {
    evidence: &'a Evidence,
    cases: &'a [CaseResult],
    columns: &'a [Column<'a>],
    classes: &'a [u32],
    stragglers: &'a [usize],
}

impl Class<'_> {
    fn straggler(&self, straggling: &Straggling, cost_with_slower: f64) -> Straggler {
        let rank = straggling.index;
        let begin = &self.evidence.begins()[rank];
        let class = self.classes[rank];
        let nodes = self.classes.iter().filter(|other| **other == class).count();
        let causes = self.causes(rank);
        Straggler {
            rank: begin.rank,
            host: begin.host.clone(),
            node_index: begin.node_index,
            class: begin.class.clone(),
            class_nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
            slower_by: straggling.slower_by,
            confidence: straggling.confidence.map(ConfidenceInterval::from),
            rounds_slow: straggling.rounds_slow,
            rounds: straggling.rounds,
            cost: straggling.cost,
            cost_with_slower,
            cause: (!causes.is_empty()).then(|| causes.join("; ")),
        }
    }

    /// The other nodes of a rank's class that are not stragglers; all of the others when every one is a
    /// straggler.
    fn others(&self, rank: usize) -> Vec<usize> {
        let class = self.classes[rank];
        let alike = (0..self.classes.len()).filter(|other| *other != rank && self.classes[*other] == class);
        let (good, slow): (Vec<usize>, Vec<usize>) =
            alike.partition(|other| !self.stragglers.contains(other));
        if good.is_empty() { slow } else { good }
    }

    /// Causes that set the straggler apart from its class: locality, memory speed, core clock, other noise.
    fn causes(&self, rank: usize) -> Vec<String> {
        let others = self.others(rank);
        let mut causes = Vec::new();
        causes.extend(self.remote(rank, &others));
        causes.extend(self.slow_memory(rank, &others));
        causes.extend(self.slow_clock(rank, &others));
        let rows = |rank: usize| -> Vec<&Repetition> {
            self.columns.iter().map(|column| column.rows[rank]).collect()
        };
        let of_others: Vec<Vec<&Repetition>> = others.iter().map(|other| rows(*other)).collect();
        causes.extend(beyond_usual(&rows(rank), &of_others));
        causes
    }

    fn remote(&self, rank: usize, others: &[usize]) -> Option<String> {
        let share = |rank: usize| self.cases.first()?.per_rank.get(rank)?.locality;
        let usual: Vec<f64> = others.iter().filter_map(|other| share(*other)).collect();
        let (found, usual) = (share(rank)?, median(&usual)?);
        (found < usual - LOCALITY_MARGIN)
            .then(|| format!("{:.1} % of its pages are on other nodes", (1.0 - found) * 100.0))
    }

    /// A lower core clock makes the same instructions take longer. Reasons: a power cap, heat, another BIOS
    /// setting.
    fn slow_clock(&self, rank: usize, others: &[usize]) -> Option<String> {
        let probe = |rank: usize| {
            let probes: Vec<f64> =
                self.columns.iter().filter_map(|column| column.rows[rank].noise.core_probe_ns).collect();
            median(&probes)
        };
        let usual: Vec<f64> = others.iter().filter_map(|other| probe(*other)).collect();
        let ratio = median(&usual)? / probe(rank)?;
        (ratio < 1.0 - CLOCK_MARGIN)
            .then(|| format!("its core clock is {:.1} % lower", (1.0 - ratio) * 100.0))
    }

    fn slow_memory(&self, rank: usize, others: &[usize]) -> Option<String> {
        let ratios = self.cases.iter().filter_map(|case| {
            let nodes = &case.limits.as_ref()?.nodes;
            let limit = |rank: usize| nodes.get(rank)?.write_bytes_per_s;
            let usual: Vec<f64> = others.iter().filter_map(|other| limit(*other)).collect();
            Some(limit(rank)? / median(&usual)?)
        });
        let ratio = median(&ratios.collect::<Vec<f64>>())?;
        (ratio < 1.0 - LIMIT_MARGIN)
            .then(|| format!("plain stores into its memory are {:.1} % slower, too", (1.0 - ratio) * 100.0))
    }
}
