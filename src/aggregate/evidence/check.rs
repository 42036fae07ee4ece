//! Consistency of the ranks' records.

use std::collections::BTreeMap;

use crate::aggregate::evidence::{Counters, Evidence, failed};
use crate::error::Result;
use crate::record::line::Row;
use crate::units::index;

/// Checks the invariant of [`Evidence`] for one repetition.
pub(super) fn rows(rows: &[Row], ranks: usize, summed: &BTreeMap<String, Counters>) -> Result<()> {
    let first = rows.first().ok_or_else(|| failed("a repetition without rows".to_owned()))?;
    let (case, round) = (&first.repetition.case, first.repetition.round);
    let failed = |why: String| failed(format!("case {case}, round {round}: {why}"));
    let present = rows.iter().map(|row| index(row.rank));
    if !present.eq(0..ranks) {
        return Err(failed(format!("expected exactly one row from each of ranks 0 to {}", ranks - 1)));
    }
    for row in rows {
        let other = &row.repetition;
        if (&other.case, other.round) != (case, round) {
            let (case, round) = (&other.case, other.round);
            return Err(failed(format!("rank {} is at case {case}, round {round}", row.rank)));
        }
        if !other.histograms.keys().eq(summed.keys()) {
            return Err(failed(format!("rank {} has other histograms than rank 0", row.rank)));
        }
        other.check_intervals().map_err(|why| failed(format!("rank {}: {why}", row.rank)))?;
        if let Some(check) = &other.check {
            check.check().map_err(|why| failed(format!("rank {}: {why}", row.rank)))?;
        }
        for (name, record) in &other.histograms {
            record.check_scalars().map_err(|why| failed(format!("rank {}, {name}: {why}", row.rank)))?;
        }
    }
    for (name, counters) in summed {
        let timed: u128 = rows.iter().map(|row| u128::from(row.repetition.histograms[name].timed)).sum();
        let counted: u128 = counters.values().map(|count| u128::from(*count)).sum();
        if timed != counted {
            return Err(failed(format!(
                "{name}: the counters hold {counted} values, the ranks timed {timed}"
            )));
        }
    }
    Ok(())
}

/// Checks that the sums by host equal the sums by round: one total, summed in two ways.
///
/// # Errors
/// When a histogram differs; the first one is named.
pub(super) fn hosts(evidence: &Evidence) -> Result<()> {
    for case in evidence.cases() {
        let mut summed: BTreeMap<&str, Counters> = BTreeMap::new();
        for (_, histograms) in evidence.hosts(case) {
            for (name, packed) in histograms {
                super::counters::add(summed.entry(name).or_default(), packed.iter())?;
            }
        }
        if let Some((name, _)) =
            evidence.totals(case)?.iter().find(|(name, all)| summed.get(*name) != Some(*all))
        {
            return Err(failed(format!(
                "case {case}: {name} summed over hosts is not {name} summed over rounds"
            )));
        }
    }
    Ok(())
}
