//! One repetition of one rank: what its workers share, and one worker's life in it.

use std::alloc::Layout;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::Parameters;
use crate::error::Error;
use crate::generator::{Digest, Stream};
use crate::measure::{Clock, Events, Histogram, Instruments, Ticks, WorkerNoise};
use crate::slab::{Allocate, Cache, Heap, Object, RefillRecord};
use crate::workload::barrier::{Barrier, PoisonOnDrop};
use crate::workload::intervals::Intervals;
use crate::workload::noise::Watch;
use crate::workload::{Amount, Ended, Extent, Measured};

/// What all workers of a rank share during one repetition.
pub struct Session<'a> {
    parameters: Parameters,
    workers: usize,
    extent: Extent<'a>,
    stream: Stream,
    heap: &'a Heap,
    clock: Clock,
    watch: Watch<'a>,
    barrier: Barrier,
    /// `[chunk mod (in_flight + 1)][worker]`: what that worker filled. Locked once a chunk and worker, by the
    /// worker that fills or, a barrier later, by the one that gives back: never by two at a time.
    handed_over: Vec<Vec<Mutex<Vec<Object<'a>>>>>,
    /// The next chunk and its phase, see [`Step`]. Written by the last worker at the barrier, read by all after.
    next: AtomicU64,
    progress: Mutex<Progress>,
}

/// What the last worker at the barrier keeps; the others never look.
struct Progress {
    phase_began: Ticks,
    chunk_began: Ticks,
    /// Chunks finished in this phase.
    done: u64,
    /// Bytes and nanoseconds of the timed phase, up to the latest chunk.
    bytes: u64,
    elapsed_ns: u64,
    intervals: Intervals,
    chunk_ns: Histogram,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Warmup,
    Timed,
    Over,
}

/// Chunks are numbered through both phases, because the blocks of the last warm-up chunks are given back in the
/// timed region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    phase: Phase,
    chunk: u64,
}

/// What one worker brings back.
pub struct WorkerRecord {
    /// Blocks filled in the timed region.
    blocks: u64,
    noise: WorkerNoise,
    refills: RefillRecord,
    digest: Digest,
}

