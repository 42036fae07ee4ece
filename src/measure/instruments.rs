//! What a repetition is measured with.

use super::{Clock, Counters, Prices};

/// The clock, what measuring costs, and the counters of noise: made once a run, copied to every session.
#[derive(Clone, Copy, Debug)]
pub struct Instruments<'a> {
    /// The clock of all workers.
    pub clock: Clock,
    /// What reading it and recording cost.
    pub prices: Prices,
    /// What the kernel counts.
    pub counters: &'a Counters,
}
