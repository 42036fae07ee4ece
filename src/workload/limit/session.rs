//! Measurement of a limit on all workers of a rank at once: each loop has its share of the time, over a case's blocks.
//!
//! While a loop runs, no worker waits for another and nothing is allocated, so memory alone bounds it. The case has a
//! barrier and allocations in every chunk, so its share of the limit includes the cost of these.

use std::alloc::Layout;
use std::sync::{Mutex, PoisonError};

use super::Loop;
use super::pieces::Pieces;
use crate::error::Error;
use crate::measure::{Clock, Ticks};
use crate::slab::{Allocate, Cache, Heap, Object};
use crate::workload::Ended;
use crate::workload::barrier::{Barrier, PoisonOnDrop, Poisoned};
use crate::workload::generate::Parameters;

/// The first part of each loop's time, which does not count: the caches still hold data of the loop before.
const LEAD_IN_SHARE: f64 = 0.2;

/// State that all workers of a rank share while its limit is measured.
pub struct Session<'a> {
    parameters: Parameters,
    workers: usize,
    heap: &'a Heap,
    clock: Clock,
    barrier: Barrier,
    /// Time of each loop, in nanoseconds.
    loop_ns: u64,
    stop: &'a (dyn Fn() -> bool + Sync),
    /// Start of the running loop. Written by the last worker at the barrier, read by all after it.
    began: Mutex<Ticks>,
}

/// Result of one loop for all workers of a rank together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The loop.
    pub of: Loop,
    /// Bytes of all workers.
    pub bytes: u64,
    /// The longest time of any worker.
    pub elapsed_ns: u64,
}

/// Result of one worker: bytes and nanoseconds of each loop, in the order of [`Loop::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerTimings([(u64, u64); Loop::ALL.len()]);

impl<'a> Session<'a> {
    /// Prepares a measurement that takes about `limit_ns`, all loops together, on blocks of `heap`.
    pub fn new(
        parameters: Parameters,
        workers: usize,
        limit_ns: u64,
        heap: &'a Heap,
        clock: Clock,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Session<'a> {
        Session {
            parameters,
            workers,
            heap,
            clock,
            barrier: Barrier::new(number(workers)),
            loop_ns: limit_ns / Loop::ALL.len() as u64,
            stop,
            began: Mutex::new(clock.read()),
        }
    }

    /// One worker's part. Every worker `0..workers` must call it, each on its own thread.
    ///
    /// # Errors
    /// When the arena is exhausted, or another worker failed.
    pub fn work(&self, worker: usize) -> Result<WorkerTimings, Ended> {
        // Guards against a panic as well: the other workers leave, and rayon passes the panic on.
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let mut cache = self.heap.cache(number(worker)).map_err(Ended::Because)?;
        let mut blocks = self.blocks(worker, &mut cache)?;
        let mut pieces = Pieces::new(blocks.iter_mut().map(AsMut::as_mut));
        let mut timings = WorkerTimings::default();
        for (timing, of) in timings.0.iter_mut().zip(Loop::ALL) {
            *timing = self.time(of, &mut pieces)?;
        }
        drop(pieces);
        for block in blocks {
            let refused = |misuse| Error::Failed(format!("a block could not be given back: {misuse}"));
            cache.give_back(block).map_err(|misuse| Ended::Because(refused(misuse)))?;
        }
        unfinished.defuse();
        Ok(timings)
    }

