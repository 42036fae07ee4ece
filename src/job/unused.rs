//! Keys of `[allocate]` and `[slab]` that no workload of the job, or not every one, uses.

use super::diagnostic::{Diagnostic, Place};
use super::entry::Table;
use super::key::Section;
use super::value::Value;
use super::values::Values;
use super::{Allocate, Allocator, Job, Workload};
use crate::slab::{Background, Hardening};
use crate::word::Word;
use crate::workload::allocate::Knob;

/// Keys that only some workloads use, with their names.
const KNOBS: [(Knob, &str); 4] =
    [(Knob::Slots, "slots"), (Knob::Live, "live"), (Knob::Sizes, "sizes"), (Knob::Arrivals, "arrivals")];

/// Keys of `[slab]` that only a pattern of allocations on the slab allocator uses, with their defaults.
fn own_keys() -> [(&'static str, &'static str); 2] {
    [("hardening", Hardening::Cheap.word()), ("background", Background::Off.word())]
}

/// Refuses every such key that the job, or one of its arms, sets: its values would make equal cases.
pub(super) fn check(job: &Job, values: &Values) -> Vec<Diagnostic> {
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let on_slab = |side: &Job| {
        side.allocate.as_ref().is_some_and(|section| section.allocator.contains(&Allocator::Slab))
    };
    let measured = on_slab(job) || job.arms.iter().any(|arm| on_slab(&arm.job));
    let of_arms = job.arms.iter().enumerate().map(|(index, arm)| (values.with_arm(index), &arm.job));
    for (values, job) in std::iter::once((values.clone(), job)).chain(of_arms) {
        let found: Vec<Diagnostic> = match &job.allocate {
            Some(section) => {
                let knobs = KNOBS.iter().filter_map(|(knob, name)| unused(section, &values, *knob, name));
                let own = own_keys().into_iter().filter(|_| !measured);
                knobs.chain(own.filter_map(|own| of_others(section, &values, own))).collect()
            }
            None => own_keys().into_iter().filter_map(|own| of_nothing(&values, own)).collect(),
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

/// Without `[allocate]` there are only the generator's large blocks: its caches have the defaults.
fn of_nothing(values: &Values, (name, default): (&'static str, &'static str)) -> Option<Diagnostic> {
    let message = format!("slab.{name}: the workload \"generate\" does not use it");
    let diagnostic = Diagnostic::new(other_than(values, name, default)?, message, "");
    Some(diagnostic.accepted("in a job with the section [allocate]"))
}

/// Other allocators have neither levels of hardening nor a thread that this program starts.
fn of_others(
    section: &Allocate,
    values: &Values,
    (name, default): (&'static str, &'static str),
) -> Option<Diagnostic> {
    let first = section.allocator.first()?;
    let message = format!("slab.{name}: the allocator \"{}\" does not use it", first.word());
    let diagnostic = Diagnostic::new(other_than(values, name, default)?, message, "");
    let chosen = values.of(Table::single(Section::Allocate), "allocator").first();
    let diagnostic = match chosen {
        Some((_, place)) => diagnostic.related(*place, "this allocator"),
        None => diagnostic,
    };
    Some(diagnostic.accepted("with allocator = \"slab\""))
}

/// The place of a value other than the default. The default changes nothing, and the effective job of every job names it.
fn other_than(values: &Values, name: &'static str, default: &'static str) -> Option<Place> {
    let default = Value::Word(default);
    let set = values.of(Table::single(Section::Slab), name).iter();
    set.map(|(value, place)| (value, *place)).find(|(value, _)| **value != default).map(|(_, place)| place)
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
