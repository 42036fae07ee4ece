//! Stop rule: the number of rounds a run repeats.
//!
//! A rule that looks after every repetition and stops at the first narrow confidence interval usually stops when a
//! few values lie together by chance. It claims too much: simulated, 90.6 to 95 % instead of 95. So this rule looks
//! rarely. After a look that finds every confidence interval narrow, the run adds half as many rounds again, not
//! selected by any result, before it ends: 93.4 to 95 %. The last confidence interval may be a little wider than the
//! one that decided.
//! Rejected: fewer looks that decide at once (doubling: 91.8 %), two narrow looks in a row (92.4 %).

use super::confidence::half_width;

/// Rule that repeats until the confidence interval of every case is narrow, up to a maximum of rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopRule {
    /// Required half-width of every confidence interval, as a share of the median: 0.02 is 2 %.
    pub half_width: f64,
    /// Maximum number of rounds.
    pub at_most: u32,
}

/// Decision of a stop rule after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Repeat.
    GoOn,
    /// Every confidence interval is as narrow as required.
    HalfWidth,
    /// The maximum number of rounds is reached.
    AtMost,
}

/// Numbers of rounds after which the rule looks, each about half as large again: 6, 10, 16, 24, 36, 54. Even, so that
/// arms are paired.
fn looks() -> impl Iterator<Item = u32> {
    std::iter::successors(Some(6_u32), |look| look.checked_add((look / 2).next_multiple_of(2)))
}

/// True when the rule looks at the values after this many rounds.
pub fn looks_after(rounds: u32) -> bool {
    looks().take_while(|look| *look <= rounds).last() == Some(rounds)
}

/// Decides after `rounds` rounds. `cases` holds the values of each case, or of each required figure, by round; `None`
/// is a dropped repetition. The same values give the same decision, so a resumed run decides as the uninterrupted run
/// would have.
pub fn stop(rule: &StopRule, rounds: u32, cases: &[Vec<Option<f64>>]) -> Decision {
    let looking = looks_after(rounds);
    let before = looks().take_while(|look| *look < rounds).last();
    match before {
        Some(before) if looking && narrow(rule, before, cases) => Decision::HalfWidth,
        _ if rounds >= rule.at_most => Decision::AtMost,
        _ => Decision::GoOn,
    }
}

/// True when every case's confidence interval over the first `rounds` rounds is narrow enough.
fn narrow(rule: &StopRule, rounds: u32, cases: &[Vec<Option<f64>>]) -> bool {
    let first = usize::try_from(rounds).unwrap_or(usize::MAX);
    cases.iter().all(|values| {
        let known: Vec<f64> = values.iter().take(first).copied().flatten().collect();
        half_width(&known).is_some_and(|width| width <= rule.half_width)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: StopRule = StopRule { half_width: 0.02, at_most: 40 };

    fn rounds_until_it_ends(rule: &StopRule, values: &[Option<f64>]) -> (u32, Decision) {
        (1..)
            .map(|rounds| (rounds, stop(rule, rounds, &[values[..rounds as usize].to_vec()])))
            .find(|(_, decision)| *decision != Decision::GoOn)
            .expect("every rule ends")
    }

    #[test]
    fn a_quiet_run_ends_one_look_after_the_first() {
        let quiet: Vec<Option<f64>> = (0..40).map(|i| Some(100.0 + f64::from(i % 3) * 0.1)).collect();
        assert_eq!(rounds_until_it_ends(&RULE, &quiet), (10, Decision::HalfWidth));
    }

    #[test]
    fn a_noisy_run_ends_at_the_most_rounds() {
        let loud: Vec<Option<f64>> = (0..40).map(|i| Some(100.0 + f64::from(i * 17 % 40))).collect();
        assert_eq!(rounds_until_it_ends(&RULE, &loud), (40, Decision::AtMost));
        let few = StopRule { at_most: 3, ..RULE };
        assert_eq!(rounds_until_it_ends(&few, &loud), (3, Decision::AtMost));
    }

    #[test]
    fn every_case_has_to_be_known_and_dropped_values_do_not_count() {
        let quiet = vec![Some(100.0); 10];
        let loud: Vec<Option<f64>> = (0..10).map(|i| Some(100.0 + f64::from(i) * 10.0)).collect();
        assert_eq!(stop(&RULE, 10, std::slice::from_ref(&quiet)), Decision::HalfWidth);
        assert_eq!(stop(&RULE, 10, &[quiet.clone(), loud]), Decision::GoOn);
        let mut dropped = quiet;
        dropped[3] = None;
        assert_eq!(stop(&RULE, 10, &[dropped]), Decision::GoOn, "five values at the look after six rounds");
    }

    #[test]
    fn numbers_of_rounds_to_look_after_are_even_and_grow_by_half() {
        assert_eq!(looks().take(7).collect::<Vec<_>>(), [6, 10, 16, 24, 36, 54, 82]);
    }
}
