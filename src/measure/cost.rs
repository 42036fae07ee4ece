//! The cost of measuring: the price of each kind of event, measured at set-up, times the exact number of events.
//!
//! Two kinds of events happen in a timed region: the clock is read, and a value is recorded. A record is priced under
//! real conditions: a reading becomes nanoseconds and is counted in a histogram that the core has not touched for a
//! while. In a tight loop over one histogram, a record would seem to cost 8 ns instead of 22 ns. With the tight loop's
//! price, the computed cost of timing all refills is a third below the true cost; with the price used here, it is a
//! quarter above it (CPU time of larson with and without timing, AMD EPYC). The price leaves out the branch and the
//! increment that count an untimed refill.

use std::hint::black_box;

use super::{Clock, Histogram};

/// The price of one event of each kind, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// One reading of the clock.
    pub read_ns: f64,
    /// Recording one value.
    pub record_ns: f64,
}

/// Numbers of events in a timed region. An event that several workers waited for counts once for each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Readings of the clock.
    pub clock_reads: u64,
    /// Values recorded, in a histogram or in an interval.
    pub records: u64,
}

/// The cost of measuring on one rank in one repetition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Measuring {
    /// Readings of the clock in the timed region, counted once for every worker that waited for them.
    pub clock_reads: u64,
    /// Values recorded in the timed region, counted likewise.
    pub records: u64,
    /// Worker time of both: the sum of each count times its price, rounded up.
    pub cost_ns: u64,
}

impl Events {
    /// Adds other events.
    pub fn add(&mut self, other: Events) {
        self.clock_reads = self.clock_reads.saturating_add(other.clock_reads);
        self.records = self.records.saturating_add(other.records);
    }

    /// The cost of these events at these prices.
    pub fn at(self, prices: Prices) -> Measuring {
        let Events { clock_reads, records } = self;
        let cost = clock_reads as f64 * prices.read_ns + records as f64 * prices.record_ns;
        Measuring { clock_reads, records, cost_ns: cost.ceil() as u64 }
    }
}

impl Prices {
    /// Measures the price of a record with this clock; the clock has the price of its own readings. Takes a few ms.
    pub fn measure(clock: &Clock) -> Prices {
        Prices { read_ns: clock.read_ns(), record_ns: record_ns(clock) }
    }
}

/// Number of measurements of the price.
const TIMES: usize = 128;
/// Values recorded in one measurement: as many as a refill records.
const VALUES: usize = 6;
/// Bytes read between two measurements: they evict all other data from a core's L1 cache and from a part of its L2.
const BETWEEN_BYTES: usize = 512 << 10;
/// One cache line.
const LINE_BYTES: usize = 64;

/// Price of one record, in nanoseconds. As in a refill, each reading is converted to nanoseconds and recorded in a
/// histogram of its own, after the core has worked on other data. The result is the mean of the middle half of many
/// measurements, so that interrupts do not count.
fn record_ns(clock: &Clock) -> f64 {
    let mut histograms: Vec<Histogram> = (0..VALUES).map(|_| Histogram::new()).collect();
    let between = vec![1u8; BETWEEN_BYTES];
    let mut time = |number: usize| {
        black_box(between.iter().step_by(LINE_BYTES).map(|byte| u64::from(*byte)).sum::<u64>());
        // Values spread over three decades, as those of refills.
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
    // Each measured time includes one reading of the clock.
    ((mean - clock.read_ns()) / VALUES as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore)]
    fn a_record_has_a_price() {
        let prices = Prices::measure(&Clock::start());
        // No upper bound is asserted. A price of 0 would mean that the compiler removed the histogram.
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
