//! The table, from samples.

use numamark::measure::Clock;
use numamark::stats::{ConfidenceInterval, median, median_confidence_interval};

use crate::rows::{Arm, Row};

/// One arm in one round.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Nanoseconds an operation.
    pub ns: f64,
    pub resident_bytes: f64,
    /// Page faults of the workers in a thousand operations.
    pub faults: f64,
}

impl Sample {
    /// An arm that has not been measured yet.
    pub const UNKNOWN: Sample = Sample { ns: f64::NAN, resident_bytes: f64::NAN, faults: f64::NAN };
}

/// Versions and builds; a warning for a peer that was built without optimisation.
pub fn print_builds() {
    let clock = Clock::start();
    for arm in Arm::ALL.into_iter().filter(|arm| matches!(arm, Arm::Of(_))) {
        if let Some(provenance) = arm.allocator().provenance() {
            println!("{}: {} ({})", arm.word(), provenance.version, provenance.build);
        }
        if arm.allocator().speed(&clock).is_some_and(|speed| !speed.is_optimised()) {
            println!(
                "WARNING: {} was built without optimisation: its figures say nothing about it",
                arm.word()
            );
        }
    }
}

pub fn print_heads() {
    let [inlined, called, checks] = ["inlined / best peer", "called / best peer", "cheap / off"];
    println!("\n{:<26}{inlined:<22}{called:<22}{checks:<22}best peer", "workload");
}

/// The ratios of the slab to the best peer.
pub fn print_row(row: &Row, samples: &[Vec<Sample>]) {
    let ns = |arm: usize| medians(samples, |round| round[arm].ns);
    let best = Arm::PEERS.min_by(|a, b| ns(*a).total_cmp(&ns(*b))).expect("four peers");
    let ratio = |of: usize, arm: usize| {
        let ratios: Vec<f64> = samples.iter().map(|round| round[of].ns / round[arm].ns).collect();
        let middle = median(&ratios).expect("a round");
        match median_confidence_interval(&ratios) {
            Some(ConfidenceInterval { low, high, .. }) => format!("{middle:.3} ({low:.3}-{high:.3})"),
            None => format!("{middle:.3}"),
        }
    };
    println!(
        "{:<26}{:<22}{:<22}{:<22}{}",
        row.name,
        ratio(best, Arm::SLAB),
        ratio(best, Arm::CALLED),
        ratio(Arm::OFF, Arm::SLAB),
        Arm::ALL[best].word()
    );
}

/// Nanoseconds, memory and page faults of every arm.
pub fn print_speed(row: &Row, samples: &[Vec<Sample>]) {
    let cells = |of: &dyn Fn(usize) -> String| {
        let cells: Vec<String> =
            (0..Arm::ALL.len()).map(|arm| format!("{} {}", Arm::ALL[arm].word(), of(arm))).collect();
        cells.join("  ")
    };
    println!("    ns      {}", cells(&|arm| format!("{:.2}", medians(samples, |round| round[arm].ns))));
    if let Some(live) = row.live_bytes() {
        let memory = |arm: usize| {
            // Both are of the same round.
            medians(samples, |round| (round[arm].resident_bytes - round[Arm::NULL].resident_bytes) / live)
        };
        println!("    memory  {}", cells(&|arm| format!("{:.2}", memory(arm))));
    }
    if row.has_huge_pages {
        println!(
            "    faults  {}",
            cells(&|arm| format!("{:.4}", medians(samples, |round| round[arm].faults)))
        );
    }
}

fn medians(samples: &[Vec<Sample>], of: impl Fn(&[Sample]) -> f64) -> f64 {
    let values: Vec<f64> = samples.iter().map(|round| of(round)).collect();
    median(&values).expect("a round")
}