    /// Allocates this worker's blocks, as many as the case keeps in flight.
    fn blocks(&self, worker: usize, cache: &mut Cache<'a>) -> Result<Vec<Object<'a>>, Ended> {
        let mut blocks = Vec::new();
        for bytes in self.parameters.held_blocks(worker, self.workers) {
            // Aligned as the case's own blocks.
            let layout =
                Layout::from_size_align(bytes, 64).expect("a block is far smaller than the address space");
            let exhausted = |_| {
                Error::Failed(format!(
                    "no room for a block of {bytes} bytes to measure the limit; a bug in numamark"
                ))
            };
            blocks.push(cache.take(layout).map_err(|why| Ended::Because(exhausted(why)))?);
        }
        Ok(blocks)
    }

    /// Runs one loop until its time is over. Returns bytes and nanoseconds after the lead-in; zeros for a worker
    /// without blocks, and when the run was asked to stop.
    fn time(&self, of: Loop, pieces: &mut Pieces<'_>) -> Result<(u64, u64), Poisoned> {
        self.barrier
            .wait_then(|| *self.began.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.read())?;
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        if pieces.is_empty() {
            return Ok((0, 0));
        }
        let end = self.clock.ticks(self.loop_ns);
        let lead_in = self.clock.ticks((self.loop_ns as f64 * LEAD_IN_SHARE) as u64);
        let (mut bytes, mut counted_from) = (0, None);
        loop {
            let moved = pieces.go_on(of);
            let elapsed = self.clock.read().since(began);
            match counted_from {
                None if elapsed >= lead_in => counted_from = Some(elapsed),
                None => {}
                Some(from) => {
                    bytes += moved;
                    if elapsed >= end {
                        return Ok((bytes, self.clock.nanoseconds(elapsed - from)));
                    }
                }
            }
            if (self.stop)() {
                return Ok((0, 0));
            }
        }
    }
}

impl Timing {
    /// The result of each loop for all workers together; a loop without bytes is left out.
    pub fn together(workers: &[WorkerTimings]) -> Vec<Timing> {
        let timing = |(index, of): (usize, Loop)| {
            let each = || workers.iter().map(move |worker| worker.0[index]);
            let bytes = each().map(|(bytes, _)| bytes).sum();
            let elapsed_ns = each().map(|(_, elapsed_ns)| elapsed_ns).max().unwrap_or(0);
            (bytes > 0 && elapsed_ns > 0).then_some(Timing { of, bytes, elapsed_ns })
        };
        Loop::ALL.into_iter().enumerate().filter_map(timing).collect()
    }
}

fn number(workers: usize) -> u32 {
    u32::try_from(workers).expect("workers are counted in 32 bits")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::generator::{Kernel, Stores};
    use crate::slab::{Arena, HeapOptions};
    use crate::workload::collect;

    fn parameters(chunk_bytes: usize, block_bytes: usize, in_flight: u32) -> Parameters {
        Parameters::plain(chunk_bytes, block_bytes, in_flight, Kernel::best(), Stores::Ordinary)
    }

    /// A heap exactly as large as the case needs.
    fn heap(parameters: Parameters, workers: usize) -> Heap {
        let bytes = usize::try_from(parameters.arena_bytes(number(workers))).expect("small");
        let arena = Arena::plain(bytes).expect("memory for a test");
        Heap::new(arena, HeapOptions::new(number(workers), Clock::start())).expect("valid options")
    }

    /// Measures with this many workers, each on a thread.
    fn measure(
        parameters: Parameters,
        workers: usize,
        limit_ns: u64,
        heap: &Heap,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> crate::error::Result<Vec<Timing>> {
        let session = Session::new(parameters, workers, limit_ns, heap, Clock::start(), stop);
        let results = std::thread::scope(|scope| {
            let session = &session;
            let threads: Vec<_> =
                (0..workers).map(|worker| scope.spawn(move || session.work(worker))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        collect(results).map(|workers| Timing::together(&workers))
    }

    #[test]
    fn every_loop_is_timed_and_every_block_is_given_back() {
        // One block per worker; many small ones; runs of superslabs; a chunk that leaves workers without a block.
        for (chunk, block, in_flight, workers) in
            [(1 << 20, 1 << 20, 2, 2), (256 << 10, 4096, 1, 1), (9 << 20, 3 << 20, 2, 3), (4096, 4096, 2, 3)]
        {
            let what = format!("{chunk} in blocks of {block}, {in_flight} in flight, {workers} workers");
            let parameters = parameters(chunk, block, in_flight);
            let heap = heap(parameters, workers);
            // Repeated often enough that the heap would be exhausted if blocks were lost.
            for _ in 0..4 {
                let timings = measure(parameters, workers, 2_000_000, &heap, &|| false);
                let timings = timings.expect("the case's own arena has room");
                assert!(timings.iter().map(|timing| timing.of).eq(Loop::ALL), "{what}: {timings:?}");
                // A loop ends at a clock read, and these are a stride apart; triad leaves out ends of pieces.
                assert!(timings.iter().all(|timing| timing.bytes >= 200 << 10), "{what}: {timings:?}");
            }
            assert_eq!(heap.violations(), 0, "{what}");
        }
    }

    #[test]
    fn the_rate_of_several_workers_is_all_bytes_over_the_longest_time() {
        let one = WorkerTimings([(10, 5), (20, 5), (0, 0), (7, 1)]);
        let other = WorkerTimings([(30, 4), (0, 0), (0, 0), (8, 9)]);
        let found: Vec<_> = Timing::together(&[one, other])
            .iter()
            .map(|timing| (timing.of, timing.bytes, timing.elapsed_ns))
            .collect();
        assert_eq!(found, [(Loop::ALL[0], 40, 5), (Loop::ALL[1], 20, 5), (Loop::ALL[3], 15, 9)]);
        assert_eq!(Timing::together(&[]), []);
    }

    #[test]
    fn a_limit_of_no_time_is_one_stride_a_loop() {
        let parameters = parameters(1 << 20, 1 << 20, 1);
        let timings = measure(parameters, 1, 0, &heap(parameters, 1), &|| false).expect("room");
        assert!(timings.iter().map(|timing| timing.of).eq(Loop::ALL), "{timings:?}");
        assert!(timings[..3].iter().all(|timing| timing.bytes == 1 << 20), "a piece: {timings:?}");
    }

    #[test]
    fn a_request_to_stop_ends_the_measurement() {
        let asked = AtomicBool::new(false);
        let stop = || asked.swap(true, Ordering::Relaxed);
        let parameters = parameters(1 << 20, 1 << 20, 2);
        // Without the request to stop, this would take a minute.
        let timings = measure(parameters, 2, 60_000_000_000, &heap(parameters, 2), &stop);
        assert_eq!(timings.expect("no failure"), []);
    }

    #[test]
    fn a_heap_without_room_fails_all_workers_alike() {
        let small = heap(parameters(1 << 20, 1 << 20, 1), 2);
        let timings = measure(parameters(64 << 20, 4 << 20, 2), 2, 1_000_000, &small, &|| false);
        let why = timings.expect_err("it is made for a chunk of 1 MiB").to_string();
        assert!(why.contains("no room for a block of"), "{why}");
    }
}
