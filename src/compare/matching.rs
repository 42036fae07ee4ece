//! Matching of the cases of one run with those of another.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::refusal::Refusal;
use crate::record::run::{CaseHeader, Parameter};
use crate::word::Word;
use crate::workload::allocate::Allocator;

/// Parameters that change the way work is done, but not the work: the usual subject of comparisons.
pub(super) const TREATMENTS: [&str; 12] = [
    "allocator",
    "background",
    "batch",
    "consumer",
    "design",
    "handover",
    "hardening",
    "kernel",
    "memory",
    "pool",
    "schedule",
    "stores",
];

/// Values of parameters that a case does not name. A run names only parameters set in its job, and older runs
/// know no other values.
const UNNAMED: [(&str, &str); 10] = [
    ("background", "off"),
    ("compress", "1"),
    ("consumer", "discard"),
    ("dedup", "1"),
    ("handover", "chunk"),
    ("hardening", "cheap"),
    ("memory", "slab"),
    ("pool", "kept"),
    ("schedule", "static"),
    ("streams", "1"),
];

/// Pairs of cases of two runs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matching {
    /// Indices into both lists, in the order of the base.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Cases without a partner, one sentence each.
    pub(super) alone: Vec<String>,
    /// Differing parameters of cases that have the same name but do other work.
    pub(super) refused: Vec<Refusal>,
}

/// Finds partners: a case with the same parameters, else the only case that differs in treatments alone. With
/// `force`, a case of the same name also matches when it does other work.
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
    let equal = |other: &CaseHeader| work(other) == work(case) && named(other) == named(case);
    if let Some(exact) = candidate.iter().position(equal) {
        return Some(exact);
    }
    // If either side sweeps a treatment, only cases with equal values are partners.
    let alike = |other: &&CaseHeader| work(other) == work(case);
    let only = base.iter().filter(alike).count() == 1 && candidate.iter().filter(alike).count() == 1;
    candidate.iter().position(|other| only && alike(&other))
}

/// The requested work, without its treatments.
fn work(case: &CaseHeader) -> (&str, Option<&str>, BTreeMap<&str, &Parameter>) {
    let mut kept = named(case);
    kept.retain(|name, _| !TREATMENTS.contains(name));
    (&case.workload, case.arm.as_deref(), kept)
}

/// Parameters of a case that differ from the unnamed values.
fn named(case: &CaseHeader) -> BTreeMap<&str, &Parameter> {
    let unnamed = |name: &str, value: &Parameter| UNNAMED.contains(&(name, value.to_string().as_str()));
    let all = case.parameters.iter().map(|(name, value)| (name.as_str(), value));
    all.filter(|(name, value)| !unnamed(name, value)).collect()
}

/// A parameter's value, named or not; `None` when the case has no such parameter.
pub(super) fn value<'a>(case: &'a CaseHeader, name: &str) -> Option<Cow<'a, Parameter>> {
    let unnamed = || {
        if ["background", "hardening"].contains(&name) && !runs_on_slab(case) {
            return None;
        }
        let (_, word) = UNNAMED.iter().find(|(known, _)| *known == name)?;
        Some(Cow::Owned(Parameter::Word((*word).to_owned())))
    };
    case.parameters.get(name).map(Cow::Borrowed).or_else(unnamed)
}

/// True for a case on the slab allocator, the only one with levels of hardening and work in the background.
fn runs_on_slab(case: &CaseHeader) -> bool {
    matches!(case.parameters.get("allocator"), Some(Parameter::Word(word)) if word == Allocator::Slab.word())
}

