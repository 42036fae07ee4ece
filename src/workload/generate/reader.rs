//! A consumer's reading of a block before it gives the block back.

use super::design::Consumer;

/// Target of copies, reused for every piece: its memory stays in the L2 of a core, as does the buffer of a socket or
/// the written end of a file. So the time is that of reading.
const BUFFER_BYTES: usize = 64 << 10;

/// One worker's consumer.
pub(super) struct Reader {
    consumer: Consumer,
    read: Read,
    /// Empty when nothing is copied.
    buffer: Box<[u8]>,
}

/// Totals of a consumer's reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Bytes.
    pub bytes: u64,
    /// The sum of the words read, little endian, modulo 2^64; 0 when they were copied only.
    pub sum: u64,
}

impl Reader {
    pub(super) fn new(consumer: Consumer) -> Reader {
        let bytes = if consumer == Consumer::Copy { BUFFER_BYTES } else { 0 };
        Reader { consumer, read: Read::default(), buffer: vec![0; bytes].into() }
    }

    /// Reads every byte once; none when blocks are discarded.
    pub(super) fn read(&mut self, block: &[u8]) {
        match self.consumer {
            Consumer::Discard => return,
            Consumer::Checksum => self.read.sum = self.read.sum.wrapping_add(sum(block)),
            Consumer::Copy => {
                for piece in block.chunks(BUFFER_BYTES) {
                    copy(piece, &mut self.buffer);
                    // Without this the compiler would remove the copy, because no code reads it.
                    std::hint::black_box(&mut self.buffer);
                }
            }
        }
        self.read.bytes += block.len() as u64;
    }

    /// The totals so far.
    pub(super) fn so_far(&self) -> Read {
        self.read
    }
}

impl Read {
    /// Adds the totals of another worker.
    pub fn add(&mut self, other: Read) {
        self.bytes += other.bytes;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// Copies in stretches of a page. For longer ones a C library uses `rep movsb`. On Zen 4 its speed falls from 30 to 4
/// or 8 GB/s when the offsets of source and target in their pages differ by a few bytes. Shorter stretches need more
/// calls and read memory at half its speed.
fn copy(from: &[u8], to: &mut [u8]) {
    const STRETCH_BYTES: usize = 4 << 10;
    for (from, to) in from.chunks(STRETCH_BYTES).zip(to.chunks_mut(STRETCH_BYTES)) {
        to[..from.len()].copy_from_slice(from);
    }
}

/// Bytes that are added at a time: a cache line, eight words.
const GROUP_BYTES: usize = 64;

/// The sum of the words, as if zeros followed the last byte. Eight sums side by side keep the CPU's loads busy, so that
/// memory is the limit.
///
/// The loop uses arrays of fixed size and no iterator adaptor: with several codegen units and no LTO, `zip` and `chain`
/// are not inlined, and the loop takes 20 times as long.
fn sum(data: &[u8]) -> u64 {
    let (groups, rest) = data.as_chunks::<GROUP_BYTES>();
    let mut last = [0; GROUP_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let mut sums = [0; GROUP_BYTES / size_of::<u64>()];
    for group in groups {
        add(&mut sums, group);
    }
    add(&mut sums, &last);
    sums.into_iter().fold(0, u64::wrapping_add)
}

/// Adds the words of a group, each to its own sum.
#[inline(always)]
fn add(sums: &mut [u64; GROUP_BYTES / size_of::<u64>()], group: &[u8; GROUP_BYTES]) {
    let (words, _) = group.as_chunks();
    for (index, sum) in sums.iter_mut().enumerate() {
        *sum = sum.wrapping_add(u64::from_le_bytes(words[index]));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::mix::Random;

    fn data(bytes: usize) -> Vec<u8> {
        let mut random = Random::new(9);
        (0..bytes).map(|_| random.bits().to_le_bytes()[3]).collect()
    }

    #[test]
    fn a_checksum_is_the_sum_of_all_words_and_sees_every_byte() {
        // No byte, less than a word, less than a group, whole groups, whole groups and a rest.
        for bytes in [0, 5, 63, 64, 4096, 4096 + 67] {
            let data = data(bytes);
            let mut expected = 0u64;
            for (index, byte) in data.iter().enumerate() {
                expected = expected.wrapping_add(u64::from(*byte) << (index % 8 * 8));
            }
            let mut reader = Reader::new(Consumer::Checksum);
            reader.read(&data);
            assert_eq!(reader.so_far(), Read { bytes: bytes as u64, sum: expected }, "{bytes} bytes");
            for index in 0..bytes.min(130) {
                let mut other = data.clone();
                other[index] ^= 0x10;
                assert_ne!(sum(&other), expected, "byte {index} of {bytes}");
            }
        }
    }

    #[test]
    fn a_copy_is_of_every_byte_and_a_discarded_block_is_not_read() {
        let data = data(2 * BUFFER_BYTES + 100);
        let mut reader = Reader::new(Consumer::Copy);
        reader.read(&data);
        assert_eq!(reader.so_far(), Read { bytes: data.len() as u64, sum: 0 });
        assert_eq!(reader.buffer[..100], data[2 * BUFFER_BYTES..]);
        assert_eq!(reader.buffer[100..], data[BUFFER_BYTES + 100..2 * BUFFER_BYTES]);
        let mut reader = Reader::new(Consumer::Discard);
        reader.read(&data);
        assert_eq!((reader.so_far(), reader.buffer.len()), (Read::default(), 0));
    }
}
