//! The workers of sessions that do not stay in them: kept as long as the rank, or started for every chunk.

use super::equipment::Equipment;
use super::pool::Pool;
use crate::error::Result;
use crate::workload::generate::{Crew, PoolUse, Team};

/// Workers for one repetition.
pub enum Workers<'a> {
    /// The rank's own, or others that live as long as the repetition.
    Kept(Kept<'a>),
    /// New ones for every chunk.
    PerChunk {
        /// What starts them.
        equipment: &'a Equipment,
        /// How many.
        workers: usize,
    },
}

/// A pool of as many workers as the case has.
pub enum Kept<'a> {
    /// The rank's.
    Own(&'a Pool),
    /// The rank's has more, who would steal from these.
    Other(Pool),
}

impl<'a> Workers<'a> {
    /// So many workers, who live as long as the case wants it.
    ///
    /// # Errors
    /// When threads cannot be started or pinned.
    pub fn new(equipment: &'a Equipment, workers: usize, pool: PoolUse) -> Result<Workers<'a>> {
        let own = equipment.pool();
        Ok(match pool {
            PoolUse::PerChunk => Workers::PerChunk { equipment, workers },
            PoolUse::Kept if own.workers() as usize == workers => Workers::Kept(Kept::Own(own)),
            PoolUse::Kept => Workers::Kept(Kept::Other(equipment.start_pool(workers)?)),
        })
    }
}

impl Crew for Workers<'_> {
    type Team = Pool;

    fn with_team<T>(&self, work: impl FnOnce(&Pool) -> T) -> Result<T> {
        Ok(match self {
            Workers::Kept(Kept::Own(pool)) => work(pool),
            Workers::Kept(Kept::Other(pool)) => work(pool),
            Workers::PerChunk { equipment, workers } => work(&equipment.start_pool(*workers)?),
        })
    }
}

impl Team for Pool {
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
    use crate::numa::Topology;

    #[test]
    fn every_item_is_done_once_by_a_worker_of_the_pool() {
        let topology = Topology::of_this_machine().expect("this machine");
        let pool = Pool::start(0, &topology, &[0, 1, 2], false).expect("three threads");
        let done: Vec<AtomicU64> = (0..1000).map(|_| AtomicU64::new(0)).collect();
        pool.share_out(done.len(), |worker, item| {
            assert!(worker < 3);
            done[item].fetch_add(1, Ordering::Relaxed);
        });
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        assert_eq!(pool.each(|worker| worker * 2), [0, 2, 4]);
    }
}
