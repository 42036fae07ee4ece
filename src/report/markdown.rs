//! The report as Markdown for an issue or a wiki: GitHub's tables, with one row per case.

use super::allocators::Allocators;
use super::compact::Seen;
use super::document::{escaped, grid};
use super::heat;
use super::limits::Limits;
use super::sweep::{Group, groups, with_arms};
use super::text::plain;
use super::{Detail, answer, compact, compare, expected, notes};
use crate::record::Run;

/// The whole report of a run.
pub fn markdown(run: &Run) -> String {
    let measured = run;
    let run = &*with_arms(measured);
    let mut text = format!("# {}\n", escaped(&plain(&run.header.name)));
    let groups = groups(run);
    let allocators = Allocators::of(measured);
    for line in
        [notes::headline(measured, Detail::Everything), answer::lines(measured, &groups, allocators.as_ref())]
            .concat()
    {
        text += &format!("\n{}\n", escaped(&line));
    }
    if let Some(allocators) = &allocators {
        text += &format!("\n## Allocators\n\n{}\n", grid(&allocators.grid(false)));
        text.extend(allocators.meaning().iter().map(|line| format!("- {}\n", escaped(line))));
    }
    for group in &groups {
        text += &workload(group, Seen::by(run));
    }
    if let Some(arms) = compare::markdown_of_run(measured) {
        text += &format!("\n{arms}");
    }
    text += "\n## How it was measured\n\n";
    for line in notes::notes(run, &groups, Vec::new(), Detail::Everything) {
        text += &format!("- {}\n", escaped(line.trim_start()));
    }
    text
}

fn workload(group: &Group<'_>, seen: Seen) -> String {
    let mut text = format!("\n## {}\n", escaped(&plain(group.workload)));
    let fixed = group.fixed();
    if !fixed.is_empty() {
        text += &format!("\n{}\n", escaped(&compact::list(fixed)));
    }
    text += &format!("\n{}", grid(&compact::rows(&group.axes(), &group.cases, seen)));
    if let Some(beside) = expected::rows(&group.axes(), &group.cases) {
        text += &format!("\n{}", grid(&beside));
        text.extend(expected::legend(&beside).map(|line| format!("\n{}\n", escaped(line))));
    }
    // For a sweep, the table above already has the share of every case.
    if let [case] = group.cases[..]
        && let Some(limits) = Limits::of(case, true)
    {
        text += &format!("\n{}\n\n{}", escaped(&limits.title()), grid(&limits.grid()));
    }
    if let Some(heat) = heat::of(&group.cases) {
        let legend = format!("{}; slowest: {}", heat.unit(), heat.slowest().join(", "));
        text += &format!("\n{}\n\n{}", escaped(&legend), grid(&heat.grid()));
    }
    text
}
