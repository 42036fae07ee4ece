//! The limits of a case, measured with its own workers and memory: with all ranks at once, and with one rank of each
//! host while the other ranks wait.

use std::collections::BTreeMap;
use std::time::Duration;

use super::equipment::Equipment;
use crate::comm::Comm;
use crate::error::Result;
use crate::plan::{Footprint, Plan, Turn, Work};
use crate::record::{LimitKernel, LimitTiming, When, With};
use crate::workload::collect;
use crate::workload::limit::{Loop, Session, StoreLoop, Timing};

/// Measures the limit of a repetition's own pages while all ranks measure theirs; empty for a case without a limit.
/// Collective.
///
/// # Errors
/// When a worker of any rank fails.
pub fn with_all(
    comm: &Comm,
    equipment: &Equipment,
    plan: &Plan,
    turn: Turn,
    when: When,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<LimitTiming>> {
    if plan.limit_measuring_ns_of(&plan.cases[turn.case]) == 0 {
        return Ok(Vec::new());
    }
    let timings = comm.agree(measure(equipment, plan, turn, stop))?;
    Ok(timings.iter().map(|timing| record(timing, when, With::All)).collect())
}

/// The limits of one rank of each host at a time, before the first repetition of each case or after the last.
pub struct OneAtATime<'run> {
    comm: &'run Comm,
    equipment: &'run Equipment,
    plan: &'run Plan,
    when: When,
    stop: &'run (dyn Fn() -> bool + Sync),
    /// Measured limits by footprint: cases over the same memory with the same workers have the same limit.
    known: BTreeMap<Footprint, Vec<LimitTiming>>,
}

impl<'run> OneAtATime<'run> {
    /// Prepares the measurement; nothing is measured yet.
    pub fn new(
        comm: &'run Comm,
        equipment: &'run Equipment,
        plan: &'run Plan,
        when: When,
        stop: &'run (dyn Fn() -> bool + Sync),
    ) -> OneAtATime<'run> {
        OneAtATime { comm, equipment, plan, when, stop, known: BTreeMap::new() }
    }

    /// Time to measure the limit of a case; zero when it is already known.
    pub fn planned(&self, turn: Turn) -> Duration {
        let (_, places) = self.equipment.place_on_host();
        match self.plan.cases[turn.case].footprint() {
            Some(footprint) if !self.known.contains_key(&footprint) => {
                Duration::from_nanos(self.plan.limit_measuring_ns.saturating_mul(u64::from(places)))
            }
            _ => Duration::ZERO,
        }
    }

    /// Time to measure the limits of all cases again after the last repetition.
    pub fn planned_after(&self) -> Duration {
        let (_, places) = self.equipment.place_on_host();
        Duration::from_nanos(self.plan.limits_alone_ns(places) / 2)
    }

    /// Measures this rank's limit for a case on the pages of this turn; empty for a case without a limit. Collective.
    ///
    /// # Errors
    /// When a worker of any rank fails.
    pub fn of(&mut self, turn: Turn) -> Result<Vec<LimitTiming>> {
        let case = &self.plan.cases[turn.case];
        let Some(footprint) = case.footprint().filter(|_| self.plan.limit_measuring_ns > 0) else {
            return Ok(Vec::new());
        };
        let (place, places) = self.equipment.place_on_host();
        let stage = format!("limits of {}, one rank at a time", case.id);
        self.comm.stage(&stage, self.plan.time_limits.one_at_a_time(places));
        // Ranks with other numbers of workers know other footprints, so every rank runs through all places.
        for turn_of in 0..places {
            let mine = turn_of == place && !self.known.contains_key(&footprint);
            let measured = match mine {
                true => measure(self.equipment, self.plan, turn, self.stop).map(Some),
                false => Ok(None),
            };
            if let Some(timings) = self.comm.agree(measured)? {
                let timings = timings.iter().map(|timing| record(timing, self.when, With::Alone)).collect();
                self.known.insert(footprint, timings);
            }
        }
        Ok(self.known.get(&footprint).cloned().unwrap_or_default())
    }

    /// Measures the limit of every case that has one, on the pages of its first repetition. The keys are the ids of the
    /// cases. Collective.
    ///
    /// # Errors
    /// As [`OneAtATime::of`].
    pub fn of_all(mut self) -> Result<BTreeMap<String, Vec<LimitTiming>>> {
        let mut limits = BTreeMap::new();
        for (index, case) in self.plan.cases.iter().enumerate() {
            let timings = self.of(Turn::of_first_round(index))?;
            if !timings.is_empty() {
                limits.insert(case.id.clone(), timings);
            }
        }
        Ok(limits)
    }
}

/// Runs every loop once over blocks like the case's, in a heap over the same stretch of the arena.
fn measure(
    equipment: &Equipment,
    plan: &Plan,
    turn: Turn,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Timing>> {
    let case = &plan.cases[turn.case];
    let Work::Generate(parameters) = case.work else { return Ok(Vec::new()) };
    let workers = case.workers as usize;
    equipment.with_heap(case, plan.stretch(equipment.rank(), turn), |heap| {
        let session =
            Session::new(parameters, workers, plan.limit_measuring_ns, heap, equipment.clock(), stop);
        let timings = collect(equipment.pool().run(workers, |worker| session.work(worker)))?;
        // A stopped run lacks some loops; their maximum would understate the limit.
        Ok(if stop() { Vec::new() } else { Timing::together(&timings) })
    })
}

/// Converts a timing to the record of a part.
fn record(timing: &Timing, when: When, with: With) -> LimitTiming {
    let kernel = match timing.of {
        Loop::Store(StoreLoop::Memset) => LimitKernel::Memset,
        Loop::Store(StoreLoop::Ordinary) => LimitKernel::Ordinary,
        Loop::Store(StoreLoop::NonTemporal) => LimitKernel::NonTemporal,
        Loop::Triad => LimitKernel::Triad,
    };
    LimitTiming { when, with, kernel, bytes: timing.bytes, elapsed_ns: timing.elapsed_ns }
}
