//! A doubly linked list of numbered records, its links in the records: slabs of a class, superslabs of a cache.
//!
//! Owner-only: the links are atomics because records are shared, but only one worker reads and writes them. Every
//! access is therefore `Relaxed`; the operation that hands the records to another worker publishes them.

use crate::slab::sync::{AtomicU32, Ordering::Relaxed};
use crate::units::index;

/// A record's neighbours, as number + 1; 0 is none, so that zeroed records are unlinked.
#[derive(Debug)]
pub(super) struct Links {
    previous: AtomicU32,
    next: AtomicU32,
}

impl Links {
    #[cfg(all(test, not(loom)))]
    pub(super) fn new() -> Links {
        Links { previous: AtomicU32::new(0), next: AtomicU32::new(0) }
    }
}

/// A record that can be in one list at a time.
pub(super) trait Linked {
    /// Its links.
    fn links(&self) -> &Links;
}

/// The two ends, as number + 1. Invariant: the records from `front` along `next` are those from `back` along
/// `previous`, reversed; both ends are 0 or neither is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List {
    front: u32,
    back: u32,
}

impl List {
    /// The first record's number.
    #[inline]
    pub(super) fn front(&self) -> Option<u32> {
        self.front.checked_sub(1)
    }

    /// The last record's number.
    #[inline]
    pub(super) fn back(&self) -> Option<u32> {
        self.back.checked_sub(1)
    }

    /// The number of the record after this one in its list.
    pub(super) fn after<T: Linked>(records: &[T], number: u32) -> Option<u32> {
        records[index(number)].links().next.load(Relaxed).checked_sub(1)
    }

    /// Adds a record that is in no list, at the front.
    #[inline]
    pub(super) fn push_front<T: Linked>(&mut self, records: &[T], number: u32) {
        let links = records[index(number)].links();
        links.previous.store(0, Relaxed);
        links.next.store(self.front, Relaxed);
        match self.front() {
            Some(front) => records[index(front)].links().previous.store(number + 1, Relaxed),
            None => self.back = number + 1,
        }
        self.front = number + 1;
    }

    /// Adds a record that is in no list, at the back.
    pub(super) fn push_back<T: Linked>(&mut self, records: &[T], number: u32) {
        let links = records[index(number)].links();
        links.previous.store(self.back, Relaxed);
        links.next.store(0, Relaxed);
        match self.back.checked_sub(1) {
            Some(back) => records[index(back)].links().next.store(number + 1, Relaxed),
            None => self.front = number + 1,
        }
        self.back = number + 1;
    }

    /// Takes out a record that is in this list.
    #[inline]
    pub(super) fn unlink<T: Linked>(&mut self, records: &[T], number: u32) {
        let links = records[index(number)].links();
        let (previous, next) = (links.previous.load(Relaxed), links.next.load(Relaxed));
        match previous.checked_sub(1) {
            Some(previous) => records[index(previous)].links().next.store(next, Relaxed),
            None => self.front = next,
        }
        match next.checked_sub(1) {
            Some(next) => records[index(next)].links().previous.store(previous, Relaxed),
            None => self.back = previous,
        }
        links.previous.store(0, Relaxed);
        links.next.store(0, Relaxed);
    }

    /// Takes out the first record.
    pub(super) fn pop_front<T: Linked>(&mut self, records: &[T]) -> Option<u32> {
        let front = self.front()?;
        self.unlink(records, front);
        Some(front)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::mix::Random;
    use std::collections::VecDeque;

    impl Linked for Links {
        fn links(&self) -> &Links {
            self
        }
    }

    fn walk(list: &List, records: &[Links]) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = list.front();
        while let Some(number) = at {
            found.push(number);
            at = records[number as usize].next.load(Relaxed).checked_sub(1);
        }
        let last = found.last().map_or(0, |last| last + 1);
        assert_eq!(list.back, last);
        found
    }

    #[test]
    fn a_list_behaves_like_a_deque() {
        let records: Vec<Links> = (0..16).map(|_| Links::new()).collect();
        let (mut list, mut oracle) = (List::default(), VecDeque::new());
        let mut random = Random::new(5);
        for _ in 0..if cfg!(miri) { 100 } else { 2000 } {
            let number = random.below(16);
            match oracle.iter().position(|listed| *listed == number) {
                Some(place) if random.below(2) == 0 => {
                    oracle.remove(place);
                    list.unlink(&records, number);
                }
                Some(_) => assert_eq!(list.pop_front(&records), oracle.pop_front()),
                None if random.below(2) == 0 => {
                    oracle.push_front(number);
                    list.push_front(&records, number);
                }
                None => {
                    oracle.push_back(number);
                    list.push_back(&records, number);
                }
            }
            assert!(walk(&list, &records).iter().eq(oracle.iter()));
        }
    }
}
