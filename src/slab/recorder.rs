//! Decides which refills are timed, and times their stages.

use super::record::{RefillRecord, Stage};
use crate::measure::{Clock, Ticks};
use crate::mix::Random;

/// One cache's recorder. Off until asked: then a refill costs one branch.
#[derive(Debug)]
pub(super) struct Recorder {
    on: bool,
    clock: Clock,
    /// Refills until the next one in the sample.
    gap: u32,
    mean_gap: u32,
    random: Random,
    record: Box<RefillRecord>,
}

/// A refill that is being timed. Invariant: the stages add up to `elapsed_ns`.
#[derive(Debug)]
pub(super) struct Timing {
    start: Ticks,
    elapsed_ns: u64,
    stages_ns: [u64; 5],
    sampled: bool,
    /// Readings of the clock so far.
    reads: u64,
}

impl Recorder {
    /// A recorder that times one fast refill in `mean_gap`, at random distances.
    pub(super) fn new(clock: Clock, mean_gap: u32, seed: u64) -> Recorder {
        let random = Random::new(seed);
        let mut recorder =
            Recorder { on: false, clock, gap: 0, mean_gap, random, record: Box::new(RefillRecord::new()) };
        recorder.gap = recorder.draw_gap();
        recorder
    }

    /// Uniform in 1..=2m-1, so m on average; a fixed gap would alias with the batch.
    fn draw_gap(&mut self) -> u32 {
        1 + self.random.below(2 * self.mean_gap - 1)
    }

    /// Forgets what was recorded and begins.
    pub(super) fn start(&mut self) {
        self.record.clear();
        self.on = true;
    }

    /// Stops, and puts what was recorded into `into`, whose memory is used from now on.
    pub(super) fn stop(&mut self, into: &mut RefillRecord) {
        self.on = false;
        std::mem::swap(&mut *self.record, into);
    }

    /// A refill begins. Whether it will turn out slow is not known, so it is timed if it might; whether it is in
    /// the sample is drawn without looking at it, so that the sample stays fair.
    #[inline]
    pub(super) fn begin(&mut self, might_be_slow: bool) -> Option<Timing> {
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
        Some(Timing { start: self.clock.read(), elapsed_ns: 0, stages_ns: [0; 5], sampled, reads: 1 })
    }

    /// Charges everything since the last lap to `stage`. Whole nanoseconds are taken from the difference of rounded
    /// totals, so no rounding is lost between the stages and the total.
    #[inline]
    pub(super) fn lap(&self, timing: &mut Option<Timing>, stage: Stage) {
        if let Some(timing) = timing {
            let elapsed_ns = self.clock.nanoseconds(self.clock.read().since(timing.start));
            // A thread that moved to a core whose counter is behind may see time stand still, never run back.
            let elapsed_ns = elapsed_ns.max(timing.elapsed_ns);
            timing.reads += 1;
            timing.stages_ns[stage as usize] += elapsed_ns - timing.elapsed_ns;
            timing.elapsed_ns = elapsed_ns;
        }
    }

    /// The batch is ready; the rest was `stage`.
    #[inline]
    pub(super) fn end(&mut self, mut timing: Option<Timing>, stage: Stage, row: usize, slow: bool) {
        if !self.on {
            return;
        }
        self.lap(&mut timing, stage);
        debug_assert!(!slow || timing.is_some(), "every slow refill is timed");
        // Also of a refill that might have been slow and was not: the clock was read for it.
        self.record.clock_reads += timing.as_ref().map_or(0, |timing| timing.reads);
        let stratum = if slow { &mut self.record.slow } else { &mut self.record.fast };
        stratum.count_one(row);
        if let Some(timing) = timing
            && (slow || timing.sampled)
        {
            stratum.time_one(row, timing.elapsed_ns, &timing.stages_ns);
        }
    }
}
