//! The allocators of a run beside each other: workloads down, allocators across, and which of them is fastest in what.

use std::collections::BTreeSet;

use super::cells;
use super::grid::{Column, Grid};
use super::text::{NOT_AVAILABLE, OperationUnit, parts, plain};
use crate::aggregate::allocators::{Contest, contender, contests, is_null};
use crate::record::run::{AllocatorBuild, CaseResult, Comparison, ConfidenceInterval, Run, Verdict};
use crate::units::{count, counted, three_digits};

/// Largest number of contests that have tables of their own beside the one of all.
const FEW: usize = 2;
/// Largest number of repetitions that is advised; beyond it, less noise helps more.
const REPETITIONS_MAX: u64 = 200;

/// All contests of a run; `None` unless a workload ran on two allocators.
pub(super) struct Allocators<'run> {
    run: &'run Run,
    contests: Vec<Contest<'run>>,
}

impl<'run> Allocators<'run> {
    /// The contests of this run.
    pub(super) fn of(run: &'run Run) -> Option<Allocators<'run>> {
        let contests = contests(&run.derived.cases);
        (!contests.is_empty()).then_some(Allocators { run, contests })
    }

    /// The comparison of a case with the fastest; `None` for the fastest.
    fn comparison(&self, contest: &Contest<'_>, case: &CaseResult) -> Option<&'run Comparison> {
        let contender = contender(case);
        let rows = self.run.derived.allocator_comparisons.iter();
        { rows }.find(|row| row.case == contest.name && row.candidate == contender)
    }

    /// One row per workload, one column per allocator; null, which is no allocator, comes last. With `airy`, an empty row
    /// between two rows.
    pub(super) fn grid(&self, airy: bool) -> Grid {
        let unit = self.unit();
        let mut contenders: Vec<(bool, String)> = Vec::new();
        for case in self.contests.iter().flat_map(|contest| &contest.cases) {
            let column = (is_null(case), contender(case));
            if !contenders.contains(&column) {
                contenders.push(column);
            }
        }
        contenders.sort_by_key(|(null, _)| *null);
        let mut rows: Vec<Option<&Contest<'_>>> = Vec::new();
        for contest in &self.contests {
            if airy && !rows.is_empty() {
                rows.push(None);
            }
            rows.push(Some(contest));
        }
        let mut grid = Grid::of_rows(rows.len());
        // A narrow column leaves room for seven allocators.
        let name = |row: &Option<&Contest<'_>>| {
            let Some(contest) = row else { return String::new() };
            let name = plain(&contest.name);
            if airy { narrow(&name) } else { name }
        };
        grid.push(Column::words("workload"), rows.iter().map(name));
        for (_, column) in &contenders {
            let cell = |row: &Option<&Contest<'_>>| {
                let Some(contest) = row else { return String::new() };
                let case = contest.cases.iter().find(|case| contender(case) == *column);
                case.map_or("-".to_owned(), |case| self.cell(contest, case, unit))
            };
            grid.push(Column::figures(plain(column), ""), rows.iter().map(cell));
        }
        grid
    }

    /// The ratio to the fastest, its confidence interval, and the rate.
    fn cell(&self, contest: &Contest<'_>, case: &CaseResult, unit: OperationUnit) -> String {
        let rate = cells::rate(case).and_then(|(_, metric)| metric.value);
        let rate = rate.map_or(NOT_AVAILABLE.to_owned(), |rate| unit.figure(rate));
        let (ratio, confidence) = match self.comparison(contest, case) {
            Some(row) => (row.ratio.map_or(NOT_AVAILABLE.to_owned(), hundredths), row.confidence.map(ends)),
            None if contest.fastest().is_some_and(|fastest| fastest.id == case.id) => {
                ("1.00".to_owned(), None)
            }
            None => (NOT_AVAILABLE.to_owned(), None),
        };
        format!("{ratio}\n{}\n{rate}", confidence.unwrap_or_else(|| "-".to_owned()))
    }

    fn unit(&self) -> OperationUnit {
        let cases = self.contests.iter().flat_map(|contest| &contest.cases);
        let rates = cases.filter_map(|case| cells::rate(case)?.1.value);
        OperationUnit::of(rates.fold(0.0, f64::max))
    }

