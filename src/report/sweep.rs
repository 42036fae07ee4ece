//! Swept parameters of a run, and the cases along one of them.

use std::borrow::Cow;

use crate::record::Run;
use crate::record::run::{CaseResult, Parameter};

use super::cells;

/// The cases of one workload, in the order of the job.
pub(super) struct Group<'run> {
    /// `generate`, `larson`.
    pub(super) workload: &'run str,
    /// At least one case.
    pub(super) cases: Vec<&'run CaseResult>,
}

/// Cases that differ in one parameter alone.
pub(super) struct AxisCases<'run> {
    /// At least two cases, in the order of the job.
    pub(super) cases: Vec<&'run CaseResult>,
    /// Values at which the other swept parameters are held.
    pub(super) held: Vec<(&'run str, &'run Parameter)>,
}

/// Returns the cases with the arm added as an ordinary parameter.
pub(super) fn naming_arms(cases: &[CaseResult]) -> Vec<CaseResult> {
    let named = |case: &CaseResult| {
        let mut named = case.clone();
        let arm = case.arm.iter().map(|arm| ("arm".to_owned(), Parameter::Word(arm.clone())));
        named.parameters.extend(arm);
        named
    };
    cases.iter().map(named).collect()
}

/// Returns the run with the arm added as an ordinary parameter. The parameters that an arm sets get the base's
/// values, because the arm's name stands for them: they do not make a difference of their own.
pub(super) fn with_arms(run: &Run) -> Cow<'_, Run> {
    if run.derived.cases.iter().all(|case| case.arm.is_none()) {
        return Cow::Borrowed(run);
    }
    let cases = &run.derived.cases;
    let of_base = |case: &CaseResult| {
        let base = cases.iter().find(|base| case.arm.is_some() && base.compared_as == case.compared_as);
        CaseResult { parameters: base.unwrap_or(case).parameters.clone(), ..case.clone() }
    };
    let alike: Vec<CaseResult> = cases.iter().map(of_base).collect();
    let mut shown = run.clone();
    shown.derived.cases = naming_arms(&alike);
    Cow::Owned(shown)
}

/// The workloads of a run, in the order of the job.
pub(super) fn groups(run: &Run) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for case in &run.derived.cases {
        match groups.iter_mut().find(|group| group.workload == case.workload) {
            Some(group) => group.cases.push(case),
            None => groups.push(Group { workload: &case.workload, cases: vec![case] }),
        }
    }
    groups
}

impl<'run> Group<'run> {
    /// Names of the parameters in which cases differ. The one that changes least often comes first, as in the
    /// job. A case without a parameter makes no difference in it.
    pub(super) fn axes(&self) -> Vec<&'run str> {
        let mut axes: Vec<(usize, &str)> = Vec::new();
        for name in self.names() {
            let mut values = self.cases.iter().map(|case| case.parameters.get(name)).enumerate();
            let first = values.find_map(|(_, value)| value);
            let changed = values.find(|(_, value)| value.is_some() && *value != first);
            axes.extend(changed.map(|(index, _)| (index, name)));
        }
        axes.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
        axes.into_iter().map(|(_, name)| name).collect()
    }

    /// Parameters that every case has with the same value.
    pub(super) fn fixed(&self) -> Vec<(&'run str, &'run Parameter)> {
        let axes = self.axes();
        let everywhere = |name: &&str| self.cases.iter().all(|case| case.parameters.contains_key(*name));
        let names = self.names().into_iter().filter(|name| !axes.contains(name)).filter(everywhere);
        names.map(|name| (name, &self.cases[0].parameters[name])).collect()
    }

    /// Cases along `axis` through the fastest case that has it. If that case stands alone, the line goes through
    /// the fastest case with a neighbour.
    ///
    /// # Panics
    /// When no case has a parameter `axis`.
    pub(super) fn along(&self, axis: &str) -> AxisCases<'run> {
        let rate = |case: &CaseResult| cells::rate(case).and_then(|(_, metric)| metric.value).unwrap_or(0.0);
        let mut cases = self.cases.clone();
        cases.retain(|case| case.parameters.contains_key(axis));
        // The sort is stable: among equal rates, the first in the order of the job wins.
        cases.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
        let mut lines = cases.iter().map(|case| self.line(axis, case, &cases));
        let first = lines.next().expect("a case with the axis");
        match first.cases.len() {
            1 => lines.find(|line| line.cases.len() > 1).unwrap_or(first),
            _ => first,
        }
    }

    /// Cases along `axis` through the given case. A parameter that this case does not have, as the slab allocator's of
    /// another allocator, is held at the value of the fastest case that has it: otherwise the line would have several
    /// cases with one value of the axis.
    fn line(
        &self,
        axis: &str,
        through: &'run CaseResult,
        fastest_first: &[&'run CaseResult],
    ) -> AxisCases<'run> {
        let others: Vec<&str> = self.axes().into_iter().filter(|name| *name != axis).collect();
        let of_through = |name: &&'run str| Some((*name, through.parameters.get(*name)?));
        let mut held: Vec<(&str, &Parameter)> = others.iter().filter_map(of_through).collect();
        let agrees = |case: &CaseResult, held: &[(&str, &Parameter)]| {
            held.iter().all(|(name, value)| case.parameters.get(*name).is_none_or(|found| found == *value))
        };
        for name in others.into_iter().filter(|name| !through.parameters.contains_key(*name)) {
            let mut agreeing = fastest_first.iter().filter(|case| agrees(case, &held));
            let value = agreeing.find_map(|case| case.parameters.get(name));
            held.extend(value.map(|value| (name, value)));
        }
        let lies_on = |case: &&CaseResult| case.parameters.contains_key(axis) && agrees(case, &held);
        let cases = self.cases.iter().copied().filter(lies_on).collect();
        AxisCases { cases, held }
    }

    /// Distinct values of a parameter, in the order of the job.
    pub(super) fn values(&self, name: &str) -> Vec<&'run Parameter> {
        let mut values = Vec::new();
        for value in self.cases.iter().filter_map(|case| case.parameters.get(name)) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    /// Distinct parameters of all cases, in alphabetical order.
    fn names(&self) -> Vec<&'run str> {
        let mut names: Vec<&str> =
            self.cases.iter().flat_map(|case| case.parameters.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
