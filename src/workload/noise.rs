//! Readings of noise around a timed region: taken at its ends, outside it.
//!
//! ```text
//! warm-up | probe | barrier: machine | thread | barrier: the clock starts
//!         || timed region ||
//!         thread | barrier: machine | probe
//! ```
//!
//! The slowest readings are the farthest from the timed region. A worker that reads the machine for all does so while
//! the others wait. The readings of a thread span the timed region and the few microseconds until the last worker
//! arrives.

use std::sync::Mutex;

use super::barrier::{Barrier, Poisoned};
use crate::measure::noise::{MachineCounts, ThreadCounts};
use crate::measure::{Instruments, Noise, WorkerNoise, core_clock_probe_ns};

/// State that all workers of a session share to watch its timed region.
pub(super) struct Watch<'a> {
    instruments: Instruments<'a>,
    workers: usize,
    /// Readings before and after the timed region, each written by the last worker at a barrier.
    machine: Mutex<[MachineCounts; 2]>,
}

/// Readings of one worker before the timed region.
pub(super) struct Watched {
    counts: ThreadCounts,
    probe_ns: f64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(instruments: Instruments<'a>, workers: usize) -> Watch<'a> {
        Watch { instruments, workers, machine: Mutex::new([MachineCounts::default(); 2]) }
    }

    /// The instruments that the workers measure with.
    pub(super) fn instruments(&self) -> &Instruments<'a> {
        &self.instruments
    }

    /// Reads before the timed region; every worker calls it after the warm-up. The barrier that starts the clock must
    /// follow at once.
    pub(super) fn begin(&self, barrier: &Barrier) -> Result<Watched, Poisoned> {
        let Instruments { clock, counters, .. } = &self.instruments;
        let probe_ns = core_clock_probe_ns(clock);
        barrier.wait_then(|| self.read_machine(0))?;
        Ok(Watched { counts: counters.thread_before(clock), probe_ns })
    }

    /// Reads after the timed region; every worker calls it when its own part is over.
    pub(super) fn end(&self, barrier: &Barrier, before: &Watched) -> Result<WorkerNoise, Poisoned> {
        let Instruments { clock, counters, .. } = &self.instruments;
        let after = counters.thread_after(clock);
        barrier.wait_then(|| self.read_machine(1))?;
        let probes_ns = [before.probe_ns, core_clock_probe_ns(clock)];
        Ok(WorkerNoise::between(clock, [&before.counts, &after], probes_ns))
    }

    /// Reads the machine before (0) or after (1) the timed region, for sessions without [`Watch::begin`] and
    /// [`Watch::end`].
    pub(super) fn read_machine(&self, place: usize) {
        let counts = self.instruments.counters.machine(self.workers);
        self.machine.lock().expect("only the last worker at a barrier comes here")[place] = counts;
    }

    /// The rank's noise, once all workers have returned.
    pub(super) fn noise(&self, workers: Vec<WorkerNoise>) -> Noise {
        let [before, after] = *self.machine.lock().expect("no worker panicked: all returned");
        Noise::new(workers, [&before, &after])
    }
}
