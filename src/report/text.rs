//! Figures and names formatted for columns.

use crate::numa::short_name;
use crate::screen::is_invisible;
use crate::units::{human_duration, human_rate, three_digits};

/// Replaces characters that could move the cursor or hide text, because names come from job files and hosts.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_invisible(c) { '?' } else { c }).collect()
}

/// The parts of a case's id, each with the point before it: the workload, then a parameter each. A value may contain points
/// (`dedup=1.5`, `sizes=8B..128B`), but no `=`.
pub(super) fn parts(id: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in id.split('.') {
        match parts.last_mut() {
            Some(value) if !piece.contains('=') => *value += &format!(".{piece}"),
            Some(_) => parts.push(format!(".{piece}")),
            None => parts.push(piece.to_owned()),
        }
    }
    parts
}

/// A host without its domain.
pub(super) fn short_host(host: &str) -> String {
    plain(short_name(host))
}

/// The same in at most this many characters. A longer name is cut at the front, because names differ at the end.
pub(super) fn cut_host(host: &str, columns: usize) -> String {
    let name: Vec<char> = short_host(host).chars().collect();
    match name.len() {
        length if length <= columns => name.into_iter().collect(),
        length => std::iter::once('~').chain(name[length - columns + 1..].iter().copied()).collect(),
    }
}

/// `12.3 GiB/s`
pub(super) fn byte_rate(bytes_per_s: f64) -> String {
    format!("{} GiB/s", human_rate(bytes_per_s))
}

/// `12.3 Mop/s`
pub(super) fn operation_rate(operations_per_s: f64) -> String {
    let unit = OperationUnit::of(operations_per_s);
    format!("{} {}", unit.figure(operations_per_s), unit.name())
}

/// Unit in which a rate of operations has few digits.
#[derive(Clone, Copy)]
pub(super) struct OperationUnit {
    prefix: &'static str,
    scale: f64,
}

impl OperationUnit {
    /// The unit for rates up to `largest`.
    pub(super) fn of(largest: f64) -> OperationUnit {
        let (prefix, scale) = match largest {
            rate if rate >= 1e9 => ("G", 1e9),
            rate if rate >= 1e6 => ("M", 1e6),
            rate if rate >= 1e3 => ("k", 1e3),
            _ => ("", 1.0),
        };
        OperationUnit { prefix, scale }
    }

    /// `Mop/s`
    pub(super) fn name(self) -> String {
        format!("{}op/s", self.prefix)
    }

    /// The figure without the unit.
    pub(super) fn figure(self, operations_per_s: f64) -> String {
        three_digits(operations_per_s / self.scale)
    }
}

/// `1.25 us`
pub(super) fn duration(nanoseconds: Option<u64>) -> String {
    nanoseconds.map_or(NOT_AVAILABLE.to_owned(), |ns| human_duration(ns as f64))
}

/// The step of a clock as whole nanoseconds, the unit in which durations are recorded.
fn whole_step(step_ns: f64) -> u64 {
    step_ns.round().max(1.0) as u64
}

/// `1.25 us`, or `<= 10 ns` for a duration of at most one clock step, because the clock cannot resolve shorter
/// ones.
pub(super) fn duration_by(step_ns: f64, nanoseconds: Option<u64>) -> String {
    let step = whole_step(step_ns);
    match nanoseconds {
        Some(ns) if ns <= step => match step {
            0..1000 => format!("<= {step} ns"),
            step => format!("<= {} us", step.div_ceil(1000)),
        },
        nanoseconds => duration(nanoseconds),
    }
}

/// The same for a column of microseconds.
pub(super) fn microseconds_by(step_ns: f64, nanoseconds: u64) -> String {
    let step = whole_step(step_ns);
    match nanoseconds {
        // Rounded up to two decimal places.
        ns if ns <= step => format!("<={}", three_digits(step.div_ceil(10) as f64 / 100.0)),
        ns => three_digits(ns as f64 / 1e3),
    }
}

