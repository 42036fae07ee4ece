//! What measuring costs: the price of its events, measured at set-up, times how often they happened, counted exactly.
//!
//! Two events happen in a timed region: the clock is read, and a value is recorded. A record is priced as it happens: a
//! reading becomes nanoseconds and is counted in a histogram that the core has not touched for a while. Priced in a tight
//! loop over one histogram, it seems to cost 8 ns instead of 22, and refills that are all timed a third less than they do;
//! priced like this, they seem to cost a quarter more (CPU time of larson with and without timing, AMD EPYC). Left out is
//! the branch and the increment by which a refill that is not timed is counted.

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
    /// Measures what a record costs with this clock, which knows what its own reading costs. Takes a few ms.
    pub fn measure(clock: &Clock) -> Prices {
        Prices { read_ns: clock.read_ns(), record_ns: record_ns(clock) }
    }
}

/// Times that the price is taken.
const TIMES: usize = 128;
/// Values that are recorded at a time: as many as a refill has.
const VALUES: usize = 6;
/// What is read in between: it drives everything else out of the first cache of a core, and out of part of the second.
const BETWEEN_BYTES: usize = 512 << 10;
/// One line of a cache.
const LINE_BYTES: usize = 64;

/// Readings are turned into nanoseconds and recorded, each in a histogram of its own, as those of a refill are, after the
/// core was busy with something else: the mean of the middle half of many times, so that interrupts do not count.
fn record_ns(clock: &Clock) -> f64 {
    let mut histograms: Vec<Histogram> = (0..VALUES).map(|_| Histogram::new()).collect();
    let between = vec![1u8; BETWEEN_BYTES];
    let mut time = |number: usize| {
        black_box(between.iter().step_by(LINE_BYTES).map(|byte| u64::from(*byte)).sum::<u64>());
        // Spread over three decades, as refills are.
        let ticks = black_box(50u64 << (number * 7 % 11));
        let began = clock.read();
        for (place, histogram) in (0..).zip(&mut histograms) {
            histogram.record(clock.nanoseconds(ticks + place));
        }
        clock.nanoseconds(clock.read().since(began)) as f64
    };
    let mut times: Vec<f64> = (0..TIMES).map(&mut time).collect();
    times.sort_unstable_by(f64::total_cmp);
    let middle = &times[TIMES / 4..TIMES - TIMES / 4];
    let mean = middle.iter().sum::<f64>() / middle.len() as f64;
    // One reading stands between the two ends of what was timed.
    ((mean - clock.read_ns()) / VALUES as f64).max(0.0)
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
