//! Live objects never overlap and keep their contents; memory is bounded and comes back.

use std::alloc::Layout;

use super::tenant::{House, Tenancy, any_layout};
use super::{heap, rounds, superslabs};
use crate::mix::Random;
use crate::slab::{Allocate, Demand, OutOfMemory, SHARED_BYTES_MAX, SUPERSLAB_BYTES, arena_bytes_needed};

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

#[test]
fn live_objects_never_overlap_and_keep_their_contents() {
    for seed in 0..rounds(24, 2) {
        println!("seed {seed}");
        let workers = 3;
        let heap = heap(superslabs(24, 4), workers);
        let mut caches: Vec<_> = (0..workers).map(|worker| heap.cache(worker).expect("once")).collect();
        let (mut house, mut random) = (House::default(), Random::new(seed));
        let mut refused = 0;
        for tag in 0..rounds(20_000, 300) {
            // Objects are given back by a worker of any cache, so most frees are foreign ones.
            let cache = &mut caches[random.below(workers) as usize];
            // The number of live objects rises and falls, so that slabs fill up and become empty.
            let growing = (tag / rounds(2000, 60)).is_multiple_of(2);
            if random.below(10) < if growing { 7 } else { 3 } {
                match Tenancy::begin(cache, any_layout(&mut random, 3 << 20), tag) {
                    Ok(tenancy) => house.move_in(tenancy),
                    Err(OutOfMemory) => refused += 1,
                }
            } else if let Some(tenancy) = house.move_out(&mut random) {
                tenancy.end(&mut caches[random.below(workers) as usize]).expect("a live object");
            }
            if random.below(500) == 0 {
                caches[random.below(workers) as usize].trim();
            }
        }
        println!("{} live at the end, {refused} refused for lack of room", house.len());
        house.move_all_out().for_each(|tenancy| tenancy.end(&mut caches[0]).expect("a live object"));
        // The first pass sends objects home, the second one finds them there.
        (0..2).for_each(|_| caches.iter_mut().for_each(|cache| cache.trim()));
        assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes(), "seed {seed}: everything comes back");
        assert_eq!(heap.violations(), 0);
    }
}

#[test]
fn every_size_from_nothing_to_the_largest_block_is_served() {
    // The whole arena, one superslab less, the edges of classes, of slabs, of superslabs.
    let superslabs = superslabs(300, 3);
    let heap = heap(superslabs, 1);
    let mut cache = heap.cache(0).expect("once");
    let arena = superslabs * SUPERSLAB_BYTES;
    let edges = [8, 64, 128, 1024, 4096, 32 << 10, SHARED_BYTES_MAX, SUPERSLAB_BYTES, arena];
    let near = edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1]);
    let blocks = [0, 1, 4 << 20, 8 << 20, 64 << 20, 512 << 20].into_iter();
    for bytes in near.chain(blocks) {
        let outcome = Tenancy::begin(&mut cache, layout(bytes), bytes as u64);
        assert_eq!(outcome.is_ok(), bytes <= arena, "{bytes} bytes");
        if let Ok(tenancy) = outcome {
            tenancy.end(&mut cache).expect("a live object");
        }
        cache.trim();
        assert_eq!(heap.usage().pooled_bytes, arena, "{bytes} bytes");
    }
}

#[test]
fn alignments_up_to_many_superslabs_are_honoured() {
    let heap = heap(superslabs(40, 4), 1);
    let mut cache = heap.cache(0).expect("once");
    for align in (0..=rounds(24, 22)).map(|log| 1usize << log) {
        for bytes in [1, 100, 5000, 3 << 20] {
            let layout = Layout::from_size_align(bytes, align).expect("a valid layout");
            // `begin` checks the address.
            let tenancy = Tenancy::begin(&mut cache, layout, 1).expect("room");
            tenancy.end(&mut cache).expect("a live object");
        }
    }
}

#[test]
fn exhaustion_is_an_error_and_passes() {
    for bytes in [8, 100, 4096, 5000, SHARED_BYTES_MAX, SUPERSLAB_BYTES, 5 << 20] {
        if cfg!(miri) && bytes < 4096 {
            continue;
        }
        let heap = heap(if bytes < SUPERSLAB_BYTES { superslabs(3, 1) } else { 3 }, 2);
        let mut cache = heap.cache(0).expect("once");
        for round in 0..2 {
            let mut live = Vec::new();
            while let Ok(object) = cache.take(layout(bytes)) {
                live.push(object);
            }
            let (used, arena) = (live.len() * bytes, heap.arena().bytes());
            println!("{bytes} bytes: {} objects, {} % of the arena", live.len(), 100 * used / arena);
            // The most that rounding up to classes, slabs and superslabs may waste.
            assert!(used * 2 >= arena, "{bytes} bytes, round {round}");
            // Another worker cannot allocate a run either; smaller objects might still fit.
            let mut other = heap.cache(1).expect("once");
            assert_eq!(other.take(layout(3 * SUPERSLAB_BYTES)).err(), Some(OutOfMemory));
            let one = live.pop().expect("at least one");
            other.give_back(one).expect("a live object");
            // It waits in a chain, unless it is large.
            other.trim();
            live.push(cache.take(layout(bytes)).expect("the one that was just given back"));
            live.into_iter().for_each(|object| cache.give_back(object).expect("a live object"));
        }
        assert_eq!(heap.violations(), 0);
    }
}

