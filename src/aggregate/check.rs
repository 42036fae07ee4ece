//! Measured ratios of a sample of the data. Only a case's first repetition is checked.

use std::collections::{BTreeMap, BTreeSet};

use crate::aggregate::evidence::Evidence;
use crate::metric::CaseMetric;
use crate::record::line::{Row, SampleFindings};
use crate::record::run::{CaseHeader, Metric, Parameter};
use crate::units;
use crate::word::Word;

/// Returns the ratios of a checked case; empty when the case was not checked.
pub(super) fn of_case(case: &CaseHeader, evidence: &Evidence) -> BTreeMap<String, Metric> {
    let checked = |row: &Row| Some((row.rank, (**row.repetition.check.as_ref()?).clone()));
    let is_checked = |rows: &[Row]| rows.iter().any(|row| row.repetition.check.is_some());
    let rounds = || evidence.rounds(&case.id);
    let Some((_, round)) = rounds().find(|(_, round)| is_checked(&round.rows)) else {
        return BTreeMap::new();
    };
    let checks: Vec<(u32, SampleFindings)> = round.rows.iter().filter_map(checked).collect();
    let groups = groups(case, evidence, &checks);
    let metric = |metric: CaseMetric, value: Option<f64>| Metric {
        value,
        confidence: None,
        unit: metric.facts().unit.word().to_owned(),
        repetitions: u32::from(value.is_some()),
        values: rounds().map(|(_, round)| value.filter(|_| is_checked(&round.rows))).collect(),
        reason: Some(match value {
            Some(_) => "a sample of the first repetition is checked".to_owned(),
            None => "the sample has no unit: the data set is smaller than 1 MiB per rank".to_owned(),
        }),
    };
    let all: Vec<&SampleFindings> = checks.iter().map(|(_, check)| check).collect();
    [
        (CaseMetric::DedupRatio, dedup(&groups)),
        (CaseMetric::DedupRatioAcross, dedup_across(&groups)),
        (CaseMetric::CompressionRatio, compression(&all)),
        (CaseMetric::CompressionRatioMin, compression_min(&all)),
    ]
    .map(|(name, value)| (name.word().to_owned(), metric(name, value)))
    .into()
}

/// Groups the checks by dedup scope: each group holds the ranks that share copies.
fn groups<'a>(
    case: &CaseHeader,
    evidence: &Evidence,
    checks: &'a [(u32, SampleFindings)],
) -> Vec<Vec<&'a SampleFindings>> {
    let scope = match case.parameters.get("dedup_scope") {
        Some(Parameter::Word(scope)) => scope.as_str(),
        _ => "rank",
    };
    let mut groups: BTreeMap<String, Vec<&SampleFindings>> = BTreeMap::new();
    for (rank, check) in checks {
        let host =
            || evidence.begins().iter().find(|begin| begin.rank == *rank).map(|begin| begin.host.clone());
        let group = match scope {
            "all" => String::new(),
            "host" => host().unwrap_or_default(),
            _ => rank.to_string(),
        };
        groups.entry(group).or_default().push(check);
    }
    groups.into_values().collect()
}

/// Units per distinct unit of the same scope. If every group is one rank, all units count; otherwise only units
/// with a hash in the sample, on every rank.
fn dedup(groups: &[Vec<&SampleFindings>]) -> Option<f64> {
    let checks = || groups.iter().flatten();
    if groups.iter().all(|group| group.len() == 1) {
        return ratio(checks().map(|check| check.units), checks().map(|check| check.distinct_units));
    }
    let sampled = checks().flat_map(|check| &check.hashes).map(|(_, count)| *count);
    ratio(sampled, groups.iter().map(|group| distinct(group.iter().copied())))
}

/// Distinct units within each scope, summed, per distinct unit of the whole run. 1 unless scopes share data.
fn dedup_across(groups: &[Vec<&SampleFindings>]) -> Option<f64> {
    let within = groups.iter().map(|group| distinct(group.iter().copied()));
    ratio(within, std::iter::once(distinct(groups.iter().flatten().copied())))
}

fn distinct<'a>(checks: impl Iterator<Item = &'a SampleFindings>) -> u64 {
    let hashes: BTreeSet<u64> = checks.flat_map(|check| &check.hashes).map(|(hash, _)| *hash).collect();
    units::count(hashes.len())
}

/// Bytes before compression per byte after it, over all granules of all ranks.
fn compression(checks: &[&SampleFindings]) -> Option<f64> {
    let before = checks.iter().map(|check| check.granules.saturating_mul(check.granule_bytes));
    ratio(before, checks.iter().map(|check| check.compressed_bytes))
}

/// Compression ratio of the granule that compressed least.
fn compression_min(checks: &[&SampleFindings]) -> Option<f64> {
    let worst = |check: &&SampleFindings| {
        ratio(std::iter::once(check.granule_bytes), std::iter::once(check.compressed_bytes_max))
    };
    checks.iter().filter_map(worst).min_by(f64::total_cmp)
}

/// Quotient of two integer sums; one division, so one rounding.
fn ratio(above: impl Iterator<Item = u64>, below: impl Iterator<Item = u64>) -> Option<f64> {
    let sum = |values: &mut dyn Iterator<Item = u64>| values.map(u128::from).sum::<u128>() as f64;
    let (above, below) = (sum(&mut { above }), sum(&mut { below }));
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Codec;

    /// A rank's check with every hash and its count in the sample.
    fn check(hashes: &[(u64, u64)], compressed_bytes_max: u64) -> SampleFindings {
        SampleFindings {
            unit_bytes: 4096,
            units: hashes.iter().map(|(_, count)| count).sum(),
            distinct_units: units::count(hashes.len()),
            hash_zero_bits: 0,
            hashes: hashes.to_vec(),
            codec: Codec::Lz4,
            granule_bytes: 4096,
            granules: 2,
            compressed_bytes: 1000 + compressed_bytes_max,
            compressed_bytes_max,
        }
    }

    #[test]
    fn copies_within_a_scope_and_copies_across_scopes_are_counted_apart() {
        let (a, b) = (check(&[(1, 2), (2, 1)], 1024), check(&[(2, 1), (3, 2)], 2048));
        // Each rank by itself: 6 units, 2 + 2 of them distinct; 3 distinct over both ranks.
        let apart = [vec![&a], vec![&b]];
        assert_eq!((dedup(&apart), dedup_across(&apart)), (Some(1.5), Some(4.0 / 3.0)));
        let together = [vec![&a, &b]];
        assert_eq!((dedup(&together), dedup_across(&together)), (Some(2.0), Some(1.0)));
    }

    #[test]
    fn the_worst_granule_of_any_rank_is_the_least_ratio() {
        let (a, b) = (check(&[], 1024), check(&[], 2048));
        assert_eq!(compression(&[&a, &b]), Some(4.0 * 4096.0 / 5072.0));
        assert_eq!(compression_min(&[&a, &b]), Some(2.0));
        assert_eq!((compression(&[]), compression_min(&[]), dedup(&[])), (None, None, None));
    }
}
