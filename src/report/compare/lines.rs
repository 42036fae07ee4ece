//! Sentences around the tables of a comparison: its subject, and the scope and limits of its figures.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::Compared;
use crate::compare::{BoundResult, Change, Projection, RunRecord};
use crate::record::run::Outcome;
use crate::record::run::{Comparison, Replicated, Scope, Verdict};
use crate::report::Detail;
use crate::report::cells;
use crate::report::compare::figures;
use crate::report::compare::figures::round_share;
use crate::report::text::{percent, plain};
use crate::report::{gates, text, trust};
use crate::units::counted;

/// Smallest gain without refills that a summary mentions.
const LEAST_PROJECTED: f64 = 0.001;

/// Warning for a forced comparison, shown above and below the tables.
pub(super) fn forced(compared: &Compared) -> Vec<String> {
    if !compared.forced {
        return Vec::new();
    }
    let mut lines = vec!["FORCED: these cannot be compared; believe no verdict here".to_owned()];
    let why = |refusal: &crate::compare::Refusal| {
        let [what, base, other, why] =
            [&refusal.what, &refusal.base, &refusal.other, &refusal.why].map(|text| plain(text));
        format!("  {what}: {base} here, {other} there: {why}")
    };
    lines.extend(limited(compared.refused.iter().map(why).collect()));
    lines
}

/// Description of A and B, below a warning for each run that cannot be trusted.
pub(super) fn headline(compared: &Compared) -> Vec<String> {
    let mut lines = limited(compared.untrusted.iter().map(trust::of_compared).collect());
    lines.extend(sides(compared));
    lines
}

fn sides(compared: &Compared) -> Vec<String> {
    let name = plain(&compared.name);
    let candidates: BTreeSet<&str> =
        compared.comparisons.iter().filter(|row| !row.same).map(|row| row.candidate.as_str()).collect();
    let mut lines = Vec::new();
    match compared.candidate.as_slice() {
        [] => {
            let first = compared.comparisons.first();
            let (rounds, hosts) =
                first.map_or((0, 0), |row| (row.rounds, compared.base[0].hosts.len() as u64));
            let of = match compared.base[0].directory.as_str() {
                "" => "this run".to_owned(),
                directory => plain(directory),
            };
            lines.push(format!(
                "{name}: the arms of {of}, in turns (A B B A), {} on {}",
                counted(u64::from(rounds), "round"),
                counted(hosts, "host")
            ));
            let arm = |candidate: &&str| match changes_of(compared, candidate) {
                changes if changes.is_empty() => format!("{} (changes nothing here)", plain(candidate)),
                changes => format!("{} ({changes})", plain(candidate)),
            };
            let arms = candidates.iter().map(arm).collect::<Vec<_>>().join("; ");
            let arms = if arms.is_empty() { arms } else { format!("; B: {arms}") };
            lines.push(format!("A: base, the job as it stands{arms}"));
        }
        runs => {
            lines.push(format!(
                "{name}: {} per side, paired in the order given",
                counted(runs.len() as u64, "run")
            ));
            lines.push(format!("A: {}", directories(&compared.base)));
            lines.push(format!("B: {}", directories(runs)));
        }
    }
    if !compared.candidate.is_empty() {
        lines.extend(candidates.iter().map(|candidate| match changes_of(compared, candidate) {
            changes if changes.is_empty() => "changed: nothing that was recorded".to_owned(),
            changes => format!("changed: {changes}"),
        }));
    }
    lines
}

