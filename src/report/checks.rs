//! Requested and measured properties of the data: one line for each checked case.

use super::text::plain;
use crate::metric::CaseMetric;
use crate::record::run::{CaseResult, Parameter, Run};
use crate::units::counted;
use crate::word::Word;

/// Largest number of cases shown; the rest are counted.
const SHOWN: usize = 8;

/// Lines of the data checks; empty when no case was checked.
pub(super) fn checks(run: &Run) -> Vec<String> {
    let mut lines: Vec<String> = run.derived.cases.iter().filter_map(line).collect();
    if lines.len() > SHOWN {
        let more = counted((lines.len() - SHOWN) as u64, "more case");
        lines.truncate(SHOWN);
        lines.push(format!("check: {more} in run.json: dedup_ratio, compression_ratio"));
    }
    lines
}

fn line(case: &CaseResult) -> Option<String> {
    let found = |name: &str| case.metrics.get(name).map(|metric| metric.value);
    let dedup = found(CaseMetric::DedupRatio.word())?;
    let asked = |name: &str| case.parameters.get(name).map_or("1".to_owned(), |asked| asked.to_string());
    let shown = |ratio: Option<f64>| ratio.map_or("nothing".to_owned(), |ratio| format!("{ratio:.3}"));
    let scope = match asked("dedup_scope").as_str() {
        "all" => "",
        "host" => " within hosts",
        _ if case.per_rank.len() > 1 => " within ranks",
        _ => "",
    };
    let across = match (scope, found(CaseMetric::DedupRatioAcross.word()).flatten()) {
        ("", _) | (_, None) => String::new(),
        (_, across) => format!(" and {} across them", shown(across)),
    };
    let codec = match case.parameters.get("codec") {
        Some(Parameter::Word(codec)) if codec != "none" => codec.clone(),
        _ => "zstd-3, not calibrated".to_owned(),
    };
    Some(format!(
        "check of {}: dedup {} asked, {} found{scope}{across}; compress {} asked, {} found, {} at least ({codec})",
        plain(&case.id),
        asked("dedup"),
        shown(dedup),
        asked("compress"),
        shown(found(CaseMetric::CompressionRatio.word()).flatten()),
        shown(found(CaseMetric::CompressionRatioMin.word()).flatten()),
    ))
}
