//! The instruments of a repetition.

use super::{Clock, NoiseCounters, Prices};

/// The clock, the prices of measuring, and the noise counters: made once per run, copied to every session.
#[derive(Clone, Copy, Debug)]
pub struct Instruments<'a> {
    /// The clock of all workers.
    pub clock: Clock,
    /// The prices of reading the clock and of recording.
    pub prices: Prices,
    /// The kernel's counters.
    pub counters: &'a NoiseCounters,
}
