//! XXH3-128: fast and well mixed, but not secure against an attacker.

use xxhash_rust::xxh3::{Xxh3, xxh3_128_with_seed};

/// The hash of some bytes.
pub fn hash(bytes: &[u8]) -> u128 {
    hash_with_seed(bytes, 0)
}

/// The hash of some bytes with a seed; each seed gives another hash function.
#[inline]
pub fn hash_with_seed(bytes: &[u8], seed: u64) -> u128 {
    xxh3_128_with_seed(bytes, seed)
}

/// The hash of bytes that arrive in pieces. It equals the hash of all bytes at once.
#[derive(Clone, Default)]
pub struct Hasher(Xxh3);

impl Hasher {
    /// A hasher without any bytes yet.
    pub fn new() -> Hasher {
        Hasher(Xxh3::new())
    }

    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes so far.
    pub fn hash(&self) -> u128 {
        self.0.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_hash_of_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for piece in [1, 7, 240, 4096, 10_000] {
            let mut hasher = Hasher::new();
            bytes.chunks(piece).for_each(|piece| hasher.add(piece));
            assert_eq!(hasher.hash(), hash(&bytes), "pieces of {piece}");
        }
        // The empty input's hash, from the reference implementation's `xxhsum -H2`.
        assert_eq!(hash(b""), 0x99aa_06d3_0147_98d8_6001_c324_468d_497f);
    }
}
