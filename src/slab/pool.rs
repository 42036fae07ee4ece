//! Free superslabs: single ones are taken from the low end, runs from the high end.
//!
//! The two kinds are kept apart, and each request takes the outermost fit, so that runs of one length follow runs of
//! another length without holes: the free superslabs are one stretch again as soon as the previous case has given its
//! blocks back.

use std::ops::Range;

use crate::units::index;

/// One bit per superslab; 1 is free.
#[derive(Debug)]
pub(super) struct Pool {
    free: Vec<u64>,
    /// Superslabs that the pool manages: those below are never free.
    superslabs: Range<u32>,
    free_count: u32,
    free_count_min: u32,
}

impl Pool {
    /// A pool of these superslabs, all free.
    pub(super) fn new(superslabs: Range<u32>) -> Pool {
        let (first, count) = (superslabs.start, superslabs.end - superslabs.start);
        let free = vec![0; index(superslabs.end).div_ceil(64)];
        let mut pool = Pool { free, superslabs, free_count: 0, free_count_min: count };
        pool.give(first, count);
        pool
    }

    /// Superslabs that the pool manages.
    pub(super) fn superslabs(&self) -> Range<u32> {
        self.superslabs.clone()
    }

    /// Superslabs that are free.
    pub(super) fn free_count(&self) -> u32 {
        self.free_count
    }

    /// The most superslabs that were taken at once.
    pub(super) fn taken_count_max(&self) -> u32 {
        self.superslabs.end - self.superslabs.start - self.free_count_min
    }

    /// Takes the lowest free superslab.
    pub(super) fn take_lowest(&mut self) -> Option<u32> {
        let lowest = self.superslabs.start / 64;
        let words = &self.free[index(lowest)..];
        let (word, free) = (lowest..).zip(words).find(|(_, free)| **free != 0)?;
        let number = word * 64 + free.trailing_zeros();
        self.mark(number, 1, false);
        Some(number)
    }

    /// Takes the highest stretch of `count` superslabs with `first + phase = 0 mod alignment`.
    pub(super) fn take_highest_run(&mut self, count: u32, alignment: u32, phase: u32) -> Option<u32> {
        let mut end = self.superslabs.end;
        loop {
            end = self.skip_down(end, false);
            let start = self.skip_down(end, true);
            if let Some(first) = highest_fit(start, end, count, alignment, phase) {
                self.mark(first, count, false);
                return Some(first);
            }
            if start <= self.superslabs.start {
                return None;
            }
            end = start;
        }
    }

    /// Takes exactly these superslabs, if all are free.
    pub(super) fn take_exactly(&mut self, first: u32, count: u32) -> bool {
        let end = first + count;
        let free = self.skip_down(end, true) <= first;
        if free {
            self.mark(first, count, false);
        }
        free
    }

    /// Gives superslabs back.
    ///
    /// # Panics
    /// When one of them is free already: the caller must hold them.
    pub(super) fn give(&mut self, first: u32, count: u32) {
        self.mark(first, count, true);
    }

    fn is_free(&self, number: u32) -> bool {
        self.free[index(number / 64)] >> (number % 64) & 1 != 0
    }

    /// Sets `count` bits from `first` on to `free`, a word at a time.
    fn mark(&mut self, first: u32, count: u32, free: bool) {
        let (mut number, end) = (first, first + count);
        while number < end {
            let bits = (64 - number % 64).min(end - number);
            let mask = (u64::MAX >> (64 - bits)) << (number % 64);
            let word = &mut self.free[index(number / 64)];
            assert_eq!(*word & mask, if free { 0 } else { mask }, "superslab {number}: owned by two");
            *word ^= mask;
            number += bits;
        }
        self.free_count = if free { self.free_count + count } else { self.free_count - count };
        self.free_count_min =
            if free { self.free_count_min } else { self.free_count_min.min(self.free_count) };
    }

