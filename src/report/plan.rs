//! What a job would do: cases, time and memory, before anything runs.

use std::time::Duration;

use crate::plan::Plan;
use crate::units::{human_bytes, human_duration};
use crate::workload::Amount;

/// The plan of all ranks of one host, as far as it can be known without running it.
pub fn plan(name: &str, plans: &[Plan]) -> String {
    let Some(first) = plans.first() else { return String::new() };
    let mut text = format!(
        "{name}: {} case(s) x {} repetition(s) on {} rank(s)\n\n",
        first.cases.len(),
        first.repetitions,
        plans.len()
    );
    for case in &first.cases {
        let workers = plans.iter().flat_map(|plan| plan.cases.iter().filter(|other| other.id == case.id));
        let workers: Vec<u32> = workers.map(|case| case.workers).collect();
        let (fewest, most) = (workers.iter().min().unwrap_or(&0), workers.iter().max().unwrap_or(&0));
        let workers = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
        text.push_str(&format!("  {}  ({workers} workers a rank)\n", case.id));
    }
    let largest = plans.iter().map(|plan| plan.arena_bytes).max().unwrap_or(0);
    let total: u64 = plans.iter().map(|plan| plan.arena_bytes).sum();
    text.push_str(&format!(
        "\nmemory     {} a rank at most, {} on this host\n",
        human_bytes(largest),
        human_bytes(total)
    ));
    text.push_str(&format!("time       {}\n", time(first)));
    text
}

/// Timed work and warm-up are what the job says; only a data set takes what the machine takes.
fn time(plan: &Plan) -> String {
    let turns = u32::try_from(plan.turns.len()).unwrap_or(u32::MAX);
    let warmup = Duration::from_nanos(plan.warmup_ns) * turns;
    match plan.amount {
        Amount::Duration(ns) => {
            let total = warmup + Duration::from_nanos(ns) * turns;
            format!(
                "{} of warm-up and timed work, and a second or two around it",
                human_duration(total.as_nanos() as f64)
            )
        }
        Amount::Dataset { bytes, .. } => format!(
            "{} of warm-up, and {turns} times {} as fast as the machine makes them, and once more for the digest",
            human_duration(warmup.as_nanos() as f64),
            human_bytes(bytes)
        ),
    }
}
