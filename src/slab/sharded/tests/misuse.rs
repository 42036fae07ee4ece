//! Pointers that are not live objects are named, counted and do no harm.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::heap;
use crate::slab::{Cache, Misuse, SHARED_BYTES_MAX, SUPERSLAB_BYTES};

const SIZES: [usize; 6] = [8, 24, 128, 4096, 5000, SHARED_BYTES_MAX];

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

fn free(cache: &mut Cache<'_>, pointer: NonNull<u8>, bytes: usize) -> Result<(), Misuse> {
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
        let heap = heap(4, 1);
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
        let heap = heap(40, 1);
        let mut cache = heap.cache(0).expect("once");
        let objects: Vec<_> = (0..20).map(|_| cache.allocate(layout(bytes)).expect("room")).collect();
        for pointer in &objects[..10] {
            assert_eq!(free(&mut cache, *pointer, bytes), Ok(()));
        }
        for pointer in &objects[..10] {
            // Its slab may have been emptied and recycled: then no object is there.
            let misuse = free(&mut cache, *pointer, bytes).expect_err("freed before");
            assert!(matches!(misuse, Misuse::DoubleFree | Misuse::NotAllocated), "{bytes}: {misuse}");
        }
        assert_eq!(heap.violations(), 10);
        for pointer in &objects[10..] {
            assert_eq!(free(&mut cache, *pointer, bytes), Ok(()));
        }
    }
}

#[test]
fn freeing_twice_from_two_workers_in_every_order() {
    for bytes in SIZES {
        for order in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            let heap = heap(4, 2);
            let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
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
        let heap = heap(4, 1);
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