    /// The lowest number from which everything up to `end` is free (or everything is taken).
    fn skip_down(&self, end: u32, free: bool) -> u32 {
        let mut at = end;
        while at > 0 {
            let word = self.free[index((at - 1) / 64)];
            // The bits below `at` are moved to the top; the state that is searched for becomes zeros.
            let below = if free { !word } else { word } << (63 - (at - 1) % 64);
            let in_word = (at - 1) % 64 + 1;
            let zeros = below.leading_zeros().min(in_word);
            at -= zeros;
            if zeros < in_word {
                break;
            }
        }
        debug_assert!(at == end || self.is_free(at) == free);
        at
    }
}

fn highest_fit(start: u32, end: u32, count: u32, alignment: u32, phase: u32) -> Option<u32> {
    let highest = end.checked_sub(count)?;
    let first = highest.checked_sub((highest + phase) % alignment)?;
    (first >= start).then_some(first)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::mix::Random;

    /// The same decisions over one bool per superslab.
    fn oracle_highest_run(free: &[bool], count: usize, alignment: usize, phase: usize) -> Option<usize> {
        let fits = |first: &usize| {
            (first + phase).is_multiple_of(alignment) && free[*first..first + count].iter().all(|free| *free)
        };
        (0..=free.len().checked_sub(count)?).rev().find(fits)
    }

    #[test]
    fn the_pool_decides_like_one_bool_a_superslab() {
        for seed in 0..if cfg!(miri) { 2 } else { 40 } {
            let mut random = Random::new(seed);
            let superslabs = 1 + random.below(200);
            // Pools that begin at superslab 0, and pools that begin later: superslabs below the start are never given
            // out.
            let first = if random.below(2) == 0 { 0 } else { random.below(superslabs) };
            let mut pool = Pool::new(first..superslabs);
            let mut free: Vec<bool> = (0..superslabs).map(|number| number >= first).collect();
            let mut taken: Vec<(u32, u32)> = Vec::new();
            let mut taken_max = 0;
            for _ in 0..if cfg!(miri) { 40 } else { 300 } {
                let longest = if random.below(4) == 0 { 90 } else { 5 };
                let count = 1 + random.below(longest);
                match random.below(5) {
                    0 => {
                        let lowest = pool.take_lowest();
                        assert_eq!(
                            lowest,
                            free.iter().position(|free| *free).map(|at| at as u32),
                            "seed {seed}"
                        );
                        taken.extend(lowest.map(|first| (first, 1)));
                    }
                    1 | 2 => {
                        let (alignment, phase) = (1 << random.below(4), random.below(8));
                        let run = pool.take_highest_run(count, alignment, phase);
                        let expected =
                            oracle_highest_run(&free, count as usize, alignment as usize, phase as usize);
                        assert_eq!(run.map(|first| first as usize), expected, "seed {seed}");
                        taken.extend(run.map(|first| (first, count)));
                    }
                    _ if !taken.is_empty() => {
                        let (first, count) = taken.swap_remove(random.below(taken.len() as u32) as usize);
                        pool.give(first, count);
                        free[first as usize..(first + count) as usize].fill(true);
                    }
                    _ => {}
                }
                for (first, count) in &taken {
                    free[*first as usize..(first + count) as usize].fill(false);
                }
                let free_now = free.iter().filter(|free| **free).count();
                assert_eq!(pool.free_count() as usize, free_now, "seed {seed}");
                taken_max = taken_max.max((superslabs - first) as usize - free_now);
                assert_eq!(pool.taken_count_max() as usize, taken_max, "seed {seed}");
            }
        }
    }

    #[test]
    fn exactly_these_superslabs_or_none() {
        let mut pool = Pool::new(0..130);
        assert!(pool.take_exactly(60, 10));
        assert!(!pool.take_exactly(69, 5) && !pool.take_exactly(50, 11));
        assert!(pool.take_exactly(70, 60) && pool.take_exactly(0, 60));
        assert_eq!((pool.free_count(), pool.take_lowest()), (0, None));
    }
}
