//! The report as Markdown for an issue or a wiki: GitHub's tables, with one row a case.

use super::allocators::Allocators;
use super::compact::Seen;
use super::document::{escaped, grid};
use super::heat;
use super::limits::Limits;
use super::sweep::{Group, groups, with_arms};
use super::text::plain;
use super::{advice, compact, compare, expected, notes};
use crate::record::Run;

/// The whole report of a run.
pub fn markdown(run: &Run) -> String {
    let measured = run;
    let run = &*with_arms(measured);
    let mut text = format!("# {}\n", escaped(&plain(&run.header.name)));
    for line in notes::headline(run) {
        text += &format!("\n{}\n", escaped(&line));
    }
    if let Some(allocators) = Allocators::of(measured) {
        text += &format!("\n## Allocators\n\n{}\n", grid(&allocators.grid(false)));
        let lines = [allocators.answer(), allocators.meaning()].concat();
        text.extend(lines.iter().map(|line| format!("- {}\n", escaped(line))));
    }
    for group in groups(run) {
        text += &workload(&group, Seen::by(run));
    }
    if let Some(arms) = compare::markdown_of_run(measured) {
        text += &format!("\n{arms}");
    }
    text += "\n## How it was measured\n\n";
    for line in notes::notes(run) {
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
    for (index, line) in advice::lines(group).iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        text += &format!("{gap}- {}\n", escaped(line));
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
