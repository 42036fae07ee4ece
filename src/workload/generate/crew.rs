//! The workers as a session sees them that does not stay in them: who they are is the rank's business.

use crate::error::Result;

/// Where the workers of a chunk come from.
pub trait Crew {
    /// Workers that are there together.
    type Team: Team;

    /// Has `work` done by the workers of one chunk: those of the chunk before, or new ones that are gone afterwards.
    ///
    /// # Errors
    /// When workers cannot be started.
    fn with_team<T>(&self, work: impl FnOnce(&Self::Team) -> T) -> Result<T>;
}

/// So many workers, each on its own thread.
pub trait Team {
    /// Runs `work(worker)` on all workers at the same time, once each, and returns what they bring back, in order.
    fn each<T: Send>(&self, work: impl Fn(usize) -> T + Sync) -> Vec<T>;

    /// Runs `work(worker, item)` once for each item `0..items`, on whichever worker has nothing else to do.
    fn share_out(&self, items: usize, work: impl Fn(usize, usize) + Sync);
}
