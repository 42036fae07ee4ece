//! Reasons to refuse a comparison: other data, other hardware, another clock, unsound results.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::loaded::{Loaded, SeatName};
use crate::compare::memory;
use crate::environment::Environment;
use crate::job::Amount;
use crate::units::counted;

/// A difference between two runs that makes a comparison of their figures meaningless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Item that differs.
    pub what: String,
    /// Value in the base.
    pub base: String,
    /// Value in the other run.
    pub other: String,
    /// Reason that the difference matters.
    pub why: String,
}

/// Steps of the same kind of clock, measured twice, differ by less than this factor.
const STEPS_ALIKE: f64 = 1.5;

impl Refusal {
    pub(super) fn new(
        what: impl Into<String>,
        base: impl Into<String>,
        other: impl Into<String>,
        why: &str,
    ) -> Refusal {
        Refusal { what: what.into(), base: base.into(), other: other.into(), why: why.to_owned() }
    }

    /// A refusal if the two values differ.
    fn unless_equal(what: &str, base: String, other: String, why: &str) -> Option<Refusal> {
        (base != other).then(|| Refusal::new(what, base, other, why))
    }
}

/// Defects of one run by itself.
pub(super) fn of_itself(run: &Loaded) -> Vec<Refusal> {
    let name = run.name();
    let sound = (run.violations > 0).then(|| {
        let found = format!("{} freed twice or never allocated", counted(run.violations, "object"));
        Refusal::new(&*name, "none", found, "no figure of that run can be trusted")
    });
    sound.into_iter().collect()
}

/// Differences that forbid the comparison of two runs.
pub(super) fn between(base: &Loaded, other: &Loaded) -> Vec<Refusal> {
    [data(base, other), hardware(base, other), placement(base, other), clock(base, other)].concat()
}

/// Seed, amount and warm-up of the job, and digests of the data sets.
fn data(base: &Loaded, other: &Loaded) -> Vec<Refusal> {
    let (a, b) = (&base.job, &other.job);
    let amount = |amount: Amount| match amount {
        Amount::Duration(duration) => format!("duration {duration}"),
        Amount::Bytes(bytes) => format!("bytes {bytes}"),
    };
    let mut found = vec![
        Refusal::unless_equal(
            "seed",
            a.seed.to_string(),
            b.seed.to_string(),
            "another seed makes other data and other choices",
        ),
        Refusal::unless_equal(
            "run.duration or run.bytes",
            amount(a.run.amount),
            amount(b.run.amount),
            "repetitions differ in length",
        ),
        Refusal::unless_equal(
            "run.warmup",
            a.run.warmup.to_string(),
            b.run.warmup.to_string(),
            "caches and heap differ when the clock starts",
        ),
    ];
    let digests = base.digests.iter().filter_map(|(case, ours)| Some((case, ours, other.digests.get(case)?)));
    found.extend(digests.map(|(case, ours, theirs)| {
        let what = format!("digest of {case}");
        Refusal::unless_equal(&what, ours.clone(), theirs.clone(), "the data sets differ")
    }));
    found.into_iter().flatten().collect()
}

/// CPU and memory of rank 0's host, and the class of every node. Memory has a rule of its own.
fn hardware(base: &Loaded, other: &Loaded) -> Vec<Refusal> {
    const WHY: &str = "other hardware";
    let number = |value: Option<u64>| value.map_or("unknown".to_owned(), |value| value.to_string());
    let (a, b) = (&base.header.environment, &other.header.environment);
    let of = |what: &str, of: &dyn Fn(&Environment) -> String| Refusal::unless_equal(what, of(a), of(b), WHY);
    let mut found = vec![
        of("cpu_model", &|machine| machine.cpu_model.clone().unwrap_or("unknown".to_owned())),
        of("pus", &|machine| number(machine.pus.map(u64::from))),
        of("smt", &|machine| machine.smt.map_or("unknown".to_owned(), |smt| smt.to_string())),
        of("caches.l3_bytes", &|machine| number(machine.caches.l3_bytes)),
        of("nodes", &|machine| machine.nodes.len().to_string()),
    ];
    let apart = format!("{WHY}: more than {:.0} % apart", (memory::COMPARABLE - 1.0) * 100.0);
    let unlike = memory::too_unlike(base, other).into_iter();
    found.extend(unlike.map(|(what, [ours, theirs])| Some(Refusal::new(what, ours, theirs, &apart))));
    let lacking: Vec<&str> =
        a.cpu_flags.iter().filter(|flag| !b.cpu_flags.contains(flag)).map(String::as_str).collect();
    let added: Vec<&str> =
        b.cpu_flags.iter().filter(|flag| !a.cpu_flags.contains(flag)).map(String::as_str).collect();
    found.push(Refusal::unless_equal(
        "cpu_flags",
        listed(&lacking),
        listed(&added),
        "kernels are chosen by the features of the CPU",
    ));
    let classes = base.begins.iter().zip(&other.begins).map(|(ours, theirs)| {
        let [(a, _), (b, _)] = [ours, theirs].map(|begin| memory::class_and_memory(&begin.class));
        Refusal::unless_equal(
            &format!("class of rank {}", ours.rank),
            a.to_owned(),
            b.to_owned(),
            "the nodes differ in hardware or workers",
        )
    });
    found.extend(classes.filter(Option::is_some).take(1));
    found.into_iter().flatten().collect()
}

fn listed(flags: &[&str]) -> String {
    if flags.is_empty() { "nothing more".to_owned() } else { flags.join(" ") }
}

/// Ranks, workers, and their nodes.
fn placement(base: &Loaded, other: &Loaded) -> Vec<Refusal> {
    let (ranks, theirs) = (base.begins.len(), other.begins.len());
    if ranks != theirs {
        let why = "more or fewer ranks share the memory bandwidth";
        return vec![Refusal::new("ranks", ranks.to_string(), theirs.to_string(), why)];
    }
    let mut found = Vec::new();
    let workers = base.begins.iter().zip(&other.begins).find(|(a, b)| a.pus.len() != b.pus.len());
    found.extend(workers.map(|(a, b)| {
        let (ours, theirs) = (a.pus.len().to_string(), b.pus.len().to_string());
        Refusal::new(
            format!("workers of rank {}", a.rank),
            ours,
            theirs,
            "another number of cores did the work",
        )
    }));
    let ours: BTreeSet<SeatName<'_>> = base.seats().into_iter().collect();
    let stranger = other.seats().into_iter().find(|seat| !ours.contains(seat));
    found.extend(stranger.map(|seat| {
        let nodes: Vec<String> = ours.iter().map(SeatName::to_string).collect();
        let shown =
            if nodes.len() <= 4 { nodes.join(", ") } else { format!("{} nodes, not this one", nodes.len()) };
        let why = "hosts and nodes differ in speed; use the same ones, or arms in one job";
        Refusal::new("host and node", shown, seat.to_string(), why)
    }));
    found
}

/// Clock source and step.
fn clock(base: &Loaded, other: &Loaded) -> Vec<Refusal> {
    const WHY: &str = "another clock rounds short times differently";
    let source = |run: &Loaded| run.header.environment.clock_source.clone();
    let mut found = Vec::from_iter(Refusal::unless_equal("clock_source", source(base), source(other), WHY));
    let (ours, theirs) = (base.clock_step_ns, other.clock_step_ns);
    if ours.max(theirs) > STEPS_ALIKE * ours.min(theirs) {
        found.push(Refusal::new("clock_step_ns", format!("{ours:.2}"), format!("{theirs:.2}"), WHY));
    }
    found
}
