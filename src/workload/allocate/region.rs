//! A worker's way through the warm-up or the timed region, in a closed or in an open loop.
//!
//! In a closed loop an operation begins when the one before it has ended, and the clock is read once a stride. In an open
//! loop operation k is due at k / rate after the beginning, whatever happened before. The worker waits until then, and
//! the latency counts from the time at which the operation was due, not from that at which it began: a stall delays every
//! operation that is due during it, and each of them is recorded with its delay. A closed loop, or a latency from the
//! actual beginning, records such a stall once ("coordinated omission", Gil Tene, "How NOT to Measure Latency", 2013).

use std::sync::atomic::{AtomicBool, Ordering};

use super::pattern::{Fault, Pattern};
use crate::measure::{Clock, Events, Histogram, Ticks};
use crate::slab::Allocate;
use crate::workload::intervals::Intervals;

/// Operations between two clock reads of a closed loop: about 20 us, against 10 ns for a read.
pub(super) const STRIDE: u64 = 4096;

/// A wait longer than this gives the CPU to another thread that may need it, in nanoseconds.
const LONG_WAIT_NS: u64 = 100_000;

const SECOND_NS: u64 = 1_000_000_000;

/// The warm-up, or the timed region, of one worker.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub clock: Clock,
    pub began: Ticks,
    /// Length in ticks, with all pauses.
    pub limit: u64,
    /// Operations that are due each second; `None` in a closed loop.
    pub arrivals: Option<u32>,
    /// Set by the first worker that finds the region over, so that all leave within a few microseconds.
    pub over: &'a AtomicBool,
    /// Returns true when the run was asked to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// The work of one worker in a region so far, over all threads that were this worker.
pub(super) struct Tally {
    /// Operations that were begun: in an open loop the number of the next one.
    pub begun: u64,
    /// Operations that ended here.
    pub operations: u64,
    pub intervals: Intervals,
    /// Latencies of an open loop.
    pub latency_ns: Histogram,
    /// Time in which a full pattern started anew, in ticks: it counts for nothing.
    pub paused: u64,
    /// Readings of the clock and recorded values.
    pub events: Events,
}

impl Tally {
    /// Nothing done, in intervals of this many ticks.
    pub fn new(interval: u64, count_max: usize) -> Tally {
        Tally {
            begun: 0,
            operations: 0,
            intervals: Intervals::new(interval, count_max),
            latency_ns: Histogram::new(),
            paused: 0,
            events: Events::default(),
        }
    }

    /// Forgets everything, for another region.
    pub fn clear(&mut self) {
        (self.begun, self.operations, self.paused, self.events) = (0, 0, 0, Events::default());
        self.intervals.clear();
        self.latency_ns.clear();
    }
}

