//! Laws of the guards behind large objects at the level `full`.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::super::guards::GUARDS_MAX;
use super::*;
use crate::mix::Random;
use crate::numa::Reservation;
use crate::slab::{Cache, Demand, Full, Misuse, Populator, arena_bytes_needed};

fn guarded_heap(superslabs: usize, workers: u32) -> Heap {
    let reservation = Reservation::new(superslabs * SUPERSLAB_BYTES).expect("address space");
    let options = HeapOptions { hardening: Hardening::Full, ..HeapOptions::new(workers, Clock::start()) };
    Heap::new(Arena::bound(reservation).expect("an arena over it"), options).expect("valid options")
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).expect("a valid layout")
}

/// The mappings of the arena: length in bytes, and true for an accessible one.
fn mappings(arena: &Arena) -> Vec<(usize, bool)> {
    let (start, end) = (arena.base().addr().get(), arena.base().addr().get() + arena.bytes());
    let maps = std::fs::read_to_string("/proc/self/maps").expect("procfs");
    let of_line = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (low, high) = range.split_once('-')?;
        let [low, high] = [low, high].map(|end| usize::from_str_radix(end, 16).expect("an address"));
        (start <= low && high <= end).then(|| (high - low, rest.starts_with("rw")))
    };
    maps.lines().filter_map(of_line).collect()
}

fn free(cache: &mut Cache<'_, Full>, object: NonNull<u8>, bytes: usize) -> Result<(), Misuse> {
    // SAFETY: the tests do not use an object after they have freed it.
    unsafe { cache.deallocate(object, layout(bytes)) }
}

#[test]
fn only_the_page_behind_a_live_object_of_64_kib_or_more_is_inaccessible() {
    let heap = guarded_heap(8, 1);
    let mut cache = heap.hardened_cache::<Full>(0).expect("once");
    let whole = [(heap.arena().bytes(), true)];
    assert_eq!(mappings(heap.arena()), whole);
    // The smallest, one that ends inside a page, the largest with a class, and runs that end at, before and behind the
    // end of a superslab.
    let page = 4096;
    for bytes in
        [64 << 10, 70_001, (1 << 20) - page, 1 << 20, SUPERSLAB_BYTES - page, SUPERSLAB_BYTES, 5_000_000]
    {
        let object = cache.allocate(layout(bytes)).expect("room");
        // SAFETY: a live object of this size: every byte is accessible.
        unsafe { object.write_bytes(0x11, bytes) };
        let found = mappings(heap.arena());
        let closed: Vec<usize> = found.iter().filter(|(_, open)| !open).map(|(bytes, _)| *bytes).collect();
        assert!(matches!(closed[..], [guard] if guard >= page), "{bytes}: {found:?}");
        let before: usize = found.iter().take_while(|(_, open)| *open).map(|(bytes, _)| bytes).sum();
        let offset = object.addr().get() - heap.arena().base().addr().get();
        assert_eq!(before, (offset + bytes).next_multiple_of(page), "{bytes}: {found:?}");
        assert_eq!(free(&mut cache, object, bytes), Ok(()));
        assert_eq!(mappings(heap.arena()), whole, "{bytes}");
    }
    let small = cache.allocate(layout((64 << 10) - 1)).expect("room");
    assert_eq!(mappings(heap.arena()), whole);
    assert_eq!(free(&mut cache, small, (64 << 10) - 1), Ok(()));
    assert_eq!(heap.violations(), 0);
}

#[test]
fn an_arena_that_is_taken_from_its_heap_is_accessible_as_a_whole() {
    let heap = guarded_heap(16, 1);
    let mut cache = heap.hardened_cache::<Full>(0).expect("once");
    for bytes in [100_000, 3 << 20, 700_000] {
        cache.allocate(layout(bytes)).expect("room");
    }
    assert!(mappings(heap.arena()).len() > 3);
    drop(cache);
    let arena = heap.into_arena();
    assert_eq!(mappings(&arena), [(arena.bytes(), true)]);
    for offset in (0..arena.bytes()).step_by(4096) {
        // SAFETY: inside the arena, which nothing else uses.
        unsafe { arena.base().add(offset).write_volatile(1) };
    }
}

#[test]
fn a_heap_places_no_more_guards_than_its_limit() {
    let objects = GUARDS_MAX + 100;
    let heap = guarded_heap(objects / 25 + 2, 1);
    let mut cache = heap.hardened_cache::<Full>(0).expect("once");
    let bytes = 64 << 10;
    let live: Vec<_> = (0..objects).map(|_| cache.allocate(layout(bytes)).expect("room")).collect();
    let closed = |heap: &Heap| mappings(heap.arena()).iter().filter(|(_, open)| !open).count();
    assert_eq!(closed(&heap), GUARDS_MAX);
    assert!(mappings(heap.arena()).len() <= 2 * GUARDS_MAX + 1);
    for object in live {
        assert_eq!(free(&mut cache, object, bytes), Ok(()));
    }
    assert_eq!((closed(&heap), mappings(heap.arena()).len(), heap.violations()), (0, 1, 0));
}

#[test]
fn a_size_that_contradicts_the_guard_is_refused() {
    let heap = guarded_heap(8, 1);
    let mut cache = heap.hardened_cache::<Full>(0).expect("once");
    // The wrong sizes are of the same class, and of the same number of superslabs.
    for (right, wrong) in [(64 << 10, 70_000), (70_000, 64 << 10), ((1 << 20) + 1, 1_500_000)] {
        let object = cache.allocate(layout(right)).expect("room");
        assert_eq!(free(&mut cache, object, wrong), Err(Misuse::WrongLayout), "{right} and {wrong}");
        assert_eq!(free(&mut cache, object, right), Ok(()));
    }
    assert_eq!(heap.violations(), 3);
}

#[test]
fn guarded_objects_stay_within_the_arena_that_was_asked_for() {
    for seed in 0..10 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let (live, bytes_max) =
            (1 + u64::from(random.below(40)), 60_000 + u64::from(random.below(1_100_000)));
        let demand = Demand { live_per_worker: live, bytes_min: 1, bytes_max };
        let arena = usize::try_from(arena_bytes_needed(2, demand.hardened(Hardening::Full))).expect("small");
        let heap = guarded_heap(arena / SUPERSLAB_BYTES, 2);
        let work = |worker: u32| {
            let mut random = Random::new(seed * 2 + u64::from(worker));
            let mut cache = heap.hardened_cache::<Full>(worker).expect("once");
            let mut house: Vec<(NonNull<u8>, usize)> = Vec::new();
            for _ in 0..live * 10 {
                if house.len() as u64 == live {
                    let (object, bytes) = house.swap_remove(random.below(live as u32) as usize);
                    assert_eq!(free(&mut cache, object, bytes), Ok(()));
                }
                let bytes = 1 + random.below(bytes_max as u32) as usize;
                let object = cache.allocate(layout(bytes)).expect("the arena is large enough");
                // SAFETY: the first and the last byte of a live object.
                unsafe {
                    object.write(1);
                    object.add(bytes - 1).write(2);
                }
                house.push((object, bytes));
            }
            house.into_iter().for_each(|(object, bytes)| assert_eq!(free(&mut cache, object, bytes), Ok(())));
        };
        std::thread::scope(|scope| {
            let populator =
                Populator::is_supported().then(|| Populator::start(scope, &heap).expect("a thread"));
            let workers = [0, 1].map(|worker| scope.spawn(move || work(worker)));
            workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
            populator.map(Populator::finish).transpose().expect("memory");
        });
        assert_eq!((heap.violations(), mappings(heap.arena()).len()), (0, 1));
    }
}
