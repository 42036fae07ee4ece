//! Possible gain beside the measured gain: the rate if refills took no time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::changes::{Change, is_of_allocator};
use crate::metric::CaseMetric;
use crate::record::run::{Better, Comparison, ConfidenceInterval};
use crate::word::Word;

/// Upper bound on the gain from an allocator in one case, and the gain of this allocator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Projection {
    /// The case, without its arm.
    pub case: String,
    /// The arm.
    pub candidate: String,
    /// The base's refill share of worker time.
    pub refill_share: f64,
    /// Rise of the rate without the time of refills, as a share: 1 / (1 - refill_share) - 1.
    pub projected: f64,
    /// Measured rise of the rate, as a share.
    pub measured: f64,
    /// Confidence interval of the measured rise, as a share.
    #[serde(rename = "interval")]
    pub confidence: Option<ConfidenceInterval>,
    /// True when the measured rise exceeds the projected one: something else changed as well.
    pub exceeds: bool,
}

/// Projections for every arm that changes the allocator, in every case with measured refills.
pub(super) fn projections(rows: &[Comparison], changes: &[Change]) -> Vec<Projection> {
    let rates = rows.iter().filter(|row| row.better == Better::Higher);
    rates
        .filter(|rate| {
            let here = |change: &&Change| {
                change.arm == rate.candidate
                    && change.case.as_ref().is_some_and(|case| is_case(&rate.case, case))
                    && is_of_allocator(change)
            };
            changes.iter().any(|change| here(&change))
        })
        .filter_map(|rate| {
            let of_refills = |row: &&Comparison| {
                row.metric == CaseMetric::RefillShare.word()
                    && (&row.case, &row.candidate) == (&rate.case, &rate.candidate)
            };
            let refill_share = rows.iter().find(of_refills)?.base_value.filter(|share| *share < 1.0)?;
            let projected = 1.0 / (1.0 - refill_share) - 1.0;
            let gain = |ratio: f64| ratio - 1.0;
            let confidence = rate.confidence.map(|ratio| ConfidenceInterval {
                low: gain(ratio.low),
                high: gain(ratio.high),
                level: ratio.level,
            });
            Some(Projection {
                case: rate.case.clone(),
                candidate: rate.candidate.clone(),
                refill_share,
                projected,
                measured: gain(rate.ratio?),
                confidence,
                exceeds: confidence.is_some_and(|confidence| confidence.low > projected),
            })
        })
        .collect()
}

/// True when a row belongs to this case. A comparison of runs shows both ids when they differ: `generate /
/// generate.batch=16`.
fn is_case(shown: &str, case: &str) -> bool {
    shown == case || shown.split(" / ").next() == Some(case)
}