/// `batch 64 -> 128`: each change once, even if several cases have it.
fn changes_of(compared: &Compared, arm: &str) -> String {
    let mut seen: Vec<String> = Vec::new();
    for Change { what, base, candidate, .. } in compared.changes.iter().filter(|change| change.arm == arm) {
        let what = cells::parameter_name(what);
        let line = format!("{what} {} -> {}", plain(base), plain(candidate));
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    seen.join(", ")
}

fn directories(runs: &[RunRecord]) -> String {
    match runs {
        [] => String::new(),
        [one] => format!("{}, {}", plain(&one.directory), plain(&one.started)),
        [first, .., last] => format!("{} .. {}", plain(&first.directory), plain(&last.directory)),
    }
}

/// Caption of the table of one case and arm.
pub(super) fn caption(rows: &[Comparison]) -> String {
    let first = &rows[0];
    let p = match (first.p_adjusted, first.p_signed_rank) {
        (Some(adjusted), Some(ranks)) => {
            let [adjusted, ranks] = [adjusted, ranks].map(super::rows::probability);
            format!("; rate p {adjusted} (Holm), {ranks} (signed rank)")
        }
        _ => String::new(),
    };
    format!("{}: {} (B) against {} (A){p}", plain(&first.case), plain(&first.candidate), plain(&first.base))
}

/// Sentences on the arms' rates in one workload, the base first.
pub(super) fn arms(compared: &Compared, workload: &str) -> Vec<String> {
    let rates: Vec<&Comparison> = { compared.comparisons.iter() }
        .filter(|row| row.workload == workload && !row.same && figures::name(row) == "rate")
        .collect();
    let Some(first) = rates.first() else { return Vec::new() };
    let cases: BTreeSet<&str> = rates.iter().map(|row| row.case.as_str()).collect();
    let one_case = cases.len() == 1;
    let base = one_case.then(|| {
        let unit = figures::figure(first);
        format!(
            "{} {} {}",
            plain(&first.base),
            figures::value(first, first.base_value),
            unit.trim_start_matches("rate ")
        )
    });
    // With several workloads a table has the intervals.
    let only = compared.comparisons.iter().all(|row| row.workload == workload);
    let arm = |row: &&Comparison| {
        let case = if one_case { String::new() } else { format!(" in {}", plain(&row.case)) };
        let ends =
            if only { format!(" ({})", figures::confidence_interval(row.confidence)) } else { String::new() };
        let (name, change) = (plain(&row.candidate), figures::change(row.ratio));
        format!("{name}{case} {change} %{ends}, {}", figures::verdict(row))
    };
    base.into_iter().chain(limited(rates.iter().map(arm).collect())).collect()
}

/// Limits of the figures; with everything, their meaning as well.
pub(super) fn notes(compared: &Compared, extent: Detail) -> Vec<String> {
    let rows = &compared.comparisons;
    let tells = |projection: &&Projection| {
        // Where refills take next to no time, this says nothing about the arm.
        extent == Detail::Everything || projection.exceeds || projection.projected.abs() >= LEAST_PROJECTED
    };
    let mut lines: Vec<String> = compared.projections.iter().filter(tells).map(projection).collect();
    lines.extend(floors(rows, extent));
    lines.extend(compared.bounds.iter().map(bound));
    if extent == Detail::Everything {
        lines.extend(how(compared));
    }
    lines.extend(unknown(rows, extent));
    lines.extend(shown_by(compared));
    lines.extend(limited(
        compared.alone.iter().map(|case| format!("not compared: {}", plain(case))).collect(),
    ));
    lines.extend(compared.doubts.iter().map(|doubt| format!("doubt: {}", plain(doubt))));
    lines
}

fn projection(projection: &Projection) -> String {
    let [projected, measured] =
        [projection.projected, projection.measured].map(|gain| figures::signed(gain * 100.0));
    let confidence = projection.confidence.map_or(String::new(), |confidence| {
        let [low, high] = [confidence.low, confidence.high].map(|gain| figures::signed(gain * 100.0));
        format!(" ({low} to {high})")
    });
    let more = if projection.exceeds { "; that is more: something else changed, too" } else { "" };
    format!(
        "{}, {}: refills take {} of A's worker time; without them {projected} %, measured {measured} %{confidence}{more}",
        plain(&projection.case),
        plain(&projection.candidate),
        percent(projection.refill_share),
    )
}

/// A/A floor of the rates: the difference between two equal arms. A summary has the largest.
fn floors(rows: &[Comparison], extent: Detail) -> Vec<String> {
    let mut same: Vec<&Comparison> =
        rows.iter().filter(|row| row.same && figures::name(row) == "rate").collect();
    let count = same.len();
    if extent == Detail::Summary && count > 1 {
        // A verdict has to exceed the floor of its own case; the largest tells how quiet the machine was.
        let size = |row: &Comparison| row.ratio.map_or(0.0, |ratio| (ratio - 1.0).abs());
        same.sort_by(|a, b| size(b).total_cmp(&size(a)));
        same.truncate(1);
    }
    let of = if same.len() < count {
        format!(", the most of {}", counted(count as u64, "case"))
    } else {
        String::new()
    };
    let line = |row: &Comparison| {
        let (change, confidence) = (figures::change(row.ratio), figures::confidence_interval(row.confidence));
        let stable = row.verdict == Verdict::NoDifference;
        let difference = round_share(row.difference);
        let seen = match (stable, row.replicates_needed) {
            (true, _) => format!("{difference} can be seen"),
            (false, None) => format!("{difference} cannot be seen"),
            (false, Some(needed)) => {
                let needed = counted(two_digits(needed), replicate(row.replicated));
                format!("{difference} cannot be seen; about {needed} could")
            }
        };
        format!("{}: the same arm twice differs by {change} % ({confidence}){of}: {seen}", plain(&row.case))
    };
    limited(same.into_iter().map(line).collect())
}

/// A number of replicates, which is an estimate, with two digits.
fn two_digits(count: u64) -> u64 {
    let mut scale = 1;
    while count / scale >= 100 {
        scale *= 10;
    }
    count.div_ceil(scale) * scale
}

/// `PASS generate, candidate: rate +0.3 % (-0.2 to +0.8), wanted at least -5 %`
fn bound(result: &BoundResult) -> String {
    let word = gates::word(result.outcome);
    let change = result.ratio.map_or("has no value".to_owned(), |ratio| {
        format!("{} % ({})", figures::change(Some(ratio)), figures::confidence_interval(result.confidence))
    });
    let bound = format!("wanted at least -{}", round_share(result.bound));
    let why = match result.outcome {
        Outcome::Pass => "",
        Outcome::Warn => "; a worse change cannot be excluded",
        Outcome::Fail => "; the whole interval is worse",
    };
    format!("{word} {}, {}: rate {change}, {bound}{why}", plain(&result.case), plain(&result.candidate))
}

fn how(compared: &Compared) -> Vec<String> {
    let rows = &compared.comparisons;
    let Some(first) = rows.first() else { return Vec::new() };
    let judged: Vec<&Comparison> = rows.iter().filter(|row| !row.same).collect();
    if judged.is_empty() {
        let rates: Vec<&Comparison> = rows.iter().filter(|row| figures::name(row) == "rate").collect();
        return vec![format!("{}, paired by host, node and round", confidence_intervals(&rates))];
    }
    let values = match compared.candidate.len() {
        0 | 1 => "paired by host, node and round",
        _ => "medians over the rounds of a run, paired by run, host and node",
    };
    let tests = judged.iter().filter(|row| row.p_adjusted.is_some()).count() as u64;
    let difference = round_share(compared.difference);
    let repeated = figures::needed(first);
    vec![
        format!(
            "A, B: medians of the values of a rank (p99: of all ranks); change: centre of the ratios B / A, {values}"
        ),
        confidence_intervals(&judged),
        format!(
            "verdict: with Holm's correction over {}; no difference: none above {difference}; \
             finds: the smallest change that 4 of 5 such comparisons see; needs: estimated {repeated} to see {difference}",
            counted(tests, "figure")
        ),
    ]
}

/// Scope of the confidence intervals, by level and scope.
fn confidence_intervals(rows: &[&Comparison]) -> String {
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        if let (Some(confidence), Some(scope)) = (row.confidence, row.scope) {
            // Rounded down: a level rounded up would overstate the confidence.
            let level = (confidence.level * 1000.0).floor() / 10.0;
            let kind = kinds.entry(format!("{level} %, of {}", figures::scope(scope))).or_default();
            kind.insert(figures::name(row));
        }
    }
    let only = kinds.len() == 1;
    let kind = |(kind, names): (&String, &BTreeSet<String>)| match only {
        true => kind.clone(),
        false => format!("{kind} ({})", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    match kinds.is_empty() {
        true => "interval: one repetition has none".to_owned(),
        false => format!("interval: {}", kinds.iter().map(kind).collect::<Vec<_>>().join("; ")),
    }
}

/// Reasons for undecided verdicts, each once; a summary has those on rates.
fn unknown(rows: &[Comparison], extent: Detail) -> Vec<String> {
    let mut reasons: BTreeMap<&str, (BTreeSet<String>, Option<u64>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.verdict == Verdict::CannotTell && !row.same) {
        let told = extent == Detail::Everything || figures::name(row) == "rate";
        let Some(reason) = row.reason.as_ref().filter(|_| told) else { continue };
        let (names, needed) = reasons.entry(reason).or_default();
        names.insert(figures::name(row));
        if row.scope == Some(Scope::TheseProcesses) {
            *needed = row.replicates_needed.max(*needed);
        }
    }
    let line = |(reason, (names, needed)): (&&str, &(BTreeSet<String>, Option<u64>))| {
        let names = names.iter().cloned().collect::<Vec<_>>().join(", ");
        let needed = needed
            .map_or(String::new(), |needed| format!("; {needed} runs per side, in turns (A B B A), could"));
        format!("cannot tell ({names}): {}{needed}", plain(reason))
    };
    limited(reasons.iter().map(line).collect())
}

/// Extent of the evidence behind the verdicts: workloads and cases.
fn shown_by(compared: &Compared) -> Vec<String> {
    let rates: Vec<&Comparison> =
        compared.comparisons.iter().filter(|row| !row.same && figures::name(row) == "rate").collect();
    let workloads: BTreeSet<&str> = rates.iter().map(|row| row.workload.as_str()).collect();
    let cases: BTreeSet<&str> = rates.iter().map(|row| row.case.as_str()).collect();
    let said = |verdict: Verdict| rates.iter().any(|row| row.verdict == verdict);
    let mixed = said(Verdict::Faster) && said(Verdict::Slower);
    let names = workloads.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ");
    let cases = counted(cases.len() as u64, "case");
    let line = match workloads.len() {
        0 => return Vec::new(),
        1 => format!("shown by: one workload, {names} ({cases}); others may differ"),
        count => format!("shown by: {count} workloads ({names}), {cases}; others may differ"),
    };
    let verdicts = mixed.then(|| "the verdicts differ: faster in one case, slower in another".to_owned());
    verdicts.into_iter().chain([line]).collect()
}

fn replicate(replicated: Replicated) -> &'static str {
    match replicated {
        Replicated::Round => "round",
        Replicated::Host => "host",
        Replicated::Run => "run",
    }
}

fn limited(lines: Vec<String>) -> Vec<String> {
    text::limited(lines, "--format json")
}
