//! From pairs to verdicts: effects, Holm's correction over all tests judged together, and the A/A floor.

use super::quantity::Quantity;
use crate::record::run::{Better, Comparison, ConfidenceInterval, Floor, Replicated, Scope, Verdict};
use crate::stats;
use crate::stats::{Effect, Pair, median};
use crate::word::Word;

/// Two arms in one case, before judgement.
#[derive(Clone, Debug)]
pub(crate) struct Matched {
    /// The case, without its arm.
    pub(crate) case: String,
    /// Its workload.
    pub(crate) workload: String,
    /// Name of the base.
    pub(crate) base: String,
    /// Name of the candidate.
    pub(crate) candidate: String,
    /// True when both arms are the same.
    pub(crate) same: bool,
    /// One entry for each quantity.
    pub(crate) quantities: Vec<Paired>,
}

/// The pairs of one quantity.
#[derive(Clone, Debug)]
pub(crate) struct Paired {
    /// The quantity.
    pub(crate) quantity: Quantity,
    /// Values of both arms. With several runs per side, `round` numbers the runs.
    pub(crate) pairs: Vec<Pair>,
    /// Rounds behind the pairs. With several runs per side, each pair holds medians.
    pub(crate) rounds: u32,
    /// Hosts behind the pairs.
    pub(crate) hosts: u32,
    /// Reason that some values are missing.
    pub(crate) reason: Option<String>,
}

impl Paired {
    /// True for an optional quantity that these cases do not have.
    pub(crate) fn is_absent(&self) -> bool {
        self.quantity.is_optional() && self.pairs.is_empty()
    }
}

/// Arrangement of the measurement of the arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// In one run, in turns: both arms use the same processes.
    OneRun,
    /// One run each: the effect includes the usual difference between two runs of one job, inseparably.
    OneRunEach,
    /// This many runs each: runs are the replicates.
    Runs(u32),
}

/// Largest corrected p that is significant.
const SIGNIFICANT: f64 = 0.05;

/// Judges all comparisons that are shown together.
pub(crate) fn judge(matched: &[Matched], basis: Basis, difference: f64) -> Vec<Comparison> {
    let effects: Vec<Vec<Option<Effect>>> = matched
        .iter()
        .map(|arms| arms.quantities.iter().map(|paired| basis.effect(&paired.pairs)).collect())
        .collect();
    // Equal arms form a family of their own, so they do not reduce the power of the other tests.
    let [others, same] = [false, true].map(|same| {
        let family = matched.iter().zip(&effects).filter(|(arms, _)| arms.same == same);
        Family::of(family.flat_map(|(_, effects)| effects))
    });
    let (mut of_others, mut of_same) = (others.adjusted.iter().copied(), same.adjusted.iter().copied());
    let mut rows = Vec::new();
    for (arms, effects_here) in matched.iter().zip(&effects) {
        let (family, adjusted) = if arms.same { (&same, &mut of_same) } else { (&others, &mut of_others) };
        let yardstick = matched
            .iter()
            .zip(&effects)
            .find(|(other, _)| other.same && !arms.same && other.case == arms.case)
            .map(|(_, effects)| effects);
        for (index, (paired, effect)) in arms.quantities.iter().zip(effects_here).enumerate() {
            let effect = effect.as_ref();
            let p_adjusted = effect.and_then(|effect| effect.p).and_then(|_| adjusted.next());
            let floor = yardstick.and_then(|effects| effects.get(index)?.as_ref());
            let (tests, replicates_min) = (family.tests(), family.replicates_min());
            let judged =
                Judged { arms, paired, effect, p_adjusted, tests, replicates_min, floor, basis, difference };
            rows.push(judged.row());
        }
    }
    rows
}

impl Basis {
    /// Effect over the pairs. With several runs per side, runs are the replicates, however many hosts each has.
    fn effect(self, pairs: &[Pair]) -> Option<Effect> {
        match self {
            Basis::OneRun | Basis::OneRunEach => stats::effect(pairs),
            Basis::Runs(_) => stats::effect_within(pairs, stats::Scope::TheseHosts),
        }
    }
}

