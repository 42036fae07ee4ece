//! Decides which refills are timed, and times their stages.

use super::record::{RefillRecord, Stage};
use crate::measure::{Clock, Ticks};
use crate::mix::Random;

/// The recorder of one cache. Off until started; while off, a refill costs one branch.
#[derive(Debug)]
pub(super) struct Recorder {
    on: bool,
    clock: Clock,
    /// Refills until the next one in the sample.
    gap: u32,
    mean_gap: u32,
    random: Random,
    /// Made when it is first needed: it takes 3 MB.
    record: Option<Box<RefillRecord>>,
}

/// A refill that is being timed. Invariant: the stages add up to `elapsed_ns`.
#[derive(Debug)]
pub(super) struct TimedRefill {
    start: Ticks,
    elapsed_ns: u64,
    stages_ns: [u64; 5],
    sampled: bool,
    /// Readings of the clock until now.
    reads: u64,
}

impl Recorder {
    /// A recorder that times one fast refill in `mean_gap`, at random distances.
    pub(super) fn new(clock: Clock, mean_gap: u32, seed: u64) -> Recorder {
        let random = Random::new(seed);
        let mut recorder = Recorder { on: false, clock, gap: 0, mean_gap, random, record: None };
        recorder.gap = recorder.draw_gap();
        recorder
    }

    /// True between `start` and `stop`.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// Uniform in 1..=2m-1, so m on average; a fixed gap would alias with the batch.
    fn draw_gap(&mut self) -> u32 {
        1 + self.random.below(2 * self.mean_gap - 1)
    }

    /// Clears the record and starts recording. Allocates the first time: not for timed regions.
    pub(super) fn start(&mut self) {
        self.record.get_or_insert_with(|| Box::new(RefillRecord::new())).clear();
        self.on = true;
    }

    /// Stops, and swaps the record with `into`, which is empty; the memory of `into` is used from now on.
    pub(super) fn stop(&mut self, into: &mut RefillRecord) {
        self.on = false;
        if let Some(record) = &mut self.record {
            std::mem::swap(&mut **record, into);
        }
    }

    /// Begins a refill. It is not known yet if the refill will be slow, so it is timed when it might be. The sample is
    /// drawn independently of this, so that it stays unbiased.
    #[inline]
    pub(super) fn begin(&mut self, might_be_slow: bool) -> Option<TimedRefill> {
        if !self.on {
            return None;
        }
        self.gap -= 1;
        let sampled = self.gap == 0;
        if sampled {
            self.gap = self.draw_gap();
        }
        if !sampled && !might_be_slow {
            return None;
        }
        Some(TimedRefill { start: self.clock.read(), elapsed_ns: 0, stages_ns: [0; 5], sampled, reads: 1 })
    }

    /// Charges the time since the last lap to `stage`. Whole nanoseconds come from the difference of rounded totals,
    /// so the stages add up to the total exactly.
    #[inline]
    pub(super) fn lap(&self, timing: &mut Option<TimedRefill>, stage: Stage) {
        if let Some(timing) = timing {
            let elapsed_ns = self.clock.nanoseconds(self.clock.read().since(timing.start));
            // After a move to a core with a counter that is behind, a thread may see time stand still, but never run
            // backwards.
            let elapsed_ns = elapsed_ns.max(timing.elapsed_ns);
            timing.reads += 1;
            timing.stages_ns[stage.index()] += elapsed_ns - timing.elapsed_ns;
            timing.elapsed_ns = elapsed_ns;
        }
    }

    /// Ends a refill when the batch is ready; the time since the last lap belongs to `stage`.
    #[inline]
    pub(super) fn end(&mut self, mut timing: Option<TimedRefill>, stage: Stage, row: usize, slow: bool) {
        if !self.on {
            return;
        }
        self.lap(&mut timing, stage);
        debug_assert!(!slow || timing.is_some(), "every slow refill is timed");
        // Includes refills that might have been slow and were not: the clock was read for them.
        let record = self.record.as_mut().expect("made at the start");
        record.clock_reads += timing.as_ref().map_or(0, |timing| timing.reads);
        let stratum = if slow { &mut record.slow } else { &mut record.fast };
        stratum.count_one(row);
        if let Some(timing) = timing
            && (slow || timing.sampled)
        {
            stratum.time_one(row, timing.elapsed_ns, &timing.stages_ns);
        }
    }
}
