//! `[[arm]]`: what the sides of a comparison set, and what they cannot.

use super::accepted::accepted;
use super::check::Value;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::entry::{Entry, Raw, Table};
use super::key::{Key, Section};
use super::keys;
use super::nearest::nearest;
use super::range;
use super::values::Values;
use super::{Arm, Change, GenerateChange, Job, Workers};
use crate::units::Bytes;

impl Arm {
    /// What the job as it stands is called in a comparison.
    pub const BASE: &str = "base";
    /// What it is called where it runs a second time.
    pub const BASE_AGAIN: &str = "base-again";
}

impl Job {
    /// The job as this arm has it, without arms.
    pub fn with(&self, arm: &Arm) -> Job {
        let mut job = Job { arms: Vec::new(), ..self.clone() };
        for change in &arm.changes {
            match (*change, &mut job.generate, &mut job.allocate) {
                (Change::Workers(workers), ..) => job.rank.workers = vec![workers],
                (Change::Batch(batch), ..) => job.slab.batch = vec![batch],
                (Change::Generate(change), Some(generate), _) => generate.set(change),
                (Change::Workload(workload), _, Some(allocate)) => allocate.workload = vec![workload],
                (Change::Allocator(allocator), _, Some(allocate)) => allocate.allocator = vec![allocator],
                (change, ..) => unreachable!("the job refuses {change:?} without its section"),
            }
        }
        job
    }
}

/// The keys that an arm can set.
fn settable() -> impl Iterator<Item = &'static Key> {
    keys::all().filter(|key| key.sweep)
}

/// All of them, as an error lists them.
pub(super) fn settable_shown() -> String {
    settable().map(Key::path).collect::<Vec<_>>().join(", ")
}

/// Why an arm cannot say this, if so: its key cannot be swept, or it has several values.
pub(super) fn refused(entry: &Entry) -> Option<Diagnostic> {
    entry.table.arm()?;
    let section = entry.table.section;
    let path = format!("{}.{}", section.name(), entry.key);
    let Some(key) = Key::find(section, &entry.key).filter(|key| key.sweep) else {
        let label = nearest(&entry.key, settable().filter(|key| key.section == section).map(|key| key.name))
            .filter(|_| Key::find(section, &entry.key).is_none())
            .map_or(String::new(), |name| format!("did you mean \"{name}\"?"));
        let message = format!("an arm cannot set {}", quoted(&path));
        return Some(Diagnostic::new(entry.key_place, message, label).accepted(settable_shown()));
    };
    let found = match &entry.value.raw {
        Raw::List(_) => "a list",
        _ if range::text_of(key, &entry.value).is_some() => "a range",
        _ => return None,
    };
    let message = format!("{path} of an arm takes one value, found {found}");
    let diagnostic = Diagnostic::new(entry.value.place, message, "write an arm for each");
    Some(diagnostic.accepted(accepted(&key.kind)))
}

/// The arms of a job whose values are right by themselves.
pub(super) fn build(values: &Values) -> Vec<Arm> {
    let arm = |(index, table)| Arm {
        name: values.one(table, "name", Value::name).expect("a required key is resolved"),
        changes: set_by(values, index).map(|(key, value, _)| change(key, value)).collect(),
    };
    values.listed(Section::Arm).enumerate().map(arm).collect()
}

/// What one arm sets, in the order of the job file.
fn set_by(values: &Values, arm: usize) -> impl Iterator<Item = (&'static Key, &Value, Place)> {
    settable().filter_map(move |key| {
        let (value, place) = values.places(Table::of_arm(key.section, arm), key.name).first()?;
        Some((key, value, *place))
    })
}

fn change(key: &Key, value: &Value) -> Change {
    match (key.section, key.name) {
        (Section::Rank, "workers") => Change::Workers(Workers::of(value)),
        (Section::Generate, name) => {
            Change::Generate(GenerateChange::of(name, value).expect("an arm sets what can be swept"))
        }
        (Section::Allocate, "workload") => Change::Workload(value.word()),
        (Section::Allocate, "allocator") => Change::Allocator(value.word()),
        (Section::Slab, "batch") => Change::Batch(value.count_u32()),
        _ => unreachable!("{} can be swept, and no arm knows it", key.path()),
    }
}

