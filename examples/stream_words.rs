//! Writes the stream to standard output, rearranged: input of the statistical tests that `scripts/quality.sh` runs.
//!
//! ```text
//! stream_words written | lane-0 .. lane-31 | transposed | segments | units | streams | seeds   [SEED]
//! ```
//!
//! `written` is the stream itself. `lane-N` is one lane alone, and `transposed` every lane of a segment after the other,
//! so that neighbouring words are neighbours of one lane. The others are the first word of consecutive segments, dedup
//! units, streams or seeds, laid end to end: weak seeding shows there.

use std::io::{ErrorKind, Write};
use std::mem::MaybeUninit;
use std::process::ExitCode;

use numamark::generator::{Dedup, Kernel, LANES, Ratio, SEGMENT_BYTES, STEP_BYTES, Shape, Stores, Stream};

const WORD_BYTES: usize = size_of::<u64>();
/// Number of first words that are written at a time.
const FIRST_WORDS: u64 = 8192;
/// A unit of several segments: its first word is not that of consecutive segments.
const UNIT_BYTES: u64 = 1 << 20;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let arrangement = arguments.next().unwrap_or_default();
    let seed = arguments.next().map_or(Ok(1), |text| text.parse());
    let (Some(mut words), Ok(seed)) = (Words::arranged(&arrangement), seed) else {
        eprintln!(
            "stream_words: expected written, lane-0 to lane-31, transposed, segments, units, streams or seeds, and a seed"
        );
        return ExitCode::from(2);
    };
    let mut out = std::io::stdout().lock();
    loop {
        match out.write_all(&words.more(seed)) {
            Ok(()) => {}
            // The reader closed the pipe: it has enough data.
            Err(why) if why.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("stream_words: {why}");
                return ExitCode::from(1);
            }
        }
    }
}

/// An endless sequence of words.
struct Words {
    arrangement: Arrangement,
    /// Segments or first words written so far.
    next: u64,
}

enum Arrangement {
    Written,
    Lane(usize),
    Transposed,
    Segments,
    Units,
    Streams,
    Seeds,
}

impl Words {
    fn arranged(text: &str) -> Option<Words> {
        let arrangement = match text {
            "written" => Arrangement::Written,
            "transposed" => Arrangement::Transposed,
            "segments" => Arrangement::Segments,
            "units" => Arrangement::Units,
            "streams" => Arrangement::Streams,
            "seeds" => Arrangement::Seeds,
            _ => Arrangement::Lane(text.strip_prefix("lane-")?.parse().ok().filter(|lane| *lane < LANES)?),
        };
        Some(Words { arrangement, next: 0 })
    }

    fn more(&mut self, seed: u64) -> Vec<u8> {
        let first = self.next;
        let plain = Stream::new(seed, 0);
        match self.arrangement {
            Arrangement::Written => self.segment(plain),
            Arrangement::Lane(lane) => lane_of(&self.segment(plain), lane),
            Arrangement::Transposed => {
                let segment = self.segment(plain);
                (0..LANES).flat_map(|lane| lane_of(&segment, lane)).collect()
            }
            Arrangement::Segments => {
                self.next += FIRST_WORDS;
                first_words(first, |index| (plain, index * SEGMENT_BYTES as u64))
            }
            Arrangement::Units => {
                self.next += FIRST_WORDS;
                let ratio = Ratio::new(2, 1).expect("2 is a ratio");
                let dedup = Dedup::new(ratio, UNIT_BYTES, None).expect("1 MiB is a unit");
                let shape = Shape::new(Some(dedup), None).expect("a unit alone fits");
                // The first half of a window is new, the second half repeats it.
                let window_bytes = dedup.window_bytes();
                let new_units = window_bytes / UNIT_BYTES / 2;
                first_words(first, |index| {
                    let (window, unit) = (index / new_units, index % new_units);
                    (plain.shaped(shape), window * window_bytes + unit * UNIT_BYTES)
                })
            }
            Arrangement::Streams => {
                self.next += FIRST_WORDS;
                first_words(first, |index| (Stream::new(seed, index), 0))
            }
            Arrangement::Seeds => {
                self.next += FIRST_WORDS;
                first_words(first, |index| (Stream::new(seed.wrapping_add(index), 0), 0))
            }
        }
    }

    /// The next segment as it is written.
    fn segment(&mut self, stream: Stream) -> Vec<u8> {
        let offset = self.next * SEGMENT_BYTES as u64;
        self.next += 1;
        let mut out = vec![MaybeUninit::uninit(); SEGMENT_BYTES];
        stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out).to_vec()
    }
}

/// The words of one lane: one in each step.
fn lane_of(segment: &[u8], lane: usize) -> Vec<u8> {
    let steps = segment.chunks_exact(STEP_BYTES);
    steps.flat_map(|step| step[lane * WORD_BYTES..][..WORD_BYTES].iter().copied()).collect()
}

/// The words at these places.
fn first_words(first: u64, place: impl Fn(u64) -> (Stream, u64)) -> Vec<u8> {
    let word = |index| {
        let (stream, offset) = place(index);
        let mut out = [MaybeUninit::uninit(); WORD_BYTES];
        let bytes: [u8; WORD_BYTES] =
            (&*stream.fill(Kernel::best(), Stores::Ordinary, offset, &mut out)).try_into().expect("one word");
        bytes
    };
    (first..first + FIRST_WORDS).flat_map(word).collect()
}
