//! One repetition of an allocator workload: every worker keeps its own objects, and all run for the same time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::choice::{Generic, Parameters};
use super::pattern::{Fault, Pattern, WorkerSetup};
use super::peer::Peer;
use super::region::{Region, Tally};
use crate::error::Error;
use crate::measure::{Clock, Events, Histogram, Instruments, ThreadLife, Ticks, WorkerNoise};
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
    workers: u32,
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
    tally: Tally,
    memory_peak_bytes: Option<u64>,
    began: Ticks,
    ended: Ticks,
    noise: WorkerNoise,
    refills: Option<RefillRecord>,
}

/// One worker's part in a repetition, by the number of the worker.
pub type Role<'a> = dyn Fn(u32) -> Result<WorkerRecord, Ended> + Sync + 'a;

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
            workers,
            span,
            seed,
            clock: instruments.clock,
            watch: Watch::new(instruments, workers as usize),
            barrier: Barrier::new(workers),
            over: AtomicBool::new(false),
            began: Mutex::new(instruments.clock.read()),
        }
    }

    /// Runs the repetition. `heap` is the rank's heap; `None` only when [`Parameters::arena_bytes`] is 0.
    ///
    /// `crew` gets the part of a worker, and must call it on one thread for each worker, at the same time. It returns
    /// what they return: errors when there is no memory, or another worker failed.
    pub fn run<R>(&self, heap: Option<&Heap>, crew: impl FnOnce(&Role<'_>) -> R) -> R {
        self.parameters.choose(Everybody { session: self, heap, crew })
    }

    /// As [`Session::run`] on an allocator of the caller in the place of the one that the parameters name. Benchmarks
    /// measure wrappers with it.
    pub fn run_on<'heap, A: Peer<'heap>, R>(
        &self,
        heap: Option<&'heap Heap>,
        crew: impl FnOnce(&Role<'_>) -> R,
    ) -> R {
        self.parameters.choose_workload::<A, _>(Everybody { session: self, heap, crew })
    }

    fn live<'heap, P: Pattern<A>, A: Peer<'heap>>(
        &self,
        worker: u32,
        heap: Option<&'heap Heap>,
        shared: &P::Shared,
    ) -> Result<WorkerRecord, Ended> {
        let unfinished = PoisonOnDrop::new(&self.barrier);
        let explain = |fault| self.ended_by(fault);
        let serve = || A::serve(worker, P::demand(self.parameters.dimensions), heap).map_err(Ended::Because);
        let mut allocator = serve()?;
        let dimensions = self.parameters.dimensions;
        let seed = mix_words(&[self.seed, u64::from(worker)]);
        let setup = WorkerSetup { worker, workers: self.workers, seed, dimensions, shared };
        let pattern = P::new(&mut allocator, setup).map_err(explain)?;
        let Division { interval_ns, count_max } = self.span.division;
        let tally = Tally::new(self.clock.ticks(interval_ns), count_max);
        // A worker has one front end of the allocator at a time, and a thread with a limited life brings its own.
        let allocator = P::LIFE.is_none().then_some(allocator);
        let mut hands = Hands { pattern, allocator, tally, lives: ThreadLife::default() };
        self.barrier.wait()?;
        self.work(&mut hands, shared, serve, self.clock.read(), self.span.warmup_ns)?;
        hands.tally.clear();
        hands.lives = ThreadLife::default();
        hands.allocator.iter_mut().for_each(A::start_recording);
        let before = self.watch.begin(&self.barrier)?;
        self.barrier.wait_then(|| {
            // Relaxed: the barrier publishes it.
            self.over.store(false, Ordering::Relaxed);
            *self.began.lock().expect("only the last worker at a barrier comes here") = self.clock.read();
        })?;
        let began = self.clock.read();
        self.work(&mut hands, shared, serve, began, self.span.timed_ns)?;
        let ended = self.clock.read();
        let noise = self.watch.end(&self.barrier, &before)?;
        let noise = if P::LIFE.is_some() { hands.lives.with(noise) } else { noise };
        let mut allocator = hands.allocator.map_or_else(serve, Ok)?;
        hands.pattern.finish(&mut allocator, shared).map_err(explain)?;
        unfinished.defuse();
        Ok(WorkerRecord {
            tally: hands.tally,
            memory_peak_bytes: allocator.memory_peak_bytes(),
            began,
            ended,
            noise,
            refills: P::LIFE.is_none().then(|| allocator.take_record()).flatten(),
        })
    }

    /// Works through the warm-up or the timed region, on this thread or on others that take each other's place.
    fn work<'heap, P: Pattern<A>, A: Peer<'heap>>(
        &self,
        hands: &mut Hands<P, A>,
        shared: &P::Shared,
        serve: impl Fn() -> Result<A, Ended> + Sync,
        began: Ticks,
        limit_ns: u64,
    ) -> Result<(), Ended> {
        let region = Region {
            clock: self.clock,
            began,
            limit: self.clock.ticks(limit_ns),
            arrivals: self.parameters.arrivals,
            over: &self.over,
            stop: self.span.stop,
        };
        let Hands { pattern, allocator, tally, lives } = hands;
        let explain = |fault| self.ended_by(fault);
        let Some(life) = P::LIFE else {
            let allocator = allocator.as_mut().expect("the thread stays, and with it the front end");
            return region.run(pattern, allocator, shared, tally, u64::MAX).map(|_| ()).map_err(explain);
        };
        let mut live = || {
            let mut allocator = serve()?;
            let is_over = region.run(pattern, &mut allocator, shared, tally, life).map_err(explain)?;
            pattern.end_of_life(shared);
            drop(allocator);
            lives.add_own();
            Ok(is_over)
        };
        while !on_a_new_thread(&mut live)? {}
        Ok(())
    }

    #[cold]
    fn ended_by(&self, fault: Fault) -> Ended {
        Ended::Because(fault.explain(self.parameters.workload.word()))
    }

    /// The measurements of the rank, once all workers have returned.
    pub fn measured(self, records: &[WorkerRecord]) -> Measured {
        let began = self.began.into_inner().expect("no worker panicked: all returned");
        let in_region = |record: &WorkerRecord, began| record.ended.since(began) - record.tally.paused;
        let elapsed = records.iter().map(|record| in_region(record, began)).max().unwrap_or(0);
        let nanoseconds = |ticks| self.clock.nanoseconds(ticks);
        let mut events = Events::default();
        for record in records {
            events.add(record.tally.events);
            // Two for the worker's own time, at both ends of the region; one for which all workers wait, at its beginning.
            events.add(Events { clock_reads: 3, records: 0 });
        }
        let mut refills: Option<RefillRecord> = None;
        for record in records.iter().filter_map(|record| record.refills.as_ref()) {
            events.add(record.events());
            refills.get_or_insert_default().add(record);
        }
        let mut latency_ns = self.parameters.arrivals.map(|_| Histogram::new());
        for record in records {
            latency_ns.iter_mut().for_each(|all| all.add(&record.tally.latency_ns));
        }
        let mut intervals: Option<Intervals> = None;
        for record in records {
            match &mut intervals {
                Some(all) => all.merge(&record.tally.intervals),
                None => intervals = Some(record.tally.intervals.clone()),
            }
        }
        let busy = records.iter().filter(|record| record.tally.begun > 0).count();
        // A worker is taken to have its CPU while it starts anew: the kernel's clock would cost more than it tells.
        let cpu_ns =
            |record: &WorkerRecord| record.noise.cpu_ns.saturating_sub(nanoseconds(record.tally.paused));
        Measured {
            elapsed_ns: nanoseconds(elapsed),
            operations: records.iter().map(|record| record.tally.operations).sum(),
            worker_ns: records.iter().map(|record| nanoseconds(in_region(record, record.began))).sum(),
            cpu_ns: records.iter().map(cpu_ns).sum(),
            busy_workers: u32::try_from(busy).expect("workers are counted in 32 bits"),
            intervals: intervals.map_or(Vec::new(), Intervals::into_finished),
            memory_peak_bytes: records.iter().filter_map(|record| record.memory_peak_bytes).max(),
            refills,
            latency_ns,
            noise: self.watch.noise(records.iter().map(|record| record.noise).collect()),
            measuring: events.at(self.watch.instruments().prices),
            ..Measured::default()
        }
    }
}

/// State of one worker that its threads hand on.
struct Hands<P, A> {
    pattern: P,
    /// `None` when each thread brings its own.
    allocator: Option<A>,
    tally: Tally,
    lives: ThreadLife,
}

/// Runs `live` on a new thread, and waits for its end. The thread inherits the name and the CPU of this one.
fn on_a_new_thread(live: &mut (dyn FnMut() -> Result<bool, Ended> + Send)) -> Result<bool, Ended> {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name).spawn_scoped(scope, live);
        let thread = thread.map_err(|why| {
            Ended::Because(Error::Environment(format!("cannot start the next thread of a worker: {why}")))
        })?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The parts of all workers in a session, for each pair of a workload and an allocator.
struct Everybody<'s, 'heap, C> {
    session: &'s Session<'s>,
    heap: Option<&'heap Heap>,
    crew: C,
}

impl<'heap, R, C: FnOnce(&Role<'_>) -> R> Generic<'heap> for Everybody<'_, 'heap, C> {
    type Output = R;

    fn run<P: Pattern<A>, A: Peer<'heap>>(self) -> R {
        let Everybody { session, heap, crew } = self;
        let shared = P::share(session.parameters.dimensions, session.workers);
        crew(&|worker| session.live::<P, A>(worker, heap, &shared))
    }
}
