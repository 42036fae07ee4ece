//! 64-bit mixing and a small counter-based random number: seeds, shuffles, random gaps.
//!
//! Source: Sebastiano Vigna, `splitmix64.c` (2015), <https://prng.di.unimi.it/splitmix64.c>, after
//! Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

/// The increment of splitmix64: 2^64 divided by the golden ratio, odd.
pub const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The first and the second factor of [`mix64`].
pub const MIX_FACTORS: [u64; 2] = [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB];

/// Mixes 64 bits: a bijection in which every input bit changes every output bit with probability close to 1/2.
#[inline]
pub const fn mix64(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(MIX_FACTORS[0]);
    z = (z ^ (z >> 27)).wrapping_mul(MIX_FACTORS[1]);
    z ^ (z >> 31)
}

/// Mixes several words into one. Each word goes through a full round, so that `(1, 2)` and `(2, 1)` are unrelated.
#[inline]
pub const fn mix_words(words: &[u64]) -> u64 {
    let mut state = 0;
    let mut i = 0;
    while i < words.len() {
        state = mix64(state ^ words[i]).wrapping_add(GOLDEN_GAMMA);
        i += 1;
    }
    mix64(state)
}

/// A number in `0..bound` from 32 random bits, by Lemire's multiplication; the bias is below `bound / 2^32`. So 64 bits give
/// two numbers.
#[inline(always)]
pub const fn scaled(bits: u32, bound: u32) -> u32 {
    ((bits as u64 * bound as u64) >> 32) as u32
}

/// splitmix64: one addition and one mix per number. For random choices, never for the data stream.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; equal seeds give equal sequences.
    pub const fn new(seed: u64) -> Random {
        Random(mix64(seed))
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        mix64(self.0)
    }

    /// A random number in `0..bound`, as `scaled` makes it.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        scaled((self.bits() >> 32) as u32, bound)
    }

    /// Shuffles by Fisher-Yates: every order is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u32::try_from(last + 1).expect("lists that are shuffled are short");
            items.swap(last, self.below(bound) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_matches_the_published_sequence() {
        // The first three outputs of splitmix64.c from the state 1234567.
        let mut random = Random(1234567);
        let expected = [6457827717110365317, 3203168211198807973, 9817491932198370423];
        assert_eq!([random.bits(), random.bits(), random.bits()], expected);
    }

    #[test]
    fn mix_words_depends_on_the_order_and_the_count() {
        assert_ne!(mix_words(&[1, 2]), mix_words(&[2, 1]));
        assert_ne!(mix_words(&[0]), mix_words(&[0, 0]));
    }

    #[test]
    fn shuffle_keeps_every_item_and_repeats_with_the_seed() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..100).collect();
            Random::new(seed).shuffle(&mut items);
            items
        };
        let mut sorted = order(7);
        assert_eq!(order(7), sorted);
        assert_ne!(order(8), sorted);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
