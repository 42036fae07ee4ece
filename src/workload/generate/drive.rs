//! A repetition with workers that do not stay: a driving thread wakes or starts them for each chunk.

use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use super::course::Phase;
use super::crew::{Crew, Team};
use super::design::{PoolUse, Schedule};
use super::lock;
use super::parts::{Chunk, Hands};
use super::session::{Session, WorkerRecord};
use super::supply::{Block, Supply};
use crate::error::Error;
use crate::measure::{ThreadLife, WorkerNoise, core_clock_probe_ns, thread_cpu_ns};
use crate::slab::{Allocate, Misuse, OutOfMemory};
use crate::workload::{Ended, collect};

/// State that the driving thread keeps for its workers; their threads may change with every chunk.
struct Drive<'s, 'a> {
    session: &'s Session<'a>,
    /// `[home]`: locked only during an allocation. A stolen block is the only case in which it can be locked already.
    supplies: Vec<Mutex<Supply<'a>>>,
    /// `[worker]`: locked by that worker.
    hands: Vec<Mutex<Hands>>,
    /// `[worker]`: the threads that were this worker in the timed region.
    lives: Vec<Mutex<ThreadLife>>,
    /// `(home, index)` of every item of a chunk.
    items: Vec<(usize, usize)>,
}

impl<'a> Session<'a> {
    /// Runs the whole repetition on the calling thread, which drives the workers.
    ///
    /// # Errors
    /// When memory is exhausted, or workers cannot be started.
    pub fn drive(&self, crew: &impl Crew) -> Result<Vec<WorkerRecord>, Error> {
        let each = || 0..self.parts.workers;
        let drive = Drive {
            session: self,
            supplies: collect(each().map(|worker| self.supply(worker).map(Mutex::new)).collect())?,
            hands: each().map(|_| Mutex::new(self.hands())).collect(),
            lives: each().map(|_| Mutex::new(ThreadLife::default())).collect(),
            items: each()
                .flat_map(|home| (0..self.parts.items_of(home)).map(move |index| (home, index)))
                .collect(),
        };
        let noise = drive.run(crew)?;
        drive.records(noise)
    }
}

impl<'a> Drive<'_, 'a> {
    /// Runs warm-up and timed region; returns each worker's noise in the timed region.
    fn run(&self, crew: &impl Crew) -> Result<Vec<WorkerNoise>, Error> {
        let Session { watch, barrier, .. } = self.session;
        self.session.parts.course.begin();
        self.run_phase(Phase::Warmup, crew)?;
        self.supplies.iter().for_each(|supply| lock(supply).start_recording());
        self.hands.iter().for_each(|hands| lock(hands).blocks = 0);
        if self.session.parts.parameters.pool == PoolUse::PerChunk {
            return self.run_with_short_lives(crew);
        }
        let before = crew.with_team(|team| collect(team.each(|_| Ok(watch.begin(barrier)?))))??;
        self.run_timed(crew)?;
        crew.with_team(|team| collect(team.each(|worker| Ok(watch.end(barrier, &before[worker])?))))?
    }

    /// As [`Drive::run`], for threads that end with their chunk: each is read just before its end, so that its counts
    /// are totals.
    fn run_with_short_lives(&self, crew: &impl Crew) -> Result<Vec<WorkerNoise>, Error> {
        let watch = &self.session.watch;
        let clock = watch.instruments().clock;
        let probe = |team: &_| Team::each(team, |_| core_clock_probe_ns(&clock));
        let before = crew.with_team(probe)?;
        watch.read_machine(0);
        self.lives.iter().for_each(|life| *lock(life) = ThreadLife::default());
        let began = clock.read();
        self.run_timed(crew)?;
        let wall_ns = clock.nanoseconds(clock.read().since(began));
        watch.read_machine(1);
        let after = crew.with_team(probe)?;
        let probes = before.into_iter().zip(after);
        let noise = self.lives.iter().zip(probes);
        Ok(noise.map(|(life, (before, after))| lock(life).noise(wall_ns, [before, after])).collect())
    }

    fn run_timed(&self, crew: &impl Crew) -> Result<(), Error> {
        let cpu_ns = thread_cpu_ns();
        self.session.parts.course.begin_timed();
        self.run_phase(Phase::Timed, crew)?;
        // Relaxed: the same thread reads it again.
        self.session.driver_cpu_ns.store(thread_cpu_ns() - cpu_ns, Ordering::Relaxed);
        Ok(())
    }

    fn run_phase(&self, phase: Phase, crew: &impl Crew) -> Result<(), Error> {
        let first = self.session.parts.course.step().chunk;
        while let Some(chunk) = self.session.next_chunk(phase, first) {
            crew.with_team(|team| self.make(&chunk, team))??;
            self.session.parts.course.advance();
        }
        Ok(())
    }

    /// Makes one chunk.
    fn make(&self, chunk: &Chunk, team: &impl Team) -> Result<(), Error> {
        let made = match self.session.parts.parameters.schedule {
            Schedule::Static => team.each(|worker| {
                let (mut supply, mut hands) = (lock(&self.supplies[worker]), lock(&self.hands[worker]));
                self.session.parts.part(chunk, worker, &mut *supply, &mut hands)
            }),
            Schedule::Stealing => self.share_out(chunk, team),
        };
        if self.session.parts.parameters.pool == PoolUse::PerChunk {
            team.each(|worker| lock(&self.lives[worker]).add_own());
        }
        collect(made).map(|_| ())
    }

    fn share_out(&self, chunk: &Chunk, team: &impl Team) -> Vec<Result<(), Ended>> {
        let failed = Mutex::new(Vec::new());
        team.share_out(self.items.len(), |worker, item| {
            let (home, _) = self.items[item];
            let mut supply = Shared(&self.supplies[home]);
            let made =
                self.session.parts.item(chunk, self.items[item], &mut supply, &mut lock(&self.hands[worker]));
            if made.is_err() {
                lock(&failed).push(made);
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Consumes and gives back the remaining blocks; returns each worker's record.
    fn records(self, noise: Vec<WorkerNoise>) -> Result<Vec<WorkerRecord>, Error> {
        let mut records = Vec::with_capacity(noise.len());
        let refills: Vec<_> = self.supplies.iter().map(|supply| lock(supply).take_record()).collect();
        for (worker, hands) in self.hands.iter().enumerate() {
            let (mut supply, mut hands) = (lock(&self.supplies[worker]), lock(hands));
            collect(vec![self.session.parts.finish(worker, &mut *supply, &mut hands)])?;
        }
        let hands = self.hands.into_iter().map(|hands| hands.into_inner().expect("no worker panicked"));
        for ((hands, noise), refills) in hands.zip(noise).zip(refills) {
            records.push(hands.record(noise, refills));
        }
        Ok(records)
    }
}

/// A supply that several workers use, one at a time.
struct Shared<'s, 'a>(&'s Mutex<Supply<'a>>);

impl<'a> Allocate for Shared<'_, 'a> {
    type Object = Block<'a>;

    fn take(&mut self, layout: std::alloc::Layout) -> Result<Block<'a>, OutOfMemory> {
        lock(self.0).take(layout)
    }

    fn give_back(&mut self, block: Block<'a>) -> Result<(), Misuse> {
        lock(self.0).give_back(block)
    }

    fn memory<'b>(&'b mut self, block: &'b mut Block<'a>) -> &'b mut [MaybeUninit<u8>] {
        block.as_mut()
    }
}
