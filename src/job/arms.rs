//! `[[arm]]`: what makes arms the same, or leaves one without effect.

use super::Arm;
use super::diagnostic::{Diagnostic, Place, quoted};
use super::entry::Table;
use super::key::{Key, Section};
use super::settable::settable_shown;
use super::value::{Field, Value};
use super::values::Values;
use crate::units::Bytes;

/// Everything about arms that involves more than one key.
pub(super) fn check(values: &Values) -> Vec<Diagnostic> {
    let mut wrong = names(values);
    for (arm, table) in values.listed(Section::Arm).enumerate() {
        let before = wrong.len();
        wrong.extend(values.set_by(arm).filter_map(|set| without_effect(values, set)));
        // What has no effect says so by itself.
        if wrong.len() == before {
            wrong.extend(like_another(values, arm, values.header(table)));
        }
    }
    wrong
}

/// Names tell arms apart, and two of them are taken.
fn names(values: &Values) -> Vec<Diagnostic> {
    let named = |table| values.of(table, "name").first().map(|(name, place)| (String::read(name), *place));
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
    let of_job = values.of(job, key.name);
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
    let set = |arm: usize| values.set_by(arm).map(|(key, value, _)| (key.path(), value)).collect::<Vec<_>>();
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
    tables.flat_map(|table| values.of(table, "chunk")).map(|(chunk, place)| (Bytes::read(chunk), *place))
}
