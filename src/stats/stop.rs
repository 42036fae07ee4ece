//! When a run has repeated enough.
//!
//! Whoever looks after every repetition and stops at the first interval that is narrow stops, more often than not, when a
//! few values happened to lie together, and claims too much. So the rule looks rarely, and believes the second narrow
//! look in a row.

use super::interval::half_width;

/// Until the interval of every case is narrow, but not for ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopRule {
    /// The half-length asked of every interval, as a share of the median: 0.02 is 2 %.
    pub half_width: f64,
    /// The most rounds.
    pub at_most: u32,
}

/// What a stop rule decides after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Repeat.
    GoOn,
    /// Every interval is as narrow as was asked.
    HalfWidth,
    /// The most rounds are done.
    AtMost,
}

/// The numbers of rounds after which the rule looks: even, so that arms are paired, and a third apart.
fn looks() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(6_u32), |look| look.checked_add((look / 3).next_multiple_of(2)))
}

/// What to do after `rounds` rounds. `cases` holds the values of each case, or of each figure that has to be known, by
/// round; `None` was dropped. The same values give the same decision, so that a resumed run decides as the run would have.
pub fn stop(rule: &StopRule, rounds: u32, cases: &[Vec<Option<f64>>]) -> Decision {
    let mut before = None;
    for look in looks().take_while(|look| *look < rounds) {
        before = Some(look);
    }
    let looking = looks().take_while(|look| *look <= rounds).any(|look| look == rounds);
    match before {
        Some(before) if looking && narrow(rule, before, cases) && narrow(rule, rounds, cases) => {
            Decision::HalfWidth
        }
        _ if rounds >= rule.at_most => Decision::AtMost,
        _ => Decision::GoOn,
    }
}

/// Whether every case's interval over the first `rounds` rounds is narrow enough.
fn narrow(rule: &StopRule, rounds: u32, cases: &[Vec<Option<f64>>]) -> bool {
    let first = usize::try_from(rounds).unwrap_or(usize::MAX);
    cases.iter().all(|values| {
        let known: Vec<f64> = values.iter().take(first).copied().flatten().collect();
        half_width(&known).is_some_and(|width| width <= rule.half_width)
    })
}
