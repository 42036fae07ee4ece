//! The remaining time of a run, from its time so far, or before its first repetition from the planned times.

use std::time::{Duration, Instant};

use crate::rank::Step;
use crate::units::human_span;

/// Start of this session's first repetition, and number of repetitions it has finished.
#[derive(Debug, Default)]
pub struct Pace {
    first: Option<Instant>,
    done: u32,
}

impl Pace {
    /// Records that a repetition begins.
    pub fn begin(&mut self, now: Instant) {
        self.first.get_or_insert(now);
    }

    /// Records that it is over.
    pub fn end(&mut self) {
        self.done += 1;
    }

    /// Time from the beginning of `step` to the end of the last repetition; `None` when nothing is known yet.
    pub fn left(&self, step: &Step<'_>, now: Instant) -> Option<Duration> {
        let each = match (self.first, self.done) {
            (Some(first), done) if done > 0 => Some((now - first) / done),
            _ => step.planned,
        };
        let steps = u32::try_from(step.count - step.index).unwrap_or(u32::MAX);
        each.map(|each| each.saturating_mul(steps))
    }
}

/// `5 s`, `3 min 20 s`, `2 h 5 min`: what a person waits for, to the second.
pub fn clock(time: Duration) -> String {
    match time.as_secs_f64().round() {
        seconds if seconds < 60.0 => format!("{seconds:.0} s"),
        seconds => human_span(seconds * 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Measure;

    fn step(index: usize, planned: Option<Duration>) -> Step<'static> {
        let (case, measure) = ("generate", Measure::Bytes);
        Step { index, count: 10, at_most: false, case, round: 1, rounds: 10, measure, planned }
    }

    #[test]
    fn the_plan_is_asked_until_a_repetition_is_over() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        let planned = Some(Duration::from_secs(2));
        pace.begin(began);
        assert_eq!(pace.left(&step(0, planned), began), Some(Duration::from_secs(20)));
        assert_eq!(pace.left(&step(0, None), began), None);
        pace.end();
        let later = began + Duration::from_secs(3);
        assert_eq!(pace.left(&step(1, planned), later), Some(Duration::from_secs(27)));
    }

    #[test]
    fn a_resumed_run_counts_its_own_repetitions_alone() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        pace.begin(began);
        pace.end();
        let later = began + Duration::from_secs(4);
        assert_eq!(pace.left(&step(8, None), later), Some(Duration::from_secs(8)));
    }

    #[test]
    fn times_are_short() {
        let clocks = [0.4, 59.6, 200.0, 7500.0].map(|seconds| clock(Duration::from_secs_f64(seconds)));
        assert_eq!(clocks, ["0 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]);
    }
}
