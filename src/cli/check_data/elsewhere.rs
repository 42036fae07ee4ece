//! The search for the place that wrong bytes have in the same stream, or in a stream of another name.
//!
//! Every stretch of a stream that is longer than a segment holds the beginning of one. So the words at all positions of the
//! wrong bytes go into a table, and one word is generated for each place that may be theirs: the first word of a segment, or
//! with compression the first random one. A word that is in the table gives the position, whatever the shift is.

use std::collections::HashMap;
use std::mem::MaybeUninit;

use super::candidate::Candidate;
use crate::generator::{Kernel, Stores};
use crate::units::{Bytes, count};

/// Segments on either side of the asked offset, and from offset 0 on, in which the bytes are sought.
const SEGMENTS: u64 = 1 << 17;
/// The same for each stream of another name.
const SEGMENTS_OF_OTHERS: u64 = 64;
/// The same for bytes that may hold no beginning of a segment: whole segments are generated for them.
const WHOLE_SEGMENTS: u64 = 1 << 11;
const WHOLE_SEGMENTS_OF_OTHERS: u64 = 2;
/// Numbers of streams, and seeds, that are tried.
const NAMES: u64 = 256;
/// Numbers of streams that are tried with each of as many seeds.
const NAMES_OF_BOTH: u64 = 16;
/// Equal bytes that prove a place.
const PROOF_BYTES: usize = 1024;
/// The closest that tried places are to each other, for bytes that are no longer than a segment.
const GRID_BYTES_MIN: usize = 512;

const WORD: usize = size_of::<u64>();

/// Wrong bytes of the file, ready to be found elsewhere.
pub struct Sought<'a> {
    /// Position in the file.
    position: u64,
    bytes: &'a [u8],
    /// Length of the segments of the shape.
    segment_bytes: usize,
    /// Distance of the words that are looked up, in each segment.
    grid_bytes: usize,
    /// Distance from the beginning of a segment to the first of them.
    word_at: usize,
    words: HashMap<u64, usize>,
}

impl Sought<'_> {
    /// The table of these bytes, for streams of the candidate's shape; `None` when there are too few.
    pub fn new<'a>(position: u64, bytes: &'a [u8], shaped: &Candidate) -> Option<Sought<'a>> {
        let shape = shaped.stream.shape();
        let compression = shape.compression();
        let word_at = compression.map_or(0, |granule| granule.granule_bytes() - granule.random_bytes());
        let least = compression.map_or(GRID_BYTES_MIN, |granule| granule.granule_bytes());
        let segment_bytes = shape.segment_bytes();
        let mut grid_bytes = segment_bytes;
        while grid_bytes > least && bytes.len() < grid_bytes + word_at + WORD {
            grid_bytes /= 2;
        }
        let first = bytes.get(..grid_bytes + word_at + WORD)?;
        let mut words = HashMap::with_capacity(first.len());
        for (at, window) in first.windows(WORD).enumerate() {
            words.entry(u64::from_le_bytes(window.try_into().expect("a word"))).or_insert(at);
        }
        Some(Sought { position, bytes, segment_bytes, grid_bytes, word_at, words })
    }

    /// Finds the bytes in the asked stream, then in streams of other names.
    pub fn find(&self, asked: &Candidate) -> Option<Candidate> {
        let mut buffer = vec![MaybeUninit::uninit(); self.segment_bytes];
        let here = asked.offset_of(self.position);
        let (own, others) = self.reach();
        let unlike = |found: &Candidate| found.arguments.offset != asked.arguments.offset;
        let places = self.near(here, own).chain(0..own).chain(self.round_places());
        let found = { places }.find_map(|place| self.inside(asked, place, &mut buffer).filter(unlike));
        found.or_else(|| {
            names(asked.arguments.seed, asked.arguments.stream).find_map(|(seed, stream)| {
                let other = asked.named(seed, stream);
                let places = self.near(here, others).chain(0..others);
                { places }.find_map(|place| self.inside(&other, place, &mut buffer))
            })
        })
    }

    /// Segments that are tried of the asked stream, and of others.
    fn reach(&self) -> (u64, u64) {
        match self.grid_bytes == self.segment_bytes {
            true => (SEGMENTS, SEGMENTS_OF_OTHERS),
            false => (WHOLE_SEGMENTS, WHOLE_SEGMENTS_OF_OTHERS),
        }
    }

    /// The tried places, in words.
    pub fn tried(&self) -> String {
        let reach = Bytes(self.reach().0 * count(self.segment_bytes));
        format!(
            "{reach} of the stream before and after the offset asked for, and its first {reach}; \
             streams and seeds 0 to {}",
            NAMES - 1
        )
    }

    /// Segments on either side of an offset, the nearest first.
    fn near(&self, offset: u64, segments: u64) -> impl Iterator<Item = u64> {
        let middle = offset / count(self.segment_bytes);
        let before = move |steps: u64| middle.checked_sub(steps + 1);
        let after = move |steps: u64| middle.checked_add(steps);
        (0..segments).flat_map(move |steps| [after(steps), before(steps)]).flatten()
    }

    /// The first segments behind small multiples of powers of two, where a writer may have begun its file.
    fn round_places(&self) -> impl Iterator<Item = u64> {
        let (segment, position) = (count(self.segment_bytes), self.position);
        let bases = (20..60).flat_map(|power| (1..16).map(move |times: u64| times << power));
        bases.flat_map(move |base| {
            let behind = (base + position) / segment;
            [behind, behind + 1]
        })
    }

    /// Generates the words of a segment; when the bytes have one, and those around it prove the place, returns it.
    fn inside(
        &self,
        candidate: &Candidate,
        segment: u64,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Option<Candidate> {
        // As much as the words need: without a grid only the first.
        let bytes = self.segment_bytes - self.grid_bytes + WORD;
        let offset = segment.checked_mul(count(self.segment_bytes))?.checked_add(count(self.word_at))?;
        offset.checked_add(count(self.segment_bytes))?;
        let filled = &mut buffer[..bytes.min(self.segment_bytes - self.word_at)];
        let generated = candidate.stream.fill(Kernel::best(), Stores::Ordinary, offset, filled);
        let words = (offset..).step_by(self.grid_bytes).zip(generated.chunks(self.grid_bytes));
        { words }.find_map(|(offset, chunk)| {
            let word = u64::from_le_bytes(chunk.get(..WORD)?.try_into().expect("a word"));
            let at = *self.words.get(&word)?;
            let position = self.position + count(at);
            let proof = &self.bytes[at..self.bytes.len().min(at + PROOF_BYTES)];
            Some(candidate.moved(position, offset)).filter(|found| found.holds(position, proof))
        })
    }
}

/// Other names of the family: the same seed, the same stream, both exchanged, and small numbers.
fn names(seed: u64, stream: u64) -> impl Iterator<Item = (u64, u64)> {
    let near = move |number: u64| {
        (0..NAMES).chain(number.saturating_sub(NAMES / 2)..number.saturating_add(NAMES / 2))
    };
    let of_seed = near(stream).map(move |stream| (seed, stream));
    let of_stream = near(seed).map(move |seed| (seed, stream));
    let of_both = (0..NAMES_OF_BOTH).flat_map(|seed| (0..NAMES_OF_BOTH).map(move |stream| (seed, stream)));
    let all = of_seed.chain(of_stream).chain([(stream, seed)]).chain(of_both);
    all.filter(move |name| *name != (seed, stream))
}
