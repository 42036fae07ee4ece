//! One repetition on threads of the test.

use std::sync::atomic::{AtomicUsize, Ordering};

use numamark::error::Result;
use numamark::generator::{Kernel, Stores};
use numamark::measure::{Clock, Instruments, NoiseCounters, Prices};
use numamark::slab::{Arena, Heap, HeapOptions};
use numamark::workload::generate::{Crew, Parameters, Session, Streams, Team};
use numamark::workload::intervals::Division;
use numamark::workload::{Amount, Extent, Measured, collect};

use crate::IS_A_WORKER;

pub const KIB: usize = 1 << 10;

pub fn parameters(chunk_bytes: usize, block_bytes: usize, in_flight: u32) -> Parameters {
    Parameters::plain(chunk_bytes, block_bytes, in_flight, Kernel::best(), Stores::Ordinary)
}

/// A repetition with intervals of 10 ms, up to a second.
pub fn extent(warmup_ns: u64, amount: Amount, stop: &(dyn Fn() -> bool + Sync)) -> Extent<'_> {
    Extent { warmup_ns, amount, division: Division { interval_ns: 10_000_000, count_max: 100 }, stop }
}

/// Runs one repetition with this number of workers, each on a thread, over an arena of `bytes`.
pub fn run(
    parameters: Parameters,
    workers: usize,
    bytes: u64,
    extent: Extent<'_>,
) -> (Result<Measured>, Heap) {
    let clock = Clock::start();
    let arena = Arena::plain(usize::try_from(bytes).expect("small")).expect("memory");
    let count = u32::try_from(workers).expect("few");
    let heap = Heap::new(arena, HeapOptions::new(count, clock)).expect("valid options");
    let counters = NoiseCounters::survey(None);
    let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
    let streams = Streams { seed: 7, first: 0, shape: parameters.shape };
    let session = Session::new(parameters, workers, extent, streams, &heap, instruments);
    let records = match parameters.workers_stay() {
        true => collect(Threads(workers).each(|worker| session.work(worker))),
        false => session.drive(&Threads(workers)),
    };
    let measured = records.map(|records| session.measured(&records));
    (measured, heap)
}

pub fn data_set(bytes: u64, rank: u32, ranks: u32) -> Amount {
    Amount::Dataset { bytes, rank, ranks, digest: true }
}

/// Workers as threads that live for one repetition of the test.
pub struct Threads(pub usize);

impl Crew for Threads {
    type Team = Threads;

    fn with_team<T>(&self, work: impl FnOnce(&Threads) -> T) -> Result<T> {
        Ok(work(self))
    }
}

impl Team for Threads {
    fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let work = &work;
            let thread = |worker| {
                scope.spawn(move || {
                    IS_A_WORKER.set(true);
                    work(worker)
                })
            };
            let threads: Vec<_> = (0..self.0).map(thread).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        })
    }

    fn share_out(&self, items: usize, work: impl Fn(usize, usize) + Sync) {
        let next = AtomicUsize::new(0);
        self.each(|worker| {
            loop {
                let item = next.fetch_add(1, Ordering::Relaxed);
                if item >= items {
                    return;
                }
                work(worker, item);
            }
        });
    }
}
