//! What a report says about the gates.

use super::text::{counted, plain};
use crate::results::gate::{Bound, GateResult, Outcome};

/// Gates that were met in one line each, and every case in which one was not.
pub(super) fn gates(results: &[GateResult]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = results;
    while let Some(first) = rest.first() {
        let same = |other: &&GateResult| (&other.metric, other.bound) == (&first.metric, first.bound);
        let (gate, others) = rest.split_at(rest.iter().take_while(same).count());
        let passed = gate.iter().filter(|result| result.outcome == Outcome::Pass).count();
        if passed > 0 {
            let cases = counted(passed as u64, "case");
            lines.push(format!("gate PASS: {} is {} in {cases}", plain(&first.metric), wanted(first.bound)));
        }
        lines.extend(gate.iter().filter(|result| result.outcome != Outcome::Pass).map(unmet));
        rest = others;
    }
    lines
}

fn unmet(result: &GateResult) -> String {
    let outcome = if result.outcome == Outcome::Fail { "FAIL" } else { "WARN" };
    let found = match (result.value, &result.reason) {
        (Some(value), _) => format!("is {}", beside(value, result.bound)),
        (None, reason) => format!("has no value ({})", plain(reason.as_deref().unwrap_or("not measured"))),
    };
    let of = result.case.as_ref().map_or(String::new(), |case| format!(" of {}", plain(case)));
    format!("gate {outcome}: {}{of} {found}, wanted {}", plain(&result.metric), wanted(result.bound))
}

fn wanted(bound: Bound) -> String {
    match bound {
        Bound::AtLeast(bound) => format!("at least {bound}"),
        Bound::AtMost(bound) => format!("at most {bound}"),
    }
}

/// Four digits, unless rounding would put an unmet value on the bound.
fn beside(value: f64, bound: Bound) -> String {
    let (Bound::AtLeast(bound) | Bound::AtMost(bound)) = bound;
    let short = format!("{value:.3e}").parse::<f64>().unwrap_or(value);
    if short == bound { value.to_string() } else { short.to_string() }
}
