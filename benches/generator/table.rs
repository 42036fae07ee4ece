//! The table: what was measured, the ratio with its interval, and what the project promises of it.

use numamark::generator::Kernel;
use numamark::stats::{Effect, Pair, effect};
use numamark::units::{Bytes, human_rate, three_digits};

use crate::arms::{Arm, Sample};
use crate::questions::{Figure, Question};

/// The head of the table.
pub fn begin(l3: Bytes, rounds: u32) {
    println!(
        "kernel {}, L3 {l3}, {rounds} rounds; GiB/s, medians; ratios of rounds with their 95 % interval",
        { Kernel::best().name() }
    );
    println!(
        "CPU time in core-s/GiB. Promised: the whole interval keeps it, the ratio keeps it, or it does not.\n"
    );
    println!(
        "{:36} {:>7} {:>7}  {:>6} {:>6}  {:22} promised",
        "", "workers", "chunk", "ours", "other", "ratio"
    );
}

/// One line.
pub fn answer(question: &Question, rounds: &[Vec<Sample>]) {
    let value = |sample: &Sample| match question.figure {
        Figure::Rate => sample.bytes_per_s,
        Figure::CpuTime => sample.core_s_per_gib,
    };
    let median = |arm: usize, of: &dyn Fn(&Sample) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(|round| of(&round[arm])).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    };
    // Of several the fastest is the limit, whatever is compared.
    let rate = |arm: &usize| median(*arm, &|sample| sample.bytes_per_s);
    let other = (1..=question.others.len()).max_by(|a, b| rate(a).total_cmp(&rate(b))).expect("another arm");
    let pairs = rounds.iter().zip(0..).map(|(samples, round)| Pair {
        host: 0,
        node: 0,
        round,
        base: value(&samples[other]),
        candidate: value(&samples[0]),
    });
    let effect = effect(&pairs.collect::<Vec<_>>()).expect("rates are above 0");
    let shown = |arm: usize| match question.figure {
        Figure::Rate => human_rate(median(arm, &value)),
        Figure::CpuTime => format!("{:.4}", median(arm, &value)),
    };
    println!(
        "{:36} {:>7} {:>7}  {:>6} {:>6}  {:22} {}{}",
        question.what,
        question.workers,
        Bytes(question.chunk_bytes as u64).to_string(),
        shown(0),
        shown(other),
        ratio(&effect),
        kept(question, &effect),
        details(question, other)
    );
}

fn ratio(effect: &Effect) -> String {
    let interval = effect.interval.as_ref();
    let interval = interval.map(|i| format!(" [{} {}]", three_digits(i.low), three_digits(i.high)));
    format!("{}{}", three_digits(effect.ratio), interval.unwrap_or_default())
}

fn kept(question: &Question, effect: &Effect) -> String {
    let Some(promised) = question.promised else { return String::new() };
    let (sign, kept): (_, fn(f64, f64) -> bool) = match question.figure {
        Figure::Rate => (">=", |found, least| found >= least),
        Figure::CpuTime => ("<=", |found, most| found <= most),
    };
    let interval = effect.interval.as_ref();
    let whole = interval.is_some_and(|i| kept(i.low, promised) && kept(i.high, promised));
    let verdict = match (whole, kept(effect.ratio, promised)) {
        (true, _) => "kept",
        (false, true) => "kept, not by the whole interval",
        (false, false) => "NOT KEPT",
    };
    format!("{sign} {promised}: {verdict}")
}

/// How ours stored, and which loop was the best.
fn details(question: &Question, other: usize) -> String {
    let stores = match question.ours {
        Arm::Ours { stores, .. } => stores.to_string(),
        _ => String::new(),
    };
    match question.others[other - 1] {
        Arm::Loop(best) => format!(" ({stores}; {})", best.name()),
        _ => format!(" ({stores})"),
    }
}