/// Everything about arms that involves more than one key.
pub(super) fn check(values: &Values) -> Vec<Diagnostic> {
    let mut wrong = names(values);
    for (arm, table) in values.listed(Section::Arm).enumerate() {
        let before = wrong.len();
        wrong.extend(set_by(values, arm).filter_map(|set| without_effect(values, set)));
        // What has no effect says so by itself.
        if wrong.len() == before {
            wrong.extend(like_another(values, arm, values.header(table)));
        }
    }
    wrong
}

/// Names tell arms apart, and two of them are taken.
fn names(values: &Values) -> Vec<Diagnostic> {
    let named = |table| values.places(table, "name").first().map(|(name, place)| (name.name(), *place));
    let all: Vec<(String, Place)> = values.listed(Section::Arm).filter_map(named).collect();
    let taken = |index: usize| {
        let (name, place) = &all[index];
        if [Arm::BASE, Arm::BASE_AGAIN].contains(&name.as_str()) {
            let message = format!("no arm can be called {}", quoted(name));
            let what =
                "\"base\" is the job as it stands, \"base-again\" the same once more with aa = true in [run]";
            return Some(Diagnostic::new(*place, message, "").note(what));
        }
        let (_, first) = all[..index].iter().find(|(earlier, _)| earlier == name)?;
        let message = format!("two arms are called {}", quoted(name));
        Some(Diagnostic::new(*place, message, "again here").related(*first, "first here"))
    };
    (0..all.len()).filter_map(taken).collect()
}

/// An arm cannot set what the job sweeps, what the job has already, or what belongs to a workload that the job does not
/// run.
fn without_effect(values: &Values, (key, value, place): (&Key, &Value, Place)) -> Option<Diagnostic> {
    let path = key.path();
    let job = Table::single(key.section);
    let of_job = values.places(job, key.name);
    match of_job {
        [] => {
            let message = format!("an arm sets {path}, and the job has no {}", key.section.shown());
            Some(Diagnostic::new(place, message, format!("add {}", key.section.shown())))
        }
        [(same, first)] if same == value => {
            let message = format!("an arm sets {path} to what the job has already");
            let diagnostic = Diagnostic::new(place, message, "the same here");
            let diagnostic = match *first {
                Place::NOWHERE => diagnostic.note("it is the default"),
                first => diagnostic.related(first, "the job has it here"),
            };
            Some(diagnostic.note("for two arms that are the same: aa = true in [run]"))
        }
        [_] => None,
        [(_, first), .., (_, last)] => {
            let swept = Place { end: last.end, ..*first };
            let message = format!("an arm sets {path}, which the job sweeps");
            Some(Diagnostic::new(place, message, "remove one of them").related(swept, "swept here"))
        }
    }
}

/// Two arms that set the same are one.
fn like_another(values: &Values, arm: usize, header: Place) -> Option<Diagnostic> {
    let set = |arm: usize| set_by(values, arm).map(|(key, value, _)| (key.path(), value)).collect::<Vec<_>>();
    let mine = set(arm);
    if mine.is_empty() {
        let diagnostic = Diagnostic::new(header, "an arm that sets nothing is the job as it stands", "");
        return Some(diagnostic.accepted(settable_shown()));
    }
    let twin = (0..arm).find(|earlier| set(*earlier) == mine)?;
    let first = values.header(Table { section: Section::Arm, index: twin });
    let diagnostic = Diagnostic::new(header, "two arms set the same", "like the other");
    Some(diagnostic.related(first, "the other").note("for two arms that are the same: aa = true in [run]"))
}

/// The chunks of all arms, each with its place: a data set is made of whole chunks in every one.
pub(super) fn chunks(values: &Values) -> impl Iterator<Item = (Bytes, Place)> {
    let tables = (0..values.listed(Section::Arm).count()).map(|arm| Table::of_arm(Section::Generate, arm));
    tables.flat_map(|table| values.places(table, "chunk")).map(|(chunk, place)| (chunk.size(), *place))
}
