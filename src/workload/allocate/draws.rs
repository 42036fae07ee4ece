//! The random choices of a workload: slots, sizes, lifetimes.
//!
//! A choice is drawn between two operations that take a few nanoseconds, so it has to cost little beside them: half the
//! instructions of splitmix64. Source: Wang Yi, `wyrand` of wyhash final version 3 (2020),
//! <https://github.com/wangyi-fudan/wyhash>, public domain; its author reports that it passes BigCrush and PractRand.

/// A generator of random numbers: an addition and a product of 128 bits for 64 bits.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// A generator; equal seeds give equal sequences.
    pub const fn new(seed: u64) -> Draws {
        Draws(seed)
    }

    /// The next 64 random bits.
    #[inline(always)]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let product = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        (product >> 64) as u64 ^ product as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::scaled;

    #[test]
    fn the_sequence_follows_from_the_seed_and_fills_its_range_evenly() {
        let mut draws = Draws::new(7);
        // From the definition, with whole numbers of any length (Python).
        assert_eq!(
            [(); 3].map(|()| draws.bits()),
            [16292765481176799425, 15778304849968482104, 7116806604310374488,]
        );
        let mut halves = [[0u32; 16]; 2];
        for _ in 0..160_000 {
            let bits = draws.bits();
            halves[0][scaled((bits >> 32) as u32, 16) as usize] += 1;
            halves[1][scaled(bits as u32, 16) as usize] += 1;
        }
        // 10,000 each, with a standard deviation of 97.
        assert!(halves.iter().flatten().all(|count| (9_500..=10_500).contains(count)), "{halves:?}");
    }

    #[test]
    fn the_halves_of_a_draw_are_not_related() {
        let mut draws = Draws::new(1);
        let mut together = [[0u32; 4]; 4];
        for _ in 0..160_000 {
            let bits = draws.bits();
            together[scaled((bits >> 32) as u32, 4) as usize][scaled(bits as u32, 4) as usize] += 1;
        }
        assert!(together.iter().flatten().all(|count| (9_500..=10_500).contains(count)), "{together:?}");
    }
}
