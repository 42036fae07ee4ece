//! Laws of the thread that populates ahead of the workers.

#![allow(unsafe_code)]

use std::alloc::Layout;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::*;
use crate::error::Error;
use crate::measure::{NoiseCounters, WorkerNoise};
use crate::numa::Reservation;
use crate::slab::SUPERSLAB_BYTES;
use crate::slab::{Background, Populator, with_background};
use crate::units::index;

const SUPERSLABS: usize = 64;
/// The lead for one worker.
const LEAD: usize = 8;

/// A heap of one worker over pages of 4 KiB that nothing has touched; `None` where the kernel cannot populate.
fn heap() -> Option<Heap> {
    if !Populator::is_supported() {
        println!("skipped: this kernel cannot populate memory that is in use");
        return None;
    }
    let reservation = Reservation::new(SUPERSLABS * SUPERSLAB_BYTES).expect("address space");
    advise(&reservation, libc::MADV_NOHUGEPAGE);
    let arena = Arena::bound(reservation).expect("an arena over it");
    Some(Heap::new(arena, HeapOptions::new(1, Clock::start())).expect("valid options"))
}

fn advise(reservation: &Reservation, advice: libc::c_int) {
    // SAFETY: the range of a live reservation, and an advice that changes no contents.
    let code = unsafe { libc::madvise(reservation.base().as_ptr().cast(), reservation.bytes(), advice) };
    assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
}

/// The superslabs of which every page has memory.
fn populated(heap: &Heap) -> Vec<usize> {
    let (base, bytes) = (heap.arena().base(), heap.arena().bytes());
    let mut pages = vec![0u8; bytes / 4096];
    // SAFETY: the range of a live reservation, and a byte for each of its pages.
    let code = unsafe { libc::mincore(base.as_ptr().cast(), bytes, pages.as_mut_ptr()) };
    assert_eq!(code, 0, "{}", std::io::Error::last_os_error());
    let whole = |pages: &[u8]| pages.iter().all(|page| page & 1 == 1);
    let superslabs = pages.chunks_exact(SUPERSLAB_BYTES / 4096).map(whole);
    superslabs.enumerate().filter(|(_, whole)| *whole).map(|(number, _)| number).collect()
}

