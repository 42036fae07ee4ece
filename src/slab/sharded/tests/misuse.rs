//! Pointers that are not live objects are named, counted and do no harm.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::tenant::{House, Tenancy};
use super::{hardened_heap, heap, rounds, superslabs};
use crate::slab::{
    Cache, Full, Hardening, Heap, Level, Misuse, Off, SHARED_BYTES_MAX, SLAB_BYTES, SUPERSLAB_BYTES, Strict,
};

const SIZES: [usize; 6] = [8, 24, 128, 4096, 5000, SHARED_BYTES_MAX];

/// Sizes to fill slabs with; under Miri only those of which a slab holds few.
fn filling(sizes: &[usize]) -> impl Iterator<Item = usize> {
    sizes.iter().copied().filter(|bytes| !cfg!(miri) || *bytes >= 1024)
}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

fn free<L: Level>(cache: &mut Cache<'_, L>, pointer: NonNull<u8>, bytes: usize) -> Result<(), Misuse> {
    // SAFETY: no test uses an object's memory.
    unsafe { cache.deallocate(pointer, layout(bytes)) }
}

/// A pointer moved forward by `bytes`.
fn moved(pointer: NonNull<u8>, bytes: isize) -> NonNull<u8> {
    NonNull::new(pointer.as_ptr().wrapping_offset(bytes)).expect("not null")
}

#[test]
fn freeing_twice_in_a_row() {
    for bytes in SIZES {
        let heap = heap(superslabs(4, 1), 1);
        let mut cache = heap.cache(0).expect("once");
        let (kept, twice) = (cache.allocate(layout(bytes)), cache.allocate(layout(bytes)));
        let twice = twice.expect("room");
        assert_eq!(free(&mut cache, twice, bytes), Ok(()));
        assert_eq!(free(&mut cache, twice, bytes), Err(Misuse::DoubleFree), "{bytes} bytes");
        assert_eq!(free(&mut cache, kept.expect("room"), bytes), Ok(()));
        assert_eq!(heap.violations(), 1);
        let first = heap.first_violation().expect("counted");
        assert_eq!((first.address, first.bytes, first.worker), (twice.addr().get(), bytes, 0));
    }
}

#[test]
fn freeing_twice_with_others_freed_in_between() {
    for bytes in SIZES {
        let half = rounds(10, 3) as usize;
        let heap = hardened_heap(superslabs(40, 4), 1, Hardening::Strict);
        let mut cache = heap.hardened_cache::<Strict>(0).expect("once");
        let objects: Vec<_> = (0..2 * half).map(|_| cache.allocate(layout(bytes)).expect("room")).collect();
        for pointer in &objects[..half] {
            assert_eq!(free(&mut cache, *pointer, bytes), Ok(()));
        }
        for pointer in &objects[..half] {
            // Its slab may have been emptied and recycled: then no object is there.
            let misuse = free(&mut cache, *pointer, bytes).expect_err("freed before");
            assert!(matches!(misuse, Misuse::DoubleFree | Misuse::NotAllocated), "{bytes}: {misuse}");
        }
        assert_eq!(heap.violations(), half as u64);
        for pointer in &objects[half..] {
            assert_eq!(free(&mut cache, *pointer, bytes), Ok(()));
        }
    }
}

#[test]
fn freeing_twice_from_two_workers_in_every_order() {
    for bytes in SIZES {
        for order in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            let heap = hardened_heap(superslabs(4, 2), 2, Hardening::Strict);
            let mut caches = [0, 1].map(|worker| heap.hardened_cache::<Strict>(worker).expect("once"));
            let object = caches[0].allocate(layout(bytes)).expect("room");
            assert_eq!(free(&mut caches[order[0]], object, bytes), Ok(()), "{bytes} {order:?}");
            assert_eq!(
                free(&mut caches[order[1]], object, bytes),
                Err(Misuse::DoubleFree),
                "{bytes} {order:?}"
            );
            assert_eq!(heap.violations(), 1);
            // The object is free once, not twice: two allocations differ.
            let (a, b) = (caches[0].allocate(layout(bytes)), caches[0].allocate(layout(bytes)));
            assert_ne!(a.expect("room"), b.expect("room"));
        }
    }
}

