//! Nodes slower than their class in a report: name, difference, cost and cause.

use super::text::{plain, short_host};
use crate::record::run::{ConfidenceInterval, PlacementRow, Run, Straggler};
use crate::units::counted;

/// One line per straggler, the slowest first, then a line about the remedy.
pub(super) fn stragglers(run: &Run) -> Vec<String> {
    let all = &run.derived.stragglers;
    let mut lines: Vec<String> = all.iter().enumerate().map(|(place, one)| of_one(run, one, place)).collect();
    if !all.is_empty() {
        lines.push(
            "suspect_nodes.txt lists the hosts of stragglers: sbatch --exclude=./suspect_nodes.txt"
                .to_owned(),
        );
    }
    lines
}

fn of_one(run: &Run, straggler: &Straggler, slower: usize) -> String {
    let name = name(run, straggler);
    let others = straggler.class_nodes.saturating_sub(1);
    let class = match others {
        1 => "the only other node like it".to_owned(),
        others => format!("the {others} other nodes like it"),
    };
    let confidence =
        straggler.confidence.map_or(String::new(), |confidence| format!(" ({})", range(confidence)));
    let first = format!(
        "STRAGGLER {name} is {} slower than {class}{confidence}, in {} of {}",
        per_cent(straggler.slower_by),
        straggler.rounds_slow,
        counted(u64::from(straggler.rounds), "round")
    );
    let cost = format!("without it the job would end {} sooner", per_cent(straggler.cost));
    let cost = match slower {
        0 => cost,
        slower => {
            format!(
                "{cost}, without the {} slowest nodes {}",
                slower + 1,
                per_cent(straggler.cost_with_slower)
            )
        }
    };
    let cause = match &straggler.cause {
        Some(cause) => format!("likely cause: {}", plain(cause)),
        None => "no cause found".to_owned(),
    };
    format!("{first}; {cost}; {cause}")
}

/// `n0123 node 3`; with the rank if several share the node; only the rank if it is not bound to a node.
fn name(run: &Run, straggler: &Straggler) -> String {
    let (host, rank) = (short_host(&straggler.host), straggler.rank);
    let Some(node) = straggler.node_index else { return format!("{host} rank {rank}") };
    let here = |row: &&PlacementRow| row.host == straggler.host && row.node_index == Some(node);
    match run.derived.placements.iter().filter(here).count() {
        0 | 1 => format!("{host} node {node}"),
        _ => format!("{host} node {node}, rank {rank}"),
    }
}

fn range(confidence: ConfidenceInterval) -> String {
    let level = (confidence.level * 1000.0).round() / 10.0;
    format!("{} to {}, {level} % confidence interval", per_cent(confidence.low), per_cent(confidence.high))
}

fn per_cent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