    /// The winners, and the workloads without one.
    pub(super) fn answer(&self) -> Vec<String> {
        let mut lines = self.winners();
        lines.extend(self.open());
        lines
    }

    /// The meaning of the cells.
    pub(super) fn meaning(&self) -> Vec<String> {
        let mut lines = vec![self.legend()];
        if !self.contests.iter().flat_map(|contest| &contest.cases).any(|case| is_null(case)) {
            lines.push("null (no allocator) was not measured; add \"null\" to allocate.allocator to see the workload's own cost".to_owned());
        }
        lines
    }

    /// True for cases that differ in the allocator alone, as a contest, when there are so many contests that a table of
    /// each would hide the one of all.
    pub(super) fn cover(&self, cases: &[&CaseResult], axes: &[&str]) -> bool {
        let is_contest = |contest: &Contest<'_>| {
            contest.cases.len() == cases.len()
                && contest.cases.iter().zip(cases).all(|(ours, case)| ours.id == case.id)
        };
        self.contests.len() > FEW && axes == ["allocator"] && self.contests.iter().any(is_contest)
    }

    /// True when every one of these cases is a contestant.
    pub(super) fn has_all(&self, cases: &[&CaseResult]) -> bool {
        let is_one = |case: &&CaseResult| {
            self.contests.iter().flat_map(|contest| &contest.cases).any(|other| other.id == case.id)
        };
        cases.iter().all(is_one)
    }

    fn legend(&self) -> String {
        let levels = self.rows().filter_map(|row| Some(row.confidence?.level));
        let level = levels
            .reduce(f64::min)
            .map_or(String::new(), |level| format!(", its {} % interval", (level * 1000.0).floor() / 10.0));
        let null = "; null is no allocator: the most that the workload allows";
        let null = if self.contests.iter().any(|contest| contest.cases.iter().any(|case| is_null(case))) {
            null
        } else {
            ""
        };
        format!(
            "allocators: rate over that of the fastest in the row{level}, and the rate in {}{null}",
            self.unit().name()
        )
    }

    /// Comparisons of allocators, without those of null.
    fn rows(&self) -> impl Iterator<Item = &'run Comparison> {
        let nulls: BTreeSet<String> = { self.contests.iter() }
            .flat_map(|contest| contest.cases.iter().filter(|case| is_null(case)).map(|case| contender(case)))
            .collect();
        self.run.derived.allocator_comparisons.iter().filter(move |row| !nulls.contains(&row.candidate))
    }

    /// `fastest: snmalloc for larson, fifo; slab for burst`, then who is as fast.
    fn winners(&self) -> Vec<String> {
        let (mut sure, mut alike) = (Vec::new(), Vec::new());
        for contest in &self.contests {
            let Some(fastest) = contest.fastest() else { continue };
            let of_contest = || self.rows().filter(|row| row.case == contest.name);
            if of_contest().any(|row| row.verdict == Verdict::CannotTell) {
                continue;
            }
            add(&mut sure, contender(fastest), &contest.name);
            for row in of_contest().filter(|row| row.verdict == Verdict::NoDifference) {
                add(&mut alike, row.candidate.clone(), &contest.name);
            }
        }
        let tests = self.rows().filter(|row| row.p.is_some()).count();
        let mut lines = Vec::new();
        if !sure.is_empty() {
            lines.push(format!(
                "fastest: {} (Holm over {})",
                listed(&sure),
                counted(count(tests), "comparison")
            ));
        }
        if let (false, Some(row)) = (alike.is_empty(), self.rows().next()) {
            let within = three_digits_of_share(row.difference);
            lines.push(format!("as fast, within {within} %: {}", listed(&alike)));
        }
        lines
    }

    /// One line for each workload without a certain winner.
    fn open(&self) -> Vec<String> {
        let line = |contest: &Contest<'_>| {
            let open =
                self.rows().filter(|row| row.case == contest.name && row.verdict == Verdict::CannotTell);
            let open: Vec<&Comparison> = open.collect();
            let first = open.first()?;
            let others = self.rows().filter(|row| row.case == contest.name).count();
            let names: Vec<String> = open.iter().map(|row| plain(&row.candidate)).collect();
            let names =
                if names.len() == others && others > FEW { "any other".to_owned() } else { names.join(", ") };
            let needed = open.iter().filter_map(|row| row.replicates_needed).max();
            let more =
                needed.filter(|needed| *needed > u64::from(first.rounds) && *needed <= REPETITIONS_MAX);
            let more = more.map_or("; too noisy to tell".to_owned(), |needed| {
                format!("; use about {needed} repetitions, this run has {}", first.rounds)
            });
            let (contest, base) = (plain(&contest.name), plain(&first.base));
            Some(format!(
                "no winner in {contest}: {base} has the highest rate, and may be no faster than {names}{more}"
            ))
        };
        self.contests.iter().filter_map(line).collect()
    }

    /// Ratio, confidence interval and reason of a case, for other programs; `None` for a case of no contest.
    pub(super) fn figure(
        &self,
        case: &CaseResult,
    ) -> Option<(Option<f64>, Option<ConfidenceInterval>, Option<String>)> {
        let same = |contest: &&Contest<'_>| contest.cases.iter().any(|other| other.id == case.id);
        let contest = self.contests.iter().find(same)?;
        match self.comparison(contest, case) {
            Some(row) => Some((row.ratio, row.confidence, row.reason.clone())),
            None => {
                contest.fastest().filter(|fastest| fastest.id == case.id).map(|_| (Some(1.0), None, None))
            }
        }
    }
}

