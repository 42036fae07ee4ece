//! One repetition of an allocator workload: every worker keeps to its own objects, all run for the same time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Larson;
use super::larson::{SIZES, SLOTS};
use crate::measure::{Clock, Histogram, Ticks, thread_cpu_ns};
use crate::mix::mix_words;
use crate::slab::{Allocate, Demand, Heap, RefillRecord, System, arena_bytes_needed};
use crate::workload::barrier::{Barrier, PoisonOnDrop};
use crate::workload::intervals::{Division, Intervals};
use crate::workload::{Ended, Measured};

/// Who serves the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// The rank-local slab allocator.
    Slab,
    /// The allocator of the C library.
    System,
}

/// What makes one case of an allocator workload different from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Who serves it.
    pub allocator: Allocator,
}

impl Parameters {
    /// Bytes of an arena in which a rank with so many workers never runs out; 0 when it needs none.
    pub fn arena_bytes(&self, workers: u32) -> u64 {
        let demand = Demand {
            live_per_worker: SLOTS as u64,
            bytes_min: u64::from(*SIZES.start()),
            bytes_max: u64::from(*SIZES.end()),
        };
        match self.allocator {
            Allocator::Slab => arena_bytes_needed(workers, demand),
            Allocator::System => 0,
        }
    }
}

/// How long a repetition lasts, and what ends it early.
#[derive(Clone, Copy)]
pub struct Span<'a> {
    /// Untimed work before, in nanoseconds.
    pub warmup_ns: u64,
    /// Timed work, in nanoseconds.
    pub timed_ns: u64,
    /// How the timed region is divided.
    pub division: Division,
    /// Whether the run was asked to stop; asked every few thousand operations.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What all workers of a rank share during one repetition.
pub struct Session<'a> {
    span: Span<'a>,
    seed: u64,
    clock: Clock,
    barrier: Barrier,
    /// Set by the first worker that finds the timed region over, so that all leave within a few microseconds.
    over: AtomicBool,
    /// From the last arrival at the start to the last arrival at the end.
    region: Mutex<(Ticks, Ticks)>,
}

/// What one worker brings back.
pub struct WorkerRecord {
    operations: u64,
    intervals: Intervals,
    memory_peak_bytes: Option<u64>,
    worker_ns: u64,
    cpu_ns: u64,
    refills: Option<RefillRecord>,
}

/// Operations between two looks at the clock: about 20 us, against 10 ns for the look.
const STRIDE: u64 = 4096;

impl<'a> Session<'a> {
    /// Prepares a repetition for so many workers.
    pub fn new(workers: u32, span: Span<'a>, seed: u64, clock: Clock) -> Session<'a> {
        let now = clock.read();
        Session {
            span,
            seed,
            clock,
            barrier: Barrier::new(workers),
            over: AtomicBool::new(false),
            region: Mutex::new((now, now)),
        }
    }

    /// One worker's life in this repetition, served by its cache of `heap`. Every worker must call it.
    ///
    /// # Errors
    /// When the arena is exhausted, or another worker failed.
    pub fn work_with_slab(&self, worker: u32, heap: &Heap) -> Result<WorkerRecord, Ended> {
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let mut cache = heap.cache(worker).map_err(Ended::Because)?;
        let start = |cache: &mut crate::slab::Cache<'_>| cache.start_recording();
        let mut record = self.live(worker, &mut cache, start)?;
        record.refills = Some(cache.take_record());
        record.memory_peak_bytes = Some(heap.usage().peak_bytes as u64);
        unfinished.defuse();
        Ok(record)
    }

    /// The same, served by the C library.
    ///
    /// # Errors
    /// When there is no memory, or another worker failed.
    pub fn work_with_system(&self, worker: u32) -> Result<WorkerRecord, Ended> {
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let record = self.live(worker, &mut System, |_| ())?;
        unfinished.defuse();
        Ok(record)
    }

    fn live<A: Allocate>(
        &self,
        worker: u32,
        allocator: &mut A,
        start_recording: impl FnOnce(&mut A),
    ) -> Result<WorkerRecord, Ended> {
        let seed = mix_words(&[self.seed, u64::from(worker)]);
        let mut larson = Larson::new(allocator, seed).map_err(Ended::Because)?;
        let Division { interval_ns, count_max } = self.span.division;
        let mut intervals = Intervals::new(self.clock.ticks(interval_ns), count_max);
        self.barrier.wait()?;
        self.run_until(&mut larson, allocator, &mut intervals, self.span.warmup_ns)?;
        intervals.clear();
        self.barrier.wait_then(|| {
            self.over.store(false, Ordering::Relaxed);
            self.mark(|region, now| *region = (now, now));
        })?;
        start_recording(allocator);
        let (cpu_began, began) = (thread_cpu_ns(), self.clock.read());
        let operations = self.run_until(&mut larson, allocator, &mut intervals, self.span.timed_ns)?;
        let (ended, cpu_ended) = (self.clock.read(), thread_cpu_ns());
        self.barrier.wait_then(|| self.mark(|region, now| region.1 = now))?;
        larson.finish(allocator).map_err(Ended::Because)?;
        Ok(WorkerRecord {
            operations,
            intervals,
            memory_peak_bytes: None,
            worker_ns: self.clock.nanoseconds(ended.since(began)),
            cpu_ns: cpu_ended - cpu_began,
            refills: None,
        })
    }

    fn run_until<A: Allocate>(
        &self,
        larson: &mut Larson<A::Object>,
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
            larson.run_for(allocator, STRIDE).map_err(Ended::Because)?;
            stride = STRIDE;
            operations += STRIDE;
        }
    }

    /// Run by the last worker to arrive, before any other goes on.
    fn mark(&self, change: impl FnOnce(&mut (Ticks, Ticks), Ticks)) {
        let now = self.clock.read();
        change(&mut self.region.lock().expect("only the last worker at a barrier comes here"), now);
    }

    /// What the rank measured, once all workers have returned.
    pub fn measured(self, records: &[WorkerRecord]) -> Measured {
        let (began, ended) = self.region.into_inner().expect("no worker panicked: all returned");
        let mut refills: Option<RefillRecord> = None;
        for record in records.iter().filter_map(|record| record.refills.as_ref()) {
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
            bytes: 0,
            operations: records.iter().map(|record| record.operations).sum(),
            worker_ns: records.iter().map(|record| record.worker_ns).sum(),
            cpu_ns: records.iter().map(|record| record.cpu_ns).sum(),
            busy_workers: u32::try_from(busy).expect("workers are counted in 32 bits"),
            intervals: intervals.map_or(Vec::new(), Intervals::into_finished),
            memory_peak_bytes: records.iter().filter_map(|record| record.memory_peak_bytes).max(),
            chunk_ns: Histogram::new(),
            refills,
            digest: None,
        }
    }
}
