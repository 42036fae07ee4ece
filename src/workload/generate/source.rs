//! The bytes of a chunk: the streams of a rank, and the stretch of each that a chunk holds.

use std::ops::Range;

use super::Parameters;
use crate::generator::{Shape, Stream, share};

/// The streams of a rank, beside each other in every chunk: each has a *stripe*, of the same length in every chunk.
pub(super) struct RankStreams {
    streams: Box<[Stream]>,
    chunk_bytes: usize,
}

/// A stretch of a stream: the stream, its offset, its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamRange {
    pub(super) stream: Stream,
    pub(super) offset: u64,
    pub(super) bytes: usize,
}

/// The streams of a rank: `count` numbers from `first` on, and the spread of their copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// The seed of the run.
    pub seed: u64,
    /// Number of the first stream.
    pub first: u64,
    /// Their shape, with copies among the members of the scope.
    pub shape: Shape,
}

impl RankStreams {
    pub(super) fn new(parameters: &Parameters, streams: Streams) -> RankStreams {
        let Streams { seed, first, shape } = streams;
        let numbers = first..first + u64::from(parameters.streams.max(1));
        RankStreams {
            streams: numbers.map(|number| Stream::new(seed, number).shaped(shape)).collect(),
            chunk_bytes: parameters.chunk_bytes,
        }
    }

    /// The stretches that stand from `inside` on in the chunk that begins at `place`, in order.
    pub(super) fn stretches(&self, place: u64, inside: Range<usize>) -> impl Iterator<Item = StreamRange> {
        let mut next = inside.start;
        let mut stripe = self.stripe_at(next);
        std::iter::from_fn(move || {
            if next >= inside.end {
                return None;
            }
            let of_stripe = self.stripe(stripe);
            let end = of_stripe.end.min(inside.end);
            let stretch = StreamRange {
                stream: self.streams[stripe],
                offset: self.offset(place, &of_stripe) + (next - of_stripe.start) as u64,
                bytes: end - next,
            };
            (next, stripe) = (end, stripe + 1);
            // A chunk with fewer pages than streams has stripes without a byte.
            while stripe < self.streams.len() && self.stripe(stripe).is_empty() {
                stripe += 1;
            }
            Some(stretch)
        })
    }

    /// Offset in its stream of a stripe of the chunk that begins at `place`: earlier chunks hold equally much of the
    /// stream.
    fn offset(&self, place: u64, of_stripe: &Range<usize>) -> u64 {
        match self.streams.len() {
            1 => place,
            _ => place / self.chunk_bytes as u64 * of_stripe.len() as u64,
        }
    }

    fn stripe(&self, index: usize) -> Range<usize> {
        share(self.chunk_bytes, index, self.streams.len())
    }

    /// The stripe that holds this byte of a chunk.
    fn stripe_at(&self, byte: usize) -> usize {
        let (mut from, mut to) = (0, self.streams.len());
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if self.stripe(middle).start <= byte { from = middle } else { to = middle }
        }
        from
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::generator::{Kernel, Stores};
    use crate::mix::Random;

    fn source(chunk_bytes: usize, streams: u32) -> RankStreams {
        let plain = Parameters::plain(chunk_bytes, 4096, 1, Kernel::best(), Stores::Ordinary);
        let names = Streams { seed: 5, first: 100, shape: Shape::PLAIN };
        RankStreams::new(&Parameters { streams, ..plain }, names)
    }

    #[test]
    fn blocks_have_every_byte_of_every_stream_once_and_in_order() {
        let mut random = Random::new(8);
        // One stream, as many as fit, a number that divides nothing, more streams than pages, whole segments.
        for (chunk_bytes, streams) in
            [(64 << 10, 1), (64 << 10, 16), (100 << 10, 7), (12 << 10, 50), (8 << 20, 5)]
        {
            let source = source(chunk_bytes, streams);
            let mut next = vec![0u64; streams as usize];
            for chunk in 0..3u64 {
                let mut inside = 0;
                while inside < chunk_bytes {
                    let end = (inside + 1 + random.below(70_000) as usize).min(chunk_bytes);
                    let mut bytes = 0;
                    for stretch in source.stretches(chunk * chunk_bytes as u64, inside..end) {
                        let number = (0..streams)
                            .find(|number| stretch.stream == Stream::new(5, 100 + u64::from(*number)));
                        let next = &mut next[number.expect("one of the rank's") as usize];
                        assert_eq!(stretch.offset, *next, "{streams} streams in {chunk_bytes} bytes");
                        assert!(stretch.bytes > 0);
                        *next += stretch.bytes as u64;
                        bytes += stretch.bytes;
                    }
                    assert_eq!(bytes, end - inside);
                    inside = end;
                }
                assert_eq!(next.iter().sum::<u64>(), (chunk + 1) * chunk_bytes as u64);
            }
        }
    }

    #[test]
    fn one_stream_stands_where_its_chunk_does() {
        // The last chunk of a data set begins anywhere and is shorter.
        let stretches: Vec<StreamRange> = source(64 << 10, 1).stretches(1 << 40, 100..5000).collect();
        let expected = StreamRange { stream: Stream::new(5, 100), offset: (1 << 40) + 100, bytes: 4900 };
        assert_eq!(stretches, [expected]);
    }
}
