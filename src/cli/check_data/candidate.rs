//! A stream that a file, or a stretch of it, may hold: its flags, and the comparison with bytes of the file.

use std::mem::MaybeUninit;
use std::ops::Range;

use crate::cli::stream::StreamArguments;
use crate::generator::{Kernel, SEGMENT_BYTES, Stores, Stream};
use crate::units::count;

/// Fewer equal bytes in succession than this are taken for chance: in random bytes 1 of 256 is.
pub const EQUAL_BYTES_MIN: usize = 64;

/// A stream, and the offset in it at which the file begins.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Flags of the stream. `offset` is that of byte 0 of the file, also when the stream's bytes begin further on: then it
    /// wraps below 0.
    pub arguments: StreamArguments,
    /// The stream itself.
    pub stream: Stream,
}

impl Candidate {
    /// The candidate of these flags; `None` for a shape that does not exist.
    pub fn new(arguments: StreamArguments) -> Option<Candidate> {
        let stream = arguments.stream().ok()?;
        Some(Candidate { arguments, stream })
    }

    /// The same shape in a stream of another name.
    pub fn named(&self, seed: u64, stream: u64) -> Candidate {
        let renamed = Stream::new(seed, stream).shaped(*self.stream.shape());
        Candidate { arguments: StreamArguments { seed, stream, ..self.arguments.clone() }, stream: renamed }
    }

    /// The same stream, with `offset` at this position of the file.
    pub fn moved(&self, position: u64, offset: u64) -> Candidate {
        let offset = offset.wrapping_sub(position);
        Candidate { arguments: StreamArguments { offset, ..self.arguments.clone() }, stream: self.stream }
    }

    /// The offset in the stream of this position of the file.
    pub fn offset_of(&self, position: u64) -> u64 {
        self.arguments.offset.wrapping_add(position)
    }

    /// True when the bytes from this position of the file on are the stream's.
    pub fn holds(&self, position: u64, bytes: &[u8]) -> bool {
        let offset = self.offset_of(position);
        let inside = offset.checked_add(count(bytes.len())).is_some();
        inside && self.stream.verify(Kernel::best(), offset, bytes).is_ok()
    }

    /// Calls `visit` with position, expected and found bytes of each piece, of at most a segment, that is not the stream's.
    pub fn differing(&self, position: u64, bytes: &[u8], mut visit: impl FnMut(u64, &[u8], &[u8])) {
        let (kernel, mut buffer) = (Kernel::best(), [MaybeUninit::uninit(); SEGMENT_BYTES]);
        let (mut position, mut rest) = (position, bytes);
        while !rest.is_empty() {
            let offset = self.offset_of(position);
            let inside = usize::try_from(offset % count(SEGMENT_BYTES)).expect("less than a segment");
            let (piece, later) = rest.split_at(rest.len().min(SEGMENT_BYTES - inside));
            if offset.checked_add(count(piece.len())).is_none() {
                // No stream has bytes there.
                let others: Vec<u8> = piece.iter().map(|byte| !byte).collect();
                visit(position, &others, piece);
            } else {
                let expected = self.stream.fill(kernel, Stores::Ordinary, offset, &mut buffer[..piece.len()]);
                if expected != piece {
                    visit(position, expected, piece);
                }
            }
            (position, rest) = (position + count(piece.len()), later);
        }
    }

    /// Stretches of `bytes` that are not the stream's. A few equal bytes in one, or before or after it, are part of it.
    pub fn wrong_runs(&self, position: u64, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        self.differing(position, bytes, |at, expected, found| {
            let begin = usize::try_from(at - position).expect("inside the bytes");
            let wrong = expected.iter().zip(found).enumerate().filter(|(_, (a, b))| a != b);
            for index in wrong.map(|(index, _)| begin + index) {
                match runs.last_mut() {
                    Some(last) if index - last.end < EQUAL_BYTES_MIN => last.end = index + 1,
                    None if index < EQUAL_BYTES_MIN => runs.push(0..index + 1),
                    _ => runs.push(index..index + 1),
                }
            }
        });
        if let Some(last) = runs.last_mut().filter(|last| bytes.len() - last.end < EQUAL_BYTES_MIN) {
            last.end = bytes.len();
        }
        runs
    }

    /// True when both have the same bytes at these positions of the file.
    pub fn agrees(&self, other: &Candidate, positions: Range<u64>) -> bool {
        let (kernel, mut buffer) = (Kernel::best(), [MaybeUninit::uninit(); SEGMENT_BYTES]);
        let mut position = positions.start;
        while position < positions.end {
            let bytes = usize::try_from(positions.end - position).unwrap_or(usize::MAX).min(SEGMENT_BYTES);
            let offset = other.offset_of(position);
            if offset.checked_add(count(bytes)).is_none() {
                return false;
            }
            let theirs = other.stream.fill(kernel, Stores::Ordinary, offset, &mut buffer[..bytes]);
            if !self.holds(position, theirs) {
                return false;
            }
            position += count(bytes);
        }
        true
    }
}
