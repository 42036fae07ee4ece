//! Gates in a report: `FAIL generate: limit_share 36.1 %, wanted at least 95 %`.

use super::text::{byte_rate, operation_rate, percent, plain};
use crate::metric::{CaseMetric, GateMetric, Unit};
use crate::record::run::{Bound, GateResult, Outcome};
use crate::units::{counted, grouped, human_duration};
use crate::word::Word;

/// One line for each gate and case that did not meet it. Without `all`, the warning of a run that cannot be trusted is
/// left to the run's second line.
pub(super) fn unmet(results: &[GateResult], all: bool) -> Vec<String> {
    let told = |result: &GateResult| {
        all || result.metric != CaseMetric::Trustworthy.word() || result.outcome == Outcome::Fail
    };
    let told: Vec<GateResult> = results.iter().filter(|result| told(result)).cloned().collect();
    by_gate(&told).into_iter().filter(|line| !is_pass(line)).collect()
}

/// One line per gate for all cases that met it. Without `all`, several are one line, and the gate of every job on its trust
/// has none.
pub(super) fn met(results: &[GateResult], all: bool) -> Vec<String> {
    let told = |result: &GateResult| all || result.metric != CaseMetric::Trustworthy.word();
    let told: Vec<GateResult> = results.iter().filter(|result| told(result)).cloned().collect();
    let lines: Vec<String> = by_gate(&told).into_iter().filter(|line| is_pass(line)).collect();
    if all || lines.len() < 2 {
        return lines;
    }
    let mut names: Vec<String> = told.iter().map(|result| plain(&result.metric)).collect();
    names.dedup();
    vec![format!("PASS on {} gates: {}", lines.len(), names.join(", "))]
}

fn is_pass(line: &str) -> bool {
    line.starts_with(word(Outcome::Pass))
}

fn by_gate(results: &[GateResult]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = results;
    while let Some(first) = rest.first() {
        let same = |other: &&GateResult| {
            (&other.metric, other.bound, &other.against) == (&first.metric, first.bound, &first.against)
        };
        let (gate, others) = rest.split_at(rest.iter().take_while(same).count());
        let (met, unmet): (Vec<&GateResult>, Vec<&GateResult>) =
            gate.iter().partition(|result| result.outcome == Outcome::Pass);
        lines.extend(tightest(&met));
        lines.extend(unmet.iter().map(|result| line(result, of_case(result, gate), None)));
        rest = others;
    }
    lines
}

/// One gate on one case, which `case` names; `beside` is shown in brackets.
fn line(result: &GateResult, case: Option<&str>, beside: Option<String>) -> String {
    let (outcome, name) = (word(result.outcome), plain(&result.metric));
    let case = case.map_or(String::new(), |case| format!("{}: ", plain(case)));
    let (value, bound) = figures(result);
    let wanted = wanted(result.bound);
    let share = |against: &String| format!("{} of {}", percent(result.bound.number()), plain(against));
    let beside: Vec<String> =
        [beside, result.against.as_ref().map(share), result.reason.as_ref().map(|why| plain(why))]
            .into_iter()
            .flatten()
            .collect();
    let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join("; ")) };
    format!("{outcome} {case}{name} {value}, wanted {wanted} {bound}{beside}")
}

/// The gate on one case for other programs, which name the case themselves.
pub(super) fn sentence(result: &GateResult) -> String {
    line(result, None, None)
}

/// `PASS`
pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Warn => "WARN",
        Outcome::Fail => "FAIL",
    }
}

/// `at least`
fn wanted(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast(_) => "at least",
        Bound::AtMost(_) => "at most",
    }
}

/// The case that met the gate with the smallest distance to its bound.
fn tightest(met: &[&GateResult]) -> Option<String> {
    // Distance from the bound as a share of the bound; for a bound of 0, the figure itself.
    let distance = |result: &GateResult| {
        let (value, bound) =
            (result.value.unwrap_or(f64::NAN), result.own_bound().map_or(f64::NAN, Bound::number));
        let distance = (value - bound).abs();
        if bound == 0.0 { distance } else { distance / bound.abs() }
    };
    let nearest = met.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let alike = met.iter().all(|result| (result.value, result.stored) == (nearest.value, nearest.stored));
    let case = nearest.case.as_deref();
    Some(match (met.len(), alike) {
        (1, _) => line(nearest, case.filter(|_| nearest.metric != CaseMetric::Locality.word()), None),
        // Figures of the whole run, such as its locality, are equal in every case.
        (_, true) => line(nearest, None, None),
        (count, false) => {
            let near = format!("the nearest of {}", counted(count as u64, "case"));
            line(nearest, case, Some(near))
        }
    })
}

/// The case of an unmet gate; none for a locality gate with a single result.
fn of_case<'a>(result: &'a GateResult, gate: &[GateResult]) -> Option<&'a str> {
    let only = gate.len() == 1 && result.metric == CaseMetric::Locality.word();
    result.case.as_deref().filter(|_| !only)
}

