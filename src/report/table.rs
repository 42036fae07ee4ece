//! Text report, shown at the end of `run` and by `report`: the answer, the tables, and notes on this run.

use std::collections::BTreeSet;

use super::allocators::Allocators;
use super::compact::Seen;
use super::document::Detail;
use super::limits::Limits;
use super::sweep::{Group, groups, with_arms};
use super::terminal::Screen;
use super::text::plain;
use super::{answer, cells, compact, compare, detail, expected, notes};
use crate::record::run::{CaseResult, Run};
use crate::report::heat;
use crate::report::heat::Heat;

/// The report of a run for any output: 80 columns, no colour.
pub fn table(run: &Run, extent: Detail) -> String {
    table_on(Screen::PLAIN, run, extent)
}

/// The report of a run for a screen.
pub fn table_on(screen: Screen, run: &Run, extent: Detail) -> String {
    let measured = run;
    let run = &*with_arms(measured);
    let groups = groups(run);
    let allocators = Allocators::of(measured);
    let mut report = screen.lines(notes::headline(measured, extent));
    report += &screen.lines(answer::lines(measured, &groups, allocators.as_ref()));
    report.extend(allocators.iter().map(|allocators| contests(screen, allocators)));
    // Workloads without a sweep share one table.
    let (single, swept): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
        groups.iter().partition(|group| extent == Detail::Everything || group.axes().is_empty());
    let single: Vec<&CaseResult> = single.iter().flat_map(|group| group.cases.iter().copied()).collect();
    if !single.is_empty() {
        report += &format!("\n{}", detail::detail(&single, run.derived.clock_step_ns));
    }
    let covered = |group: &&Group<'_>| {
        allocators.as_ref().is_some_and(|allocators| allocators.cover(&group.cases, &group.axes()))
    };
    // With several workloads, the table of their arms has the rates.
    let compared = |group: &&Group<'_>| groups.len() > 1 && group.axes() == ["arm"];
    for group in swept.into_iter().filter(|group| !covered(group) && !compared(group)) {
        report += &sweep(screen, group, Seen::by(run));
    }
    if extent == Detail::Everything {
        for case in single {
            let Some(limits) = Limits::of(case, true) else { continue };
            report += &format!("\n{}{}", screen.prose(&limits.title()), screen.grid(&limits.grid()));
        }
    }
    for group in &groups {
        report += &heat_maps(screen, group, extent);
    }
    if let Some(arms) = compare::of_run(screen, measured, extent) {
        report += &format!("\n{arms}");
    }
    let notes = screen.lines(notes::notes(run, &groups, compare::notes_of_run(measured, extent), extent));
    if !notes.is_empty() {
        report += &format!("\n{notes}");
    }
    screen.painted(report)
}

/// The allocators beside each other, and the meaning of the cells.
fn contests(screen: Screen, allocators: &Allocators<'_>) -> String {
    format!("\n{}\n{}", screen.lines(allocators.meaning()), screen.grid(&allocators.grid(true)))
}

/// One table for each swept parameter, along the line through the fastest case.
fn sweep(screen: Screen, group: &Group<'_>, seen: Seen) -> String {
    let axes = group.axes();
    let mut text = format!("\n{}", screen.prose(&caption(group, &axes)));
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for axis in &axes {
        let line = group.along(axis);
        shown.extend(line.cases.iter().map(|case| case.id.as_str()));
        if !line.held.is_empty() {
            let held = format!("{}, at {}:", cells::parameter_name(axis), compact::list(line.held));
            text += &format!("\n{}", screen.prose(&held));
        }
        text += &screen.grid(&compact::rows(&[*axis], &line.cases, seen));
        if let Some(beside) = expected::rows(&[*axis], &line.cases) {
            text += &format!("\n{}", screen.grid(&beside));
            text += &screen.lines(expected::legend(&beside));
        }
    }
    let all = group.cases.len();
    let across = match axes[..] {
        [down, across] => compact::across(group, [down, across]),
        _ => None,
    };
    if let Some(grid) = across {
        text += &format!("\nrates of all {all} cases:\n{}", screen.grid(&grid));
    } else if shown.len() < all {
        let line = format!("{} of {all} cases are shown; numamark report -v shows all", shown.len());
        text += &format!("\n{}", screen.prose(&line));
    }
    text
}

/// `generate: 8 values of chunk; block 4MiB, kernel auto`
fn caption(group: &Group<'_>, axes: &[&str]) -> String {
    let counts = axes.iter().map(|axis| {
        let name = cells::parameter_name(axis);
        format!("{} values of {name}", group.values(axis).len())
    });
    let mut caption = format!(
        "{}: {} cases, {}",
        plain(group.workload),
        group.cases.len(),
        counts.collect::<Vec<_>>().join(", ")
    );
    let fixed = group.fixed();
    if !fixed.is_empty() {
        caption += &format!("; {}", compact::list(fixed));
    }
    if axes.len() > 1 {
        caption += "; each table goes through the fastest case";
    }
    caption
}

/// Heat map over all cases of a workload, or one map for each case.
fn heat_maps(screen: Screen, group: &Group<'_>, extent: Detail) -> String {
    let whole = [(group.workload, group.cases.clone())];
    let each = group.cases.iter().map(|case| (case.id.as_str(), vec![*case]));
    let maps: Vec<(&str, Vec<&CaseResult>)> = match extent {
        Detail::Summary => whole.to_vec(),
        Detail::Everything => each.collect(),
    };
    let mut text = String::new();
    for (name, cases) in maps {
        let Some(heat) = heat::of(&cases) else { continue };
        let title = format!("{}: {}", plain(name), heat.unit());
        text += &format!("\n{}{}\n", screen.prose(&title), Heat::legend());
        text += &heat.text(screen, extent == Detail::Everything);
        text += &screen.prose(&format!("slowest: {}", heat.slowest().join(", ")));
    }
    text
}
