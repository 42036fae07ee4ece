//! One repetition of one rank: state that its workers share, and the life of a worker that stays.

use std::sync::atomic::{AtomicU64, Ordering};

use super::course::{Course, Phase};
use super::design::{Memory, PoolUse, Schedule};
use super::handover::Handover;
use super::parts::{Chunk, Hands, Parts};
use super::reader::{Read, Reader};
use super::source::{RankStreams, Streams};
use super::supply::Supply;
use super::{Parameters, number};
use crate::generator::Digest;
use crate::measure::{Events, Instruments, WorkerNoise};
use crate::slab::{Heap, RefillRecord};
use crate::workload::barrier::{Barrier, PoisonOnDrop};
use crate::workload::noise::Watch;
use crate::workload::{Ended, Extent, Measured};

/// State that all workers of a rank share during one repetition.
pub struct Session<'a> {
    pub(super) parts: Parts<'a>,
    pub(super) watch: Watch<'a>,
    pub(super) barrier: Barrier,
    /// CPU time of the thread that drives workers which do not stay, in the timed region.
    pub(super) driver_cpu_ns: AtomicU64,
}

/// Record of one worker.
pub struct WorkerRecord {
    /// Blocks filled in the timed region.
    pub(super) blocks: u64,
    pub(super) noise: WorkerNoise,
    /// Refills; `None` when no heap served the worker.
    pub(super) refills: Option<RefillRecord>,
    pub(super) digest: Digest,
    pub(super) read: Read,
}

impl Parameters {
    /// True when every worker enters the session once and stays: [`Session::work`]. Otherwise [`Session::drive`].
    pub fn workers_stay(&self) -> bool {
        (self.schedule, self.pool) == (Schedule::Static, PoolUse::Kept)
    }
}

impl<'a> Session<'a> {
    /// Prepares a repetition: all memory of the timed region is allocated here, unless the case wants it fresh.
    ///
    /// `streams` are this rank's own, or the stream of the data set.
    pub fn new(
        parameters: Parameters,
        workers: usize,
        extent: Extent<'a>,
        streams: Streams,
        heap: &'a Heap,
        instruments: Instruments<'a>,
    ) -> Session<'a> {
        Session {
            parts: Parts {
                parameters,
                workers,
                source: RankStreams::new(&parameters, streams),
                heap,
                course: Course::new(parameters.chunk_bytes, extent, instruments.clock),
                handover: Handover::new(&parameters, workers),
            },
            watch: Watch::new(instruments, workers),
            barrier: Barrier::new(number(workers)),
            driver_cpu_ns: AtomicU64::new(0),
        }
    }

    /// One worker's life in this repetition. Every worker `0..workers` must call it, each on its own thread.
    ///
    /// # Errors
    /// When the arena is exhausted, or another worker failed.
    pub fn work(&self, worker: usize) -> Result<WorkerRecord, Ended> {
        // Guards against a panic as well: the other workers leave, and rayon passes the panic on.
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let record = self.live(worker)?;
        unfinished.defuse();
        Ok(record)
    }

    fn live(&self, worker: usize) -> Result<WorkerRecord, Ended> {
        let mut supply = self.supply(worker)?;
        let mut hands = self.hands();
        self.barrier.wait_then(|| self.parts.course.begin())?;
        self.run_phase(Phase::Warmup, worker, &mut supply, &mut hands)?;
        supply.start_recording();
        hands.blocks = 0;
        let before = self.watch.begin(&self.barrier)?;
        self.barrier.wait_then(|| self.parts.course.begin_timed())?;
        self.run_phase(Phase::Timed, worker, &mut supply, &mut hands)?;
        let noise = self.watch.end(&self.barrier, &before)?;
        let refills = supply.take_record();
        self.parts.finish(worker, &mut supply, &mut hands)?;
        Ok(hands.record(noise, refills))
    }

    /// Makes chunks until the phase is over.
    fn run_phase(
        &self,
        phase: Phase,
        worker: usize,
        supply: &mut Supply<'a>,
        hands: &mut Hands,
    ) -> Result<(), Ended> {
        let first = self.parts.course.step().chunk;
        while let Some(chunk) = self.next_chunk(phase, first) {
            self.parts.part(&chunk, worker, supply, hands)?;
            self.barrier.wait_then(|| self.parts.course.advance())?;
        }
        Ok(())
    }

    /// The next chunk; `None` when the phase that began with chunk `first` is over.
    pub(super) fn next_chunk(&self, phase: Phase, first: u64) -> Option<Chunk> {
        let step = self.parts.course.step();
        let number = step.chunk;
        (step.phase == phase).then(|| Chunk { number, place: self.parts.course.place(number - first) })
    }

    /// The supply of blocks for this worker.
    pub(super) fn supply(&self, worker: usize) -> Result<Supply<'a>, Ended> {
        match self.parts.parameters.memory {
            Memory::Slab => {
                self.parts.heap.cache(number(worker)).map(Supply::of_cache).map_err(Ended::Because)
            }
            Memory::Fresh => Ok(Supply::zeroed()),
        }
    }

    pub(super) fn hands(&self) -> Hands {
        Hands { reader: Reader::new(self.parts.parameters.consumer), digest: Digest::default(), blocks: 0 }
    }

    /// The measurements of the rank, once all workers have returned.
    pub fn measured(self, records: &[WorkerRecord]) -> Measured {
        let hashed = self.parts.course.hashes();
        let progress = self.parts.course.into_progress();
        // The clock is read once at the end of each chunk, and once at the beginning, while every worker waits.
        let (workers, chunks) = (self.parts.workers as u64, progress.chunk_ns.count());
        let mut events = Events { clock_reads: (chunks + 1) * workers, records: 2 * chunks * workers };
        let ours = self.parts.parameters.memory == Memory::Slab;
        let mut refills = RefillRecord::default();
        let (mut digest, mut read) = (Digest::default(), Read::default());
        for record in records {
            if let Some(own) = &record.refills {
                events.add(own.events());
                refills.add(own);
            }
            digest.merge(&record.digest);
            read.add(record.read);
        }
        // Relaxed: the thread that wrote it has returned.
        let driver_cpu_ns = self.driver_cpu_ns.load(Ordering::Relaxed);
        Measured {
            elapsed_ns: progress.elapsed_ns,
            bytes: progress.bytes,
            operations: 0,
            worker_ns: progress.elapsed_ns * workers,
            cpu_ns: records.iter().map(|record| record.noise.cpu_ns).sum::<u64>() + driver_cpu_ns,
            busy_workers: number(records.iter().filter(|record| record.blocks > 0).count()),
            intervals: progress.intervals.into_finished(),
            memory_peak_bytes: ours.then(|| self.parts.heap.usage().peak_bytes as u64),
            background_cpu_ns: None,
            chunk_ns: progress.chunk_ns,
            latency_ns: None,
            refills: ours.then_some(refills),
            digest: hashed.then_some(digest),
            read,
            noise: self.watch.noise(records.iter().map(|record| record.noise).collect()),
            measuring: events.at(self.watch.instruments().prices),
        }
    }
}

impl Hands {
    /// The record of the worker.
    pub(super) fn record(self, noise: WorkerNoise, refills: Option<RefillRecord>) -> WorkerRecord {
        let Hands { reader, digest, blocks } = self;
        WorkerRecord { blocks, noise, refills, digest, read: reader.so_far() }
    }
}