/// Waits until these superslabs, and no others, are populated.
fn expect_populated(heap: &Heap, expected: impl Fn(usize) -> bool) {
    let expected: Vec<usize> = (0..SUPERSLABS).filter(|number| expected(*number)).collect();
    let began = Instant::now();
    while populated(heap) != expected {
        assert!(began.elapsed() < Duration::from_secs(1200), "{:?}, not {expected:?}", populated(heap));
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn it_stays_a_few_superslabs_ahead_of_use_and_touches_no_others() {
    let Some(heap) = heap() else { return };
    let report = std::thread::scope(|scope| {
        let populator = Populator::start(scope, &heap).expect("a thread");
        expect_populated(&heap, |number| number < LEAD);
        let mut cache = heap.cache(0).expect("the only cache");
        // One object per superslab, none of which is written to.
        let large = Layout::from_size_align(1 << 20, 16).expect("a layout");
        let objects: Vec<_> = (0..6).map(|_| cache.allocate(large).expect("room")).collect();
        expect_populated(&heap, |number| number < 3 + LEAD);
        // Before the first run nothing is taken from the high end.
        let long = Layout::from_size_align(3 * SUPERSLAB_BYTES, 16).expect("a layout");
        let run = cache.allocate(long).expect("room");
        expect_populated(&heap, |number| {
            number < 3 + LEAD || (SUPERSLABS - 3 - LEAD..SUPERSLABS - 3).contains(&number)
        });
        for (object, layout) in objects.into_iter().map(|object| (object, large)).chain([(run, long)]) {
            // SAFETY: allocated with this layout, and not used.
            unsafe { cache.deallocate(object, layout) }.expect("a live object");
        }
        cache.trim();
        populator.finish().expect("memory")
    });
    assert!(index(report.superslabs) >= 3 + 2 * LEAD && report.cpu_ns > 0, "{report:?}");
}

#[test]
fn memory_that_a_worker_takes_meanwhile_keeps_its_contents() {
    let Some(heap) = heap() else { return };
    let layout = Layout::new::<[u64; 8]>();
    std::thread::scope(|scope| {
        let populator = Populator::start(scope, &heap).expect("a thread");
        let mut cache = heap.cache(0).expect("the only cache");
        let objects: Vec<_> = (0..16 * SUPERSLAB_BYTES as u64 / 64)
            .map(|number| {
                let object = cache.allocate(layout).expect("room").cast::<[u64; 8]>();
                // SAFETY: just allocated for this type.
                unsafe { object.write([number; 8]) };
                object
            })
            .collect();
        for (number, object) in (0..).zip(objects) {
            // SAFETY: written above, and freed after the reading.
            unsafe {
                assert_eq!(object.read(), [number; 8]);
                cache.deallocate(object.cast(), layout).expect("a live object");
            }
        }
        populator.finish().expect("memory");
    });
}

/// Page faults of a worker that fills a superslab, which has 512 pages.
fn faults_of_a_superslab(heap: &Heap) -> u64 {
    let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
    let mut cache = heap.cache(0).expect("the only cache");
    let layout = Layout::new::<[u64; 8]>();
    let before = counters.thread_before(&clock);
    for _ in 0..SUPERSLAB_BYTES / 64 {
        // SAFETY: just allocated for this type.
        unsafe { cache.allocate(layout).expect("room").cast::<[u64; 8]>().write([1; 8]) };
    }
    WorkerNoise::between(&clock, [&before, &counters.thread_after(&clock)], [0.0; 2]).minor_faults
}

#[test]
fn a_worker_finds_no_page_of_a_superslab_without_memory() {
    let Some(heap) = heap() else { return };
    let faults = std::thread::scope(|scope| {
        let populator = Populator::start(scope, &heap).expect("a thread");
        expect_populated(&heap, |number| number < LEAD);
        let faults = faults_of_a_superslab(&heap);
        populator.finish().expect("memory");
        faults
    });
    // The tables of the heap and the code have some pages, too.
    assert!(faults < 51, "{faults} faults");
    let alone = self::heap().expect("as before");
    let faults = faults_of_a_superslab(&alone);
    assert!(faults >= 512, "{faults} faults without a populator");
}

#[test]
fn memory_that_is_given_back_is_touched_for_the_first_time_again() {
    let Some(heap) = heap() else { return };
    heap.populate(0, 1).expect("memory");
    assert_eq!(populated(&heap).len(), SUPERSLABS);
    let mut cache = heap.cache(0).expect("the only cache");
    let object = cache.allocate(Layout::new::<u64>()).expect("room").cast::<u64>();
    // SAFETY: just allocated for this type.
    unsafe { object.write(7) };
    heap.discard().expect("it is not locked");
    assert_eq!(populated(&heap), [0], "superslabs in use are skipped");
    // SAFETY: written above.
    assert_eq!(unsafe { object.read() }, 7);
}

/// Maps an empty file over a superslab that nothing uses: the kernel finds no memory for any of its pages.
fn replace_by_the_end_of_a_file(superslab: *mut u8) {
    let flags = libc::MAP_SHARED | libc::MAP_FIXED;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new file, and a range inside a reservation that owns it until it is unmapped as a whole.
    unsafe {
        let file = libc::memfd_create(c"empty".as_ptr(), 0);
        assert!(file >= 0, "{}", std::io::Error::last_os_error());
        let mapped = libc::mmap(superslab.cast(), SUPERSLAB_BYTES, access, flags, file, 0);
        assert_eq!(mapped, superslab.cast(), "{}", std::io::Error::last_os_error());
        libc::close(file);
    }
}

#[test]
fn a_superslab_that_cannot_be_populated_is_an_error_of_the_work_beside_it() {
    let Some(heap) = heap() else { return };
    let third = heap.arena().base().as_ptr().wrapping_add(2 * SUPERSLAB_BYTES);
    replace_by_the_end_of_a_file(third);
    let found = std::thread::scope(|scope| {
        let populator = Populator::start(scope, &heap).expect("a thread");
        let began = Instant::now();
        while !populator.has_failed() {
            assert!(began.elapsed() < Duration::from_secs(1200), "it has not failed");
            sleep(Duration::from_millis(1));
        }
        populator.finish()
    });
    let message = found.expect_err("the third superslab has no memory").to_string();
    assert!(message.contains("cannot put memory behind 2097152 bytes of the arena"), "{message}");
}

#[test]
fn work_has_its_result_and_the_report_of_what_ran_beside_it() {
    let Some(heap) = heap() else { return };
    let (seven, report) = with_background(Background::Off, &heap, || Ok(7)).expect("nothing fails");
    assert_eq!((seven, report), (7, None));
    let wait = || {
        expect_populated(&heap, |number| number < LEAD);
        Ok(7)
    };
    let (seven, report) = with_background(Background::Populate, &heap, wait).expect("nothing fails");
    assert_eq!((seven, report.map(|report| report.superslabs)), (7, Some(8)));
    for background in [Background::Off, Background::Populate] {
        let fail = || Err::<(), _>(Error::Usage("no object was left".to_owned()));
        let failed = with_background(background, &heap, fail).expect_err("the work fails");
        assert_eq!(failed.to_string(), "no object was left");
    }
}
