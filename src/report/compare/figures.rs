//! Figures of one row of a comparison, formatted for columns.

use crate::metric::{ComparisonColumn, GateMetric};
use crate::record::run::{Better, Comparison, ConfidenceInterval, Replicated, Scope, Verdict};
use crate::report::text::{NOT_AVAILABLE, plain};
use crate::units::three_digits;

/// The column of a row's metric; `None` for one that no column knows.
fn column(row: &Comparison) -> Option<ComparisonColumn> {
    GateMetric::from_name(&row.metric)?.column()
}

/// `rate GiB/s`
pub(super) fn figure(row: &Comparison) -> String {
    column(row)
        .map_or_else(|| plain(&row.metric), |ComparisonColumn { name, unit, .. }| format!("{name} {unit}"))
}

/// `rate`
pub(super) fn name(row: &Comparison) -> String {
    column(row).map_or_else(|| plain(&row.metric), |column| column.name.to_owned())
}

/// A value in the unit of [`figure`].
pub(super) fn value(row: &Comparison, value: Option<f64>) -> String {
    let scale = column(row).map_or(1.0, |column| column.scale);
    value.map_or(NOT_AVAILABLE.to_owned(), |value| match value / scale {
        // Small values keep three decimals, so that a change of 2 % is visible.
        small if small > 0.0 && small < 0.0995 => format!("{small:.3}"),
        other => three_digits(other),
    })
}

/// A ratio as a signed change in percent.
pub(super) fn change(ratio: Option<f64>) -> String {
    ratio.map_or(NOT_AVAILABLE.to_owned(), |ratio| signed((ratio - 1.0) * 100.0))
}

/// `+1.9 to +3.7`
pub(super) fn confidence_interval(confidence: Option<ConfidenceInterval>) -> String {
    confidence.map_or(NOT_AVAILABLE.to_owned(), |confidence| {
        format!("{} to {}", change(Some(confidence.low)), change(Some(confidence.high)))
    })
}

/// Signed percent: two digits, three from 100 % on, and a multiple (`x11.0`) from +1000 % on.
pub(super) fn signed(percent: f64) -> String {
    match percent.abs() {
        0.0 => "0.0".to_owned(),
        p if p < 0.095 => format!("{percent:+.2}"),
        p if p < 9.95 => format!("{percent:+.1}"),
        p if p < 999.5 => format!("{percent:+.0}"),
        _ => format!("x{}", three_digits(1.0 + percent / 100.0)),
    }
}

/// A share in percent, without a sign.
pub(super) fn share(share: Option<f64>) -> String {
    share.map_or(NOT_AVAILABLE.to_owned(), |share| match share * 100.0 {
        p if p < 9.95 => format!("{p:.1}"),
        p => format!("{p:.0}"),
    })
}

/// A share with as few digits as possible: `2 %`, `0.5 %`.
pub(super) fn round_share(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

/// The verdict in words that fit the metric: a rate is faster, a cost is less.
pub(super) fn verdict(row: &Comparison) -> &'static str {
    let cost = row.better == Better::Lower && !row.metric.contains("_ns.p");
    match (row.verdict, cost) {
        (Verdict::Faster, false) => "faster",
        (Verdict::Faster, true) => "less",
        (Verdict::Slower, false) => "slower",
        (Verdict::Slower, true) => "more",
        (Verdict::NoDifference, _) => "no difference",
        (Verdict::CannotTell, _) => "cannot tell",
    }
}

/// True when one of the two is certainly better.
pub(super) fn is_certain(row: &Comparison) -> bool {
    matches!(row.verdict, Verdict::Faster | Verdict::Slower)
}

/// Plural name of the replicates that are needed. More rounds of one run cannot replace more runs.
pub(super) fn needed(row: &Comparison) -> &'static str {
    match (row.scope, row.replicated) {
        (Some(Scope::TheseProcesses), _) | (_, Replicated::Run) => "runs",
        (_, Replicated::Round) => "rounds",
        (_, Replicated::Host) => "hosts",
    }
}

/// Population that a confidence interval applies to.
pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::TheseHosts => "these hosts, in this run",
        Scope::HostsLikeThese => "hosts like these",
        Scope::TheseProcesses => "these processes, and no others",
        Scope::ProcessesLikeThese => "runs like these on these hosts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_keep_their_sign_and_two_digits() {
        let changes = [1.0, 1.0001, 0.98, 1.0949, 0.8, 3.5, 21.0].map(|ratio| change(Some(ratio)));
        assert_eq!(changes, ["0.0", "+0.01", "-2.0", "+9.5", "-20", "+250", "x21.0"]);
        assert_eq!(round_share(0.02), "2 %");
        assert_eq!(round_share(0.005), "0.5 %");
    }
}
