//! The confidence interval of a median of repetitions, with a fixed number of them and under the stop rule.

use numamark::stats::{Decision, StopRule, half_width, median, median_confidence_interval, stop};

use crate::world::{Draw, share};

/// The true median, computed from very many repetitions.
fn truth(scale: f64, disturbed: f64) -> f64 {
    let mut draw = Draw::new(1);
    let many: Vec<f64> = (0..200_001).map(|_| draw.rate(scale, disturbed)).collect();
    median(&many).expect("many")
}

#[test]
fn a_median_of_repetitions_is_covered_as_often_as_its_interval_claims() {
    for disturbed in [0.0, 0.1, 0.3] {
        let truth = truth(0.03, disturbed);
        for count in [2, 3, 4, 5, 6, 7, 8, 10, 13, 20, 40, 100] {
            let mut draw = Draw::new(2);
            let mut claimed = 0.0;
            let covered = share(4000, || {
                let values: Vec<f64> = (0..count).map(|_| draw.rate(0.03, disturbed)).collect();
                let confidence = median_confidence_interval(&values).expect("two values or more");
                claimed = confidence.level;
                confidence.contains(truth)
            });
            println!(
                "median of {count:3}, {disturbed} disturbed: {covered:.3} covered, {claimed:.3} claimed"
            );
            assert!((covered - claimed).abs() < 0.02, "seed 2");
        }
    }
}

#[test]
fn the_stop_rule_does_not_lower_the_coverage() {
    for (scale, disturbed) in [(0.01, 0.0), (0.02, 0.05), (0.03, 0.0), (0.04, 0.0), (0.04, 0.1), (0.06, 0.0)]
    {
        let truth = truth(scale, disturbed);
        let rule = StopRule { half_width: 0.02, at_most: 40 };
        let mut draw = Draw::new(3);
        let (mut rounds_done, mut narrow, mut at_once, mut stopped) = (0, 0, 0, 0);
        let draws = 3000;
        let covered = share(draws, || {
            let rates: Vec<f64> = (0..40).map(|_| draw.rate(scale, disturbed)).collect();
            // For comparison: a rule that looks after every repetition.
            let looked = (6..=40).find(|count| *count == 40 || half_width(&rates[..*count]) <= Some(0.02));
            at_once += u32::from(
                median_confidence_interval(&rates[..looked.unwrap_or(40)]).unwrap().contains(truth),
            );
            let cases = [rates.iter().copied().map(Some).collect::<Vec<_>>()];
            let ended = (1..).find(|rounds| stop(&rule, *rounds, &cases) != Decision::GoOn);
            let rounds = ended.expect("at most 40");
            let values = &rates[..rounds as usize];
            rounds_done += rounds;
            narrow += u32::from(half_width(values) <= Some(0.02));
            stopped += u32::from(stop(&rule, rounds, &cases) == Decision::HalfWidth);
            median_confidence_interval(values).expect("six rounds or more").contains(truth)
        });
        let mean = |count: u32| f64::from(count) / f64::from(draws);
        println!(
            "stop at 2 %, noise {scale}, {disturbed} disturbed: {covered:.3} covered ({:.3} if it stopped at the \
             first narrow confidence), {:.1} rounds, {:.2} by the rule, {:.2} as narrow as asked",
            mean(at_once),
            mean(rounds_done),
            mean(stopped),
            mean(narrow)
        );
        assert!((0.93..=0.97).contains(&covered), "seed 3: {covered}");
    }
}

/// Every confidence interval here assumes independent rounds. The module's documentation states the coverage for
/// correlated rounds; it must not fall below that.
#[test]
fn correlated_rounds_lower_the_coverage_as_documented() {
    for (memory, at_least, at_most) in [(0.0, 0.93, 0.97), (0.3, 0.85, 0.91), (0.6, 0.70, 0.79)] {
        let mut draw = Draw::new(4);
        let covered = share(4000, || {
            let mut state = draw.normal();
            let values: Vec<f64> = (0..20)
                .map(|_| {
                    state = memory * state + (1.0_f64 - memory * memory).sqrt() * draw.normal();
                    (0.02 * state).exp()
                })
                .collect();
            median_confidence_interval(&values).expect("twenty values").contains(1.0)
        });
        println!("median of 20 that follow the one before by {memory}: {covered:.3} covered");
        assert!((at_least..=at_most).contains(&covered), "seed 4: {covered}");
    }
}
