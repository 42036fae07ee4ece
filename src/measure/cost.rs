//! What measuring costs: the price of its events, measured at set-up, times how often they happened, counted exactly.
//!
//! Two events happen in a timed region: the clock is read, and a value is recorded. What is left out is the branch and
//! the increment by which a refill that is not timed is counted, and what the events do to the caches of the workload.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use super::{Clock, Histogram};

/// What events of measuring cost, in nanoseconds each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// One reading of the clock.
    pub read_ns: f64,
    /// Recording one value.
    pub record_ns: f64,
}

/// How often each event happened in a timed region; an event that several workers waited for counts for each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Readings of the clock.
    pub clock_reads: u64,
    /// Values recorded: in a histogram, or in an interval.
    pub records: u64,
}

/// What measuring cost a rank in one repetition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measuring {
    /// Readings of the clock in the timed region, once for every worker that waited for them.
    pub clock_reads: u64,
    /// Values recorded in it, likewise.
    pub records: u64,
    /// Worker time that both took: each count times its price, rounded up.
    pub cost_ns: u64,
}

impl Events {
    /// Adds others.
    pub fn add(&mut self, other: Events) {
        self.clock_reads = self.clock_reads.saturating_add(other.clock_reads);
        self.records = self.records.saturating_add(other.records);
    }

    /// What they cost.
    pub fn at(self, prices: Prices) -> Measuring {
        let Events { clock_reads, records } = self;
        let cost = clock_reads as f64 * prices.read_ns + records as f64 * prices.record_ns;
        Measuring { clock_reads, records, cost_ns: cost.ceil() as u64 }
    }
}

impl Prices {
    /// Measures what a record costs with this clock, which knows what its own reading costs. Takes about 1 ms.
    pub fn measure(clock: &Clock) -> Prices {
        Prices { read_ns: clock.read_ns(), record_ns: record_ns(clock) }
    }
}

/// Rounds, of which the fastest counts: what interrupts a round only adds.
const ROUNDS: usize = 9;
/// Values a round.
const VALUES: u64 = 4096;

/// The mean over a tight loop of values that are spread as refills are: over three decades, most of them small.
fn record_ns(clock: &Clock) -> f64 {
    let values: Vec<u64> = (0..VALUES).map(|index| 20 + (1 << (index * 37 % 17)) + index % 53).collect();
    let mut histogram = Histogram::new();
    let mut round = |_| {
        let began = clock.read();
        for value in &values {
            histogram.record(black_box(*value));
        }
        clock.nanoseconds(clock.read().since(began)) as f64 / VALUES as f64
    };
    let fastest = (0..ROUNDS).map(&mut round).fold(f64::INFINITY, f64::min);
    black_box(histogram.count());
    fastest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore)]
    fn a_record_has_a_price() {
        let prices = Prices::measure(&Clock::start());
        // Nothing is asserted on how low; a histogram that was optimised away would cost nothing.
        assert!(prices.record_ns > 0.1 && prices.read_ns > 0.1, "{prices:?}");
        println!("a reading costs {:.1} ns, a record {:.1} ns", prices.read_ns, prices.record_ns);
    }

    #[test]
    fn the_cost_is_every_event_at_its_price() {
        let mut events = Events { clock_reads: 100, records: 7 };
        events.add(Events { clock_reads: 1, records: 3 });
        let cost = events.at(Prices { read_ns: 20.0, record_ns: 0.55 });
        assert_eq!(cost, Measuring { clock_reads: 101, records: 10, cost_ns: 2026 });
        assert_eq!(Events::default().at(Prices { read_ns: 20.0, record_ns: 5.0 }), Measuring::default());
    }
}
