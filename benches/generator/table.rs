//! Results of a case: medians of arms, and claims as ratios with their confidence intervals.

use numamark::generator::Stores;
use numamark::stats::{ConfidenceInterval, Pair, effect, median, median_confidence_interval};
use numamark::units::{Bytes, human_rate, three_digits};

use crate::arms::{Arm, Sample};
use crate::cases::{Against, Bound, Case, Claim, Figure};

/// A claim and its result: a line of the closing table.
pub struct Finding {
    pub case: String,
    pub what: String,
    pub ratio: f64,
    pub confidence: Option<ConfidenceInterval>,
    pub bound: Bound,
}

impl Figure {
    fn of(self, sample: &Sample) -> f64 {
        match self {
            Figure::Rate => sample.bytes_per_s,
            Figure::CoreTime => sample.core_s_per_gib,
        }
    }
}

/// Prints the medians of all arms; `rounds[round][arm]`.
pub fn print_arms(case: &Case, stores: Stores, rounds: &[Vec<Sample>]) {
    println!("\n{} worker(s), chunks of {}, {stores} stores", case.workers, Bytes(case.chunk_bytes as u64));
    println!("  {:14} {:>6} {:16} {:>10}", "arm", "GiB/s", "[95 %]", "core-s/GiB");
    for (index, arm) in case.arms.iter().enumerate() {
        let rates = figures(rounds, index, Figure::Rate);
        let within = median_confidence_interval(&rates).map_or(String::new(), |confidence| {
            format!("[{} {}]", human_rate(confidence.low), human_rate(confidence.high))
        });
        let core_s = median(&figures(rounds, index, Figure::CoreTime)).expect("rounds");
        let rate = human_rate(median(&rates).expect("rounds"));
        println!("  {:14} {rate:>6} {within:16} {core_s:>10.4}", arm.name());
    }
}

/// Every claim of a case.
pub fn findings(case: &Case, rounds: &[Vec<Sample>]) -> Vec<Finding> {
    case.claims.iter().map(|claim| finding(case, claim, rounds)).collect()
}

fn finding(case: &Case, claim: &Claim, rounds: &[Vec<Sample>]) -> Finding {
    let place = |name: &str| case.arms.iter().position(|arm| arm.name() == name).expect("an arm of the case");
    let base = match claim.against {
        Against::Arm(name) => place(name),
        Against::BestLoop => best_loop(case, rounds),
    };
    let candidate = figures(rounds, place(claim.of), claim.figure);
    let figure = if claim.figure == Figure::Rate { "" } else { " (CPU time)" };
    Finding {
        case: format!("{} worker(s), {}", case.workers, Bytes(case.chunk_bytes as u64)),
        what: format!("{} / {}{figure}", claim.of, case.arms[base].name()),
        bound: claim.bound,
        ..compared(&figures(rounds, base, claim.figure), &candidate)
    }
}

/// The effect over the rounds. The arms of a round are a pair: a disturbance of one usually reaches the other as well.
pub fn compared(base: &[f64], candidate: &[f64]) -> Finding {
    let pairs: Vec<Pair> = (0..)
        .zip(base.iter().zip(candidate))
        .map(|(round, (base, candidate))| Pair {
            host: 0,
            node: 0,
            round,
            base: *base,
            candidate: *candidate,
        })
        .collect();
    let effect = effect(&pairs).expect("figures above 0");
    let (case, what) = (String::new(), String::new());
    Finding { case, what, ratio: effect.ratio, confidence: effect.confidence, bound: Bound::AtLeast(0.0) }
}

/// The arm with the highest median over all rounds. The best arm of each single round would be chosen by luck.
fn best_loop(case: &Case, rounds: &[Vec<Sample>]) -> usize {
    let rate = |index: &usize| median(&figures(rounds, *index, Figure::Rate)).expect("rounds");
    let loops = (0..case.arms.len()).filter(|index| matches!(case.arms[*index], Arm::Loop(_)));
    loops.max_by(|a, b| rate(a).total_cmp(&rate(b))).expect("every case has loops")
}

fn figures(rounds: &[Vec<Sample>], arm: usize, figure: Figure) -> Vec<f64> {
    rounds.iter().map(|round| figure.of(&round[arm])).collect()
}

/// All claims, as a table for a document.
pub fn print_findings(findings: &[Finding]) {
    println!("\n| case | ratio | found [95 %] | must be | |\n|---|---|---|---|---|");
    for finding in findings {
        let Finding { case, what, ratio, confidence, .. } = finding;
        let within = confidence.map_or(String::new(), |confidence| {
            format!(" [{} {}]", three_digits(confidence.low), three_digits(confidence.high))
        });
        let bound = match finding.bound {
            Bound::AtLeast(least) => format!(">= {least}"),
            Bound::AtMost(most) => format!("<= {most}"),
        };
        println!("| {case} | {what} | {}{within} | {bound} | {} |", three_digits(*ratio), verdict(finding));
    }
    println!(
        "\nmet or not met: all of the interval is. Otherwise the interval holds the bound, and the ratio decides."
    );
}

/// Verdict: the bound is kept or not, and the confidence interval excludes the other answer or not.
fn verdict(finding: &Finding) -> &'static str {
    let keeps = |ratio: f64| match finding.bound {
        Bound::AtLeast(least) => ratio >= least,
        Bound::AtMost(most) => ratio <= most,
    };
    let doubt = finding.confidence.is_none_or(|confidence| keeps(confidence.low) != keeps(confidence.high));
    match (keeps(finding.ratio), doubt) {
        (true, false) => "met",
        (true, true) => "met, within the noise",
        (false, true) => "not met, within the noise",
        (false, false) => "NOT MET",
    }
}
