//! Refills are counted exactly, and their stages add up to their total, exactly.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr::NonNull;

use super::heap_with;
use crate::measure::Clock;
use crate::mix::Random;
use crate::slab::{Cache, HeapOptions, RUN_ROW, RefillRecord, Stage, Stratum};

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 8).expect("a valid layout")
}

fn allocate(cache: &mut Cache<'_>, bytes: usize, count: usize) -> Vec<NonNull<u8>> {
    (0..count).map(|_| cache.allocate(layout(bytes)).expect("room")).collect()
}

fn deallocate(cache: &mut Cache<'_>, bytes: usize, objects: Vec<NonNull<u8>>) {
    for object in objects {
        // SAFETY: no test uses an object's memory.
        unsafe { cache.deallocate(object, layout(bytes)) }.expect("a live object");
    }
}

fn options(batch: u32, sample_gap: u32) -> HeapOptions {
    HeapOptions { batch, sample_gap, ..HeapOptions::new(2, Clock::start()) }
}

fn check(stratum: &Stratum) {
    let stages: u128 = stratum.stages.iter().map(|stage| stage.sum()).sum();
    assert_eq!(stages, stratum.total.sum(), "stages add up to the total");
    assert!(stratum.stages.iter().all(|stage| stage.count() == stratum.timed));
    assert_eq!(stratum.total.count(), stratum.timed);
    assert_eq!(stratum.classes.iter().map(|class| class.count).sum::<u64>(), stratum.count);
    assert_eq!(stratum.classes.iter().map(|class| class.timed).sum::<u64>(), stratum.timed);
    assert_eq!(
        stratum.classes.iter().map(|class| u128::from(class.sum_ns)).sum::<u128>(),
        stratum.total.sum()
    );
    assert_eq!(
        stratum.classes.iter().map(|class| class.max_ns).max(),
        Some(stratum.total.max().unwrap_or(0))
    );
}

#[test]
fn stages_add_up_to_the_total_and_all_slow_refills_are_timed() {
    for (batch, gap) in [(8, 1), (64, 7), (512, 64)] {
        let heap = heap_with(20, options(batch, gap));
        let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
        caches.iter_mut().for_each(Cache::start_recording);
        let mut random = Random::new(u64::from(batch));
        let mut live: Vec<(usize, NonNull<u8>)> = Vec::new();
        for _ in 0..60_000 {
            let bytes = if random.below(200) == 0 { 3 << 20 } else { 1 + random.below(900) as usize };
            if let Ok(object) = caches[random.below(2) as usize].allocate(layout(bytes)) {
                live.push((bytes, object));
            }
            if live.len() > 2000 || random.below(3) == 0 {
                let (bytes, object) = live.swap_remove(random.below(live.len() as u32) as usize);
                deallocate(&mut caches[random.below(2) as usize], bytes, vec![object]);
            }
        }
        let records = caches.each_mut().map(Cache::take_record);
        for record in &records {
            check(&record.slow);
            check(&record.fast);
            assert_eq!(record.slow.timed, record.slow.count, "every slow refill is timed");
            assert!(record.slow.count > 0 && record.slow.classes[RUN_ROW].count > 0);
            if gap == 1 {
                assert_eq!(record.fast.timed, record.fast.count);
            }
        }
        let mut sum = RefillRecord::new();
        records.iter().for_each(|record| sum.add(record));
        check(&sum.slow);
        check(&sum.fast);
        assert_eq!(sum.fast.count, records[0].fast.count + records[1].fast.count);
        println!("batch {batch}: {} slow, {} fast, {} timed", sum.slow.count, sum.fast.count, sum.fast.timed);
    }
}

#[test]
fn new_memory_is_carved_in_ranges_of_a_batch_or_of_a_page() {
    for (batch, bytes, range) in
        [(8, 16, 8), (64, 16, 64), (512, 16, 256), (64, 128, 32), (64, 4096, 1), (64, 1 << 20, 1)]
    {
        let heap = heap_with(4, options(batch, 1));
        let mut cache = heap.cache(0).expect("once");
        cache.start_recording();
        let count = 3 * range;
        let objects = allocate(&mut cache, bytes, count);
        let record = cache.take_record();
        assert_eq!(record.slow.count + record.fast.count, 3, "{bytes} bytes, batches of {batch}");
        assert_eq!(record.slow.count, 3, "nobody had used that memory");
        deallocate(&mut cache, bytes, objects);
    }
}

