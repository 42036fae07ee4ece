//! What was changed between two arms: what a verdict is about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loaded::Loaded;
use super::refusal::Refusal;
use crate::compare::matching::{TREATMENTS, shown, value};
use crate::environment::Environment;
use crate::job::Arm;
use crate::record::run::{CaseHeader, Parameter, Run};

/// One thing that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The case it belongs to; null when it is no parameter of a case.
    pub case: Option<String>,
    /// The arm it makes.
    pub arm: String,
    /// What: a parameter, or a part of the environment.
    pub what: String,
    /// In the base.
    pub base: String,
    /// In the candidate.
    pub candidate: String,
}

/// The operating system: if anything else is changed with it, nobody can tell which of them did it.
const KERNEL: &str = "operating system kernel";

/// What two runs differ in, beside what forbids to compare them.
pub(super) fn between(base: &Loaded, candidate: &Loaded, cases: &[(usize, usize)]) -> Vec<Change> {
    let (ours, theirs) = (&base.header, &candidate.header);
    let mut found: Vec<Change> = cases
        .iter()
        .flat_map(|(a, b)| of_cases(&ours.planned[*a], &theirs.planned[*b], "candidate"))
        .collect();
    found.extend(environment(&ours.environment, &theirs.environment));
    found
}

/// What the arms of one run differ in.
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

/// The kernel may be what a comparison is about, but not together with something else.
pub(super) fn refusals(changes: &[Change]) -> Vec<Refusal> {
    let (kernel, others): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.what == KERNEL);
    let others = others.first();
    let pair = kernel.first().zip(others);
    pair.map(|(kernel, other)| {
        let why =
            format!("{} is changed as well: which of the two made a difference cannot be told", other.what);
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

/// `64MiB` for a size.
fn readable(name: &str, value: &Parameter) -> String {
    match value {
        Parameter::Number(bytes) if name.ends_with("_bytes") => crate::units::Bytes(*bytes).to_string(),
        value => shown(value),
    }
}

/// The software around the workload.
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

/// Whether a change is one of the allocator: refills are its doing.
pub(super) fn is_of_allocator(change: &Change) -> bool {
    const OF_ALLOCATOR: [&str; 3] = ["allocator", "batch", "design"];
    debug_assert!(OF_ALLOCATOR.iter().all(|name| TREATMENTS.contains(name)));
    change.case.is_some() && OF_ALLOCATOR.contains(&change.what.as_str())
}
