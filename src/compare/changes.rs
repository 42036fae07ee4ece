//! Differences between two arms: the subject of a verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loaded::Loaded;
use super::refusal::Refusal;
use crate::compare::matching::{TREATMENTS, value};
use crate::environment::Environment;
use crate::job::Arm;
use crate::record::run::{AllocatorBuild, CaseHeader, Header, Parameter, Run};
use crate::word::Word;
use crate::workload::allocate::Allocator;

/// One difference between the two sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The case with the changed parameter; null when the change is no parameter of a case.
    pub case: Option<String>,
    /// The arm that has the change.
    pub arm: String,
    /// The changed item: a parameter, a part of the environment, or the version or build of an allocator.
    pub what: String,
    /// Value in the base.
    pub base: String,
    /// Value in the candidate.
    pub candidate: String,
}

/// The operating system. If anything else changes with it, an effect cannot be attributed to either.
const KERNEL: &str = "operating system kernel";

/// Differences between two runs, without those that forbid the comparison.
pub(super) fn between(base: &Loaded, candidate: &Loaded, cases: &[(usize, usize)]) -> Vec<Change> {
    let (ours, theirs) = (&base.header, &candidate.header);
    let mut found: Vec<Change> = cases
        .iter()
        .flat_map(|(a, b)| of_cases(&ours.planned[*a], &theirs.planned[*b], "candidate"))
        .collect();
    found.extend(environment(&ours.environment, &theirs.environment));
    found.extend(builds(ours, theirs, cases));
    found
}

/// Differences between the arms of one run.
pub(super) fn of_arms(run: &Run) -> Vec<Change> {
    let planned = &run.header.planned;
    let arm = |case: &&CaseHeader| case.arm.clone().filter(|arm| arm != Arm::BASE);
    let mut found = Vec::new();
    for base in planned.iter().filter(|case| case.arm.as_deref() == Some(Arm::BASE)) {
        for candidate in planned.iter().filter(|case| case.compared_as == base.compared_as) {
            found.extend(arm(&candidate).into_iter().flat_map(|arm| of_cases(base, candidate, &arm)));
        }
    }
    found
}

/// Refuses a change of the kernel together with any other change. A change of the kernel alone may be compared.
pub(super) fn refusals(changes: &[Change]) -> Vec<Refusal> {
    let (kernel, others): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.what == KERNEL);
    let others = others.first();
    let pair = kernel.first().zip(others);
    pair.map(|(kernel, other)| {
        let why = format!("{} changed as well: either may be the cause of a difference", other.what);
        Refusal::new(KERNEL, &*kernel.base, &*kernel.candidate, &why)
    })
    .into_iter()
    .collect()
}

fn of_cases(base: &CaseHeader, candidate: &CaseHeader, arm: &str) -> Vec<Change> {
    let mut names: Vec<&String> = base.parameters.keys().chain(candidate.parameters.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |case: &CaseHeader, name: &str| {
        value(case, name).map_or("none".to_owned(), |value| readable(name, &value))
    };
    names
        .into_iter()
        .map(|name| (name, value(base, name), value(candidate, name)))
        .filter(|(_, ours, theirs)| ours != theirs)
        .map(|(name, base_value, candidate_value)| Change {
            case: Some(base.compared_as.clone().unwrap_or_else(|| base.id.clone())),
            arm: arm.to_owned(),
            what: name.clone(),
            base: base_value,
            candidate: candidate_value,
        })
        .collect()
}

/// A parameter's value for people: `64MiB` for a size.
fn readable(name: &str, value: &Parameter) -> String {
    match value {
        Parameter::Number(bytes) if name.ends_with("_bytes") => crate::units::Bytes(*bytes).to_string(),
        value => value.to_string(),
    }
}

/// Changes of the software around the workload.
fn environment(base: &Environment, candidate: &Environment) -> Vec<Change> {
    let word = |value: &Option<String>| value.clone().unwrap_or("unknown".to_owned());
    let flag = |value: Option<bool>| value.map_or("unknown".to_owned(), |value| value.to_string());
    let of = |machine: &Environment| {
        [
            ("commit", word(&machine.git_commit)),
            ("numamark", machine.numamark_version.clone()),
            ("build", machine.build.clone()),
            ("features", machine.build_features.join(" ")),
            (KERNEL, word(&machine.kernel)),
            ("mpi_library", word(&machine.mpi_library)),
            ("governor", word(&machine.governor)),
            ("transparent_huge_pages", word(&machine.transparent_huge_pages)),
            ("transparent_huge_pages_defrag", word(&machine.transparent_huge_pages_defrag)),
            ("numa_balancing", flag(machine.numa_balancing)),
        ]
    };
    of(base)
        .into_iter()
        .zip(of(candidate))
        .filter(|((_, ours), (_, theirs))| ours != theirs)
        .map(|((what, base), (_, candidate))| Change {
            case: None,
            arm: "candidate".to_owned(),
            what: what.to_owned(),
            base,
            candidate,
        })
        .collect()
}

/// Versions and builds of the allocators that both sides of a pair use. The slab allocator is this program, whose version
/// and build are part of the environment. A run without a record of its builds changes none that is known.
fn builds(base: &Header, candidate: &Header, cases: &[(usize, usize)]) -> Vec<Change> {
    let allocator = |case: &CaseHeader| case.parameters.get("allocator").map(Parameter::to_string);
    let used_by_both = |build: &&AllocatorBuild| {
        let uses = |case: &CaseHeader| allocator(case).as_ref() == Some(&build.allocator);
        cases.iter().any(|(a, b)| uses(&base.planned[*a]) && uses(&candidate.planned[*b]))
    };
    let others = base.allocators.iter().filter(|build| build.allocator != Allocator::Slab.word());
    let change = |ours: &AllocatorBuild| {
        let theirs = candidate.allocators.iter().find(|build| build.allocator == ours.allocator)?;
        // Another version has another build: the version alone says so.
        let (what, base, candidate) = match ours.version == theirs.version {
            false => ("version", &ours.version, &theirs.version),
            true => ("build", &ours.build, &theirs.build),
        };
        (base != candidate).then(|| Change {
            case: None,
            arm: "candidate".to_owned(),
            what: format!("{what} of {}", ours.allocator),
            base: base.clone(),
            candidate: candidate.clone(),
        })
    };
    others.filter(used_by_both).filter_map(change).collect()
}

/// True when a change concerns the allocator, which is responsible for refills.
pub(super) fn is_of_allocator(change: &Change) -> bool {
    const OF_ALLOCATOR: [&str; 5] = ["allocator", "background", "batch", "design", "hardening"];
    debug_assert!(OF_ALLOCATOR.iter().all(|name| TREATMENTS.contains(name)));
    change.case.is_some() && OF_ALLOCATOR.contains(&change.what.as_str())
}
