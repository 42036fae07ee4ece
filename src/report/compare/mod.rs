//! A comparison of arms or runs, as text of 80 columns and as Markdown.

mod figures;
mod lines;
mod rows;

use super::document::{self, Detail, escaped};
use super::grid::Grid;
use super::terminal::Screen;
use crate::compare::Compared;
use crate::record::run::{Comparison, Run};

/// Largest number of tables shown one by one; beyond it, one table shows all rates.
const TABLES: usize = 3;
/// The same below the tables of a run.
const TABLES_OF_RUN: usize = 1;
/// Largest number of certain differences beside the rates in a summary.
const CERTAIN: usize = 4;

/// The whole comparison as text for any output.
pub fn compared(compared: &Compared, extent: Detail) -> String {
    compared_on(Screen::PLAIN, compared, extent)
}

/// The whole comparison as text for a screen.
pub fn compared_on(screen: Screen, compared: &Compared, extent: Detail) -> String {
    let mut text = screen.lines(lines::forced(compared));
    text += &screen.lines(lines::headline(compared));
    text += &tables_on(screen, &tables(compared, extent, TABLES));
    text.push('\n');
    text += &screen.lines(lines::notes(compared, extent));
    screen.painted(text + &screen.lines(lines::forced(compared)))
}

fn tables_on(screen: Screen, tables: &[(String, Grid)]) -> String {
    { tables.iter() }
        .map(|(caption, grid)| format!("\n{}{}", screen.prose(caption), screen.grid(grid)))
        .collect()
}

/// The comparison as Markdown for an issue or a wiki, with every table.
pub fn compared_markdown(compared: &Compared) -> String {
    let line_escaped = |line: &String| escaped(line.trim_start());
    let mut text = format!("# {}\n", escaped(&super::text::plain(&compared.name)));
    for line in lines::forced(compared).iter().chain(&lines::headline(compared)) {
        text += &format!("\n{}\n", line_escaped(line));
    }
    for (caption, grid) in tables(compared, Detail::Everything, TABLES) {
        text += &format!("\n{}\n\n{}", escaped(&caption), document::grid(&grid));
    }
    text += "\n## How to read it\n\n";
    for line in lines::notes(compared, Detail::Everything).iter().chain(&lines::forced(compared)) {
        text += &format!("- {}\n", line_escaped(line));
    }
    text
}

/// Comparison of a run's arms for its report; `None` for a run without arms.
pub(super) fn of_run(screen: Screen, run: &Run, extent: Detail) -> Option<String> {
    let of_it = Compared::of_run(run);
    let text = || {
        let headline = screen.lines(lines::headline(&of_it));
        headline + &tables_on(screen, &tables(&of_it, extent, TABLES_OF_RUN))
    };
    (!of_it.comparisons.is_empty()).then(text)
}

/// Notes on the comparison of a run's arms.
pub(super) fn notes_of_run(run: &Run, extent: Detail) -> Vec<String> {
    let of_it = Compared::of_run(run);
    if of_it.comparisons.is_empty() { Vec::new() } else { lines::notes(&of_it, extent) }
}

/// What each arm of a run gained in a workload: `batch-256 +15 % (+4.3 to +24), faster`.
pub(super) fn arm_sentences(run: &Run, workload: &str) -> Vec<String> {
    lines::arms(&Compared::of_run(run), workload)
}

/// The same as Markdown.
pub(super) fn markdown_of_run(run: &Run) -> Option<String> {
    let of_it = Compared::of_run(run);
    (!of_it.comparisons.is_empty()).then(|| compared_markdown(&of_it).replacen("# ", "## Arms of ", 1))
}

/// Every table with its caption; those of single cases when there are at most `one_by_one`.
fn tables(compared: &Compared, extent: Detail, one_by_one: usize) -> Vec<(String, Grid)> {
    let all = extent == Detail::Everything;
    let groups: Vec<&[Comparison]> = compared
        .comparisons
        .chunk_by(|a, b| (&a.case, &a.candidate) == (&b.case, &b.candidate))
        // The notes have the reason for a case without any pair.
        .filter(|rows| all || (!rows[0].same && rows.iter().any(|row| row.ratio.is_some())))
        .collect();
    if all || groups.len() <= one_by_one {
        let of_group = |rows: &[Comparison]| {
            let tests = if all { rows::tests(rows) } else { None };
            let below = tests.map(|grid| ("how likely by chance".to_owned(), grid));
            std::iter::once((lines::caption(rows), rows::figures(rows, all))).chain(below).collect::<Vec<_>>()
        };
        return groups.into_iter().flat_map(of_group).collect();
    }
    let mut shown: Vec<&Comparison> = groups.iter().map(|rows| &rows[0]).collect();
    let mut others: Vec<&Comparison> =
        groups.iter().flat_map(|rows| &rows[1..]).filter(|row| figures::is_certain(row)).collect();
    let hidden = others.len().saturating_sub(CERTAIN);
    others.truncate(CERTAIN);
    let more = if hidden > 0 { format!("; -v has {hidden} more") } else { String::new() };
    let caption = match others.is_empty() {
        true => "rates".to_owned(),
        false => format!("rates, and other certain differences{more}"),
    };
    // One table, so that the header of a second does not push the first off the screen.
    shown.extend(others);
    vec![(caption, rows::cases(&shown))]
}