/// Work parameters that differ between two cases of the same name.
fn other_work(base: &CaseHeader, candidate: &CaseHeader) -> Vec<Refusal> {
    let names = base
        .parameters
        .keys()
        .chain(candidate.parameters.keys().filter(|name| !base.parameters.contains_key(*name)));
    let differing = names.filter(|name| !TREATMENTS.contains(&name.as_str()));
    differing
        .filter_map(|name| {
            let [ours, theirs] = [base, candidate]
                .map(|case| value(case, name).map_or("none".to_owned(), |value| value.to_string()));
            let what = format!("{name} of {}", base.id);
            (ours != theirs)
                .then(|| Refusal::new(what, ours, theirs, "different work takes a different time"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::run::Measure;

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
    fn partners_may_differ_in_treatments_but_not_in_work() {
        let found = matching(&[case("generate", 64, 16)], &[case("generate", 64, 128)], false);
        assert_eq!((found.pairs, found.refused), (vec![(0, 0)], vec![]));
        let found = matching(&[case("generate", 64, 16)], &[case("generate", 32, 16)], false);
        assert_eq!((found.pairs.len(), found.alone.len(), found.refused.len()), (0, 0, 1), "other chunks");
        assert_eq!(matching(&[case("generate", 64, 16)], &[case("generate", 32, 16)], true).pairs, [(0, 0)]);
    }

    fn with(case: CaseHeader, name: &str, value: &str) -> CaseHeader {
        let more = [(name.to_owned(), Parameter::Word(value.to_owned()))];
        CaseHeader { parameters: case.parameters.into_iter().chain(more).collect(), ..case }
    }

    #[test]
    fn parameters_that_change_the_bytes_are_work_and_others_are_treatments() {
        let plain = || case("generate", 64, 16);
        for name in ["consumer", "handover", "schedule", "memory", "pool", "stores"] {
            let found = matching(&[plain()], &[with(plain(), name, "other")], false);
            assert_eq!((found.pairs, found.refused), (vec![(0, 0)], vec![]), "{name}");
        }
        for name in [
            "dedup",
            "unit_bytes",
            "dedup_scope",
            "distance_bytes",
            "compress",
            "granule_bytes",
            "codec",
            "streams",
        ] {
            let found = matching(&[plain()], &[with(plain(), name, "other")], false);
            let refused: Vec<&str> = found.refused.iter().map(|refusal| refusal.what.as_str()).collect();
            assert_eq!((found.pairs, refused), (vec![], vec![format!("{name} of generate").as_str()]));
        }
    }

    #[test]
    fn a_case_that_names_a_default_is_the_same_case() {
        let named = UNNAMED
            .into_iter()
            .fold(case("generate.dedup=1", 64, 16), |case, (name, value)| with(case, name, value));
        let found = matching(&[case("generate", 64, 16)], &[named], false);
        assert_eq!((found.pairs, found.alone), (vec![(0, 0)], Vec::<String>::new()));
    }

    /// `UNNAMED` agrees with the defaults of the job file.
    #[test]
    fn unnamed_values_are_the_defaults_of_the_job() {
        let job =
            crate::job::Job::parse("schema = 1\nname = \"x\"\n[generate]\n", "job.toml", &[]).expect("a job");
        let effective = job.effective().replace('"', "");
        for (name, value) in UNNAMED {
            assert!(effective.contains(&format!("\n{name} = {value}\n")), "{name} = {value}:\n{effective}");
        }
    }

    /// Runs from before the key have no parameter, and the default.
    #[test]
    fn hardening_that_no_job_names_is_cheap_on_slab_and_none_elsewhere() {
        let on = |allocator: &str| with(case("larson", 64, 16), "allocator", allocator);
        let hardening = |case: &CaseHeader| value(case, "hardening").map(|value| value.to_string());
        assert_eq!(hardening(&on("slab")).as_deref(), Some("cheap"));
        assert_eq!(hardening(&with(on("slab"), "hardening", "full")).as_deref(), Some("full"));
        assert_eq!(hardening(&on("system")), None);
        assert_eq!(hardening(&case("generate", 64, 16)), None);
        let found = matching(&[on("slab")], &[with(on("slab"), "hardening", "strict")], false);
        assert_eq!((found.pairs, found.refused), (vec![(0, 0)], vec![]), "a treatment");
        let sweep = ["off", "cheap"].map(|word| with(on("slab"), "hardening", word));
        let older = matching(&[on("slab")], &sweep, false);
        assert_eq!(older.pairs, [(0, 1)], "an older run is compared with the default of a sweep");
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
    fn a_case_is_found_under_another_name_in_the_other_job() {
        let base = [case("generate.chunk=32", 32, 16), case("generate.chunk=64", 64, 16)];
        let found = matching(&base, &[case("generate", 64, 16)], false);
        assert_eq!(found.pairs, [(1, 0)]);
        assert_eq!(found.alone, ["generate.chunk=32 is only in the base"]);
    }
}
