//! Lines about a run in progress: the binding of the ranks, and the figures of each repetition.

use super::cells::figure;
use super::text::{percent, plain, short_host};
use crate::aggregate::{of_repetition, rate_of};
use crate::metric::CaseMetric;
use crate::numa::PuSet;
use crate::record::line::longest_ns;
use crate::record::run::Measure;
use crate::record::{Begin, Row};
use crate::units::{count, counted, human_duration};
use crate::word::Word;

/// Binding of one rank, and the reason for it.
pub fn bound(begin: &Begin) -> String {
    let pus: PuSet = begin.pus.iter().copied().collect();
    let node = match (begin.node_index, begin.node_os_index) {
        (Some(node), Some(os)) => format!("node {node} (os {os})"),
        _ => "no node".to_owned(),
    };
    let (host, why) = (short_host(&begin.host), plain(&begin.placement));
    let workers = counted(count(begin.pus.len()), "worker");
    format!("rank {}: {host}, {node}, {workers} on PU {pus}, {why}", begin.rank)
}

/// The rate of one repetition; `rows` has one row per rank.
pub fn rate(measure: Measure, rows: &[Row]) -> String {
    figure(measure, rate_of(measure, &rows.iter().collect::<Vec<_>>()))
}

/// The figures of one repetition; `rows` has one row per rank.
pub fn repetition(measure: Measure, rows: &[Row]) -> String {
    let all = of_repetition(measure, rows);
    let rate = rate(measure, rows);
    let mut line = format!("{rate} in {}", human_duration(longest_ns(rows) as f64));
    let share = |name: &str| all.get(name).and_then(|metric| metric.value);
    line.extend(share(CaseMetric::CpuShare.word()).map(|share| format!(", CPU {}", percent(share))));
    line.extend(share(CaseMetric::RefillShare.word()).map(|share| format!(", refills {}", percent(share))));
    let ranks = rows.iter().filter_map(|row| Some((row.rank, rate_of(measure, &[row])?)));
    let slowest = ranks.min_by(|(_, a), (_, b)| a.total_cmp(b)).filter(|_| rows.len() > 1);
    line.extend(
        slowest.map(|(rank, rate)| format!(", slowest rank {rank}: {}", figure(measure, Some(rate)))),
    );
    line
}
