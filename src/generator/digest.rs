//! The digest of a data set: one number for all of its bytes, independent of their division among ranks and of the order.

use std::fmt;

use crate::hash::hash_with_seed;
use crate::mix::mix64;

/// Bytes that are hashed at a time. Chunks are whole multiples of it, so their cuts do not show.
pub const PIECE_BYTES: usize = 4 << 10;

/// The sum, modulo 2^128, of the XXH3-128 of every 4 KiB piece, each keyed by its offset.
///
/// Ranks and workers can add their hashes in any order, because it is a sum. Two exchanged pieces change it, because
/// hashes are keyed. A piece hashed twice does not vanish, because it is not an exclusive-or. It detects errors, but is
/// not cryptographic: collisions can be constructed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u128);

impl Digest {
    /// The digest of no bytes.
    pub const fn new() -> Digest {
        Digest(0)
    }

    /// Adds the bytes that stand at `offset` in the data set.
    ///
    /// # Panics
    /// When `offset` is not a multiple of 4 KiB. Only the last piece of the data set may be shorter: elsewhere the
    /// digest would depend on the position of the cut.
    pub fn add(&mut self, offset: u64, data: &[u8]) {
        let pieces = (offset..).step_by(PIECE_BYTES).zip(data.chunks(PIECE_BYTES));
        assert!(offset.is_multiple_of(PIECE_BYTES as u64), "offset {offset} is inside a piece");
        for (offset, piece) in pieces {
            self.0 = self.0.wrapping_add(hash_with_seed(piece, mix64(offset)));
        }
    }

    /// Adds the digest of another rank or worker for the same data set.
    pub fn merge(&mut self, other: &Digest) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// 32 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        format!("{:032x}", self.0)
    }

    /// The digest that `to_hex` wrote.
    ///
    /// # Errors
    /// The message says what was found and what is accepted.
    pub fn from_hex(text: &str) -> Result<Digest, String> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u128::from_str_radix(text, 16).ok().filter(|_| digits);
        value.map(Digest).ok_or_else(|| format!("\"{text}\" is not a digest; expected 32 hexadecimal digits"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Random;

    /// Under Miri a few pieces are enough to cut between.
    const PIECES: usize = if cfg!(miri) { 2 } else { 9 };

    /// Whole pieces and a short one.
    fn data_set() -> Vec<u8> {
        let mut random = Random::new(1);
        (0..PIECES * PIECE_BYTES + 100).map(|_| random.bits().to_le_bytes()[0]).collect()
    }

    fn digest(data: &[u8]) -> Digest {
        let mut digest = Digest::new();
        digest.add(0, data);
        digest
    }

    #[test]
    fn the_digest_does_not_depend_on_order_or_chunking() {
        let data = data_set();
        for chunk_pieces in [1, 2, 5, 20] {
            let chunk_bytes = chunk_pieces * PIECE_BYTES;
            let (mut even, mut odd) = (Digest::new(), Digest::new());
            for (index, chunk) in data.chunks(chunk_bytes).enumerate().rev() {
                let rank = if index % 2 == 0 { &mut even } else { &mut odd };
                rank.add((index * chunk_bytes) as u64, chunk);
            }
            odd.merge(&even);
            assert_eq!(odd, digest(&data), "chunks of {chunk_pieces} pieces");
        }
    }

    #[test]
    fn the_digest_sees_one_bit_a_swap_a_repeated_piece_and_a_missing_piece() {
        let data = data_set();
        let truth = digest(&data);
        let mut flipped = data.clone();
        flipped[PIECE_BYTES + 17] ^= 4;
        let mut swapped = data.clone();
        swapped[..2 * PIECE_BYTES].rotate_left(PIECE_BYTES);
        let mut twice = truth;
        twice.add(0, &data[..PIECE_BYTES]);
        twice.add(0, &data[..PIECE_BYTES]);
        for wrong in [digest(&flipped), digest(&swapped), twice, digest(&data[..PIECES * PIECE_BYTES])] {
            assert_ne!(wrong, truth);
        }
    }

    #[test]
    fn hexadecimal_reads_back_and_nonsense_is_refused() {
        for digest in [Digest(0), Digest(1), Digest(u128::MAX), digest(&data_set())] {
            assert_eq!(Digest::from_hex(&digest.to_hex()), Ok(digest));
        }
        for nonsense in ["", "12", "g0000000000000000000000000000000", "+0000000000000000000000000000001"] {
            assert!(Digest::from_hex(nonsense).expect_err(nonsense).contains("32 hexadecimal digits"));
        }
    }

    #[test]
    #[should_panic(expected = "inside a piece")]
    fn an_offset_inside_a_piece_is_a_bug_of_the_caller() {
        Digest::new().add(100, &[0; 10]);
    }
}
