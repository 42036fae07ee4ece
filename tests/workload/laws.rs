//! Laws of every repetition.

use std::mem::MaybeUninit;

use numamark::generator::{Digest, Kernel, Stores, Stream};
use numamark::workload::{Amount, generate};

use crate::alone;
use crate::fixture::{KIB, data_set, extent, parameters, run};

#[test]
fn the_digest_is_that_of_the_stream_for_any_assignment_of_parts() {
    let _alone = alone();
    let bytes = 37 * 64 * KIB;
    let mut data = vec![MaybeUninit::uninit(); bytes];
    let data = Stream::new(7, 0).fill(Kernel::best(), Stores::Ordinary, 0, &mut data);
    let mut expected = Digest::new();
    expected.add(0, data);
    // One worker, as many workers as cores, and more workers than blocks. No number of workers divides the chunks evenly.
    for (workers, chunk, block, in_flight, ranks) in
        [(1, 64, 64, 1, 1), (2, 64, 16, 2, 1), (3, 64, 4, 1, 2), (7, 2368, 64, 3, 1), (2, 64, 64, 2, 40)]
    {
        let parameters = parameters(chunk * KIB, block * KIB, in_flight);
        let mut found = Digest::new();
        for rank in 0..ranks {
            let extent = extent(0, data_set(bytes as u64, rank, ranks), &|| false);
            let arena = parameters.arena_bytes(u32::try_from(workers).expect("few"));
            let (measured, heap) = run(parameters, workers, arena, extent);
            let measured = measured.expect("enough memory");
            found.merge(&measured.digest.expect("asked for"));
            assert_eq!(heap.violations(), 0);
        }
        assert_eq!(found, expected, "{workers} workers, {chunk} KiB in {block} KiB blocks, {ranks} ranks");
    }
}

#[test]
fn every_block_is_given_back_and_its_memory_is_used_again() {
    let _alone = alone();
    let parameters = parameters(1024 * KIB, 256 * KIB, 2);
    // For a time, and for data that fills the arena many times over even on a slow machine.
    let chunks_of_data_set = 256;
    let amounts = [Amount::Duration(50_000_000), data_set(chunks_of_data_set * 1024 * KIB as u64, 0, 1)];
    for amount in amounts {
        every_block_is_given_back(parameters, amount, chunks_of_data_set);
    }
}

fn every_block_is_given_back(parameters: generate::Parameters, amount: Amount, chunks_of_data_set: u64) {
    let extent = extent(0, amount, &|| false);
    let (measured, heap) = run(parameters, 2, parameters.arena_bytes(2), extent);
    let measured = measured.expect("bounded memory is enough, however long it goes on");
    let chunks = measured.chunk_ns.count();
    match amount {
        // The last chunk ended after 50 ms, in the sixth interval of 10 or later.
        Amount::Duration(_) => assert!(measured.intervals.len() > 5, "{:?}", measured.intervals),
        Amount::Dataset { .. } => {
            assert_eq!(chunks, chunks_of_data_set);
            assert!(measured.bytes > 10 * parameters.arena_bytes(2));
        }
    }
    assert_eq!(measured.bytes, chunks * 1024 * KIB as u64);
    // 50 ms in intervals of 10 ms: their bytes add up to all bytes finished.
    assert_eq!(measured.intervals.iter().sum::<u64>(), measured.bytes);
    assert_eq!(measured.busy_workers, 2);
    // From one to three chunks are live at a time, and the arena holds all that the plan promised.
    let peak = measured.memory_peak_bytes.expect("the allocator is ours");
    let (least, most) = (3 * 1024 * KIB as u64, parameters.arena_bytes(2));
    assert!((least..=most).contains(&peak), "{peak} is not within {least} and {most}");
    // Chunks follow each other without a gap: their durations add up to the timed region, up to rounding.
    let sum = u64::try_from(measured.chunk_ns.sum()).expect("short");
    assert!(sum.abs_diff(measured.elapsed_ns) <= chunks, "{sum} against {}", measured.elapsed_ns);
    let refills = measured.refills.expect("ours");
    assert!(refills.slow.count + refills.fast.count > 0);
    // Both workers wait for the clock to be read at the start and at the end of every chunk.
    assert_eq!(measured.measuring.clock_reads, 2 * (chunks + 1) + refills.clock_reads);
    let timed = refills.slow.timed + refills.fast.timed;
    assert_eq!(measured.measuring.records, 2 * 2 * chunks + 6 * timed);
    assert!(measured.measuring.cost_ns > 0);
    assert_eq!((measured.noise.workers.len(), measured.noise.check()), (2, Ok(())));
    assert_eq!(measured.noise.workers.iter().map(|worker| worker.cpu_ns).sum::<u64>(), measured.cpu_ns);
    for stratum in [&refills.slow, &refills.fast] {
        let stages: u128 = stratum.stages.iter().map(|stage| stage.sum()).sum();
        assert_eq!(stages, stratum.total.sum(), "stages sum to the total");
    }
    assert_eq!(heap.violations(), 0);
}

#[test]
fn a_worker_without_memory_ends_the_repetition_of_all() {
    let _alone = alone();
    let parameters = parameters(8192 * KIB, 4096 * KIB, 2);
    let extent = extent(0, Amount::Duration(1_000_000_000), &|| false);
    let (measured, _) = run(parameters, 4, 4 << 20, extent);
    let why = measured.expect_err("4 MiB cannot hold three chunks of 8 MiB").to_string();
    assert!(why.contains("no room for a block"), "{why}");
}

#[test]
fn a_request_to_stop_ends_the_warm_up_as_well() {
    let _alone = alone();
    let extent = extent(u64::MAX / 4, Amount::Duration(u64::MAX / 4), &|| true);
    let parameters = parameters(512 * KIB, 128 * KIB, 1);
    let (measured, _) = run(parameters, 2, parameters.arena_bytes(2), extent);
    let measured = measured.expect("no failure");
    assert_eq!((measured.bytes, measured.elapsed_ns, measured.chunk_ns.count()), (0, 0, 0));
}

#[test]
fn parts_and_blocks_of_a_chunk_are_equal_and_complete() {
    let _alone = alone();
    // 23 workers share 64 MiB: with whole blocks of 4 MiB one worker would get twice as much as another.
    for (chunk, block, workers) in
        [(64 << 20, 4 << 20, 23), (8 << 20, 4 << 20, 24), (4 << 10, 4 << 10, 2), (100 << 10, 12 << 10, 3)]
    {
        let parameters = parameters(chunk, block, 1);
        let (mut next, mut lengths) = (0, Vec::new());
        for worker in 0..workers {
            let before = next;
            for range in parameters.blocks(chunk, worker, workers) {
                assert_eq!(range.start, next, "no gap");
                assert!(range.len() <= block && !range.is_empty());
                next = range.end;
            }
            lengths.push(next - before);
        }
        assert_eq!(next, chunk);
        let (shortest, longest) = (lengths.iter().min().expect("one"), lengths.iter().max().expect("one"));
        // Parts differ by one cut at most: 64 KiB where a part has many of them, 4 KiB elsewhere.
        assert!(longest - shortest <= 64 << 10 && longest * 15 <= (shortest + (4 << 10)) * 16 + (64 << 10));
    }
}