#[test]
fn large_objects_are_carved_one_at_a_time_at_first() {
    let heap = heap_with(4, options(64, 1));
    let mut cache = heap.cache(0).expect("once");
    cache.start_recording();
    // Ranges of 1, 1, 1, 1, 2, 2, 3, 3, then of the 4 that 256 KiB have room for.
    let objects = allocate(&mut cache, 64 << 10, 14);
    let record = cache.take_record();
    assert_eq!(record.slow.count + record.fast.count, 8);
    deallocate(&mut cache, 64 << 10, objects);
}

#[test]
fn a_refill_takes_all_that_was_freed_in_a_slab() {
    let heap = heap_with(2, options(8, 1));
    let mut cache = heap.cache(0).expect("once");
    // Two whole slabs, so that nothing is left to carve; the second one is in hand.
    let objects = allocate(&mut cache, 64, 2 * 512);
    deallocate(&mut cache, 64, objects);
    cache.start_recording();
    let mut objects = allocate(&mut cache, 64, 512);
    let record = cache.take_record();
    assert_eq!(
        (record.slow.count, record.fast.count),
        (0, 0),
        "what is freed in the slab in hand needs none"
    );
    cache.start_recording();
    objects.extend(allocate(&mut cache, 64, 512));
    let record = cache.take_record();
    assert_eq!((record.slow.count, record.fast.count), (0, 1));
    deallocate(&mut cache, 64, objects);
}

#[test]
fn the_sample_of_refills_is_unbiased() {
    let gap = 16;
    let heap = heap_with(2, options(8, gap));
    let mut cache = heap.cache(0).expect("once");
    cache.start_recording();
    // The 16 objects of two slabs are freed and allocated as a whole: one refill each time, for the slab that is not in
    // hand.
    for _ in 0..8000 {
        let objects = allocate(&mut cache, 4096, 16);
        deallocate(&mut cache, 4096, objects);
    }
    let fast = cache.take_record().fast;
    let expected = fast.count as f64 / f64::from(gap);
    // Gaps are uniform in 1..=31: their standard deviation is 9, so that of the count is 9 / 16 * sqrt(expected).
    let bound = 5.0 * 9.0 / 16.0 * expected.sqrt() + 1.0;
    assert!((fast.timed as f64 - expected).abs() < bound, "{} of {} timed", fast.timed, fast.count);
}

#[test]
fn nothing_is_recorded_unless_asked_for_and_each_record_starts_from_zero() {
    let heap = heap_with(2, options(8, 1));
    let mut cache = heap.cache(0).expect("once");
    let objects = allocate(&mut cache, 64, 100);
    let empty = cache.take_record();
    assert_eq!(empty.slow.count + empty.fast.count, 0);
    cache.start_recording();
    let more = allocate(&mut cache, 64, 100);
    assert!(cache.take_record().slow.count > 0);
    cache.start_recording();
    deallocate(&mut cache, 64, objects);
    deallocate(&mut cache, 64, more);
    let empty = cache.take_record();
    assert_eq!(empty.slow.count + empty.fast.count, 0);
}

#[test]
fn returned_objects_are_drained_in_a_stage_of_their_own() {
    let heap = heap_with(2, options(8, 1));
    let mut caches = [heap.cache(0).expect("once"), heap.cache(1).expect("once")];
    // More than a chain holds, so that some are given back at once.
    let objects = allocate(&mut caches[0], 64, 512);
    deallocate(&mut caches[1], 64, objects);
    caches[0].start_recording();
    let objects = allocate(&mut caches[0], 64, 64);
    let record = caches[0].take_record();
    let [slow, fast] = [&record.slow, &record.fast].map(|stratum| stratum.stage(Stage::Drain).max());
    assert!(slow.max(fast) > Some(0), "the first refill drains");
    deallocate(&mut caches[0], 64, objects);
}

#[test]
fn every_reading_of_the_clock_is_counted() {
    let heap = heap_with(2, options(8, 1));
    let mut cache = heap.cache(0).expect("once");
    // Two slabs; the one that is not in hand is taken up once in a round.
    let objects = allocate(&mut cache, 4096, 16);
    deallocate(&mut cache, 4096, objects);
    cache.start_recording();
    for _ in 0..5 {
        let objects = allocate(&mut cache, 4096, 16);
        deallocate(&mut cache, 4096, objects);
    }
    let record = cache.take_record();
    // Nothing to drain, nothing to map: at the beginning, after find, and at the end.
    assert_eq!((record.slow.count, record.fast.count), (0, 5));
    assert_eq!((record.clock_reads, record.events().records), (5 * 3, 5 * 6));
    cache.start_recording();
    let mut sum = cache.take_record();
    assert_eq!(sum.clock_reads, 0, "each record starts from zero");
    sum.add(&record);
    sum.add(&record);
    assert_eq!(sum.clock_reads, 2 * 5 * 3);
}