/// `1.02 to 1.31`, in the unit of `middle`.
pub(super) fn durations(middle: u64, low: f64, high: f64) -> String {
    let scale = match middle as f64 {
        ns if ns < 1e3 => 1.0,
        ns if ns < 1e6 => 1e3,
        ns if ns < 1e9 => 1e6,
        _ => 1e9,
    };
    between(three_digits(low / scale), three_digits(high / scale))
}

/// `24.9 to 25.5`
pub(super) fn between(low: String, high: String) -> String {
    format!("{low} to {high}")
}

/// Placeholder for a figure that would be noise or has no source. The notes below the table give the reason.
pub(super) const NOT_AVAILABLE: &str = "n/a";

/// `12.3 %`; a share just below 1 is never rounded up to 100 %.
pub(super) fn percent(share: f64) -> String {
    bare_percent(share) + " %"
}

/// The same for a column with the unit in its heading.
pub(super) fn bare_percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p >= 100.0 => format!("{p:.0}"),
        p if p > 99.9 => ">99.9".to_owned(),
        p if p >= 10.0 => format!("{p:.1}"),
        p if p >= 0.01 || p == 0.0 => format!("{p:.2}"),
        _ => "<0.01".to_owned(),
    }
}

/// A ratio in per cent; it may exceed 100.
pub(super) fn ratio_percent(ratio: f64) -> String {
    three_digits(ratio * 100.0)
}

/// Largest number of lines of one kind; the rest are counted.
const SHOWN: usize = 5;

/// Keeps the first few lines of one kind, and adds the number of the others, which `whole` has.
pub(super) fn limited(mut lines: Vec<String>, whole: &str) -> Vec<String> {
    let rest = lines.len().saturating_sub(SHOWN);
    if rest > 0 {
        lines.truncate(SHOWN);
        lines.push(format!("  and {rest} more like these; {whole} has them all"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_only_100_percent_when_it_is_all() {
        let texts = [1.0, 0.99999, 0.999, 0.5, 0.0123, 0.00005, 0.0].map(percent);
        assert_eq!(texts, ["100 %", ">99.9 %", "99.9 %", "50.0 %", "1.23 %", "<0.01 %", "0.00 %"]);
    }

    #[test]
    fn what_is_not_longer_than_a_step_of_the_clock_is_not_printed_as_exact() {
        // A measured step is not quite 10 ns. A fine clock still records whole nanoseconds.
        let texts = [Some(0), Some(9), Some(10), Some(11), None].map(|ns| duration_by(9.998, ns));
        assert_eq!(texts, ["<= 10 ns", "<= 10 ns", "<= 10 ns", "11.0 ns", "n/a"]);
        assert_eq!([0, 1, 2].map(|ns| duration_by(0.39, Some(ns))), ["<= 1 ns", "<= 1 ns", "2.00 ns"]);
        assert_eq!(duration_by(999_999.6, Some(3)), "<= 1000 us");
        assert_eq!([10, 11, 1250].map(|ns| microseconds_by(10.0, ns)), ["<=0.01", "0.01", "1.25"]);
        assert_eq!(microseconds_by(0.39, 1), "<=0.01");
    }

    #[test]
    fn an_id_is_parted_before_its_parameters_and_never_within_a_value() {
        assert_eq!(
            parts("larson.sizes=8B..128B.arrivals=1000.dedup=1.5.arm=b"),
            ["larson", ".sizes=8B..128B", ".arrivals=1000", ".dedup=1.5", ".arm=b"]
        );
        assert_eq!(parts("a.b.c=1"), ["a.b", ".c=1"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\r\n\u{202e}c"), "a?[2Jb???c");
        assert_eq!(short_host("node07.cluster.example"), "node07");
        assert_eq!(short_host("10.0.0.7"), "10.0.0.7");
    }

    #[test]
    fn rates_have_three_digits_and_a_unit() {
        assert_eq!(operation_rate(812_345_678.0), "812 Mop/s");
        assert_eq!(operation_rate(12.0), "12.0 op/s");
        assert_eq!(byte_rate(12.25 * (1u64 << 30) as f64), "12.2 GiB/s");
    }
}