#[test]
fn freeing_twice_after_the_slab_is_gone() {
    let heap = heap(4, 2);
    let mut cache = heap.cache(0).expect("once");
    let object = cache.allocate(layout(64)).expect("room");
    assert_eq!(free(&mut cache, object, 64), Ok(()));
    cache.trim();
    assert_eq!(free(&mut cache, object, 64), Err(Misuse::NotAllocated));
    drop(cache);
    let mut other = heap.cache(1).expect("once");
    assert_eq!(free(&mut other, object, 64), Err(Misuse::NotAllocated));
}

#[test]
fn freeing_a_run_twice_or_in_part() {
    let heap = heap(12, 2);
    let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
    let bytes = 5 << 20;
    let run = caches[0].allocate(layout(bytes)).expect("room");
    assert_eq!(free(&mut caches[1], moved(run, SUPERSLAB_BYTES as isize), bytes), Err(Misuse::Interior));
    assert_eq!(free(&mut caches[1], moved(run, 8), bytes), Err(Misuse::Interior));
    assert_eq!(free(&mut caches[1], run, bytes + SUPERSLAB_BYTES), Err(Misuse::WrongLayout));
    assert_eq!(free(&mut caches[1], run, 100), Err(Misuse::WrongLayout));
    assert_eq!(free(&mut caches[1], run, bytes), Ok(()));
    assert_eq!(free(&mut caches[0], run, bytes), Err(Misuse::NotAllocated));
    assert_eq!(heap.violations(), 5);
}

#[test]
fn pointers_that_are_not_objects() {
    let heap = heap(4, 1);
    let mut cache = heap.cache(0).expect("once");
    for bytes in SIZES {
        let object = cache.allocate(layout(bytes)).expect("room");
        assert_eq!(free(&mut cache, moved(object, 1), bytes), Err(Misuse::Interior), "{bytes}");
        assert_eq!(free(&mut cache, moved(object, 4), bytes), Err(Misuse::Interior), "{bytes}");
        assert_eq!(free(&mut cache, object, bytes), Ok(()));
    }
    let base = heap.arena().base();
    let mut local = 0u64;
    let boxed = Box::new(7u64);
    let foreign = [
        NonNull::from(&mut local).cast(),
        NonNull::from(&*boxed).cast(),
        NonNull::from(&crate::units::Bytes(4)).cast(),
        NonNull::dangling(),
        NonNull::new(std::ptr::without_provenance_mut(usize::MAX)).expect("not null"),
        moved(base, -1),
        moved(base, heap.arena().bytes() as isize),
    ];
    for bytes in SIZES.into_iter().chain([5 << 20]) {
        for pointer in foreign {
            assert_eq!(free(&mut cache, pointer, bytes), Err(Misuse::Foreign), "{pointer:?}, {bytes}");
        }
        // Inside the arena, but never handed out: the end of a superslab in use, and one not in use.
        for offset in [SUPERSLAB_BYTES - 8, 3 * SUPERSLAB_BYTES, 4 * SUPERSLAB_BYTES - 8] {
            let misuse = free(&mut cache, moved(base, offset as isize), bytes);
            assert_eq!(misuse, Err(Misuse::NotAllocated), "offset {offset}, {bytes} bytes");
        }
    }
}

#[test]
fn a_wrong_size_up_to_a_mebibyte_does_no_harm() {
    for bytes in SIZES {
        let heap = heap(superslabs(4, 1), 1);
        let mut cache = heap.cache(0).expect("once");
        for wrong in [1, bytes / 2, bytes * 2, SHARED_BYTES_MAX, 5 << 20] {
            let object = cache.allocate(layout(bytes)).expect("room");
            assert_eq!(free(&mut cache, object, wrong), Ok(()), "{bytes} as {wrong}");
            assert_eq!(free(&mut cache, object, wrong), Err(Misuse::DoubleFree), "{bytes} as {wrong}");
        }
        cache.trim();
        assert_eq!(heap.usage().pooled_bytes, heap.arena().bytes());
    }
}

#[test]
fn an_object_of_another_heap_is_foreign() {
    let (mine, theirs) = (heap(2, 1), heap(2, 1));
    let (mut cache, mut other) = (mine.cache(0).expect("once"), theirs.cache(0).expect("once"));
    let object = other.allocate(layout(64)).expect("room");
    assert_eq!(free(&mut cache, object, 64), Err(Misuse::Foreign));
    assert_eq!((mine.violations(), theirs.violations()), (1, 0));
    assert_eq!(free(&mut other, object, 64), Ok(()));
}

