//! The path of a kernel's stores to memory.

use std::fmt;

use crate::word::{Word, words};

words! {
    /// The kind of store that a kernel uses. Both give the same bytes and differ in whether caches hold them afterwards.
    Stores {
        /// Through the caches: the consumer finds the data there if it fits.
        Ordinary = "ordinary",
        /// Around the caches, straight to memory: no line is read before it is overwritten, nothing is evicted.
        ///
        /// Needs memory aligned to 64 bytes at offsets that are multiples of 64; elsewhere, and on CPUs other than x86-64,
        /// the stores are ordinary ones.
        NonTemporal = "non-temporal",
    }
}

impl Stores {
    /// The stores of `stores = "auto"`: ordinary while the bytes in flight are at most twice the L3 they pass through.
    ///
    /// `bytes_in_flight` counts all bytes written before the first of them is consumed and reused, `l3_bytes` is the L3
    /// that the same workers share (0: no L3). The factor is two because an L3 does not evict the oldest line first: of
    /// data twice its size a part is still cached when it is used again. GiB/s of two workers behind an L3 of 32 MiB,
    /// ordinary and non-temporal, without a reader and with each byte read once by the other worker:
    ///
    /// | in flight | not read | read once |
    /// |---|---|---|
    /// | 16 MiB | 81, 26 | 52, 16 |
    /// | 32 MiB | 60, 26 | 24, 15 |
    /// | 48 MiB | 35, 26 | 16, 10 |
    /// | 64 MiB | 34, 26 | 8 to 12, 8 to 13 |
    /// | 96 MiB | 22, 18 to 25 | 10, 12 |
    ///
    /// A mixture, with the first part of each chunk through the caches and the rest around them, was slower than ordinary
    /// stores up to twice the L3, and no faster than non-temporal stores beyond it.
    pub fn choose(bytes_in_flight: u64, l3_bytes: u64) -> Stores {
        if bytes_in_flight <= l3_bytes.saturating_mul(2) { Stores::Ordinary } else { Stores::NonTemporal }
    }
}

impl fmt::Display for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_ordinary_up_to_twice_the_l3() {
        let l3 = 32 << 20;
        assert_eq!(Stores::choose(64 << 20, l3), Stores::Ordinary);
        assert_eq!(Stores::choose((64 << 20) + 1, l3), Stores::NonTemporal);
        assert_eq!(Stores::choose(1, 0), Stores::NonTemporal);
    }
}