/// Tests that are judged together. A larger family demands a smaller p of each test.
struct Family {
    /// Corrected p of each effect that has a p, in the order of the effects.
    adjusted: Vec<f64>,
}

impl Family {
    fn of<'a>(effects: impl Iterator<Item = &'a Option<Effect>>) -> Family {
        let p: Vec<f64> = effects.filter_map(|effect| effect.as_ref()?.p).collect();
        Family { adjusted: stats::holm(&p) }
    }

    /// Number of tests, at least 1.
    fn tests(&self) -> u32 {
        u32::try_from(self.adjusted.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Fewest replicates that can be significant after Holm's correction: n replicates give a two-sided p of at
    /// least 2 / 2^n, even if the candidate wins every time.
    fn replicates_min(&self) -> u64 {
        let tests = self.tests();
        let least = |count: &u64| {
            f64::from(tests) * 2.0 * 0.5_f64.powi(i32::try_from(*count).unwrap_or(i32::MAX)) <= SIGNIFICANT
        };
        (1..64).find(least).unwrap_or(64)
    }
}

/// Input for one row.
struct Judged<'a> {
    arms: &'a Matched,
    paired: &'a Paired,
    effect: Option<&'a Effect>,
    p_adjusted: Option<f64>,
    /// Number of tests corrected together.
    tests: u32,
    /// Fewest replicates that allow a verdict.
    replicates_min: u64,
    floor: Option<&'a Effect>,
    basis: Basis,
    difference: f64,
}