/// Figure and bound in the metric's unit, with enough digits to show the side of the bound.
fn figures(result: &GateResult) -> (String, String) {
    let unit = unit(&result.metric);
    match (result.value, result.own_bound().map(Bound::number)) {
        (Some(value), Some(bound)) => {
            let (short, shown) = (text(unit, value), text(unit, bound));
            match (short == shown && value != bound, unit) {
                (false, _) => (short, shown),
                (true, Unit::Share) => {
                    let [value, bound] = [value * 100.0, bound * 100.0];
                    (exact(value, bound) + " %", exact(bound, value) + " %")
                }
                (true, _) => (exact(value, bound), exact(bound, value)),
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
        Unit::Share => share(figure),
        Unit::Events if figure >= 0.0 && figure.fract() == 0.0 => grouped(figure as u64),
        // A share that is not quite all is not rounded up to it.
        Unit::Ratio if (0.995..1.0).contains(&figure) => exact(figure, 1.0),
        _ => format!("{figure:.2e}").parse::<f64>().unwrap_or(figure).to_string(),
    }
}

/// A share in per cent, with three digits; one that is not quite all is not rounded up to it.
fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if (99.5..100.0).contains(&p) => exact(p, 100.0) + " %",
        p => format!("{} %", format!("{p:.2e}").parse::<f64>().unwrap_or(p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(results: &[GateResult], all: bool) -> Vec<String> {
        [unmet(results, all), met(results, all)].concat()
    }

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
        assert_eq!(lines(std::slice::from_ref(&met), true), ["PASS locality 99.8 %, wanted at least 99 %"]);
        let again = GateResult { case: Some("b".to_owned()), ..met };
        let both = lines(&[again.clone(), again], true);
        assert_eq!(both, ["PASS locality 99.8 %, wanted at least 99 %"], "the run's own figure");
        let rate = |case, gib: f64, outcome| {
            let (value, bound) = (gib * (1u64 << 30) as f64, Bound::AtLeast(20.0 * (1u64 << 30) as f64));
            result("throughput_bytes_per_s", case, Some(value), bound, outcome)
        };
        assert_eq!(
            lines(
                &[
                    rate("a", 31.0, Outcome::Pass),
                    rate("b", 19.5, Outcome::Fail),
                    rate("c", 20.4, Outcome::Pass),
                    result("refill_ns.p99", "c", Some(2100.0), Bound::AtMost(2000.0), Outcome::Warn),
                ],
                true
            ),
            [
                "FAIL b: throughput_bytes_per_s 19.5 GiB/s, wanted at least 20.0 GiB/s",
                "WARN c: refill_ns.p99 2.10 us, wanted at most 2.00 us",
                "PASS c: throughput_bytes_per_s 20.4 GiB/s, wanted at least 20.0 GiB/s (the nearest of 2 cases)",
            ]
        );
    }

    #[test]
    fn a_summary_begins_with_what_was_not_met_and_leaves_trust_to_the_second_line() {
        let met = result("cpu_share", "a", Some(0.99), Bound::AtLeast(0.9), Outcome::Pass);
        let unmet = result("cpu_share", "a", Some(0.99), Bound::AtLeast(0.995), Outcome::Warn);
        let trust = GateResult {
            case: None,
            ..result("trustworthy", "", Some(0.5), Bound::AtLeast(1.0), Outcome::Warn)
        };
        let told = lines(&[met, unmet, trust.clone()], false);
        assert_eq!(
            told,
            [
                "WARN a: cpu_share 99 %, wanted at least 99.5 %",
                "PASS a: cpu_share 99 %, wanted at least 90 %"
            ]
        );
        let refused = GateResult { outcome: Outcome::Fail, ..trust };
        assert_eq!(lines(&[refused], false), ["FAIL trustworthy 50 %, wanted at least 100 %"]);
    }

    #[test]
    fn rounding_never_puts_a_figure_on_the_other_side() {
        let near = result("cpu_share", "a", Some(0.969999), Bound::AtLeast(0.97), Outcome::Fail);
        assert_eq!(lines(&[near], true), ["FAIL a: cpu_share 96.9999 %, wanted at least 97 %"]);
        let all_but_one = result("locality", "a", Some(0.99998), Bound::AtLeast(0.99), Outcome::Pass);
        assert_eq!(lines(&[all_but_one], true), ["PASS locality 99.998 %, wanted at least 99 %"]);
        let bound = Bound::AtLeast(20.0 * (1u64 << 30) as f64);
        let near = result("throughput_bytes_per_s", "a", Some(bound.number() - 1e6), bound, Outcome::Fail);
        let told = lines(&[near], true);
        assert_eq!(told, ["FAIL a: throughput_bytes_per_s 21474000000, wanted at least 21475000000"]);
    }

    #[test]
    fn a_bound_of_a_stored_run_says_so_and_what_is_missing_has_its_reason() {
        let mut of_run = result("operations_per_s", "a", Some(2.4e8), Bound::AtLeast(0.95), Outcome::Pass);
        (of_run.against, of_run.stored) = (Some("results/base".to_owned()), Some(2.5e8));
        let expected =
            "PASS a: operations_per_s 240 Mop/s, wanted at least 238 Mop/s (95.0 % of results/base)";
        assert_eq!(lines(&[of_run], true), [expected]);
        let mut nothing = result("refill_ns.p999", "a", None, Bound::AtMost(2000.0), Outcome::Fail);
        nothing.reason = Some("too few for p999: 8 of 8 values were timed".to_owned());
        assert_eq!(
            lines(&[nothing], true),
            [
                "FAIL a: refill_ns.p999 n/a, wanted at most 2.00 us (too few for p999: 8 of 8 values were timed)"
            ]
        );
    }
}
