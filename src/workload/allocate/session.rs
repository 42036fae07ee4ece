//! One repetition of an allocator workload: every worker keeps its own objects, and all run for the same time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::choice::{Generic, Parameters};
use super::pattern::{Fault, Pattern};
use super::peer::Peer;
use crate::measure::{Clock, Events, Instruments, Ticks, WorkerNoise};
use crate::mix::mix_words;
use crate::slab::{Heap, RefillRecord};
use crate::word::Word;
use crate::workload::barrier::{Barrier, PoisonOnDrop};
use crate::workload::intervals::{Division, Intervals};
use crate::workload::noise::Watch;
use crate::workload::{Ended, Measured};

/// Length of a repetition, and its early end.
#[derive(Clone, Copy)]
pub struct Span<'a> {
    /// Untimed work before, in nanoseconds.
    pub warmup_ns: u64,
    /// Timed work, in nanoseconds.
    pub timed_ns: u64,
    /// Division of the timed region into intervals.
    pub division: Division,
    /// Returns true when the run was asked to stop; called every few thousand operations.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// State that all workers of a rank share during one repetition.
pub struct Session<'a> {
    parameters: Parameters,
    span: Span<'a>,
    seed: u64,
    clock: Clock,
    watch: Watch<'a>,
    barrier: Barrier,
    /// Set by the first worker that finds the timed region over, so that all leave within a few microseconds.
    over: AtomicBool,
    /// Arrival of the last worker at the start of the timed region.
    began: Mutex<Ticks>,
}

/// Record of one worker.
pub struct WorkerRecord {
    operations: u64,
    intervals: Intervals,
    memory_peak_bytes: Option<u64>,
    worker_ns: u64,
    ended: Ticks,
    noise: WorkerNoise,
    refills: Option<RefillRecord>,
}

/// Operations between two clock reads: about 20 us, against 10 ns for a read.
const STRIDE: u64 = 4096;