impl Judged<'_> {
    fn row(&self) -> Comparison {
        let (paired, effect) = (self.paired, self.effect);
        let of = |side: fn(&Pair) -> f64| median(&paired.pairs.iter().map(side).collect::<Vec<_>>());
        let (scope, replicated) = self.reach();
        let (verdict, reason) = self.verdict();
        Comparison {
            case: self.arms.case.clone(),
            workload: self.arms.workload.clone(),
            base: self.arms.base.clone(),
            candidate: self.arms.candidate.clone(),
            same: self.arms.same,
            metric: paired.quantity.metric.name(),
            unit: paired.quantity.metric.unit().word().to_owned(),
            better: paired.quantity.better(),
            base_value: of(|pair| pair.base),
            candidate_value: of(|pair| pair.candidate),
            ratio: effect.map(|effect| effect.ratio),
            confidence: effect.and_then(|effect| effect.confidence).map(ConfidenceInterval::from),
            scope,
            hosts: paired.hosts,
            nodes: effect.map_or(0, |effect| effect.nodes),
            rounds: paired.rounds,
            runs: match self.basis {
                Basis::OneRun | Basis::OneRunEach => 1,
                Basis::Runs(runs) => runs,
            },
            pairs: effect.map_or(0, |effect| effect.pairs),
            replicated,
            replicates: effect.map_or(0, |effect| effect.replicates),
            replicates_needed: self.needed(),
            smallest_detectable: effect
                .filter(|effect| u64::from(effect.replicates) >= self.replicates_min)
                .and_then(|effect| {
                    let replicates = usize::try_from(effect.replicates).unwrap_or(usize::MAX);
                    stats::smallest_detectable(effect.spread?, replicates, self.tests)
                }),
            p: effect.and_then(|effect| effect.p),
            p_adjusted: self.p_adjusted,
            p_signed_rank: effect.and_then(|effect| effect.p_signed_rank),
            floor: self.floor.map(|floor| of_floor(floor, self.difference)),
            difference: self.difference,
            verdict,
            reason,
        }
    }

    /// Population that the confidence interval applies to, and the replicates behind it.
    fn reach(&self) -> (Option<Scope>, Replicated) {
        let Some(effect) = self.effect else {
            let replicated =
                if matches!(self.basis, Basis::Runs(_)) { Replicated::Run } else { Replicated::Round };
            return (None, replicated);
        };
        let (scope, replicated) = match (self.basis, effect.scope) {
            (Basis::OneRun | Basis::OneRunEach, stats::Scope::HostsLikeThese) => {
                (Scope::HostsLikeThese, Replicated::Host)
            }
            (Basis::OneRun, stats::Scope::TheseHosts) => (Scope::TheseHosts, Replicated::Round),
            (Basis::OneRunEach, stats::Scope::TheseHosts) => (Scope::TheseProcesses, Replicated::Round),
            (Basis::Runs(_), _) => (Scope::ProcessesLikeThese, Replicated::Run),
        };
        (Some(scope), replicated)
    }

    /// The verdict, and the reason when there is none.
    fn verdict(&self) -> (Verdict, Option<String>) {
        let (Some(effect), (scope, replicated)) = (self.effect, self.reach()) else {
            let why = self.paired.reason.clone().unwrap_or_else(|| "no round has both arms".to_owned());
            return (Verdict::CannotTell, Some(why));
        };
        if scope == Some(Scope::TheseProcesses) {
            let why = format!("one run per side; use {} per side, or `[[arm]]`", self.replicates_min);
            return (Verdict::CannotTell, Some(why));
        }
        let better = match self.paired.quantity.better() {
            Better::Higher => stats::Better::Higher,
            Better::Lower => stats::Better::Lower,
        };
        let p = self.p_adjusted.unwrap_or(1.0);
        let verdict = match stats::judge(effect, better, p, self.difference, self.floor) {
            stats::Judgement::Faster => Verdict::Faster,
            stats::Judgement::Slower => Verdict::Slower,
            stats::Judgement::NoDifference => Verdict::NoDifference,
            stats::Judgement::CannotTell => Verdict::CannotTell,
        };
        let why = (verdict == Verdict::CannotTell).then(|| self.doubt(effect, replicated)).flatten();
        (verdict, why.or_else(|| self.paired.reason.clone()))
    }

    /// Reason that a visible effect is not accepted as one.
    fn doubt(&self, effect: &Effect, replicated: Replicated) -> Option<String> {
        let replicates = u64::from(effect.replicates);
        if replicates < self.replicates_min {
            let needed = self.replicates_min;
            return Some(match replicated {
                Replicated::Round => format!("too few rounds: use run.repetitions = {needed}"),
                Replicated::Host => format!("too few hosts: {replicates} of at least {needed}"),
                Replicated::Run => format!("too few runs: use {needed} per side, or `[[arm]]`"),
            });
        }
        let clear = effect.confidence.is_some_and(|confidence| !confidence.contains(1.0));
        let significant = self.p_adjusted.is_some_and(|p| p <= SIGNIFICANT);
        match (clear, significant) {
            (false, _) => None,
            (true, false) => Some("with this many figures, one differs as much by chance (Holm)".to_owned()),
            (true, true) => Some("the same arm twice differs by as much (A/A)".to_owned()),
        }
    }

    /// Replicates needed to find the difference of interest. `None` for one run per side: the spread between runs
    /// is unknown.
    fn needed(&self) -> Option<u64> {
        /// Fewest replicates that give a usable spread.
        const SPREAD_FROM: u32 = 3;
        let effect = self.effect.filter(|effect| effect.replicates >= SPREAD_FROM)?;
        let needed = stats::pairs_needed(effect.spread?, self.difference, self.tests);
        match self.reach() {
            (Some(Scope::TheseProcesses), _) => None,
            _ => Some(needed.max(self.replicates_min)),
        }
    }
}

fn of_floor(floor: &Effect, difference: f64) -> Floor {
    let beyond = |ratio: f64| (ratio - 1.0).abs() > difference;
    let unstable =
        floor.confidence.is_none_or(|confidence| beyond(confidence.low) || beyond(confidence.high));
    Floor { ratio: floor.ratio, confidence: floor.confidence.map(ConfidenceInterval::from), unstable }
}
