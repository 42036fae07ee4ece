//! `histograms.hlog`: every histogram of a run, for the tools of the HdrHistogram family.
//!
//! `CASE;HISTOGRAM` is one round, merged over all ranks; `CASE;HISTOGRAM;HOST` is one host, merged over all rounds.
//! Each of the two groups holds every value once. Strata stay separate, because they were sampled differently. Times
//! are those of rank 0.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::aggregate::evidence::{Evidence, Packed, Round};
use crate::error::Result;
use crate::measure::log;
use crate::measure::log::Interval;
use crate::record::durable::replace;
use crate::record::run::{Header, Run};

/// Writes the log of a run.
///
/// # Errors
/// When the file cannot be written, or the histograms by host and by round do not hold the same values.
pub(super) fn write(path: &Path, run: &Run, evidence: &Evidence) -> Result<()> {
    evidence.check_hosts()?;
    replace(path, |file| write_to(file, &run.header, evidence))
}

fn write_to(file: &mut File, header: &Header, evidence: &Evidence) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    let comment =
        format!("[numamark {}: {}, job {}]", env!("CARGO_PKG_VERSION"), header.name, header.job_hash);
    let lines = lines(evidence);
    log::write(&mut out, start_unix_ms(evidence), &comment, lines.iter().map(Line::interval))?;
    out.flush()
}

/// Derives every line again and compares it with the file. Returns the number of equal lines, and the differences.
pub(super) fn compare(path: &Path, evidence: &Evidence) -> (usize, Vec<String>) {
    let name = |why: String| format!("histograms.hlog: {why}");
    let read = fs::read(path).map_err(|why| format!("cannot be read: {why}"));
    let found = match read.and_then(|text| log::read(&text).map_err(|why| format!("is damaged: {why}"))) {
        Ok(found) => found,
        Err(why) => return (0, vec![name(why)]),
    };
    let mut differences = Vec::new();
    let start = start_unix_ms(evidence);
    if found.start_unix_ms != start {
        differences.push(name(format!("starts at {} ms, the parts at {start} ms", found.start_unix_ms)));
    }
    let derived = lines(evidence);
    if found.intervals.len() != derived.len() {
        differences.push(name(format!(
            "has {} lines, the parts give {}",
            found.intervals.len(),
            derived.len()
        )));
    }
    let mut equal = 0;
    for (found, derived) in found.intervals.iter().zip(derived.iter().map(Line::interval)) {
        match difference(found, &derived) {
            None => equal += 1,
            Some(why) => differences.push(name(format!("{} at {} ms: {why}", derived.tag, derived.start_ms))),
        }
    }
    (equal, differences)
}

fn difference(found: &Interval, derived: &Interval) -> Option<String> {
    if (&found.tag, found.start_ms, found.length_ms) != (&derived.tag, derived.start_ms, derived.length_ms) {
        let is = |line: &Interval| format!("{} at {} ms for {} ms", line.tag, line.start_ms, line.length_ms);
        return Some(format!("the log has {}, the parts give {}", is(found), is(derived)));
    }
    let count = |line: &Interval, index| {
        line.counters.binary_search_by_key(&index, |(index, _)| *index).map_or(0, |at| line.counters[at].1)
    };
    let indices = found.counters.iter().chain(&derived.counters).map(|(index, _)| *index);
    let index = indices.filter(|index| count(found, *index) != count(derived, *index)).min()?;
    let (has, gives) = (count(found, index), count(derived, index));
    Some(format!("counter {index} is {has}, the parts give {gives}"))
}

/// One line of the log, with the packed counters of the evidence.
struct Line<'a> {
    tag: String,
    start_ms: u64,
    length_ms: u64,
    counters: &'a Packed,
}

impl Line<'_> {
    fn interval(&self) -> Interval {
        let (tag, counters) = (self.tag.clone(), self.counters.iter().collect());
        Interval { tag, start_ms: self.start_ms, length_ms: self.length_ms, counters }
    }
}

/// Returns every line, sorted by its start.
fn lines(evidence: &Evidence) -> Vec<Line<'_>> {
    let start = start_unix_ms(evidence);
    let mut lines = Vec::new();
    for case in evidence.cases() {
        for (_, round) in evidence.rounds(case) {
            let (start_ms, length_ms) = (began_unix_ms(round) - start, length_ms(round));
            lines.extend(timed(&round.counters).map(|(name, counters)| Line {
                tag: tag(&[case, name]),
                start_ms,
                length_ms,
                counters,
            }));
        }
        let (first, last) = span_ms(evidence, case);
        for (host, histograms) in evidence.hosts(case) {
            lines.extend(timed(histograms).map(|(name, counters)| Line {
                tag: tag(&[case, name, host]),
                start_ms: first - start,
                length_ms: last - first,
                counters,
            }));
        }
    }
    // Readers that filter by time expect this order.
    lines.sort_by(|a, b| (a.start_ms, &a.tag).cmp(&(b.start_ms, &b.tag)));
    lines
}

fn timed(histograms: &BTreeMap<String, Packed>) -> impl Iterator<Item = (&str, &Packed)> {
    let all = histograms.iter().map(|(name, counters)| (name.as_str(), counters));
    all.filter(|(_, counters)| counters.iter().next().is_some())
}

/// Joins the parts of a tag. Characters that would end a tag or a part become underscores.
fn tag(parts: &[&str]) -> String {
    let plain = |part: &&str| part.replace(|c: char| c.is_whitespace() || ",;".contains(c), "_");
    parts.iter().map(plain).collect::<Vec<_>>().join(";")
}

/// Start of rank 0's first repetition.
fn start_unix_ms(evidence: &Evidence) -> u64 {
    let rounds = evidence.cases().flat_map(|case| evidence.rounds(case));
    rounds.map(|(_, round)| began_unix_ms(round)).min().unwrap_or(0)
}

/// Start of a case's first repetition and end of its last, on rank 0.
fn span_ms(evidence: &Evidence, case: &str) -> (u64, u64) {
    let rounds = evidence.rounds(case).map(|(_, round)| round);
    let spans =
        rounds.map(|round| (began_unix_ms(round), began_unix_ms(round).saturating_add(length_ms(round))));
    spans.reduce(|(a, b), (first, last)| (a.min(first), b.max(last))).unwrap_or((0, 0))
}

fn began_unix_ms(round: &Round) -> u64 {
    round.rows[0].repetition.began_unix_ms
}

fn length_ms(round: &Round) -> u64 {
    round.rows[0].repetition.elapsed_ns.div_ceil(1_000_000)
}