impl Region<'_> {
    /// Works until the region is over, or `life` operations have begun. Returns true when the region is over.
    pub fn run<P: Pattern<A>, A: Allocate>(
        &self,
        pattern: &mut P,
        allocator: &mut A,
        shared: &P::Shared,
        tally: &mut Tally,
        life: u64,
    ) -> Result<bool, Fault> {
        let last = tally.begun.saturating_add(life);
        match self.arrivals {
            None => self.closed(pattern, allocator, shared, tally, last),
            Some(rate) => self.open(pattern, allocator, shared, tally, last, rate),
        }
    }

    fn closed<P: Pattern<A>, A: Allocate>(
        &self,
        pattern: &mut P,
        allocator: &mut A,
        shared: &P::Shared,
        tally: &mut Tally,
        last: u64,
    ) -> Result<bool, Fault> {
        let mut finished = 0;
        loop {
            let elapsed = self.clock.read().since(self.began);
            tally.events.add(Events { clock_reads: 1, records: 1 });
            tally.intervals.add(elapsed.saturating_sub(tally.paused), finished);
            if self.is_over(elapsed >= self.limit) {
                return Ok(true);
            }
            if tally.begun >= last {
                return Ok(false);
            }
            if pattern.is_full() {
                self.start_anew(pattern, allocator, tally)?;
            }
            finished = pattern.run_for(allocator, shared, STRIDE)?;
            tally.begun += STRIDE;
            tally.operations += finished;
        }
    }

    fn open<P: Pattern<A>, A: Allocate>(
        &self,
        pattern: &mut P,
        allocator: &mut A,
        shared: &P::Shared,
        tally: &mut Tally,
        last: u64,
        rate: u32,
    ) -> Result<bool, Fault> {
        let gap = self.clock.ticks(SECOND_NS) as f64 / f64::from(rate);
        let mut elapsed = self.clock.read().since(self.began);
        tally.events.add(Events { clock_reads: 1, records: 0 });
        loop {
            // What is due does not depend on pauses: they move all that follows.
            let due = (tally.begun as f64 * gap) as u64 + tally.paused;
            if elapsed < due {
                let Some(waited) = self.wait_until(due) else { return Ok(true) };
                elapsed = waited;
                // The readings before belong to the wait, which is no cost of measuring.
                tally.events.add(Events { clock_reads: 1, records: 0 });
            }
            if self.is_past(elapsed, tally.begun) {
                return Ok(true);
            }
            if tally.begun >= last {
                return Ok(false);
            }
            if pattern.is_full() {
                self.start_anew(pattern, allocator, tally)?;
                continue;
            }
            let finished = pattern.run_for(allocator, shared, 1)?;
            elapsed = self.clock.read().since(self.began);
            tally.events.add(Events { clock_reads: 1, records: 2 });
            tally.latency_ns.record(self.clock.nanoseconds(elapsed.saturating_sub(due)));
            tally.intervals.add(elapsed.saturating_sub(tally.paused), finished);
            tally.begun += 1;
            tally.operations += finished;
        }
    }

    /// Reads the clock until an operation is due. Returns the time since the beginning; `None` when the region is over
    /// before.
    fn wait_until(&self, due: u64) -> Option<u64> {
        let long = self.clock.ticks(LONG_WAIT_NS);
        for readings in 0u64.. {
            let elapsed = self.clock.read().since(self.began);
            if elapsed >= due {
                return Some(elapsed);
            }
            if self.is_past(elapsed, readings) {
                return None;
            }
            if due - elapsed > long { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
        unreachable!("2^64 readings take centuries")
    }

    /// True when the region is over. A request to stop is looked for once in a stride.
    fn is_past(&self, elapsed: u64, number: u64) -> bool {
        // Relaxed: as in `is_over`.
        let is_past = elapsed >= self.limit || self.over.load(Ordering::Relaxed);
        (is_past || number.is_multiple_of(STRIDE)) && self.is_over(is_past)
    }

    /// True when the region is over for this worker, for another one, or by a request to stop; then it is over for all.
    fn is_over(&self, is_past: bool) -> bool {
        // Relaxed: the flag publishes nothing; the barrier that follows orders everything else.
        if self.over.load(Ordering::Relaxed) {
            return true;
        }
        let is_over = is_past || (self.stop)();
        if is_over {
            self.over.store(true, Ordering::Relaxed);
        }
        is_over
    }

    /// Empties a full pattern, and counts the time.
    #[cold]
    fn start_anew<P: Pattern<A>, A: Allocate>(
        &self,
        pattern: &mut P,
        allocator: &mut A,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let began = self.clock.read();
        pattern.start_anew(allocator)?;
        tally.paused += self.clock.read().since(began);
        tally.events.add(Events { clock_reads: 2, records: 0 });
        Ok(())
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use std::time::Duration;

    use super::super::numbering::Numbering;
    use super::super::pattern::{Dimensions, WorkerSetup};
    use super::*;

    const STALL: Duration = Duration::from_millis(5);

    /// A pattern that stalls in its tenth operation.
    struct Stalling {
        operations: u64,
    }

    impl Pattern<Numbering> for Stalling {
        type Shared = ();

        fn share(_dimensions: Dimensions, _workers: u32) {}

        fn new(_allocator: &mut Numbering, _setup: WorkerSetup<'_, ()>) -> Result<Stalling, Fault> {
            Ok(Stalling { operations: 0 })
        }

        fn run_for(&mut self, _: &mut Numbering, _shared: &(), operations: u64) -> Result<u64, Fault> {
            self.operations += operations;
            if self.operations == 10 {
                std::thread::sleep(STALL);
            }
            Ok(operations)
        }

        fn finish(self, _allocator: &mut Numbering, _shared: &()) -> Result<(), Fault> {
            Ok(())
        }
    }

    /// Length of the region: two hundred times what the stall needs, because the machine may be busy.
    const LIMIT_NS: u64 = 1_000_000_000;

    /// Runs lives of this many operations in a region with 10,000 arrivals per second, and counts the lives.
    fn run(life: u64, stop: &(dyn Fn() -> bool + Sync)) -> (Tally, u64) {
        let (clock, over) = (Clock::start(), AtomicBool::new(false));
        let limit = clock.ticks(LIMIT_NS);
        let region = Region { clock, began: clock.read(), limit, arrivals: Some(10_000), over: &over, stop };
        let mut tally = Tally::new(clock.ticks(LIMIT_NS), 2);
        let (mut pattern, mut allocator) = (Stalling { operations: 0 }, Numbering::with_room_for(0));
        let mut lives = 1;
        while !region.run(&mut pattern, &mut allocator, &(), &mut tally, life).expect("it allocates nothing")
        {
            lives += 1;
        }
        assert!(over.into_inner(), "the other workers are told");
        assert_eq!(pattern.operations, tally.operations);
        (tally, lives)
    }

    #[test]
    fn a_stall_is_charged_to_every_operation_that_was_due_meanwhile() {
        let (tally, _) = run(u64::MAX, &|| false);
        // 50 operations are due in the 5 ms of the stall; 40 of them are more than 1 ms late, on a slow machine more.
        let late = tally.latency_ns.dense().into_iter().zip(crate::measure::histogram::layout());
        let late: u64 = late.filter(|(_, edge)| **edge >= 1_000_000).map(|(count, _)| count).sum();
        assert!(late >= 40, "{late} late operations");
        assert!(tally.latency_ns.max() >= Some(5_000_000), "{:?}", tally.latency_ns.max());
    }

    #[test]
    fn every_operation_has_a_latency_and_none_begins_before_it_is_due() {
        for life in [u64::MAX, 7] {
            let (tally, lives) = run(life, &|| false);
            assert_eq!(tally.latency_ns.count(), tally.operations);
            // At most one each 100 us from 0 to 1 s.
            assert!((11..=10_001).contains(&tally.operations), "{} operations", tally.operations);
            // The region may end just when a life does.
            let most = tally.operations / life + 1;
            assert!((tally.operations.div_ceil(life)..=most).contains(&lives), "{lives} lives");
            assert_eq!(tally.events.records, 2 * tally.operations);
            // One reading for each life, one after each operation, and one at the end of each wait.
            let reads = tally.events.clock_reads;
            assert!((tally.operations + lives..=2 * tally.operations + lives).contains(&reads), "{reads}");
        }
    }

    #[test]
    fn a_request_to_stop_ends_a_wait() {
        let (tally, lives) = run(u64::MAX, &|| true);
        assert_eq!((tally.operations, lives), (0, 1));
    }
}
