//! Which bytes a chunk has: the streams of a rank, and where a chunk's stretch of each lies.

use std::ops::Range;

use super::Parameters;
use crate::generator::{Shape, Stream, share};

/// The streams of a rank, beside each other in every chunk: a *stripe* of it for each, as long in every chunk.
pub(super) struct Source {
    streams: Box<[Stream]>,
    chunk_bytes: usize,
}

/// Of what stream, from where on, how many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) stream: Stream,
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

/// Which streams are a rank's: `count` from `first` on, and how their copies are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// The seed of the run.
    pub seed: u64,
    /// Number of the first.
    pub first: u64,
    /// Their shape, copies among the members of the scope.
    pub shape: Shape,
}

impl Source {
    pub(super) fn new(parameters: &Parameters, streams: Streams) -> Source {
        let Streams { seed, first, shape } = streams;
        let numbers = first..first + u64::from(parameters.streams.max(1));
        Source {
            streams: numbers.map(|number| Stream::new(seed, number).shaped(shape)).collect(),
            chunk_bytes: parameters.chunk_bytes,
        }
    }

    /// What stands at `inside` of the chunk that begins at `place`, in order.
    pub(super) fn stretches(&self, place: u64, inside: Range<usize>) -> impl Iterator<Item = Stretch> {
        let mut next = inside.start;
        let mut stripe = self.stripe_at(next);
        std::iter::from_fn(move || {
            if next >= inside.end {
                return None;
            }
            let of_stripe = self.stripe(stripe);
            let end = of_stripe.end.min(inside.end);
            let stretch = Stretch {
                stream: self.streams[stripe],
                offset: self.offset(place, &of_stripe) + (next - of_stripe.start) as u64,
                bytes: end - next,
            };
            (next, stripe) = (end, stripe + 1);
            // A chunk that is smaller than its streams are many has stripes without a byte.
            while stripe < self.streams.len() && self.stripe(stripe).is_empty() {
                stripe += 1;
            }
            Some(stretch)
        })
    }

    /// Where a stripe of the chunk that begins at `place` begins in its stream: chunks before it have as much of it.
    fn offset(&self, place: u64, of_stripe: &Range<usize>) -> u64 {
        match self.streams.len() {
            1 => place,
            _ => place / self.chunk_bytes as u64 * of_stripe.len() as u64,
        }
    }

    fn stripe(&self, index: usize) -> Range<usize> {
        share(self.chunk_bytes, index, self.streams.len())
    }

    /// The stripe that has this byte of a chunk.
    fn stripe_at(&self, byte: usize) -> usize {
        let (mut from, mut to) = (0, self.streams.len());
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if self.stripe(middle).start <= byte { from = middle } else { to = middle }
        }
        from
    }
}
