//! Keys of `[allocate]` and `[slab]` that no workload of the job, or not every one, uses.

use super::diagnostic::{Diagnostic, Place};
use super::entry::Table;
use super::key::Section;
use super::value::Value;
use super::values::Values;
use super::{Allocate, Job, Workload};
use crate::word::Word;
use crate::workload::allocate::Knob;

/// Keys that only some workloads use, with their names.
const KNOBS: [(Knob, &str); 4] =
    [(Knob::Slots, "slots"), (Knob::Live, "live"), (Knob::Sizes, "sizes"), (Knob::Arrivals, "arrivals")];

/// Refuses every such key that the job, or one of its arms, sets: its values would make equal cases.
pub(super) fn check(job: &Job, values: &Values) -> Vec<Diagnostic> {
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let of_arms = job.arms.iter().enumerate().map(|(index, arm)| (values.with_arm(index), &arm.job));
    for (values, job) in std::iter::once((values.clone(), job)).chain(of_arms) {
        let found: Vec<Diagnostic> = match &job.allocate {
            Some(section) => {
                KNOBS.iter().filter_map(|(knob, name)| unused(section, &values, *knob, name)).collect()
            }
            None => hardening_of_nothing(&values),
        };
        // An arm repeats what is wrong in the base.
        for one in found {
            if !wrong.iter().any(|known| known.message == one.message && known.place == one.place) {
                wrong.push(one);
            }
        }
    }
    wrong
}

/// Without `[allocate]` there are only the generator's large blocks: its caches have the default.
fn hardening_of_nothing(values: &Values) -> Vec<Diagnostic> {
    let set = values.of(Table::single(Section::Slab), "hardening").iter();
    let set = set.filter(|(_, place)| *place != Place::NOWHERE).map(|(_, place)| place).take(1);
    set.map(|place| {
        Diagnostic::new(*place, "slab.hardening: the workload \"generate\" does not use it", "")
            .accepted("in a job with the section [allocate]")
    })
    .collect()
}

fn unused(section: &Allocate, values: &Values, knob: Knob, name: &str) -> Option<Diagnostic> {
    let table = Table::single(Section::Allocate);
    // The word stands for the workload's own value, which each has.
    let is_set = |(value, _): &&(Value, Place)| !matches!(value, Value::Word(_));
    let (_, place) = values.of(table, name).iter().find(is_set)?;
    let without = section.workload.iter().find(|workload| !workload.uses(knob))?;
    let users = Workload::ALL.iter().filter(|workload| workload.uses(knob));
    let users: Vec<String> = users.map(|workload| format!("\"{}\"", workload.word())).collect();
    let message = format!("allocate.{name}: the workload \"{}\" does not use it", without.word());
    let diagnostic = Diagnostic::new(*place, message, "");
    let chosen = values.of(table, "workload").iter().find(|(value, _)| *value == Value::Word(without.word()));
    let diagnostic = match chosen {
        Some((_, place)) if *place != Place::NOWHERE => diagnostic.related(*place, "this workload"),
        _ => diagnostic.note(format!("allocate.workload is \"{}\" unless it is given", without.word())),
    };
    Some(diagnostic.accepted(format!("with the workloads {}", users.join(", "))))
}
