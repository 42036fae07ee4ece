//! Suggestions for the name of a gate's metric.

use super::nearest::{did_you_mean, nearest};
use crate::metric::{CaseMetric, Distribution, Statistic};
use crate::word::Word;

/// The label beside the caret of an unknown name: the nearest metric, histogram or figure.
pub(super) fn meant(name: &str) -> String {
    let Some((histogram, figure)) = name.rsplit_once('.') else {
        if Distribution::from_word(name).is_some() {
            return format!("one figure of it, such as \"{name}.p99\"");
        }
        return did_you_mean(name, CaseMetric::WORDS.iter().copied());
    };
    match (Distribution::from_word(histogram), Statistic::from_word(figure)) {
        (Some(_), None) => format!("the figures are {}", Statistic::WORDS.join(", ")),
        _ => nearest(histogram, Distribution::WORDS.iter().copied())
            .map_or(String::new(), |histogram| format!("did you mean \"{histogram}.{figure}\"?")),
    }
}
