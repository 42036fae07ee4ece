//! Which case of one run is compared with which of another.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use crate::results::run::{CaseHeader, Parameter};

/// Parameters that change how the work is done and not what it is: what comparisons are made for.
pub(super) const TREATMENTS: [&str; 5] = ["allocator", "batch", "design", "kernel", "stores"];

/// Cases of two runs side by side.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matching {
    /// Indices into both lists, in the order of the base.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Cases without a partner, one sentence each.
    pub(super) alone: Vec<String>,
    /// Cases of one name that do other work, and what differs.
    pub(super) refused: Vec<Refusal>,
}

/// Finds the partners: a case with the same parameters, else the only one that differs in treatments alone. With
/// `force` also one of the same name that does other work.
pub(super) fn matching(base: &[CaseHeader], candidate: &[CaseHeader], force: bool) -> Matching {
    let mut found = Matching::default();
    let mut taken = vec![false; candidate.len()];
    for (index, case) in base.iter().enumerate() {
        let partner = partner(case, base, candidate).or_else(|| {
            let of_its_name = candidate.iter().position(|other| other.id == case.id)?;
            found.refused.extend(other_work(case, &candidate[of_its_name]));
            force.then_some(of_its_name)
        });
        let named_alike = candidate.iter().any(|other| other.id == case.id);
        match partner {
            Some(other) => {
                taken[other] = true;
                found.pairs.push((index, other));
            }
            None if named_alike => {}
            None => found.alone.push(format!("{} is only in the base", case.id)),
        }
    }
    for (other, _) in candidate.iter().zip(taken).filter(|(_, taken)| !taken) {
        if !base.iter().any(|case| case.id == other.id) {
            found.alone.push(format!("{} is only in the candidate", other.id));
        }
    }
    found
}

fn partner(case: &CaseHeader, base: &[CaseHeader], candidate: &[CaseHeader]) -> Option<usize> {
    let equal = |other: &CaseHeader| work(other) == work(case) && other.parameters == case.parameters;
    if let Some(exact) = candidate.iter().position(equal) {
        return Some(exact);
    }
    // Where a treatment is swept on either side, only equal values are partners.
    let alike = |other: &&CaseHeader| work(other) == work(case);
    let only = base.iter().filter(alike).count() == 1 && candidate.iter().filter(alike).count() == 1;
    candidate.iter().position(|other| only && alike(&other))
}

/// What is asked for, whoever does it and however.
fn work(case: &CaseHeader) -> (&str, Option<&str>, BTreeMap<&str, &Parameter>) {
    let kept = case.parameters.iter().filter(|(name, _)| !TREATMENTS.contains(&name.as_str()));
    (&case.workload, case.arm.as_deref(), kept.map(|(name, value)| (name.as_str(), value)).collect())
}

/// The parameters in which two cases of one name ask for other work.
fn other_work(base: &CaseHeader, candidate: &CaseHeader) -> Vec<Refusal> {
    let names = base
        .parameters
        .keys()
        .chain(candidate.parameters.keys().filter(|name| !base.parameters.contains_key(*name)));
    let differing = names.filter(|name| !TREATMENTS.contains(&name.as_str()));
    differing
        .filter_map(|name| {
            let [ours, theirs] =
                [base, candidate].map(|case| case.parameters.get(name).map_or("none".to_owned(), shown));
            let what = format!("{name} of {}", base.id);
            (ours != theirs).then(|| Refusal::new(what, ours, theirs, "other work takes another time"))
        })
        .collect()
}

/// A parameter's value as it stands in `run.json`.
pub(super) fn shown(value: &Parameter) -> String {
    match value {
        Parameter::Number(number) => number.to_string(),
        Parameter::Word(word) => word.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::run::Measure;

    fn case(id: &str, chunk: u64, batch: u64) -> CaseHeader {
        CaseHeader {
            id: id.to_owned(),
            workload: "generate".to_owned(),
            parameters: [("chunk_bytes", chunk), ("batch", batch)]
                .map(|(name, value)| (name.to_owned(), Parameter::Number(value)))
                .into(),
            measure: Measure::Bytes,
            arm: None,
            compared_as: None,
            expected: None,
        }
    }

    #[test]
    fn a_treatment_may_differ_and_the_work_may_not() {
        let found = matching(&[case("generate", 64, 16)], &[case("generate", 64, 128)], false);
        assert_eq!((found.pairs, found.refused), (vec![(0, 0)], vec![]));
        let found = matching(&[case("generate", 64, 16)], &[case("generate", 32, 16)], false);
        assert_eq!((found.pairs.len(), found.alone.len(), found.refused.len()), (0, 0, 1), "other chunks");
        assert_eq!(matching(&[case("generate", 64, 16)], &[case("generate", 32, 16)], true).pairs, [(0, 0)]);
    }

    #[test]
    fn a_sweep_of_treatments_has_only_exact_partners() {
        let base = [case("generate.batch=16", 64, 16), case("generate.batch=32", 64, 32)];
        let candidate = [case("generate.batch=32", 64, 32), case("generate.batch=64", 64, 64)];
        let found = matching(&base, &candidate, false);
        assert_eq!(found.pairs, [(1, 0)]);
        assert_eq!(
            found.alone,
            ["generate.batch=16 is only in the base", "generate.batch=64 is only in the candidate"]
        );
    }

    #[test]
    fn a_case_is_found_whatever_the_other_job_calls_it() {
        let base = [case("generate.chunk=32", 32, 16), case("generate.chunk=64", 64, 16)];
        let found = matching(&base, &[case("generate", 64, 16)], false);
        assert_eq!(found.pairs, [(1, 0)]);
        assert_eq!(found.alone, ["generate.chunk=32 is only in the base"]);
    }
}
