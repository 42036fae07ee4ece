//! Gates in a report: `PASS locality 0.998 >= 0.99`.

use super::text::{byte_rate, counted, grouped, operation_rate, percent, plain};
use crate::metric::{CaseMetric, GateMetric, Unit};
use crate::record::run::{Bound, GateResult, Outcome};
use crate::units::human_duration;
use crate::word::Word;

/// One line a gate for all cases that met it, and one line for each case that did not.
pub(super) fn gates(results: &[GateResult]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = results;
    while let Some(first) = rest.first() {
        let same = |other: &&GateResult| {
            (&other.metric, other.bound, &other.against) == (&first.metric, first.bound, &first.against)
        };
        let (gate, others) = rest.split_at(rest.iter().take_while(same).count());
        let (met, unmet): (Vec<&GateResult>, Vec<&GateResult>) =
            gate.iter().partition(|result| result.outcome == Outcome::Pass);
        lines.extend(tightest(&met).map(|(result, why)| line(result, why)));
        lines.extend(unmet.iter().map(|result| line(result, of_case(result, gate))));
        rest = others;
    }
    lines
}

/// One gate on one case; `beside` is shown in brackets.
pub(super) fn line(result: &GateResult, beside: Vec<String>) -> String {
    let (outcome, name, sign) = (word(result.outcome), plain(&result.metric), sign(result.bound));
    let (value, bound) = figures(result);
    let mut beside = beside;
    if let Some(against) = &result.against {
        beside.push(format!("{} of {}", percent(result.bound.number()), plain(against)));
    }
    beside.extend(result.reason.as_ref().map(|why| plain(why)));
    let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join("; ")) };
    format!("{outcome} {name} {value} {sign} {bound}{beside}")
}

/// `PASS`
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Warn => "WARN",
        Outcome::Fail => "FAIL",
    }
}

/// `>=`
pub(super) fn sign(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast(_) => ">=",
        Bound::AtMost(_) => "<=",
    }
}

/// The case that met the gate with the smallest distance to its bound.
fn tightest<'a>(met: &[&'a GateResult]) -> Option<(&'a GateResult, Vec<String>)> {
    // Distance from the bound as a share of the bound; for a bound of 0, the figure itself.
    let distance = |result: &GateResult| {
        let (value, bound) =
            (result.value.unwrap_or(f64::NAN), result.own_bound().map_or(f64::NAN, Bound::number));
        let distance = (value - bound).abs();
        if bound == 0.0 { distance } else { distance / bound.abs() }
    };
    let nearest = met.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let alike = met.iter().all(|result| (result.value, result.stored) == (nearest.value, nearest.stored));
    let beside = match (met.len(), alike) {
        (1, _) => nearest
            .case
            .iter()
            .filter(|_| nearest.metric != CaseMetric::Locality.word())
            .map(|case| plain(case))
            .collect(),
        // Figures of the whole run, such as its locality, are equal in every case.
        (_, true) => Vec::new(),
        (count, false) => {
            let case = nearest.case.as_deref().map_or(String::new(), plain);
            vec![format!("{}, of which {case} is nearest", counted(count as u64, "case"))]
        }
    };
    Some((nearest, beside))
}

/// The case of an unmet gate; empty for a locality gate with a single result.
fn of_case(result: &GateResult, gate: &[GateResult]) -> Vec<String> {
    let only = gate.len() == 1 && result.metric == CaseMetric::Locality.word();
    result.case.iter().filter(|_| !only).map(|case| plain(case)).collect()
}

/// Figure and bound in the metric's unit, with enough digits to show the side of the bound.
fn figures(result: &GateResult) -> (String, String) {
    let unit = unit(&result.metric);
    match (result.value, result.own_bound().map(Bound::number)) {
        (Some(value), Some(bound)) => {
            let (short, shown) = (text(unit, value), text(unit, bound));
            match short == shown && value != bound {
                false => (short, shown),
                true => (exact(value, bound), exact(bound, value)),
            }
        }
        (value, bound) => {
            let shown = |figure: Option<f64>| figure.map_or("n/a".to_owned(), |figure| text(unit, figure));
            (shown(value), shown(bound))
        }
    }
}

/// The figure with the fewest digits, at least three, that distinguish it from the other.
fn exact(figure: f64, other: f64) -> String {
    let rounded = |figure: f64, digits: usize| format!("{figure:.digits$e}").parse::<f64>().unwrap_or(figure);
    let digits = (2..17).find(|digits| rounded(figure, *digits) != rounded(other, *digits)).unwrap_or(17);
    rounded(figure, digits).to_string()
}