impl<'a> Session<'a> {
    /// Prepares a repetition: all memory the timed region needs is allocated here.
    ///
    /// `stream` is this rank's own, or the one of the data set.
    pub fn new(
        parameters: Parameters,
        workers: usize,
        extent: Extent<'a>,
        stream: Stream,
        heap: &'a Heap,
        instruments: Instruments<'a>,
    ) -> Session<'a> {
        let slots = parameters.in_flight as usize + 1;
        let blocks = parameters.blocks_of_a_part(workers);
        let slot = |_| (0..workers).map(|_| Mutex::new(Vec::with_capacity(blocks))).collect();
        let now = instruments.clock.read();
        Session {
            parameters,
            workers,
            extent,
            stream,
            heap,
            clock: instruments.clock,
            watch: Watch::new(instruments, workers),
            barrier: Barrier::new(number(workers)),
            handed_over: (0..slots).map(slot).collect(),
            next: AtomicU64::new(Step { phase: Phase::Warmup, chunk: 0 }.pack()),
            progress: Mutex::new(Progress {
                phase_began: now,
                chunk_began: now,
                done: 0,
                bytes: 0,
                elapsed_ns: 0,
                intervals: Intervals::new(extent.division.interval_ns, extent.division.count_max),
                chunk_ns: Histogram::new(),
            }),
        }
    }

    /// One worker's life in this repetition. Every worker `0..workers` must call it, each on its own thread.
    ///
    /// # Errors
    /// When the arena is exhausted, or another worker failed.
    pub fn work(&self, worker: usize) -> Result<WorkerRecord, Ended> {
        // Also when a worker panics: the others leave, and rayon hands the panic on.
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let record = self.live(worker)?;
        unfinished.defuse();
        Ok(record)
    }

    fn live(&self, worker: usize) -> Result<WorkerRecord, Ended> {
        let mut cache = self.heap.cache(number(worker)).map_err(Ended::Because)?;
        let mut digest = Digest::default();
        self.barrier.wait_then(|| self.begin())?;
        self.run_phase(Phase::Warmup, worker, &mut cache, &mut digest)?;
        cache.start_recording();
        let before = self.watch.begin(&self.barrier)?;
        self.barrier.wait_then(|| self.begin_timed())?;
        let blocks = self.run_phase(Phase::Timed, worker, &mut cache, &mut digest)?;
        let noise = self.watch.end(&self.barrier, &before)?;
        let refills = cache.take_record();
        // Nobody fills any more: what this worker handed over last is still in its slots.
        for slot in &self.handed_over {
            give_back(&mut cache, &mut lock(&slot[worker]))?;
        }
        Ok(WorkerRecord { blocks, noise, refills, digest })
    }

    /// Goes on until the phase is over; says how many blocks this worker filled.
    fn run_phase(
        &self,
        phase: Phase,
        worker: usize,
        cache: &mut Cache<'a>,
        digest: &mut Digest,
    ) -> Result<u64, Ended> {
        let first = self.step().chunk;
        let mut blocks = 0;
        loop {
            let step = self.step();
            if step.phase != phase {
                return Ok(blocks);
            }
            self.consume(step.chunk, worker, cache)?;
            blocks += self.produce(step.chunk, self.place(step.chunk - first), worker, cache, digest)?;
            self.barrier.wait_then(|| self.advance())?;
        }
    }

    /// Gives back the neighbour's part of the chunk that leaves the window.
    fn consume(&self, chunk: u64, worker: usize, cache: &mut Cache<'a>) -> Result<(), Ended> {
        let Some(leaving) = chunk.checked_sub(u64::from(self.parameters.in_flight)) else { return Ok(()) };
        let neighbour = (worker + 1) % self.workers;
        give_back(cache, &mut lock(&self.slot(leaving)[neighbour]))
    }

    /// Fills this worker's part of a chunk that stands at `place` in the stream; says in how many blocks.
    fn produce(
        &self,
        chunk: u64,
        place: Range<u64>,
        worker: usize,
        cache: &mut Cache<'a>,
        digest: &mut Digest,
    ) -> Result<u64, Ended> {
        let Parameters { kernel, stores, .. } = self.parameters;
        let hashed = matches!(self.extent.amount, Amount::Dataset { digest: true, .. });
        let chunk_bytes = usize::try_from(place.end - place.start).expect("no longer than chunk_bytes");
        let mut handed_over = lock(&self.slot(chunk)[worker]);
        for inside in self.parameters.blocks(chunk_bytes, worker, self.workers) {
            let mut block =
                cache.take(block_layout(inside.len())).map_err(|_| self.exhausted(inside.len()))?;
            let offset = place.start + inside.start as u64;
            let filled = self.stream.fill(kernel, stores, offset, block.as_mut());
            if hashed {
                digest.add(offset, filled);
            }
            handed_over.push(block);
        }
        Ok(handed_over.len() as u64)
    }

    fn exhausted(&self, bytes: usize) -> Ended {
        let arena = self.heap.usage().arena_bytes;
        Ended::Because(Error::Failed(format!(
            "no room for a block of {bytes} bytes in an arena of {arena}: the plan promised room; a bug in numamark"
        )))
    }

    fn slot(&self, chunk: u64) -> &[Mutex<Vec<Object<'a>>>] {
        &self.handed_over[(chunk % self.handed_over.len() as u64) as usize]
    }

    /// Where this rank's chunk `number` of a phase stands in the stream.
    fn place(&self, number: u64) -> Range<u64> {
        let bytes = self.parameters.chunk_bytes as u64;
        match self.extent.amount {
            Amount::Duration(_) => number * bytes..(number + 1) * bytes,
            Amount::Dataset { bytes: total, rank, ranks, .. } => {
                // A warm-up may be longer than the data set: it begins again.
                let index = u64::from(rank) + number % self.chunks_of_data_set().max(1) * u64::from(ranks);
                index * bytes..((index + 1) * bytes).min(total)
            }
        }
    }

    /// How many chunks of the data set are this rank's; `u64::MAX` when there is no data set.
    fn chunks_of_data_set(&self) -> u64 {
        match self.extent.amount {
            Amount::Duration(_) => u64::MAX,
            Amount::Dataset { bytes, rank, ranks, .. } => {
                let chunks = bytes.div_ceil(self.parameters.chunk_bytes as u64);
                chunks.saturating_sub(u64::from(rank)).div_ceil(u64::from(ranks))
            }
        }
    }

    fn step(&self) -> Step {
        // Relaxed: the barrier orders the only write before every read.
        Step::unpack(self.next.load(Ordering::Relaxed))
    }

    /// Run by the last worker to arrive at the start, before any other goes on.
    fn begin(&self) {
        let mut progress = lock(&self.progress);
        let now = self.clock.read();
        (progress.phase_began, progress.chunk_began) = (now, now);
        let phase = match self.extent.warmup_ns {
            _ if self.chunks_of_data_set() == 0 => Phase::Over,
            0 => Phase::Timed,
            _ => Phase::Warmup,
        };
        self.set_next(Step { phase, chunk: 0 });
    }

    /// Run by the last worker to arrive after the warm-up, before any other goes on: the timed region begins.
    fn begin_timed(&self) {
        let mut progress = lock(&self.progress);
        let now = self.clock.read();
        (progress.phase_began, progress.chunk_began, progress.done) = (now, now, 0);
    }

    /// Run by the last worker to arrive after a chunk, before any other goes on: the one clock read of a chunk.
    fn advance(&self) {
        let mut progress = lock(&self.progress);
        let Step { phase, chunk } = self.step();
        let now = self.clock.read();
        let chunk_ns = self.clock.nanoseconds(now.since(progress.chunk_began));
        let elapsed_ns = self.clock.nanoseconds(now.since(progress.phase_began));
        if phase == Phase::Timed {
            let place = self.place(progress.done);
            progress.chunk_ns.record(chunk_ns);
            progress.elapsed_ns = elapsed_ns;
            progress.bytes += place.end - place.start;
            progress.intervals.add(elapsed_ns, place.end - place.start);
        }
        progress.chunk_began = now;
        progress.done += 1;
        let next = match (phase, self.extent.amount) {
            _ if (self.extent.stop)() => Phase::Over,
            (Phase::Warmup, _) if elapsed_ns >= self.extent.warmup_ns => Phase::Timed,
            (Phase::Timed, Amount::Duration(limit_ns)) if elapsed_ns >= limit_ns => Phase::Over,
            (Phase::Timed, Amount::Dataset { .. }) if progress.done == self.chunks_of_data_set() => {
                Phase::Over
            }
            _ => phase,
        };
        self.set_next(Step { phase: next, chunk: chunk + 1 });
    }

    fn set_next(&self, step: Step) {
        // Relaxed: the barrier that the caller is about to release publishes it.
        self.next.store(step.pack(), Ordering::Relaxed);
    }

    /// What the rank measured, once all workers have returned.
    pub fn measured(self, records: &[WorkerRecord]) -> Measured {
        let progress = self.progress.into_inner().expect("no worker panicked: all returned");
        // At the end of a chunk, and at the beginning of all, the clock is read once, while every worker waits.
        let (workers, chunks) = (self.workers as u64, progress.chunk_ns.count());
        let mut events = Events { clock_reads: (chunks + 1) * workers, records: 2 * chunks * workers };
        let mut refills = RefillRecord::default();
        let mut digest = Digest::default();
        for record in records {
            events.add(record.refills.events());
            refills.add(&record.refills);
            digest.merge(&record.digest);
        }
        let hashed = matches!(self.extent.amount, Amount::Dataset { digest: true, .. });
        Measured {
            elapsed_ns: progress.elapsed_ns,
            bytes: progress.bytes,
            operations: 0,
            worker_ns: progress.elapsed_ns * workers,
            cpu_ns: records.iter().map(|record| record.noise.cpu_ns).sum(),
            busy_workers: number(records.iter().filter(|record| record.blocks > 0).count()),
            intervals: progress.intervals.into_finished(),
            memory_peak_bytes: Some(self.heap.usage().peak_bytes as u64),
            chunk_ns: progress.chunk_ns,
            refills: Some(refills),
            digest: hashed.then_some(digest),
            noise: self.watch.noise(records.iter().map(|record| record.noise).collect()),
            measuring: events.at(self.watch.instruments().prices),
        }
    }
}

impl Step {
    fn pack(self) -> u64 {
        self.chunk << 2 | self.phase as u64
    }

    fn unpack(word: u64) -> Step {
        let phase = match word & 3 {
            0 => Phase::Warmup,
            1 => Phase::Timed,
            _ => Phase::Over,
        };
        Step { phase, chunk: word >> 2 }
    }
}

fn give_back<'a>(cache: &mut Cache<'a>, blocks: &mut Vec<Object<'a>>) -> Result<(), Ended> {
    for block in blocks.drain(..) {
        let refused =
            |misuse| Error::Failed(format!("a block could not be given back: {misuse}; a bug in numamark"));
        cache.give_back(block).map_err(|misuse| Ended::Because(refused(misuse)))?;
    }
    Ok(())
}

/// Blocks begin at a cache line, as non-temporal stores want it.
fn block_layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 64).expect("a block is far smaller than the address space")
}

fn number(workers: usize) -> u32 {
    u32::try_from(workers).expect("workers are counted in 32 bits")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a worker that panics poisons the barrier first, and nobody passes it")
}
