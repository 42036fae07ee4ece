//! Workers as seen by a session in which they do not stay. The rank decides which threads they are.

use crate::error::Result;

/// Source of the workers of a chunk.
pub trait Crew {
    /// Workers that run at the same time.
    type Team: Team;

    /// Runs `work` with the workers of one chunk: those of the chunk before, or new ones that end with it.
    ///
    /// # Errors
    /// When workers cannot be started.
    fn with_team<T>(&self, work: impl FnOnce(&Self::Team) -> T) -> Result<T>;
}

/// A fixed number of workers, each on its own thread.
pub trait Team {
    /// Runs `work(worker)` on all workers at the same time, once each, and returns their results in order.
    fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T>;

    /// Runs `work(worker, item)` once for each item `0..items`, on any idle worker.
    fn share_out(&self, items: usize, work: impl Fn(usize, usize) + Sync);
}
