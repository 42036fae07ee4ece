//! One stream of bytes: filling memory with any stretch of it, and verifying data that was read back.

use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::generator::kernel::Kernel;
use crate::generator::shape::Shape;
use crate::generator::sizes::SEGMENT_BYTES;
use crate::generator::stores::Stores;
use crate::mix::mix_words;

/// Parts of two workers meet at multiples of this: the bytes that a consumer reads at a time, and an OS page.
const GRANULE_BYTES: usize = 4 << 10;

/// An endless sequence of bytes, a pure function of `(seed, stream, offset)`. Plain data; copy it to every worker.
///
/// Streams of different `(seed, stream)` are unrelated, also with neighbouring numbers. Ranks share the seed and have
/// their own stream, or share both and have their own offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    keys: [u64; 2],
    shape: Shape,
}

/// The first byte that differs from the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Offset in the stream.
    pub offset: u64,
    /// The stream's byte.
    pub expected: u8,
    /// The byte that was found.
    pub found: u8,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { offset, expected, found } = self;
        write!(f, "byte {offset} of the stream is 0x{found:02x} and should be 0x{expected:02x}")
    }
}

impl std::error::Error for Mismatch {}

impl Stream {
    /// The stream of this name. Every bit of both numbers changes every byte.
    pub const fn new(seed: u64, stream: u64) -> Stream {
        // Two keys from two orders: names that collide in one key, with a chance of 2^-64, do not in the other.
        let keys = [mix_words(&[seed, stream]), mix_words(&[stream, seed, 1])];
        Stream { keys, shape: Shape::PLAIN }
    }

    /// The same name with this shape. Units of one shape also stand in streams of another.
    pub const fn shaped(self, shape: Shape) -> Stream {
        Stream { shape, ..self }
    }

    /// Dedup and compression of the stream.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Fills all of `out` with the bytes from `offset` on, and returns it as initialised bytes.
    ///
    /// Pure: kernel and stores change only the speed. After it returns, the bytes may be handed to another thread, also
    /// with non-temporal stores.
    ///
    /// # Panics
    /// When the stretch does not end before 2^64.
    pub fn fill<'a>(
        &self,
        kernel: Kernel,
        stores: Stores,
        offset: u64,
        out: &'a mut [MaybeUninit<u8>],
    ) -> &'a mut [u8] {
        kernel.fill(self.keys, &self.shape, stores, offset, out)
    }

    /// As [`Stream::fill`], over initialised memory such as a `Vec<u8>`. Uninitialised memory need not be zeroed first:
    /// `fill` takes it as it is.
    ///
    /// # Panics
    /// When the stretch does not end before 2^64.
    pub fn overwrite(&self, kernel: Kernel, stores: Stores, offset: u64, out: &mut [u8]) {
        kernel.overwrite(self.keys, &self.shape, stores, offset, out);
    }

    /// Compares `data` with the bytes from `offset` on, which are generated again: no copy is kept.
    ///
    /// # Errors
    /// Returns the first byte that differs.
    ///
    /// # Panics
    /// When the stretch does not end before 2^64.
    pub fn verify(&self, kernel: Kernel, offset: u64, data: &[u8]) -> Result<(), Mismatch> {
        let mut buffer = [MaybeUninit::uninit(); SEGMENT_BYTES];
        let (mut offset, mut rest) = (offset, data);
        while !rest.is_empty() {
            let inside = usize::try_from(offset % SEGMENT_BYTES as u64).expect("less than a segment");
            let until_next = SEGMENT_BYTES - inside;
            let (piece, later) = rest.split_at(rest.len().min(until_next));
            let expected = self.fill(kernel, Stores::Ordinary, offset, &mut buffer[..piece.len()]);
            if expected != piece {
                return Err(first_mismatch(offset, expected, piece));
            }
            (offset, rest) = (offset + piece.len() as u64, later);
        }
        Ok(())
    }
}

/// Finds the byte in a piece that differs. Whole pieces are compared first, at the speed of generation.
#[cold]
fn first_mismatch(offset: u64, expected: &[u8], found: &[u8]) -> Mismatch {
    let pairs = (offset..).zip(expected.iter().zip(found));
    let (offset, (expected, found)) = { pairs }.find(|(_, (a, b))| a != b).expect("the pieces differ");
    Mismatch { offset, expected: *expected, found: *found }
}