/// A warning for each allocator that was built without optimisation.
pub(super) fn unoptimised(builds: &[AllocatorBuild]) -> Vec<String> {
    let warning = |build: &AllocatorBuild| {
        let (Some(false), Some(own), Some(system)) =
            (build.optimised, build.larson_ns, build.system_larson_ns)
        else {
            return None;
        };
        let [own, system] = [own, system].map(three_digits);
        Some(format!(
            "WARNING: {} was built without optimisation ({own} ns per larson operation, the C library {system}): \
             ignore its figures",
            plain(&build.allocator)
        ))
    };
    builds.iter().filter_map(warning).collect()
}

/// Versions of the allocators, in one line.
pub(super) fn builds(builds: &[AllocatorBuild]) -> Option<String> {
    let versions: Vec<String> = builds
        .iter()
        .map(|build| format!("{} ({})", plain(&build.allocator), plain(short(&build.version))))
        .collect();
    let checked = builds.iter().filter(|build| build.optimised == Some(true)).count();
    let checked =
        if checked == 0 { "" } else { "; peers were found to be optimised; run.json has their builds" };
    (!versions.is_empty()).then(|| format!("allocators: {}{checked}", versions.join(", ")))
}

/// An id with a line for each parameter, `sizes 8B..128B`, and lines that end at hyphens.
fn narrow(id: &str) -> String {
    let lines = parts(id).into_iter().map(|part| part.trim_start_matches('.').replacen('=', " ", 1));
    lines.map(|line| line.replace('-', "-\n")).collect::<Vec<_>>().join("\n")
}

/// A version without a commit's long hash.
fn short(version: &str) -> &str {
    version.split_once("-0-g").map_or(version, |(version, _)| version)
}

/// Adds a workload to the list of an allocator.
fn add(list: &mut Vec<(String, Vec<String>)>, contender: String, workload: &str) {
    let workload = plain(workload);
    match list.iter_mut().find(|(known, _)| *known == contender) {
        Some((_, workloads)) => workloads.push(workload),
        None => list.push((contender, vec![workload])),
    }
}

fn listed(list: &[(String, Vec<String>)]) -> String {
    let entry = |(contender, workloads): &(String, Vec<String>)| {
        format!("{} for {}", plain(contender), workloads.join(", "))
    };
    list.iter().map(entry).collect::<Vec<_>>().join("; ")
}

fn three_digits_of_share(share: f64) -> String {
    format!("{}", share * 100.0)
}

/// `0.87`, `3.14`, `12.3`
fn hundredths(ratio: f64) -> String {
    if ratio < 9.995 { format!("{ratio:.2}") } else { three_digits(ratio) }
}

/// `.83-.87`: without the zero, so that a column has 8 characters.
fn ends(confidence: ConfidenceInterval) -> String {
    let [low, high] = [confidence.low, confidence.high].map(hundredths);
    let short = |end: String| end.strip_prefix('0').map_or(end.clone(), str::to_owned);
    format!("{}-{}", short(low), short(high))
}