#[test]
fn messages_name_the_worker_the_address_and_the_fault() {
    let heap = heap(2, 3);
    let mut cache = heap.cache(2).expect("once");
    let object = cache.allocate(layout(64)).expect("room");
    assert_eq!(free(&mut cache, moved(object, 3), 64), Err(Misuse::Interior));
    let message = heap.first_violation().expect("counted").to_string();
    let address = format!("{:#x}", object.addr().get() + 3);
    assert!(message.contains(&address) && message.contains("worker 2 gave back 64 bytes"), "{message}");
    assert!(message.ends_with("inside an object, not at its start"), "{message}");
}

/// Uses up the arena, under Miri somewhat more than a slab, and checks that no object overlaps another one.
fn fill<'heap>(cache: &mut Cache<'heap>, house: &mut House<'heap>, bytes: usize) {
    let more_than_a_slab = (SLAB_BYTES / bytes + 20) as u64;
    for tag in 0..rounds(u64::MAX, more_than_a_slab) {
        let Ok(tenancy) = Tenancy::begin(cache, layout(bytes), tag) else { break };
        house.move_in(tenancy);
    }
}

/// All objects of a slab but one are given back, one of them twice: as many frees as objects.
fn one_live_object_and_as_many_frees_as_objects<'heap>(
    heap: &'heap Heap,
    house: &mut House<'heap>,
    freeing: usize,
) -> [Cache<'heap>; 2] {
    let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
    let mut objects: Vec<_> =
        (0..8).map(|_| caches[0].allocate(layout(4096)).expect("the slab is empty")).collect();
    // The last object of the slab is that of a tenant, which knows its contents.
    let last = objects.pop().expect("eight");
    assert_eq!(free(&mut caches[0], last, 4096), Ok(()));
    house.move_in(Tenancy::begin(&mut caches[0], layout(4096), 7).expect("room"));
    for object in &objects {
        assert_eq!(free(&mut caches[freeing], *object, 4096), Ok(()));
    }
    // With others in between, the default hardening does not see it here, unless another worker frees.
    let again = free(&mut caches[freeing], objects[0], 4096);
    assert_eq!(again.is_err(), freeing == 1, "{again:?}");
    caches
}

#[test]
fn a_slab_is_never_released_under_a_live_object() {
    for freeing in [0, 1] {
        let heap = heap(3, 2);
        let mut house = House::default();
        let mut caches = one_live_object_and_as_many_frees_as_objects(&heap, &mut house, freeing);
        caches.iter_mut().rev().for_each(Cache::trim);
        assert!(heap.usage().pooled_bytes < heap.arena().bytes(), "an object is live");
        // Objects of another class would take over the memory of a slab that is released.
        filling(&[64, 1024, 4096]).for_each(|bytes| fill(&mut caches[0], &mut house, bytes));
        assert_eq!(heap.violations(), 1);
        let misuse = heap.first_violation().expect("counted").misuse;
        assert_eq!(misuse, if freeing == 0 { Misuse::Damaged } else { Misuse::DoubleFree });
        house.move_all_out().for_each(|tenancy| tenancy.end(&mut caches[0]).expect("a live object"));
    }
}

#[test]
fn an_object_freed_twice_is_not_handed_out_twice() {
    for bytes in filling(&[64, 1024]) {
        let heap = heap(3, 1);
        let mut cache = heap.cache(0).expect("once");
        let objects = [(); 3].map(|()| cache.allocate(layout(bytes)).expect("room"));
        for object in [0, 1, 0, 2] {
            assert_eq!(free(&mut cache, objects[object], bytes), Ok(()));
        }
        let mut house = House::default();
        fill(&mut cache, &mut house, bytes);
        assert_eq!(heap.violations(), 1);
        let first = heap.first_violation().expect("counted");
        assert_eq!((first.misuse, first.bytes, first.worker), (Misuse::Damaged, bytes, 0));
        house.move_all_out().for_each(|tenancy| tenancy.end(&mut cache).expect("a live object"));
    }
}

