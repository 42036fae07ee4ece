//! A rank's workers: one rayon thread each, pinned to one PU, kept for the whole run.

use rayon::prelude::*;

use crate::comm::worker_thread_name;
use crate::error::{Error, Result};
use crate::numa::{Topology, bind_thread};

/// The pool. Worker `i` is the thread with rayon index `i`; it never moves to another PU when it is pinned.
pub struct WorkerPool {
    threads: rayon::ThreadPool,
}

impl WorkerPool {
    /// Starts one worker for each PU, in the order of `pus`, and pins it when `pin` is set.
    ///
    /// # Errors
    /// When a thread cannot be started, or its binding read back is wrong.
    pub fn start(rank: u32, topology: &Topology, pus: &[u32], pin: bool) -> Result<WorkerPool> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(pus.len())
            .thread_name(move |worker| worker_thread_name(rank, u32::try_from(worker).unwrap_or(u32::MAX)))
            .build()
            .map_err(|why| Error::Environment(format!("cannot start {} workers: {why}", pus.len())))?;
        let pool = WorkerPool { threads };
        if pin {
            // Not in rayon's start handler, because a handler cannot report an error.
            for pinned in pool.run(pus.len(), |worker| bind_thread(topology, pus[worker])) {
                pinned?;
            }
        }
        Ok(pool)
    }

    /// Number of workers.
    pub fn workers(&self) -> u32 {
        u32::try_from(self.threads.current_num_threads()).expect("PUs are counted in 32 bits")
    }

    /// Runs `work(i)` once on each worker `0..workers`, all at the same time, and returns their results in order.
    pub fn run<T: Send>(&self, workers: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let results =
            self.threads.broadcast(|context| (context.index() < workers).then(|| work(context.index())));
        results.into_iter().flatten().collect()
    }

    /// Runs `work(worker, item)` once for each item. rayon distributes the items; a worker without items steals some.
    pub fn steal(&self, items: usize, work: impl Fn(usize, usize) + Sync) {
        let worker = || rayon::current_thread_index().expect("rayon runs this on its own threads");
        self.threads.install(|| (0..items).into_par_iter().for_each(|item| work(worker(), item)));
    }
}
