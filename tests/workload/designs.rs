//! Laws of every design of the generator: a design changes the time that data takes, and nothing else.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};

use numamark::generator::{Digest, Kernel, Stores, Stream};
use numamark::workload::Amount;
use numamark::workload::generate::{Consumer, Handover, Memory, Parameters, PoolUse, Read, Schedule};

use crate::fixture::{KIB, data_set, extent, parameters, run};
use crate::{ALLOCATIONS, alone};

/// Every combination of schedule, pool and memory.
fn crews() -> impl Iterator<Item = (Schedule, PoolUse, Memory)> {
    let schedules = [Schedule::Static, Schedule::Stealing].into_iter();
    let pools = schedules.flat_map(|schedule| [(schedule, PoolUse::Kept), (schedule, PoolUse::PerChunk)]);
    pools.flat_map(|(schedule, pool)| [(schedule, pool, Memory::Slab), (schedule, pool, Memory::Fresh)])
}

/// Every consumer with every handover.
fn consumers() -> impl Iterator<Item = (Handover, Consumer)> {
    let handovers = [Handover::Chunk, Handover::Piece].into_iter();
    handovers.flat_map(|handover| {
        [Consumer::Discard, Consumer::Checksum, Consumer::Copy].map(|consumer| (handover, consumer))
    })
}

/// The stream's first bytes.
fn bytes_of_the_stream(bytes: usize) -> Vec<u8> {
    let mut data = vec![MaybeUninit::uninit(); bytes];
    Stream::new(7, 0).fill(Kernel::best(), Stores::Ordinary, 0, &mut data).to_vec()
}

#[test]
fn every_design_makes_the_same_bytes_and_its_consumers_read_each_once() {
    let _alone = alone();
    // The last chunk is shorter than the others, and its last block is not a whole page.
    let data = bytes_of_the_stream(37 * 64 * KIB + 100);
    let bytes = data.len() as u64;
    let mut digest = Digest::new();
    digest.add(0, &data);
    let words = data.chunks(8).map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    let sum = words.fold(0u64, u64::wrapping_add);
    for (schedule, pool, memory) in crews() {
        for (handover, consumer) in consumers() {
            // One worker, as many workers as blocks, and more workers than blocks.
            for (workers, chunk, block, in_flight) in
                [(1, 64, 64, 1), (2, 128, 16, 2), (3, 512, 20, 1), (3, 8, 4, 3)]
            {
                let plain = parameters(chunk * KIB, block * KIB, in_flight);
                let parameters = Parameters { schedule, pool, memory, handover, consumer, ..plain };
                let what = format!("{workers} workers, {parameters:?}");
                let arena = parameters.arena_bytes(u32::try_from(workers).expect("few"));
                let (measured, heap) =
                    run(parameters, workers, arena, extent(0, data_set(bytes, 0, 1), &|| false));
                let measured = measured.expect(&what);
                assert_eq!((measured.bytes, measured.digest), (bytes, Some(digest)), "{what}");
                let read = match consumer {
                    Consumer::Discard => Read::default(),
                    Consumer::Checksum => Read { bytes, sum },
                    Consumer::Copy => Read { bytes, sum: 0 },
                };
                assert_eq!(measured.read, read, "{what}");
                assert_eq!(measured.chunk_ns.count(), bytes.div_ceil((chunk * KIB) as u64), "{what}");
                let ours = memory == Memory::Slab;
                assert_eq!((measured.refills.is_some(), measured.memory_peak_bytes.is_some()), (ours, ours));
                assert_eq!(
                    (measured.noise.workers.len(), measured.noise.check()),
                    (workers, Ok(())),
                    "{what}"
                );
                assert!(
                    measured.cpu_ns >= measured.noise.workers.iter().map(|worker| worker.cpu_ns).sum(),
                    "{what}"
                );
                assert_eq!(heap.violations(), 0, "{what}");
            }
        }
    }
}

#[test]
fn memory_is_bounded_for_any_duration() {
    let _alone = alone();
    for (schedule, pool, memory) in crews() {
        for handover in [Handover::Chunk, Handover::Piece] {
            for (workers, chunk, block, in_flight) in [(2, 1024, 256, 2), (3, 64, 4, 1), (1, 4096, 2048, 3)] {
                let plain = parameters(chunk * KIB, block * KIB, in_flight);
                let consumer = Consumer::Checksum;
                let parameters = Parameters { schedule, pool, memory, handover, consumer, ..plain };
                let what = format!("{workers} workers, {parameters:?}");
                let arena = parameters.arena_bytes(u32::try_from(workers).expect("few"));
                let extent = extent(1_000_000, Amount::Duration(15_000_000), &|| false);
                let (measured, heap) = run(parameters, workers, arena, extent);
                let measured = measured.expect(&what);
                assert!(measured.elapsed_ns >= 15_000_000, "{what}");
                assert_eq!(measured.bytes, measured.chunk_ns.count() * (chunk * KIB) as u64, "{what}");
                assert_eq!(measured.intervals.iter().sum::<u64>(), measured.bytes, "{what}");
                assert!(measured.read.bytes >= measured.bytes, "the warm-up is read as well: {what}");
                let sum = u64::try_from(measured.chunk_ns.sum()).expect("short");
                let chunks = measured.chunk_ns.count();
                assert!(sum.abs_diff(measured.elapsed_ns) <= chunks, "chunks follow without a gap: {what}");
                assert!(measured.memory_peak_bytes.is_none_or(|peak| peak <= arena), "{what}");
                assert_eq!(heap.violations(), 0, "{what}");
            }
        }
    }
}

#[test]
fn nothing_is_allocated_from_the_program_while_the_clock_runs() {
    let _alone = alone();
    let blocks = [64, 128].into_iter();
    for ((handover, consumer), block) in blocks.flat_map(|block| consumers().map(move |way| (way, block))) {
        // The session calls `stop` at the end of every chunk, so the counter is read inside the timed region.
        let seen = [const { AtomicU64::new(0) }; 64];
        let looks = AtomicU64::new(0);
        let look = || {
            let index = looks.fetch_add(1, Ordering::Relaxed) as usize;
            if let Some(place) = seen.get(index) {
                place.store(ALLOCATIONS.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            index + 1 >= seen.len()
        };
        let parameters = Parameters { handover, consumer, ..parameters(512 * KIB, block * KIB, 2) };
        let extent = extent(0, Amount::Duration(u64::MAX / 4), &look);
        let (measured, _) = run(parameters, 2, parameters.arena_bytes(2), extent);
        assert_eq!(measured.expect("enough memory").chunk_ns.count(), seen.len() as u64);
        let seen = seen.map(AtomicU64::into_inner);
        assert_eq!(seen[0], seen[seen.len() - 1], "{handover:?}, {consumer:?}: {seen:?}");
    }
}

#[test]
fn a_worker_without_memory_ends_a_driven_repetition() {
    let _alone = alone();
    for schedule in [Schedule::Static, Schedule::Stealing] {
        let parameters =
            Parameters { schedule, pool: PoolUse::PerChunk, ..parameters(8192 * KIB, 4096 * KIB, 2) };
        let extent = extent(0, Amount::Duration(1_000_000_000), &|| false);
        let (measured, _) = run(parameters, 4, 4 << 20, extent);
        let why = measured.expect_err("4 MiB cannot hold three chunks of 8 MiB").to_string();
        assert!(why.contains("no room for a block"), "{why}");
    }
}