#[test]
fn a_write_to_the_link_of_a_free_object_is_found_before_it_is_followed() {
    // Under Miri sizes whose slabs are returned to for few free objects, before the arena is used up.
    let sizes: &[usize] =
        if cfg!(miri) { &[4096, SHARED_BYTES_MAX] } else { &[16, 64, 4096, 5000, SHARED_BYTES_MAX] };
    for &bytes in sizes {
        // Small objects fill a large heap for a minute.
        let heap = heap(if bytes < 4096 { 2 } else { superslabs(8, 2) }, 1);
        let mut cache = heap.cache(0).expect("once");
        let objects = [(); 2].map(|()| cache.allocate(layout(bytes)).expect("room"));
        objects.iter().for_each(|object| assert_eq!(free(&mut cache, *object, bytes), Ok(())));
        // SAFETY: memory of the arena, which no other thread uses; the misuse is the purpose.
        unsafe { objects[0].cast::<u64>().write(0x4141_4141_4141_4141) };
        let mut house = House::default();
        fill(&mut cache, &mut house, bytes);
        assert_eq!(heap.violations(), 1, "{bytes}");
        assert_eq!(heap.first_violation().map(|first| first.misuse), Some(Misuse::Damaged));
        house.move_all_out().for_each(|tenancy| tenancy.end(&mut cache).expect("a live object"));
    }
}

#[test]
fn the_whole_object_is_looked_at_when_asked_for() {
    // The object that was written to comes last, when the arena is used up.
    for bytes in filling(&[1, 24, 100, 4000, 5000]) {
        let heap = hardened_heap(superslabs(8, 1), 1, Hardening::Full);
        let mut cache = heap.hardened_cache::<Full>(0).expect("once");
        let object = cache.allocate(layout(bytes)).expect("room");
        assert_eq!(free(&mut cache, object, bytes + 200), Err(Misuse::WrongLayout), "{bytes}");
        assert!(free(&mut cache, moved(object, 16), bytes).is_err(), "{bytes}");
        // SAFETY: memory of the arena, which no other thread uses; the misuse is the purpose.
        unsafe { moved(object, bytes as isize).write(moved(object, bytes as isize).read() ^ 1) };
        assert_eq!(free(&mut cache, object, bytes), Err(Misuse::Overflow), "{bytes}");
        // SAFETY: as above.
        unsafe { moved(object, bytes as isize).write(moved(object, bytes as isize).read() ^ 1) };
        assert_eq!(free(&mut cache, object, bytes), Ok(()));
        assert_eq!(free(&mut cache, object, bytes), Err(Misuse::DoubleFree), "{bytes}");
        // SAFETY: as above.
        unsafe { moved(object, 9).write(1) };
        let found = heap.violations();
        while let Ok(other) = cache.allocate(layout(bytes)) {
            assert_ne!(other, object, "{bytes}: written to while it was free");
        }
        assert_eq!(heap.violations(), found + 1, "{bytes}");
    }
}

#[test]
fn without_hardening_the_arena_still_refuses_what_is_not_its_own() {
    let heap = hardened_heap(4, 1, Hardening::Off);
    let mut cache = heap.hardened_cache::<Off>(0).expect("once");
    let mut local = 0u64;
    assert_eq!(free(&mut cache, NonNull::from(&mut local).cast(), 8), Err(Misuse::Foreign));
    let object = cache.allocate(layout(64)).expect("room");
    assert_eq!(free(&mut cache, moved(object, 3), 64), Err(Misuse::Interior));
    assert_eq!(free(&mut cache, object, 64), Ok(()));
    cache.trim();
    assert_eq!(free(&mut cache, object, 64), Err(Misuse::NotAllocated));
    assert!(heap.cache(0).is_err(), "a cache has the hardening of its heap");
}

#[test]
fn an_object_that_another_worker_freed_first_keeps_its_next_users_bytes() {
    for bytes in filling(&[16, 64, 1024, 4096]) {
        let heap = heap(superslabs(3, 2), 2);
        let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
        let objects = [(); 2].map(|()| caches[0].allocate(layout(bytes)).expect("room"));
        // The other worker's chain ends with the first object; then the owner frees it too, and hands it out again.
        objects.iter().for_each(|object| assert_eq!(free(&mut caches[1], *object, bytes), Ok(())));
        assert_eq!(free(&mut caches[0], objects[0], bytes), Ok(()), "only `strict` looks at the object");
        let mut house = House::default();
        fill(&mut caches[0], &mut house, bytes);
        caches[1].trim();
        caches[0].trim();
        assert_eq!(heap.first_violation().map(|first| first.misuse), Some(Misuse::Damaged), "{bytes}");
        house.move_all_out().for_each(|tenancy| {
            // An object that is listed as free as well may be refused.
            let _ = tenancy.end(&mut caches[0]);
        });
    }
}
