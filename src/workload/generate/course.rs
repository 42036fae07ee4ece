//! The course of a repetition: the next chunk, its phase, and the end of each phase.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lock;
use crate::measure::{Clock, Histogram, Ticks};
use crate::workload::intervals::Intervals;
use crate::workload::{Amount, Extent};

/// Course of a repetition, shared by all workers. One of them advances it, while the others wait.
pub(super) struct Course<'a> {
    chunk_bytes: usize,
    extent: Extent<'a>,
    clock: Clock,
    /// The next chunk and its phase, see [`Position`]. Written by the advancing worker, read by all after the barrier.
    next: AtomicU64,
    progress: Mutex<PhaseState>,
}

/// State that only the advancing worker touches.
pub(super) struct PhaseState {
    phase_began: Ticks,
    chunk_began: Ticks,
    /// Chunks finished in this phase.
    done: u64,
    /// Bytes and nanoseconds of the timed phase, up to the latest chunk.
    pub(super) bytes: u64,
    pub(super) elapsed_ns: u64,
    pub(super) intervals: Intervals,
    pub(super) chunk_ns: Histogram,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Warmup,
    Timed,
    Over,
}

/// A chunk and its phase. Chunks are numbered through both phases, because the blocks of the last warm-up chunks are
/// given back in the timed region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) phase: Phase,
    pub(super) chunk: u64,
}

impl<'a> Course<'a> {
    pub(super) fn new(chunk_bytes: usize, extent: Extent<'a>, clock: Clock) -> Course<'a> {
        let now = clock.read();
        Course {
            chunk_bytes,
            extent,
            clock,
            next: AtomicU64::new(Position { phase: Phase::Warmup, chunk: 0 }.pack()),
            progress: Mutex::new(PhaseState {
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

    /// True when every block is hashed before it is handed over.
    pub(super) fn hashes(&self) -> bool {
        matches!(self.extent.amount, Amount::Dataset { digest: true, .. })
    }

    /// Place in the stream of this rank's chunk `number` of a phase.
    pub(super) fn place(&self, number: u64) -> Range<u64> {
        let bytes = self.chunk_bytes as u64;
        match self.extent.amount {
            Amount::Duration(_) => number * bytes..(number + 1) * bytes,
            Amount::Dataset { bytes: total, rank, ranks, .. } => {
                // A warm-up may be longer than the data set: it then starts again.
                let index = u64::from(rank) + number % self.chunks_of_data_set().max(1) * u64::from(ranks);
                index * bytes..((index + 1) * bytes).min(total)
            }
        }
    }

    /// Number of this rank's chunks in the data set; `u64::MAX` when there is no data set.
    fn chunks_of_data_set(&self) -> u64 {
        match self.extent.amount {
            Amount::Duration(_) => u64::MAX,
            Amount::Dataset { bytes, rank, ranks, .. } => {
                let chunks = bytes.div_ceil(self.chunk_bytes as u64);
                chunks.saturating_sub(u64::from(rank)).div_ceil(u64::from(ranks))
            }
        }
    }

    pub(super) fn step(&self) -> Position {
        // Relaxed: the barrier orders the only write before every read.
        Position::unpack(self.next.load(Ordering::Relaxed))
    }

    /// Starts the warm-up. Called by one worker, while the others wait.
    pub(super) fn begin(&self) {
        let mut progress = lock(&self.progress);
        let now = self.clock.read();
        (progress.phase_began, progress.chunk_began) = (now, now);
        let phase = match self.extent.warmup_ns {
            _ if self.chunks_of_data_set() == 0 => Phase::Over,
            0 => Phase::Timed,
            _ => Phase::Warmup,
        };
        self.set_next(Position { phase, chunk: 0 });
    }

    /// Starts the timed region after the warm-up. Called by one worker, while the others wait.
    pub(super) fn begin_timed(&self) {
        let mut progress = lock(&self.progress);
        let now = self.clock.read();
        (progress.phase_began, progress.chunk_began, progress.done) = (now, now, 0);
    }

    /// Advances to the next chunk, with the one clock read of a chunk. Called by one worker, while the others wait.
    pub(super) fn advance(&self) {
        let mut progress = lock(&self.progress);
        let Position { phase, chunk } = self.step();
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
        self.set_next(Position { phase: next, chunk: chunk + 1 });
    }

    fn set_next(&self, step: Position) {
        // Relaxed: the barrier that the caller is about to release publishes it.
        self.next.store(step.pack(), Ordering::Relaxed);
    }

    /// Bytes, nanoseconds and chunks of the timed region, once all workers have returned.
    pub(super) fn into_progress(self) -> PhaseState {
        self.progress.into_inner().expect("no worker panicked: all returned")
    }
}

impl Position {
    fn pack(self) -> u64 {
        self.chunk << 2 | self.phase as u64
    }

    fn unpack(word: u64) -> Position {
        let phase = match word & 3 {
            0 => Phase::Warmup,
            1 => Phase::Timed,
            _ => Phase::Over,
        };
        Position { phase, chunk: word >> 2 }
    }
}
