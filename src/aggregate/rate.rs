//! Rates of some ranks together: all bytes or operations over the longest elapsed time of any rank, never a mean of rates.

use crate::metric::Measure;
use crate::record::line::{Row, longest_ns};

/// Bytes per second of all these ranks.
pub(super) fn byte_rate(rows: &[&Row]) -> Result<f64, String> {
    rate(rows, "byte", bytes(rows))
}

/// Combined work of these rows over the longest time of any; `None` when the work or the time is zero.
pub fn rate_of(measure: Measure, rows: &[&Row]) -> Option<f64> {
    let (what, total) = match measure {
        Measure::Bytes => ("byte", bytes(rows)),
        Measure::Operations => ("operation", operations(rows)),
    };
    rate(rows, what, total).ok()
}

/// Total work over the longest elapsed time.
pub(super) fn rate(rows: &[&Row], what: &str, total: f64) -> Result<f64, String> {
    match total {
        0.0 => Err(format!("no {what} was finished in a repetition")),
        _ => share(total, longest_ns(rows.iter().copied()) as f64 / 1e9, "the timed region took no time"),
    }
}

pub(super) fn share(part: f64, whole: f64, why_not: &str) -> Result<f64, String> {
    if whole > 0.0 { Ok(part / whole) } else { Err(why_not.to_owned()) }
}

/// Sum as an integer, rounded once.
pub(super) fn sum(rows: &[&Row], of: fn(&Row) -> u64) -> f64 {
    rows.iter().map(|row| u128::from(of(row))).sum::<u128>() as f64
}

pub(super) fn bytes(rows: &[&Row]) -> f64 {
    sum(rows, |row| row.repetition.bytes)
}

pub(super) fn operations(rows: &[&Row]) -> f64 {
    sum(rows, |row| row.repetition.operations)
}
