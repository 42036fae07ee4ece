//! Workers for sessions that hand out work chunk by chunk: kept for the whole repetition, or started anew for every
//! chunk.

use super::equipment::Equipment;
use super::pool::WorkerPool;
use crate::error::Result;
use crate::workload::generate::{Crew, PoolUse, Team};

/// Workers for one repetition.
pub enum RepetitionWorkers<'a> {
    /// The rank's own workers, or others that live as long as the repetition.
    Kept(Kept<'a>),
    /// New workers for every chunk.
    PerChunk {
        /// Starts the workers.
        equipment: &'a Equipment,
        /// Number of workers.
        workers: usize,
    },
}

/// A pool with exactly the case's number of workers.
pub enum Kept<'a> {
    /// The rank's own pool.
    Own(&'a WorkerPool),
    /// A separate pool, because the rank's pool has more workers, which would steal work.
    Other(WorkerPool),
}

impl<'a> RepetitionWorkers<'a> {
    /// Provides `workers` workers that live as long as `pool` says.
    ///
    /// # Errors
    /// When threads cannot be started or pinned.
    pub fn new(equipment: &'a Equipment, workers: usize, pool: PoolUse) -> Result<RepetitionWorkers<'a>> {
        let own = equipment.pool();
        Ok(match pool {
            PoolUse::PerChunk => RepetitionWorkers::PerChunk { equipment, workers },
            PoolUse::Kept if own.workers() as usize == workers => RepetitionWorkers::Kept(Kept::Own(own)),
            PoolUse::Kept => RepetitionWorkers::Kept(Kept::Other(equipment.start_pool(workers)?)),
        })
    }
}

impl Crew for RepetitionWorkers<'_> {
    type Team = WorkerPool;

    fn with_team<T>(&self, work: impl FnOnce(&WorkerPool) -> T) -> Result<T> {
        Ok(match self {
            RepetitionWorkers::Kept(Kept::Own(pool)) => work(pool),
            RepetitionWorkers::Kept(Kept::Other(pool)) => work(pool),
            RepetitionWorkers::PerChunk { equipment, workers } => work(&equipment.start_pool(*workers)?),
        })
    }
}

impl Team for WorkerPool {
    fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        self.run(self.workers() as usize, work)
    }

    fn share_out(&self, items: usize, work: impl Fn(usize, usize) + Sync) {
        self.steal(items, work);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::generator::{Kernel, Stores};
    use crate::measure::{Clock, Instruments, NoiseCounters, Prices};
    use crate::numa::Topology;
    use crate::slab::{Arena, Heap, HeapOptions};
    use crate::workload::generate::{Parameters, Schedule, Session, Streams};
    use crate::workload::intervals::Division;
    use crate::workload::{Amount, Extent, Measured};

    /// Pools without binding, so that the test runs anywhere.
    struct PerChunk(Topology);

    impl Crew for PerChunk {
        type Team = WorkerPool;

        fn with_team<T>(&self, work: impl FnOnce(&WorkerPool) -> T) -> Result<T> {
            Ok(work(&WorkerPool::start(0, &self.0, &[0, 1], false)?))
        }
    }

    fn repetition(parameters: Parameters, chunks: u64) -> Measured {
        let crew = PerChunk(Topology::of_this_machine().expect("this machine"));
        let (clock, counters) = (Clock::start(), NoiseCounters::survey(None));
        let instruments = Instruments { clock, prices: Prices::measure(&clock), counters: &counters };
        let arena = Arena::plain(usize::try_from(parameters.arena_bytes(2)).expect("small")).expect("memory");
        let heap = Heap::new(arena, HeapOptions::new(2, clock)).expect("valid options");
        let bytes = chunks * parameters.chunk_bytes as u64;
        let amount = Amount::Dataset { bytes, rank: 0, ranks: 1, digest: false };
        let division = Division { interval_ns: 1_000_000_000, count_max: 10 };
        // A warm-up of one chunk that does not count.
        let extent = Extent { warmup_ns: 1, amount, division, stop: &|| false };
        let streams = Streams { seed: 1, first: 0, shape: parameters.shape };
        let session = Session::new(parameters, 2, extent, streams, &heap, instruments);
        let records = session.drive(&crew).expect("enough memory");
        session.measured(&records)
    }

    #[test]
    fn the_cpu_time_of_threads_that_live_for_a_chunk_is_that_of_their_work() {
        for schedule in [Schedule::Static, Schedule::Stealing] {
            let plain = Parameters::plain(1 << 20, 1 << 18, 1, Kernel::best(), Stores::Ordinary);
            let short = Parameters { schedule, pool: PoolUse::PerChunk, ..plain };
            let [few, many] = [8, 64].map(|chunks| repetition(short, chunks));
            let noise = &many.noise;
            assert_eq!((noise.workers.len(), noise.check()), (2, Ok(())), "{schedule:?}");
            let cpu_ns: u64 = noise.workers.iter().map(|worker| worker.cpu_ns).sum();
            assert!(cpu_ns > 0 && many.cpu_ns > cpu_ns, "the thread that starts them counts as well");
            let few_ns: u64 = few.noise.workers.iter().map(|worker| worker.cpu_ns).sum();
            assert!(few_ns > 0 && few_ns < cpu_ns, "{schedule:?}: 8 chunks took {few_ns}, 64 {cpu_ns}");
            assert_eq!((noise.migrations, noise.run_delay_ns), (None, None));
        }
    }

    #[test]
    fn every_item_is_done_once_by_a_worker_of_the_pool() {
        let topology = Topology::of_this_machine().expect("this machine");
        let pool = WorkerPool::start(0, &topology, &[0, 1, 2], false).expect("three threads");
        let done: Vec<AtomicU64> = (0..1000).map(|_| AtomicU64::new(0)).collect();
        pool.share_out(done.len(), |worker, item| {
            assert!(worker < 3);
            done[item].fetch_add(1, Ordering::Relaxed);
        });
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        assert_eq!(pool.each(|worker| worker * 2), [0, 2, 4]);
    }
}