#[test]
fn blocks_handed_to_another_worker_stay_within_the_arena_that_was_asked_for() {
    // A chunk of some blocks from each of two workers; some chunks in flight; blocks given back by the other worker.
    for bytes in [96 << 10, 1 << 20, 4 << 20, 6 << 20] {
        let (workers, in_flight, blocks) = (2u32, rounds(2, 1), rounds(4, 2));
        let demand = Demand {
            live_per_worker: (in_flight + 1) * blocks,
            bytes_min: bytes as u64,
            bytes_max: bytes as u64,
        };
        let arena = arena_bytes_needed(workers, demand) as usize;
        let heap = heap(arena.div_ceil(SUPERSLAB_BYTES), workers);
        let mut caches: Vec<_> = (0..workers).map(|worker| heap.cache(worker).expect("once")).collect();
        let mut chunks = std::collections::VecDeque::new();
        for chunk in 0..rounds(500, 8) {
            let mut filled = Vec::new();
            for block in 0..blocks {
                for cache in &mut caches {
                    let tenancy = Tenancy::begin(cache, layout(bytes), chunk * 100 + block);
                    filled.push((cache.worker(), tenancy.expect("the arena is large enough")));
                }
            }
            chunks.push_back(filled);
            if chunks.len() as u64 > in_flight {
                for (worker, tenancy) in chunks.pop_front().expect("not empty") {
                    tenancy.end(&mut caches[1 - worker as usize]).expect("a live object");
                }
            }
        }
        for (_, tenancy) in chunks.into_iter().flatten() {
            tenancy.end(&mut caches[0]).expect("a live object");
        }
        (0..2).for_each(|_| caches.iter_mut().for_each(|cache| cache.trim()));
        assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes(), "{bytes} bytes");
    }
}

#[test]
fn random_sizes_stay_within_the_arena_that_was_asked_for() {
    for seed in 0..rounds(10, 1) {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let live = 1 + u64::from(random.below(rounds(3000, 60) as u32));
        let demand =
            Demand { live_per_worker: live, bytes_min: 1, bytes_max: 1 + u64::from(random.below(9000)) };
        let arena = arena_bytes_needed(1, demand) as usize;
        let heap = heap(arena / SUPERSLAB_BYTES, 1);
        let mut cache = heap.cache(0).expect("once");
        let mut house = House::default();
        for tag in 0..live * 20 {
            while house.len() as u64 >= live {
                let tenancy = house.move_out(&mut random).expect("not empty");
                tenancy.end(&mut cache).expect("a live object");
            }
            // Whole phases of one size: the worst case for slabs that cannot change class.
            let phase = Random::new(tag / live).bits() % (demand.bytes_max - demand.bytes_min + 1);
            let bytes = (demand.bytes_min + phase) as usize;
            house.move_in(Tenancy::begin(&mut cache, layout(bytes), tag).expect("the arena is large enough"));
        }
        house.move_all_out().for_each(|tenancy| tenancy.end(&mut cache).expect("a live object"));
    }
}

#[test]
fn a_change_of_block_size_finds_the_arena_whole() {
    let superslabs = superslabs(64, 3);
    let heap = heap(superslabs, 1);
    let mut cache = heap.cache(0).expect("once");
    let mut random = Random::new(3);
    for round in 0..rounds(200, 8) {
        let bytes = any_layout(&mut random, superslabs * SUPERSLAB_BYTES).size();
        let mut live = Vec::new();
        while let Ok(object) = cache.take(layout(bytes)) {
            live.push(object);
            if live.len() as u64 == rounds(500, 100) {
                break;
            }
        }
        assert!(!live.is_empty(), "round {round}: no room for {bytes} bytes in an empty arena");
        random.shuffle(&mut live);
        live.into_iter().for_each(|object| cache.give_back(object).expect("a live object"));
        // Without trim: objects that caches keep in hand must not prevent a block as large as the arena.
    }
}
