//! Means and cost of the measurement: the clock, the cost of its events, and counters that are unavailable.

use super::text::{percent, plain};
use crate::metric::CaseMetric;
use crate::record::run::Run;
use crate::units::human_duration;
use crate::word::Word;

/// One line each for the clock, the cost, and the unavailable counters.
pub(super) fn lines(run: &Run) -> Vec<String> {
    let derived = &run.derived;
    let mut lines = vec![format!(
        "clock: {}, step {}; a reading {}, a record {}",
        plain(&run.header.environment.clock_source),
        human_duration(derived.clock_step_ns),
        human_duration(derived.clock_read_ns),
        human_duration(derived.record_ns)
    )];
    lines.extend(cost(run));
    if !derived.unavailable.is_empty() {
        let names: Vec<String> = derived.unavailable.keys().map(|name| plain(name)).collect();
        lines.push(format!("noise: {} cannot be read here; run.json says why", names.join(", ")));
    }
    lines
}

/// Overhead of measuring, in the case with the largest share.
fn cost(run: &Run) -> Option<String> {
    let share = |name: &str| {
        let cases = run.derived.cases.iter();
        cases.filter_map(|case| case.metrics.get(name)?.value).reduce(f64::max)
    };
    let most = percent(share(CaseMetric::MeasuringShare.word())?);
    let up_to = if run.derived.cases.len() == 1 { "" } else { "up to " };
    Some(format!("measuring: {up_to}{most} of worker time (clock readings and histogram records)"))
}
