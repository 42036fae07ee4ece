//! The history of a file: for each stretch the stream that it holds, as far as one was found.

use std::ops::Range;

use super::candidate::{Candidate, EQUAL_BYTES_MIN};
use super::elsewhere::Sought;
use super::shapes::{other_shapes, with_measured_compression};
use crate::generator::SEGMENT_BYTES;
use crate::units::count;

/// Wrong bytes that are kept to be found elsewhere: three of the longest segments.
const SOUGHT_BYTES_MAX: usize = 384 << 10;
/// Fewer wrong bytes are damage, not data of another place.
const SOUGHT_BYTES_MIN: usize = 512;
/// Searches per file: each takes up to a second.
const SEARCHES: u32 = 4;
/// Changes of a file between streams that are remembered.
const STRETCHES_MAX: usize = 64;
/// Right bytes that are compared with another stream, to find if all of the file is that stream's.
const COMPARED_BYTES_MAX: u64 = 256 << 20;

/// A stream that explains wrong bytes.
pub struct Explanation {
    /// The stream, and its place.
    pub candidate: Candidate,
    /// Position of the first byte that it explains.
    pub first: u64,
    /// Wrong bytes that it explains.
    pub bytes: u64,
    /// Position behind the last byte that it explains.
    pub end: u64,
    /// True while it explains every byte of the file.
    pub whole: bool,
}

/// Stretches of the file in order, and the streams that explain the wrong ones. Memory does not grow with the file.
pub struct Trace {
    asked: Candidate,
    /// Streams that were found, in the order of their first bytes.
    pub found: Vec<Explanation>,
    /// Stretches and their candidates: 0 for the one that is asked for, 1 for the first of `found`; `None` for none.
    stretches: Vec<(Range<u64>, Option<usize>)>,
    /// Wrong bytes without an explanation, and the position of the first.
    sought: Vec<u8>,
    sought_from: u64,
    /// Bytes of the file around them, right ones too, and the position of the first. Shapes are measured and proved on these:
    /// parts of a granule are alike in several shapes.
    around: Vec<u8>,
    around_from: u64,
    searches_left: u32,
    /// True when wrong bytes stay without an explanation.
    pub unexplained: bool,
    /// The places that the first search without success tried.
    pub tried: Option<String>,
}

impl Trace {
    /// The beginning of a file.
    pub fn new(asked: &Candidate) -> Trace {
        Trace {
            asked: asked.clone(),
            found: Vec::new(),
            stretches: Vec::new(),
            sought: Vec::new(),
            sought_from: 0,
            around: Vec::new(),
            around_from: 0,
            searches_left: SEARCHES,
            unexplained: false,
            tried: None,
        }
    }

    /// Takes the next bytes of the file.
    pub fn add(&mut self, position: u64, bytes: &[u8]) {
        let mut right_from = 0;
        let runs = self.asked.wrong_runs(position, bytes);
        if let Some(first) =
            runs.first().filter(|_| self.sought.is_empty() || self.around.len() < SOUGHT_BYTES_MAX)
        {
            let from = first.start.min(bytes.len().saturating_sub(SOUGHT_BYTES_MAX));
            self.around = bytes[from..].iter().copied().take(SOUGHT_BYTES_MAX).collect();
            self.around_from = position + count(from);
        }
        for run in runs {
            self.right(position + count(right_from), &bytes[right_from..run.start]);
            right_from = run.end;
            for (index, piece) in bytes[run.clone()].chunks(SEGMENT_BYTES).enumerate() {
                self.wrong(position + count(run.start + index * SEGMENT_BYTES), piece);
            }
        }
        self.right(position + count(right_from), &bytes[right_from..]);
    }

    /// Takes the end of the file.
    pub fn end(&mut self) {
        self.settle();
    }

