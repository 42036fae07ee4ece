//! The place of a repetition's heap in the arena, and the memory that a case uses.
//!
//! The same program over other pages of the same memory can be some percent faster or slower, and stays so for as long
//! as it keeps them. So every repetition draws its place: what layout does becomes part of the spread, where it can be
//! seen, instead of a difference between cases. The cases of one comparison draw the same place in the same round.

use super::{Case, Plan, Turn, Work};
use crate::hash::hash;
use crate::mix::{Random, mix_words};
use crate::slab::{SUPERSLAB_BYTES, Stretch};

const SUPERSLAB: u64 = SUPERSLAB_BYTES as u64;

/// The memory a case goes over: cases that have this in common have the same limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Footprint {
    workers: u32,
    chunk_bytes: usize,
    block_bytes: usize,
    in_flight: u32,
    /// Blocks of the first worker between generation and consumption.
    held_blocks: usize,
}

impl Case {
    /// The footprint of a case that generates; `None` for others.
    pub fn footprint(&self) -> Option<Footprint> {
        let Work::Generate(parameters) = self.work else { return None };
        Some(Footprint {
            workers: self.workers,
            chunk_bytes: parameters.chunk_bytes,
            block_bytes: parameters.block_bytes,
            in_flight: parameters.in_flight,
            held_blocks: parameters.held_blocks(0, self.workers as usize).count(),
        })
    }
}

impl Plan {
    /// The part of the arena that the heap of this repetition may use; `None` for a case without one.
    ///
    /// # Panics
    /// When there is no such case.
    pub fn stretch(&self, rank: u32, turn: Turn) -> Option<Stretch> {
        let compared = &self.cases[turn.case].compared_as;
        let arms = self.cases.iter().filter(|case| case.compared_as == *compared);
        // The hungriest arm decides, so that all have the same choice.
        let bytes = arms.map(Case::arena_bytes).max().filter(|bytes| *bytes > 0)?;
        let places = self.arena_bytes.checked_sub(bytes).expect("the arena holds every case") / SUPERSLAB + 1;
        // 64 bits of the hash are as good as all of it.
        let case = hash(compared.as_bytes()) as u64;
        let seed = mix_words(&[self.seed, u64::from(rank), case, u64::from(turn.round)]);
        let places = u32::try_from(places).expect("an arena has fewer than 2^26 superslabs");
        let place = Random::new(seed).below(places);
        Some(Stretch { offset_bytes: u64::from(place) * SUPERSLAB, bytes })
    }

    /// Time for measuring the limit around one repetition of a case, in nanoseconds.
    pub fn limit_measuring_ns_of(&self, case: &Case) -> u64 {
        case.footprint().map_or(0, |_| 2 * self.limit_measuring_ns)
    }

    /// Time that limits of one rank at a time take, before and after all repetitions together, with so many ranks on
    /// the host that has most.
    pub fn limits_alone_ns(&self, ranks_on_host: u32) -> u64 {
        let mut footprints: Vec<Footprint> = self.cases.iter().filter_map(Case::footprint).collect();
        footprints.sort_unstable();
        footprints.dedup();
        2 * self.limit_measuring_ns * u64::from(ranks_on_host) * footprints.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Seat;
    use super::super::memory::SLACK;
    use super::super::tests::{lone_seat, planned};
    use super::*;

    fn plan(settings: &[&str]) -> Plan {
        let seat = Seat { ranks: 2, ranks_on_host: 2, ..lone_seat(2) };
        planned("[generate]\n[allocate]\n", settings, &seat).expect("a plan")
    }

    #[test]
    fn every_heap_lies_in_the_arena_and_begins_anywhere() {
        let plan = plan(&[
            "generate.chunk=[1MiB, 64MiB]",
            "allocate.allocator=[slab, system]",
            "run.repetitions=200",
        ]);
        for (index, case) in plan.cases.iter().enumerate() {
            let turns = (1..=200).map(|round| Turn { round, case: index });
            let stretches: Vec<_> = turns.filter_map(|turn| plan.stretch(0, turn)).collect();
            if case.arena_bytes() == 0 {
                assert!(stretches.is_empty(), "{}", case.id);
                continue;
            }
            let places = (plan.arena_bytes - case.arena_bytes()) / SUPERSLAB + 1;
            let drawn: BTreeSet<u64> =
                stretches.iter().map(|stretch| stretch.offset_bytes / SUPERSLAB).collect();
            assert!(places > SLACK && drawn.iter().all(|place| *place < places), "{}: {drawn:?}", case.id);
            // 200 draws: all of eight places, and many of many.
            assert!(drawn.len() as u64 >= places.min(8), "{}: {} of {places}", case.id, drawn.len());
            assert!(stretches.iter().all(|stretch| stretch.bytes == case.arena_bytes()), "{}", case.id);
        }
    }

    #[test]
    fn a_place_follows_from_seed_rank_case_and_round() {
        let plan = plan(&["generate.chunk=[1MiB, 64MiB]"]);
        let places = |rank: u32, case: usize| -> Vec<u64> {
            let stretch = |round| plan.stretch(rank, Turn { round, case }).expect("a heap");
            (1..=50).map(|round| stretch(round).offset_bytes).collect()
        };
        assert_eq!(places(0, 0), places(0, 0));
        assert_ne!(places(0, 1), places(1, 1));
        let mut other = plan.clone();
        other.seed += 1;
        let turn = |round| Turn { round, case: 0 };
        assert!((1..=50).any(|round| other.stretch(0, turn(round)) != plan.stretch(0, turn(round))));
    }

    #[test]
    fn limits_are_measured_once_for_each_footprint_and_around_every_repetition_that_generates() {
        let mut plan = plan(&[
            "generate.chunk=[1MiB, 64MiB]",
            "generate.stores=[ordinary, non-temporal]",
            "slab.batch=[16, 64]",
        ]);
        plan.limit_measuring_ns = 100;
        let of = |workload: &str| plan.cases.iter().find(|case| case.workload() == workload).expect("a case");
        assert_eq!(
            [plan.limit_measuring_ns_of(of("generate")), plan.limit_measuring_ns_of(of("larson"))],
            [200, 0]
        );
        // Two sizes of chunk, three ranks one after the other, before and after.
        assert_eq!(plan.limits_alone_ns(3), 2 * 2 * 3 * 100);
    }
}
