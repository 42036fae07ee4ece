//! Disturbed repetitions in a report: dropped by the rule, or slow.

use super::text::{limited, plain};
use crate::aggregate::sense;
use crate::record::run::{CaseResult, Coincidence, DropRule, Run};
use crate::stats::holm;
use crate::units::counted;

/// Largest number of causes named for one slow repetition.
const CAUSES_SHOWN: usize = 2;
/// Largest corrected p of a coincidence that is reported.
const CHANCE: f64 = 0.05;

/// Dropped repetitions, slow repetitions, and the noise that coincides with the slow ones.
pub(super) fn disturbances(run: &Run) -> Vec<String> {
    let mut lines = dropped(run);
    lines.extend(slow(run));
    lines.extend(run.derived.cases.iter().flat_map(|case| coincidences(run, case)));
    lines
}

/// The rule with its bounds, and every repetition that broke it.
fn dropped(run: &Run) -> Vec<String> {
    let Some(rule) = &run.header.drop else { return Vec::new() };
    let cases = &run.derived.cases;
    let count: usize = cases.iter().map(|case| case.dropped.len()).sum();
    let all: u64 = cases.iter().map(|case| u64::from(case.total.repetitions)).sum();
    let bounds = bounds(rule);
    let first = format!("dropped: {count} of {}, by the job's rule: {bounds}", counted(all, "repetition"));
    let each = cases.iter().flat_map(|case| {
        case.dropped.iter().map(|dropped| {
            format!(
                "  {} round {}, rank {}: {}",
                plain(&case.id),
                dropped.round,
                dropped.rank,
                plain(&dropped.why)
            )
        })
    });
    let mut lines: Vec<String> = std::iter::once(first).chain(limited(each.collect(), "run.json")).collect();
    lines.extend(unheld(run, rule));
    lines
}

/// Conditions of the rule that have no effect, because some machine lacks the counter.
fn unheld(run: &Run, rule: &DropRule) -> Vec<String> {
    let parts = [("steal", rule.steal, "steal_ns"), ("run_delay", rule.run_delay, "run_delay_ns")];
    let unheld = parts.into_iter().filter_map(|(name, bound, counter)| {
        let why = run.derived.unavailable.get(counter).filter(|_| bound.is_some())?;
        Some(format!("  drop.{name} has no effect, as it is not counted: {}", plain(why)))
    });
    unheld.collect()
}

fn bounds(rule: &DropRule) -> String {
    let per_cent = |share: f64| format!("{} %", (share * 1e6).round() / 1e4);
    let bounds = [
        rule.cpu_share.map(|bound| format!("a worker's CPU share below {}", per_cent(bound))),
        rule.core_clock.map(|bound| format!("core clock changed by more than {}", per_cent(bound))),
        rule.steal.map(|bound| format!("more than {} stolen", per_cent(bound))),
        rule.run_delay.map(|bound| format!("more than {} of waiting for a CPU", per_cent(bound))),
    ];
    bounds.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn slow(run: &Run) -> Vec<String> {
    let each = run.derived.disturbances.iter().map(|slow| {
        let of_rank =
            if run.header.ranks > 1 { format!(", rank {} the most", slow.rank) } else { String::new() };
        let causes = match slow.causes.as_slice() {
            [] => "no cause found".to_owned(),
            // The first causes are the most direct ones; run.json has the others.
            causes => plain(&causes.iter().take(CAUSES_SHOWN).cloned().collect::<Vec<_>>().join(", ")),
        };
        format!(
            "slow: round {} of {} was {:.1} % below its median{of_rank}: {causes}",
            slow.round,
            plain(&slow.case),
            slow.slower_by * 100.0,
        )
    });
    limited(each.collect(), "run.json")
}

/// Kinds of noise that coincide with the slow repetitions of a case more often than by chance.
fn coincidences(run: &Run, case: &CaseResult) -> Vec<String> {
    let of_case: Vec<&Coincidence> =
        run.derived.coincidences.iter().filter(|coincidence| coincidence.case == case.id).collect();
    let adjusted = holm(&of_case.iter().map(|coincidence| coincidence.p).collect::<Vec<_>>());
    let certain = of_case.iter().zip(adjusted).filter(|(_, p)| *p <= CHANCE);
    certain
        .map(|(coincidence, p)| {
            let Coincidence { slow_raised, slow, others_raised, others, .. } = coincidence;
            format!(
                "coincidence in {}: {} in {slow_raised} of {} and in {others_raised} of {others} others (p {p:.2e})",
                plain(&case.id),
                sense(&coincidence.cause),
                counted(u64::from(*slow), "slow repetition"),
            )
        })
        .collect()
}