    fn right(&mut self, position: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.settle();
            self.note(position, bytes, Some(0));
        }
    }

    /// Explains wrong bytes by the streams found so far. Those that nothing explains are kept, to be sought.
    fn wrong(&mut self, position: u64, bytes: &[u8]) {
        let (mut position, mut rest) = (position, bytes);
        while !rest.is_empty() {
            let (known, explained) = self.explained(position, rest);
            let done = if known.is_some() {
                if !self.sought.is_empty() {
                    // What is found may explain the rest, too.
                    self.search();
                    continue;
                }
                self.note(position, &rest[..explained], known);
                explained
            } else {
                if !self.sought.is_empty() && self.sought_from + count(self.sought.len()) != position {
                    self.search();
                    continue;
                }
                self.seek(position, &rest[..explained])
            };
            (position, rest) = (position + count(done), &rest[done..]);
        }
    }

    /// Number of the stream that explains the first bytes, and of these bytes; without one, the number of bytes before the
    /// first that is explained.
    fn explained(&self, position: u64, bytes: &[u8]) -> (Option<usize>, usize) {
        let mut unexplained = bytes.len();
        for (number, found) in (1..).zip(&self.found) {
            match found.candidate.wrong_runs(position, bytes).first() {
                // A byte or two may be right by chance.
                None if bytes.len() < EQUAL_BYTES_MIN && found.end != position => {}
                None => return (Some(number), bytes.len()),
                Some(run) if run.start > 0 => return (Some(number), run.start),
                Some(run) => unexplained = unexplained.min(run.end),
            }
        }
        (None, unexplained)
    }

    /// Keeps bytes that nothing explains until there are enough of them; returns how many were taken.
    fn seek(&mut self, position: u64, bytes: &[u8]) -> usize {
        if self.searches_left == 0 {
            self.note(position, bytes, None);
            return bytes.len();
        }
        if self.sought.is_empty() {
            self.sought_from = position;
        }
        let taken = bytes.len().min(SOUGHT_BYTES_MAX - self.sought.len());
        self.sought.extend(&bytes[..taken]);
        if self.sought.len() == SOUGHT_BYTES_MAX {
            self.search();
        }
        taken
    }

    fn settle(&mut self) {
        while !self.sought.is_empty() {
            self.search();
        }
    }

    /// Seeks the kept bytes, and explains them by what was found.
    fn search(&mut self) {
        let (position, bytes) = (self.sought_from, std::mem::take(&mut self.sought));
        let constant = bytes.iter().all(|byte| *byte == bytes[0]);
        let candidate = if bytes.len() < SOUGHT_BYTES_MIN || constant || self.searches_left == 0 {
            None
        } else {
            self.candidate(position, &bytes)
        };
        let Some(candidate) = candidate else {
            return self.note(position, &bytes, None);
        };
        let first_run = candidate.wrong_runs(position, &bytes).into_iter().next();
        let begin = first_run.filter(|run| run.start == 0).map_or(0, |run| run.end);
        // Bytes before its first one stay without an explanation: they were sought in vain.
        let (before, rest) = bytes.split_at(begin);
        self.note(position, before, None);
        let position = position + count(begin);
        self.adopt(candidate, position);
        self.wrong(position, rest);
    }

    /// Adds a stream that begins to explain bytes here. It replaces the others when it explains all that they did.
    fn adopt(&mut self, candidate: Candidate, position: u64) {
        let agrees = |(positions, number): &(Range<u64>, Option<usize>)| {
            let held = match number {
                Some(0) => &self.asked,
                Some(number) => &self.found[number - 1].candidate,
                None => return false,
            };
            candidate.agrees(held, positions.clone())
        };
        let compared = position <= COMPARED_BYTES_MAX && self.stretches.len() < STRETCHES_MAX;
        let whole = compared && self.stretches.iter().all(agrees);
        let mut found = Explanation { candidate, first: position, bytes: 0, end: position, whole };
        if whole && !self.found.is_empty() {
            found.first = self.found[0].first;
            found.bytes = self.found.iter().map(|other| other.bytes).sum();
            self.found.clear();
            self.stretches = vec![(0..position, Some(1))];
        }
        self.found.push(found);
    }

    /// Finds the stream of the kept bytes: the same place in another shape, then another place.
    fn candidate(&mut self, position: u64, bytes: &[u8]) -> Option<Candidate> {
        self.searches_left = self.searches_left.saturating_sub(1);
        if let Some(in_place) = self.other_shape(position, bytes) {
            return Some(in_place);
        }
        let mut tried = self.tried.clone();
        let measured =
            with_measured_compression(&self.asked.arguments, &self.around).and_then(Candidate::new);
        for shaped in measured.iter().chain([&self.asked]) {
            // Fillers are alike in many places, so compressed data elsewhere is wrong in pieces: the whole of it is sought, too.
            let pieces = shaped.stream.shape().compression().map(|_| self.followed(position, bytes));
            for bytes in [bytes].into_iter().chain(pieces) {
                let Some(sought) = Sought::new(position, bytes, shaped) else { continue };
                if let Some(found) = sought.find(shaped) {
                    return Some(found);
                }
                tried.get_or_insert_with(|| sought.tried());
            }
        }
        self.tried = tried;
        // One in vain counts twice.
        self.searches_left = self.searches_left.saturating_sub(1);
        None
    }

    /// The kept bytes with those that follow them in the file, right ones too, as far as these are known.
    fn followed<'a>(&'a self, position: u64, bytes: &'a [u8]) -> &'a [u8] {
        let from = position.checked_sub(self.around_from).and_then(|from| usize::try_from(from).ok());
        let known = from.and_then(|from| self.around.get(from..));
        known.filter(|known| known.len() >= bytes.len()).unwrap_or(bytes)
    }

    /// Finds the shape in which the same stream has the kept bytes at their place: the first of those that hold longest.
    fn other_shape(&self, position: u64, bytes: &[u8]) -> Option<Candidate> {
        let bytes = self.followed(position, bytes);
        let proved = |candidate: &Candidate| {
            let granule = candidate.stream.shape().compression().map_or(0, |of| of.granule_bytes());
            // A filler alone is the same in many shapes, and at many places.
            [SOUGHT_BYTES_MIN, 2 * granule]
                .map(|proof| proof.min(bytes.len()))
                .into_iter()
                .all(|proof| candidate.holds(position, &bytes[..proof]))
        };
        let held = |candidate: Candidate| {
            let run = candidate.wrong_runs(position, bytes).into_iter().next();
            (run.map_or(bytes.len(), |run| run.start), candidate)
        };
        let shapes = other_shapes(&self.asked.arguments, &self.around);
        let all = { shapes.into_iter() }.filter_map(Candidate::new).filter(proved).map(held);
        { all }
            .reduce(|best, other| if other.0 > best.0 { other } else { best })
            .map(|(_, candidate)| candidate)
    }

    /// Remembers the candidate of a stretch of the file, and what that means for the others.
    fn note(&mut self, position: u64, bytes: &[u8], number: Option<usize>) {
        let end = position + count(bytes.len());
        if bytes.is_empty() {
            return;
        }
        self.unexplained |= number.is_none();
        for (other, found) in (1..).zip(&mut self.found) {
            if Some(other) == number {
                found.bytes += count(bytes.len());
                found.end = end;
            } else if found.whole {
                found.whole = number.is_some() && found.candidate.holds(position, bytes);
            }
        }
        let full = self.stretches.len() == STRETCHES_MAX;
        match self.stretches.last_mut() {
            Some((positions, last)) if *last == number && positions.end == position => positions.end = end,
            _ if full => {}
            _ => self.stretches.push((position..end, number)),
        }
    }
}