/// The unit of a metric by its name; of one that is no metric of a gate, by what the name says.
fn unit(metric: &str) -> Unit {
    GateMetric::from_name(metric).map_or_else(
        || match metric.rsplit_once('.') {
            Some((_, "count")) => Unit::Events,
            Some((histogram, _)) if histogram.contains("_ns") => Unit::Nanoseconds,
            _ => Unit::Ratio,
        },
        GateMetric::unit,
    )
}

/// A figure in its unit, with three digits.
fn text(unit: Unit, figure: f64) -> String {
    match unit {
        Unit::BytesPerSecond => byte_rate(figure),
        Unit::OperationsPerSecond => operation_rate(figure),
        Unit::Nanoseconds => human_duration(figure),
        Unit::Events if figure >= 0.0 && figure.fract() == 0.0 => grouped(figure as u64),
        // A share that is not quite all is not rounded up to it.
        Unit::Share | Unit::Ratio if (0.995..1.0).contains(&figure) => exact(figure, 1.0),
        _ => format!("{figure:.2e}").parse::<f64>().unwrap_or(figure).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(metric: &str, case: &str, value: Option<f64>, bound: Bound, outcome: Outcome) -> GateResult {
        GateResult {
            metric: metric.to_owned(),
            bound,
            case: Some(case.to_owned()),
            value,
            stored: None,
            against: None,
            outcome,
            reason: None,
        }
    }

    #[test]
    fn a_gate_is_one_line_as_a_person_would_write_it() {
        let met = result("locality", "a", Some(0.9978), Bound::AtLeast(0.99), Outcome::Pass);
        assert_eq!(gates(std::slice::from_ref(&met)), ["PASS locality 0.998 >= 0.99"]);
        let again = GateResult { case: Some("b".to_owned()), ..met };
        assert_eq!(gates(&[again.clone(), again]), ["PASS locality 0.998 >= 0.99"], "the run's own figure");
        let rate = |case, gib: f64, outcome| {
            let (value, bound) = (gib * (1u64 << 30) as f64, Bound::AtLeast(20.0 * (1u64 << 30) as f64));
            result("throughput_bytes_per_s", case, Some(value), bound, outcome)
        };
        assert_eq!(
            gates(&[
                rate("a", 31.0, Outcome::Pass),
                rate("b", 19.5, Outcome::Fail),
                rate("c", 20.4, Outcome::Pass),
                result("refill_ns.p99", "c", Some(2100.0), Bound::AtMost(2000.0), Outcome::Warn),
            ]),
            [
                "PASS throughput_bytes_per_s 20.4 GiB/s >= 20.0 GiB/s (2 cases, of which c is nearest)",
                "FAIL throughput_bytes_per_s 19.5 GiB/s >= 20.0 GiB/s (b)",
                "WARN refill_ns.p99 2.10 us <= 2.00 us (c)",
            ]
        );
    }

    #[test]
    fn rounding_never_puts_a_figure_on_the_other_side() {
        let near = result("cpu_share", "a", Some(0.969999), Bound::AtLeast(0.97), Outcome::Fail);
        assert_eq!(gates(&[near]), ["FAIL cpu_share 0.969999 >= 0.97 (a)"]);
        let all_but_one = result("locality", "a", Some(0.99998), Bound::AtLeast(0.99), Outcome::Pass);
        assert_eq!(gates(&[all_but_one]), ["PASS locality 0.99998 >= 0.99"]);
        let bound = Bound::AtLeast(20.0 * (1u64 << 30) as f64);
        let near = result("throughput_bytes_per_s", "a", Some(bound.number() - 1e6), bound, Outcome::Fail);
        assert_eq!(gates(&[near]), ["FAIL throughput_bytes_per_s 21474000000 >= 21475000000 (a)"]);
    }

    #[test]
    fn a_bound_of_a_stored_run_says_so_and_what_is_missing_has_its_reason() {
        let mut of_run = result("operations_per_s", "a", Some(2.4e8), Bound::AtLeast(0.95), Outcome::Pass);
        (of_run.against, of_run.stored) = (Some("results/base".to_owned()), Some(2.5e8));
        let expected = "PASS operations_per_s 240 Mop/s >= 238 Mop/s (a; 95.0 % of results/base)";
        assert_eq!(gates(&[of_run]), [expected]);
        let mut nothing = result("refill_ns.p999", "a", None, Bound::AtMost(2000.0), Outcome::Fail);
        nothing.reason = Some("too few timed values: 8 of 8".to_owned());
        assert_eq!(
            gates(&[nothing]),
            ["FAIL refill_ns.p999 n/a <= 2.00 us (a; too few timed values: 8 of 8)"]
        );
    }
}
