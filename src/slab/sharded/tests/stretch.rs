//! A heap that may use a part of its arena uses that part and nothing else.
#![allow(unsafe_code)]

use std::alloc::Layout;

use super::heap_with;
use super::tenant::any_layout;
use crate::measure::Clock;
use crate::mix::Random;
use crate::slab::{Allocate, Arena, Heap, HeapOptions, SUPERSLAB_BYTES, Stretch};

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

#[test]
fn a_heap_keeps_to_its_stretch_of_the_arena() {
    // At the start, in the middle, at the end of 9 superslabs.
    for (first, count) in [(0u64, 4u64), (3, 4), (5, 4), (8, 1), (0, 9)] {
        let superslab = SUPERSLAB_BYTES as u64;
        let stretch = Stretch { offset_bytes: first * superslab, bytes: count * superslab };
        let options = HeapOptions { stretch: Some(stretch), ..HeapOptions::new(2, Clock::start()) };
        let heap = heap_with(9, options);
        let base = heap.arena().base().addr().get() as u64;
        let (start, end) = (base + stretch.offset_bytes, base + stretch.offset_bytes + stretch.bytes);
        (0..2).for_each(|worker| heap.populate(worker, 2).expect("memory"));
        let mut caches: Vec<_> = (0..2).map(|worker| heap.cache(worker).expect("once")).collect();
        let (mut live, mut random) = (Vec::new(), Random::new(first));
        // Small ones, whole superslabs and runs, until nothing fits any more.
        loop {
            let bytes = any_layout(&mut random, 3 << 20).size().max(1);
            let cache = &mut caches[random.below(2) as usize];
            let Ok(mut object) = cache.take(layout(bytes)) else { break };
            let memory = object.as_mut().as_ptr_range();
            assert!((start..=end).contains(&(memory.start.addr() as u64)), "{first}+{count}: {bytes} bytes");
            assert!(memory.end.addr() as u64 <= end, "{first}+{count}: {bytes} bytes");
            live.push(object);
        }
        assert!(!live.is_empty() && heap.usage().peak_bytes as u64 <= stretch.bytes);
        live.into_iter().for_each(|object| caches[0].give_back(object).expect("a live object"));
        (0..2).for_each(|_| caches.iter_mut().for_each(|cache| cache.trim()));
        let usage = heap.usage();
        assert_eq!((usage.arena_bytes, usage.pooled_bytes), (stretch.bytes as usize, stretch.bytes as usize));
        // Addresses around the stretch belong to no object.
        let around = [base.checked_sub(8), start.checked_sub(8), Some(end)].into_iter().flatten();
        for address in around.filter(|address| !(start..end).contains(address)) {
            let offset = address.wrapping_sub(base) as isize;
            let pointer = heap.arena().base().as_ptr().wrapping_offset(offset);
            let pointer = std::ptr::NonNull::new(pointer).expect("not the first page");
            // SAFETY: no code uses that memory.
            let outcome = unsafe { caches[0].deallocate(pointer, layout(8)) };
            assert!(outcome.is_err(), "{first}+{count}: {offset}");
        }
    }
}

#[test]
fn a_stretch_that_is_no_part_of_the_arena_is_refused() {
    let superslab = SUPERSLAB_BYTES as u64;
    let outside =
        [(0, 4), (1, 3), (3, 1), (u64::MAX / superslab, 1)].map(|(a, b)| (a * superslab, b * superslab));
    for (offset_bytes, bytes) in outside.into_iter().chain([(0, 0), (4096, superslab), (0, superslab + 1)]) {
        let arena = Arena::plain(3 * SUPERSLAB_BYTES).expect("memory for a test");
        let stretch = Some(Stretch { offset_bytes, bytes });
        let options = HeapOptions { stretch, ..HeapOptions::new(1, Clock::start()) };
        let why = Heap::new(arena, options).expect_err("no such stretch").to_string();
        assert!(why.contains("expected whole superslabs"), "{why}");
    }
}