/// The part of `bytes` that worker `index` of `workers` fills: all parts together are `0..bytes`, in order.
///
/// Parts end at a multiple of 4 KiB and differ by no more than that, so that even a chunk smaller than
/// `workers` blocks keeps every worker busy. With many bytes per worker they end at whole segments instead, so that no
/// worker generates the beginning of a segment that it does not store.
///
/// # Panics
/// When `index` is not below `workers`.
pub fn share(bytes: usize, index: usize, workers: usize) -> Range<usize> {
    assert!(index < workers, "worker {index} of {workers}");
    // Parts then differ by one segment in 16 at most. For smaller parts, a cut inside a segment costs less than that.
    let cut = if bytes / workers >= 16 * SEGMENT_BYTES { SEGMENT_BYTES } else { GRANULE_BYTES };
    let units = bytes.div_ceil(cut) as u128;
    let edge = |index: usize| {
        let units_before = units * index as u128 / workers as u128;
        usize::try_from(units_before).expect("no more than units").saturating_mul(cut).min(bytes)
    };
    edge(index)..edge(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verification_finds_the_first_wrong_byte() {
        let (stream, kernel) = (Stream::new(1, 2), Kernel::best());
        let offset = SEGMENT_BYTES as u64 - 300;
        let mut out = [MaybeUninit::uninit(); 1000];
        let data = stream.fill(kernel, Stores::Ordinary, offset, &mut out);
        assert_eq!(stream.verify(kernel, offset, data), Ok(()));
        assert_eq!(stream.verify(kernel, offset, &[]), Ok(()));
        // In the first segment, at the cut, and at the last byte; a later error must not be named first.
        let wrong_bytes = if cfg!(miri) { &[300][..] } else { &[0, 299, 300, 999] };
        for &wrong in wrong_bytes {
            let mut data = data.to_vec();
            let expected = data[wrong];
            data[wrong] ^= 0x40;
            data[999] ^= 1;
            let mismatch = stream.verify(kernel, offset, &data).expect_err("one bit differs");
            assert_eq!((mismatch.offset, mismatch.expected), (offset + wrong as u64, expected));
            assert_eq!(mismatch.found, data[wrong]);
        }
        let elsewhere =
            stream.verify(kernel, offset + 1, data).expect_err("these are the bytes of another offset");
        assert!(elsewhere.to_string().contains("should be 0x"), "{elsewhere}");
    }

    #[test]
    fn overwritten_bytes_are_those_that_are_filled_in() {
        let (stream, kernel) = (Stream::new(1, 2), Kernel::best());
        let mut out = [MaybeUninit::uninit(); 600];
        let mut written = [0xA5; 600];
        stream.overwrite(kernel, Stores::Ordinary, 77, &mut written);
        assert_eq!(written, stream.fill(kernel, Stores::Ordinary, 77, &mut out));
    }

    #[test]
    #[should_panic(expected = "end after 2^64")]
    fn a_stretch_beyond_the_last_offset_is_a_bug_of_the_caller() {
        Stream::new(0, 0).fill(Kernel::best(), Stores::Ordinary, u64::MAX, &mut [MaybeUninit::uninit(); 2]);
    }

    #[test]
    fn the_last_offset_can_be_filled() {
        let mut out = [MaybeUninit::uninit(); 300];
        let data = Stream::new(0, 0).fill(Kernel::best(), Stores::Ordinary, u64::MAX - 300, &mut out);
        assert_eq!(Stream::new(0, 0).verify(Kernel::best(), u64::MAX - 300, data), Ok(()));
    }

    #[test]
    fn shares_are_all_of_the_bytes_and_differ_by_little() {
        for bytes in [0, 1, 4096, 4097, 8 << 20, (8 << 20) + 12_345, 256 << 20, usize::MAX] {
            for workers in if cfg!(miri) { vec![1, 3] } else { vec![1, 2, 3, 23, 24, 192] } {
                let shares: Vec<Range<usize>> =
                    (0..workers).map(|index| share(bytes, index, workers)).collect();
                assert_eq!((shares[0].start, shares[workers - 1].end), (0, bytes));
                assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
                let sizes = shares.iter().map(Range::len);
                let (most, least) = (sizes.clone().max(), sizes.min());
                // One granule of a small share, 1/16 of a large one, and the short end of the last.
                let fair = bytes / workers;
                let uneven = most.expect("workers") - least.expect("workers");
                assert!(
                    uneven <= (fair / 16).max(GRANULE_BYTES) * 2,
                    "{bytes} bytes, {workers} workers: {uneven}"
                );
            }
        }
    }
}
