//! Text report of 80 columns, shown at the end of `run` and by `report`.

use std::collections::BTreeSet;

use super::allocators::Allocators;
use super::compact::Seen;
use super::document::Detail;
use super::limits::Limits;
use super::sweep::{Group, groups, with_arms};
use super::text::plain;
use super::{advice, cells, compact, compare, detail, expected, notes, terminal};
use crate::record::run::{CaseResult, Run};
use crate::report::heat;
use crate::report::heat::Heat;

/// The complete report of a run: headline, tables, and notes on the measurement.
pub fn table(run: &Run, extent: Detail) -> String {
    let measured = run;
    let run = &*with_arms(measured);
    let mut report: String = notes::headline(run).iter().map(|line| terminal::prose(line)).collect();
    let groups = groups(run);
    // The answer to the question of a job with many allocators stands first.
    let allocators = Allocators::of(measured);
    report.extend(allocators.iter().map(contests));
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
    let (covered, swept): (Vec<&Group<'_>>, Vec<&Group<'_>>) = swept.into_iter().partition(covered);
    for group in swept {
        report += &sweep(group, Seen::by(run));
    }
    if !covered.is_empty() {
        report += "\nrefills, and every case in full: numamark report -v\n";
    }
    if extent == Detail::Everything {
        report.extend(groups.iter().map(advised));
    }
    for case in single {
        let Some(limits) = Limits::of(case, extent == Detail::Everything) else { continue };
        report += &format!("\n{}{}", terminal::prose(&limits.title()), terminal::grid(&limits.grid()));
    }
    for group in &groups {
        report += &heat_maps(group, extent);
    }
    if let Some(arms) = compare::of_run(measured, extent) {
        report += &format!("\n{arms}");
    }
    report.push('\n');
    report.extend(notes::notes(run).iter().map(|line| terminal::prose(line)));
    report
}

/// The allocators beside each other: the winners, the table, and the meaning of its cells.
fn contests(allocators: &Allocators<'_>) -> String {
    let prose = |lines: Vec<String>| lines.iter().map(|line| terminal::prose(line)).collect::<String>();
    let (answer, meaning) = (prose(allocators.answer()), prose(allocators.meaning()));
    let gap = if answer.is_empty() { "" } else { "\n" };
    format!("{gap}{answer}\nallocators:\n{}{meaning}", terminal::grid(&allocators.grid(true)))
}

/// One table for each swept parameter, along the line through the fastest case.
fn sweep(group: &Group<'_>, seen: Seen) -> String {
    let axes = group.axes();
    let mut text = format!("\n{}", terminal::prose(&caption(group, &axes)));
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for axis in &axes {
        let line = group.along(axis);
        shown.extend(line.cases.iter().map(|case| case.id.as_str()));
        if !line.held.is_empty() {
            let held = format!("{}, at {}:", cells::parameter_name(axis), compact::list(line.held));
            text += &format!("\n{}", terminal::prose(&held));
        }
        text += &terminal::grid(&compact::rows(&[*axis], &line.cases, seen));
        if let Some(beside) = expected::rows(&[*axis], &line.cases) {
            text += &format!("\n{}", terminal::grid(&beside));
            text.extend(expected::legend(&beside).map(terminal::prose));
        }
    }
    text += &advised(group);
    let all = group.cases.len();
    let across = match axes[..] {
        [down, across] => compact::across(group, [down, across]),
        _ => None,
    };
    if let Some(grid) = across {
        text += &format!("\nrates of all {all} cases:\n{}", terminal::grid(&grid));
    } else if shown.len() < all {
        let line = format!("{} of {all} cases are shown; numamark report -v shows all", shown.len());
        text += &format!("\n{}", terminal::prose(&line));
    }
    text
}

/// Advice from a sweep of chunk sizes; empty when none was swept.
fn advised(group: &Group<'_>) -> String {
    let lines: String = advice::lines(group).iter().map(|line| terminal::prose(line)).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
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
fn heat_maps(group: &Group<'_>, extent: Detail) -> String {
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
        text += &format!("\n{}{}\n", terminal::prose(&title), Heat::legend());
        text += &heat.text(extent == Detail::Everything);
        text += &terminal::prose(&format!("slowest: {}", heat.slowest().join(", ")));
    }
    text
}