impl<'a> Session<'a> {
    /// Prepares a repetition for this many workers.
    pub fn new(
        parameters: Parameters,
        workers: u32,
        span: Span<'a>,
        seed: u64,
        instruments: Instruments<'a>,
    ) -> Session<'a> {
        Session {
            parameters,
            span,
            seed,
            clock: instruments.clock,
            watch: Watch::new(instruments, workers as usize),
            barrier: Barrier::new(workers),
            over: AtomicBool::new(false),
            began: Mutex::new(instruments.clock.read()),
        }
    }

    /// One worker's part in this repetition. Every worker must call it, each once. `heap` is the rank's heap; `None`
    /// only when [`Parameters::arena_bytes`] is 0.
    ///
    /// # Errors
    /// When there is no memory, or another worker failed.
    pub fn work(&self, worker: u32, heap: Option<&Heap>) -> Result<WorkerRecord, Ended> {
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let record = self.parameters.choose(Life { session: self, worker, heap })?;
        unfinished.defuse();
        Ok(record)
    }

    fn live<'heap, P: Pattern<A>, A: Peer<'heap>>(
        &self,
        worker: u32,
        heap: Option<&'heap Heap>,
    ) -> Result<WorkerRecord, Ended> {
        let mut allocator = A::serve(worker, P::DEMAND, heap).map_err(Ended::Because)?;
        let seed = mix_words(&[self.seed, u64::from(worker)]);
        let mut pattern = P::new(&mut allocator, seed).map_err(|fault| self.ended_by(fault))?;
        let Division { interval_ns, count_max } = self.span.division;
        let mut intervals = Intervals::new(self.clock.ticks(interval_ns), count_max);
        self.barrier.wait()?;
        self.run_until(&mut pattern, &mut allocator, &mut intervals, self.span.warmup_ns)?;
        intervals.clear();
        allocator.start_recording();
        let before = self.watch.begin(&self.barrier)?;
        self.barrier.wait_then(|| {
            // Relaxed: the barrier publishes it.
            self.over.store(false, Ordering::Relaxed);
            *self.began.lock().expect("only the last worker at a barrier comes here") = self.clock.read();
        })?;
        let began = self.clock.read();
        let operations = self.run_until(&mut pattern, &mut allocator, &mut intervals, self.span.timed_ns)?;
        let ended = self.clock.read();
        let noise = self.watch.end(&self.barrier, &before)?;
        pattern.finish(&mut allocator).map_err(|fault| self.ended_by(fault))?;
        Ok(WorkerRecord {
            operations,
            intervals,
            memory_peak_bytes: allocator.memory_peak_bytes(),
            worker_ns: self.clock.nanoseconds(ended.since(began)),
            ended,
            noise,
            refills: allocator.take_record(),
        })
    }

    fn run_until<'heap, P: Pattern<A>, A: Peer<'heap>>(
        &self,
        pattern: &mut P,
        allocator: &mut A,
        intervals: &mut Intervals,
        limit_ns: u64,
    ) -> Result<u64, Ended> {
        let (began, limit) = (self.clock.read(), self.clock.ticks(limit_ns));
        let (mut operations, mut stride) = (0, 0);
        loop {
            let elapsed = self.clock.read().since(began);
            intervals.add(elapsed, stride);
            // Relaxed: the flag publishes nothing; the barrier that follows orders everything else.
            if self.over.load(Ordering::Relaxed) {
                return Ok(operations);
            }
            if elapsed >= limit || (self.span.stop)() {
                self.over.store(true, Ordering::Relaxed);
                return Ok(operations);
            }
            pattern.run_for(allocator, STRIDE).map_err(|fault| self.ended_by(fault))?;
            stride = STRIDE;
            operations += STRIDE;
        }
    }

    #[cold]
    fn ended_by(&self, fault: Fault) -> Ended {
        Ended::Because(fault.explain(self.parameters.workload.word()))
    }

    /// The measurements of the rank, once all workers have returned.
    pub fn measured(self, records: &[WorkerRecord]) -> Measured {
        let began = self.began.into_inner().expect("no worker panicked: all returned");
        let ended = records.iter().map(|record| record.ended).max().unwrap_or(began);
        let mut events = Events::default();
        for record in records {
            let strides = record.operations / STRIDE;
            // Readings for the length: one at the beginning, then one before each stride and one after the last; all
            // but the first record an interval. Two more for the worker's own time, at both ends. One for which all
            // workers wait, at the beginning of the region.
            events.add(Events { clock_reads: (1 + strides + 1) + 2 + 1, records: strides + 1 });
        }
        let mut refills: Option<RefillRecord> = None;
        for record in records.iter().filter_map(|record| record.refills.as_ref()) {
            events.add(record.events());
            refills.get_or_insert_default().add(record);
        }
        let mut intervals: Option<Intervals> = None;
        for record in records {
            match &mut intervals {
                Some(all) => all.merge(&record.intervals),
                None => intervals = Some(record.intervals.clone()),
            }
        }
        let busy = records.iter().filter(|record| record.operations > 0).count();
        Measured {
            elapsed_ns: self.clock.nanoseconds(ended.since(began)),
            operations: records.iter().map(|record| record.operations).sum(),
            worker_ns: records.iter().map(|record| record.worker_ns).sum(),
            cpu_ns: records.iter().map(|record| record.noise.cpu_ns).sum(),
            busy_workers: u32::try_from(busy).expect("workers are counted in 32 bits"),
            intervals: intervals.map_or(Vec::new(), Intervals::into_finished),
            memory_peak_bytes: records.iter().filter_map(|record| record.memory_peak_bytes).max(),
            refills,
            noise: self.watch.noise(records.iter().map(|record| record.noise).collect()),
            measuring: events.at(self.watch.instruments().prices),
            ..Measured::default()
        }
    }
}

/// One worker's part in a session, for each pair of a workload and an allocator.
struct Life<'s, 'heap> {
    session: &'s Session<'s>,
    worker: u32,
    heap: Option<&'heap Heap>,
}

impl<'heap> Generic<'heap> for Life<'_, 'heap> {
    type Output = Result<WorkerRecord, Ended>;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> Result<WorkerRecord, Ended> {
        self.session.live::<P, A>(self.worker, self.heap)
    }
}
