//! Runs with the cases and ranks that a report is to show, cut from a real one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use numamark::aggregate::aggregate;
use numamark::record::run::{CaseResult, RankResult};
use numamark::record::{Parameter, Run};

use crate::fixture::{Folder, run};

pub const GIB: f64 = (1u64 << 30) as f64;

/// A real run of one rank, from which cases and ranks are cut.
pub fn template() -> Run {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = Folder::new(&format!("sweep-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    let (_, header, evidence) = run(&folder.join("run"), 1, 43);
    aggregate(&header, &evidence, Some(24.3)).expect("whole evidence")
}

/// The template's case of this index with other parameters and another rate.
pub fn case(template: &Run, index: usize, rate: f64, parameters: &[(&str, Parameter)]) -> CaseResult {
    let mut case = template.derived.cases[index].clone();
    let words = parameters.iter().map(|(name, value)| format!(".{name}={value:?}"));
    case.id = format!("{}{}", case.workload, words.collect::<String>());
    case.parameters = BTreeMap::from([("workers".to_owned(), Parameter::Word("all".to_owned()))]);
    case.parameters.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let name = ["throughput_bytes_per_s", "operations_per_s"][index];
    let metric = case.metrics.get_mut(name).expect("every case has its rate");
    metric.value = Some(rate);
    case
}

pub fn bytes(mebibytes: u64) -> Parameter {
    Parameter::Number(mebibytes << 20)
}

pub fn word(word: &str) -> Parameter {
    Parameter::Word(word.to_owned())
}

/// Chunk by kernel: 3 x 2 cases, the fastest of which is 16 MiB with avx2.
pub fn two_axes() -> Run {
    let mut run = template();
    let mut cases = Vec::new();
    for (chunk, speed) in [(4, 3.0), (16, 7.0), (64, 5.0)] {
        for (kernel, faster) in [("scalar", 0.5), ("avx2", 2.0)] {
            let rate = speed * faster * GIB;
            cases.push(case(&run, 0, rate, &[("chunk_bytes", bytes(chunk)), ("kernel", word(kernel))]));
        }
    }
    run.derived.cases = cases;
    run
}

/// The rows below the line that begins with `title`, each as its words.
pub fn rows<'a>(text: &'a str, title: &str) -> Vec<Vec<&'a str>> {
    let below = text.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    let table: Vec<&str> = below.take_while(|line| !line.is_empty()).collect();
    let rule = table.iter().position(|line| line.starts_with("---")).expect("a line below the header");
    table[rule + 1..].iter().map(|line| line.split_whitespace().collect()).collect()
}

/// One case on `hosts` hosts with `nodes` ranks each, all at 8 GiB/s except rank 7 (half of it) and rank 3 (0.94 of
/// it).
pub fn with_ranks(hosts: u32, nodes: u32) -> Run {
    let mut run = template();
    let mut case = run.derived.cases[0].clone();
    let of_rank = |rank: u32, template: &RankResult| {
        let mut row = template.clone();
        let share = [(7, 0.5), (3, 0.94)].into_iter().find(|(slow, _)| *slow == rank);
        row.rank = rank;
        row.host = format!("cluster-node-{:04}.example", rank / nodes);
        row.node_index = Some(rank % nodes);
        row.rate.value = Some(8.0 * GIB * share.map_or(1.0, |(_, share)| share));
        row
    };
    case.per_rank = (0..hosts * nodes).map(|rank| of_rank(rank, &case.per_rank[0])).collect();
    case.slowest_rank = Some(7);
    run.header.ranks = hosts * nodes;
    run.header.hosts = (0..hosts).map(|host| format!("cluster-node-{host:04}.example")).collect();
    run.derived.cases = vec![case];
    run
}
