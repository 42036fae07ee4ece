//! State of the interleaved generators, in the order in which vectors load it.

use crate::generator::sizes::LANES;

/// Words of state of one lane.
pub(super) const STATE_WORDS: usize = 4;

/// The state of all lanes: word `w` of lane `l` is `words[w][l]`, so that a vector holds one word of many lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Lanes {
    pub(super) words: [[u64; LANES]; STATE_WORDS],
}

impl Lanes {
    /// Lanes that must be seeded before they are of use.
    pub(super) fn unseeded() -> Lanes {
        Lanes { words: [[0; LANES]; STATE_WORDS] }
    }

    /// The filler of a granule that begins here: the complement of the first word of the granule's first step, so that the
    /// filler ends where that step begins even if all of the step is seen.
    #[inline]
    pub(super) fn filler(&self) -> u64 {
        let [s0, s3] = [self.words[0][0], self.words[3][0]];
        !s0.wrapping_add(s3).rotate_left(23).wrapping_add(s0)
    }

    /// The four words of one lane.
    #[cfg(test)]
    pub(super) fn lane(&self, lane: usize) -> [u64; STATE_WORDS] {
        std::array::from_fn(|word| self.words[word][lane])
    }
}
