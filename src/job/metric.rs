//! What a gate holds against its bound: a metric of a case, or one figure of a histogram.

use super::nearest::{did_you_mean, nearest};
use super::words::{CaseMetric, Figure, Histogram, Word};

/// What a gate looks at. Its name is what `run.json` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `refill_share`
    Case(CaseMetric),
    /// `refill_ns.p99`, in nanoseconds; `refill_ns.count`, a number.
    Figure(Histogram, Figure),
}

impl Metric {
    /// As the job file and `run.json` write it.
    pub fn name(self) -> String {
        match self {
            Metric::Case(metric) => metric.word().to_owned(),
            Metric::Figure(histogram, figure) => format!("{}.{}", histogram.word(), figure.word()),
        }
    }

    /// The metric with this name.
    pub fn from_name(name: &str) -> Option<Metric> {
        let figure = || {
            let (histogram, figure) = name.rsplit_once('.')?;
            Some(Metric::Figure(Histogram::from_word(histogram)?, Figure::from_word(figure)?))
        };
        CaseMetric::from_word(name).map(Metric::Case).or_else(figure)
    }

    /// Whether it lies between 0 and 1.
    pub(super) fn is_share(self) -> bool {
        use CaseMetric::{CpuShare, Locality, MeasuringShare, RefillShare, RunDelayShare, StealShare};
        matches!(
            self,
            Metric::Case(CpuShare | Locality | MeasuringShare | RefillShare | RunDelayShare | StealShare)
        )
    }

    /// Whether it is a part of something, so that per cent say what is meant. Some can be more than all of it: a rate
    /// of a limit, a wait for CPUs of worker time.
    pub(super) fn is_relative(self) -> bool {
        use CaseMetric::{CoreClockChange, LimitShare, SlowestRankLimitShare};
        self.is_share() || matches!(self, Metric::Case(CoreClockChange | LimitShare | SlowestRankLimitShare))
    }
}

/// What stands beside the caret when a name is unknown: the nearest metric, histogram or figure.
pub(super) fn meant(name: &str) -> String {
    let Some((histogram, figure)) = name.rsplit_once('.') else {
        if Histogram::from_word(name).is_some() {
            return format!("one figure of it, such as \"{name}.p99\"");
        }
        return did_you_mean(name, CaseMetric::WORDS.iter().copied());
    };
    match (Histogram::from_word(histogram), Figure::from_word(figure)) {
        (Some(_), None) => format!("the figures are {}", Figure::WORDS.join(", ")),
        _ => nearest(histogram, Histogram::WORDS.iter().copied())
            .map_or(String::new(), |histogram| format!("did you mean \"{histogram}.{figure}\"?")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name() {
        let figures = Histogram::ALL
            .iter()
            .flat_map(|histogram| Figure::ALL.iter().map(|figure| Metric::Figure(*histogram, *figure)));
        for metric in CaseMetric::ALL.iter().map(|metric| Metric::Case(*metric)).chain(figures) {
            assert_eq!(Metric::from_name(&metric.name()), Some(metric));
        }
        for unknown in ["", ".", "refill_ns", "refill_ns.", "refill_ns.p98", ".p99", "refill_stage_ns.p99"] {
            assert_eq!(Metric::from_name(unknown), None, "{unknown}");
        }
    }
}
