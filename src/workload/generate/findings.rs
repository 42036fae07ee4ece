//! Dedup and compression measured on a sample of a rank's data.

use serde::{Deserialize, Serialize};

use crate::generator::Codec;
use crate::units;

/// Units hashed and granules compressed, outside every timed region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFindings {
    /// Size of a hashed unit.
    pub unit_bytes: u64,
    /// Units hashed.
    pub units: u64,
    /// Distinct units among them.
    pub distinct_units: u64,
    /// Leading zero bits of the hashes in `hashes`, which holds every hash with at least as many. Units that ranks
    /// have in common are counted on these hashes.
    pub hash_zero_bits: u32,
    /// `[hash, count]`, ascending: the upper 64 bits of a unit's XXH3, and the number of units with this hash.
    pub hashes: Vec<(u64, u64)>,
    /// Codec.
    pub codec: Codec,
    /// Size of a granule; each granule is compressed by itself.
    pub granule_bytes: u64,
    /// Granules compressed.
    pub granules: u64,
    /// Compressed bytes in total.
    pub compressed_bytes: u64,
    /// Compressed bytes of the granule that compressed least.
    pub compressed_bytes_max: u64,
}

impl SampleFindings {
    /// Checks rules that only an edited or damaged file can break.
    ///
    /// # Errors
    /// Names the broken rule.
    pub fn check(&self) -> Result<(), String> {
        let SampleFindings { units, distinct_units, hash_zero_bits, hashes, .. } = self;
        let counted: u128 = hashes.iter().map(|(_, count)| u128::from(*count)).sum();
        let known = units::count(hashes.len());
        let rules = [
            (distinct_units <= units, "more units differ than there are"),
            (hashes.is_sorted_by(|a, b| a.0 < b.0), "the hashes do not ascend"),
            (
                hashes.iter().all(|(hash, count)| hash.leading_zeros() >= *hash_zero_bits && *count > 0),
                "a hash does not belong",
            ),
            (known <= *distinct_units && counted <= u128::from(*units), "there are more hashes than units"),
            (*hash_zero_bits > 0 || known == *distinct_units, "hashes are missing"),
            (self.compressed_bytes_max <= self.compressed_bytes, "one granule is larger than all"),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(format!("check: {rule}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_rule_is_named() {
        let record = SampleFindings {
            unit_bytes: 4096,
            units: 5,
            distinct_units: 2,
            hash_zero_bits: 0,
            hashes: vec![(3, 2), (9, 3)],
            codec: Codec::Lz4,
            granule_bytes: 4096,
            granules: 2,
            compressed_bytes: 30,
            compressed_bytes_max: 16,
        };
        assert_eq!(record.check(), Ok(()));
        let broken = |change: fn(&mut SampleFindings), rule: &str| {
            let mut record = record.clone();
            change(&mut record);
            let why = record.check().expect_err(rule);
            assert!(why.contains(rule), "{why}");
        };
        broken(|r| r.distinct_units = 6, "differ than there are");
        broken(|r| r.hashes.swap(0, 1), "ascend");
        broken(|r| r.hash_zero_bits = 62, "does not belong");
        broken(|r| r.hashes[0].1 = 0, "does not belong");
        broken(|r| r.hashes[0].1 = 3, "more hashes than units");
        broken(|r| r.hashes.truncate(r.hashes.len() - 1), "missing");
        broken(|r| r.compressed_bytes_max = 31, "larger than all");
    }
}
