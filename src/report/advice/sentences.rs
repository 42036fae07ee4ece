//! A judgement as text: the size to take and the reason, the three limits, then the open questions.

use super::reading::{ALIKE, Point, RatioToFastest, Standing, Sweep, SweepResult};
use crate::report::text::percent;
use crate::units::{Bytes, human_bytes, human_duration, three_digits};

/// Largest number of repetitions that is advised; beyond it, less noise helps more.
const REPETITIONS_MAX: u64 = 200;

/// The advice, one sentence per line.
pub(super) fn lines(sweep: &Sweep, reading: &SweepResult) -> Vec<String> {
    let about = About { sweep, reading };
    let mut lines = vec![about.advice(), about.parallelism(), about.cache(), about.memory()];
    lines.extend(about.open());
    lines
}

struct About<'a> {
    sweep: &'a Sweep,
    reading: &'a SweepResult,
}

impl About<'_> {
    fn points(&self) -> &[Point] {
        &self.sweep.points
    }

    /// `16MiB`
    fn size(&self, index: usize) -> String {
        Bytes(self.points()[index].chunk_bytes).to_string()
    }

    /// `working set 32.0 MiB, 1.00 x L3`
    fn working_set(&self, index: usize) -> String {
        let point = &self.points()[index];
        let of_l3 = point.l3_bytes.map(|l3| point.working_set_bytes as f64 / l3 as f64);
        let of_l3 = of_l3.map_or(String::new(), |times| format!(", {} x L3", three_digits(times)));
        format!("working set {}{of_l3}", human_bytes(point.working_set_bytes))
    }

    fn advice(&self) -> String {
        let fastest = self.size(self.reading.fastest);
        let near = percent_of(ALIKE);
        let Some(chosen) = self.reading.recommended else {
            let ends =
                [self.reading.plateau.start, self.reading.plateau.end - 1].map(|index| self.size(index));
            return format!(
                "advice: none; {fastest} is the fastest, but this run cannot tell it from the others between {} and {}",
                ends[0], ends[1]
            );
        };
        let (size, whole) = (self.size(chosen), self.points().len());
        let alike = |standing: &&Standing| matches!(standing, Standing::Fastest | Standing::Alike);
        let good = self.reading.standings.iter().filter(alike).count();
        let why = match (good == whole, chosen == self.reading.fastest) {
            (true, _) => {
                format!(
                    "every chunk of this sweep is within {near} of the fastest, and this one takes the least memory"
                )
            }
            (false, true) => format!("it is the fastest, and no smaller one is surely within {near} of it"),
            (false, false) => {
                format!(
                    "within {near} of the fastest ({fastest}), and the smallest that is: it takes the least cache"
                )
            }
        };
        let place = match self.points()[chosen].fits() {
            Some(true) => "; it stays in the L3",
            Some(false) => "; it does not fit the L3",
            None => "",
        };
        format!(
            "advice: generate.chunk = \"{size}\" on this machine: {why} ({}{place})",
            self.working_set(chosen)
        )
    }

    /// Sentence about the size at which chunks become too short for their workers.
    fn parallelism(&self) -> String {
        let Some(short) = self.reading.too_short else {
            let smallest = self.points()[0].chunk_bytes;
            let further = [smallest / 4, smallest / 2].map(|bytes| Bytes(bytes).to_string()).join(",");
            return match smallest / 4 >= 4 << 10 {
                true => format!(
                    "parallelism: no chunk is surely too short for its workers; try --sweep generate.chunk={further}"
                ),
                false => "parallelism: no chunk is surely too short for its workers".to_owned(),
            };
        };
        let point = &self.points()[short];
        let slower = self.slower(short);
        if point.busy_workers < point.workers {
            return format!(
                "parallelism: {} has a block for only {} of {} workers: {slower}",
                self.size(short),
                point.busy_workers,
                point.workers
            );
        }
        let fastest = &self.points()[self.reading.fastest];
        let bytes = point.chunk_bytes as f64 * self.sweep.ranks;
        let (took, wanted) = (bytes / point.rate * 1e9, bytes / fastest.rate * 1e9);
        let barrier = match point.workers {
            1 => "between chunks".to_owned(),
            workers => format!("between chunks, where {workers} workers wait for each other"),
        };
        format!(
            "parallelism: {} is too short: {slower}; {} of the {} per chunk pass {barrier}",
            self.size(short),
            human_duration(took - wanted),
            human_duration(took),
        )
    }

    /// Sentence about the size at which the chunks in flight leave the cache.
    fn cache(&self) -> String {
        let last = self.reading.last;
        let largest = self.points().len() - 1;
        let Some(beyond) = self.reading.too_large else {
            let larger = &self.reading.standings[self.reading.fastest..];
            let larger_are_open = larger.contains(&Standing::Unknown);
            let why = match self.points()[largest].fits() {
                Some(true) => "even the largest working set fits the L3",
                Some(false) if larger_are_open => "no certain drop where data leaves the L3",
                Some(false) => "no drop where data leaves the L3",
                _ => "no larger chunk is surely slower",
            };
            return format!("cache: {why}");
        };
        let why = match (self.points()[last].fits(), self.points()[beyond].fits()) {
            (Some(true), Some(false)) => "; in between, the chunks in flight outgrow the L3",
            (Some(false), Some(false)) => "; both exceed the L3, which still holds a part of the chunks",
            (Some(true), Some(true)) => "; both fit the L3, so other data is in it",
            _ => "",
        };
        format!(
            "cache: the edge lies between {} ({}) and {} ({}): {}{why}",
            self.size(last),
            self.working_set(last),
            self.size(beyond),
            self.working_set(beyond),
            self.slower(beyond),
        )
    }

    /// Sentence about the size from which on memory is the limit.
    fn memory(&self) -> String {
        let points = self.points();
        let largest = points.len() - 1;
        if let Some(from) = self.reading.memory_from {
            let shares = points[from..].iter().filter_map(|point| point.limit_share);
            let (low, high) = shares.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), share| {
                (low.min(share), high.max(share))
            });
            let [low, high] = [low, high].map(|share| three_digits(share * 100.0));
            let shares = if low == high { low } else { format!("{low} to {high}") };
            return format!("memory: the limit from {} on, at {shares} % of plain stores", self.size(from));
        }
        match points[largest].limit_share {
            None => "memory: its limit was not measured; set run.limit = \"100ms\"".to_owned(),
            Some(share) if points[largest].fits() == Some(true) => format!(
                "memory: not reached: every chunk fits the L3, where {} reaches {} of plain stores",
                self.size(largest),
                percent(share)
            ),
            Some(share) => format!(
                "memory: not the limit, the workers are: {} reaches {} of plain stores",
                self.size(largest),
                percent(share)
            ),
        }
    }

    /// Sentence about the sizes that this run leaves open.
    fn open(&self) -> Option<String> {
        let unknown = |index: &usize| self.reading.standings[*index] == Standing::Unknown;
        let sizes: Vec<String> =
            (0..self.points().len()).filter(unknown).map(|index| self.size(index)).collect();
        let done = self.points()[self.reading.fastest].rates.len();
        let within_reach = |needed: &u64| *needed > done as u64 && *needed <= REPETITIONS_MAX;
        let more = self
            .reading
            .repetitions_needed
            .filter(within_reach)
            .map_or("too noisy; repeat on a quiet machine".to_owned(), |needed| {
                format!("use about {needed} repetitions, this run has {done}")
            });
        (!sizes.is_empty()).then(|| {
            format!(
                "undecided: {} may be as fast as {}, or slower by more than {}: {more}",
                sizes.join(", "),
                self.size(self.reading.fastest),
                percent_of(ALIKE)
            )
        })
    }

    /// `22 % slower (18 to 25)`
    fn slower(&self, index: usize) -> String {
        let Standing::Slower(RatioToFastest { ratio, confidence }) = self.reading.standings[index] else {
            unreachable!("an edge is surely slower")
        };
        let [by, least, most] =
            [ratio, confidence.high, confidence.low].map(|end| three_digits((1.0 - end) * 100.0));
        format!("{by} % slower than {} ({least} to {most})", self.size(self.reading.fastest))
    }
}

fn percent_of(share: f64) -> String {
    format!("{} %", share * 100.0)
}
