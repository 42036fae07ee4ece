//! A rank's workers: one rayon thread each, pinned to one PU, kept for the whole run.

use rayon::prelude::*;

use crate::comm::worker_thread_name;
use crate::error::{Error, Result};
use crate::numa::{Topology, bind_thread};

/// The pool. Worker `i` is the thread that runs with index `i`, and it never moves.
pub struct Pool {
    threads: rayon::ThreadPool,
}

impl Pool {
    /// Starts one worker for each PU, in that order, and pins it when `pin` is set.
    ///
    /// # Errors
    /// When a thread cannot be started, or is not where it was pinned.
    pub fn start(rank: u32, topology: &Topology, pus: &[u32], pin: bool) -> Result<Pool> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(pus.len())
            .thread_name(move |worker| worker_thread_name(rank, u32::try_from(worker).unwrap_or(u32::MAX)))
            .build()
            .map_err(|why| Error::Environment(format!("cannot start {} workers: {why}", pus.len())))?;
        let pool = Pool { threads };
        if pin {
            // Not in a start handler: that has no way to report that it failed.
            for pinned in pool.run(pus.len(), |worker| bind_thread(topology, pus[worker])) {
                pinned?;
            }
        }
        Ok(pool)
    }

    /// How many there are.
    pub fn workers(&self) -> u32 {
        u32::try_from(self.threads.current_num_threads()).expect("PUs are counted in 32 bits")
    }

    /// Runs `work(i)` on each worker `0..workers` at the same time, once, and returns what they bring back, in order.
    pub fn run<T: Send>(&self, workers: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let results =
            self.threads.broadcast(|context| (context.index() < workers).then(|| work(context.index())));
        results.into_iter().flatten().collect()
    }

    /// Runs `work(worker, item)` once for each item, as rayon deals them: a worker that has none left takes others'.
    pub fn steal(&self, items: usize, work: impl Fn(usize, usize) + Sync) {
        let worker = || rayon::current_thread_index().expect("rayon runs this on its own threads");
        self.threads.install(|| (0..items).into_par_iter().for_each(|item| work(worker(), item)));
    }
}
