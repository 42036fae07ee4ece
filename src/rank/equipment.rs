//! The equipment of a rank: pinned workers, a clock, and an arena that is bound to the rank's node and populated.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::pool::WorkerPool;
use super::seat::BoundRank;
use crate::comm::HostWorld;
use crate::error::{Error, Result};
use crate::measure::{Clock, Instruments, NoiseCounters, Prices};
use crate::mix::mix_words;
use crate::numa::{How, NodeId, PageCounts, Reservation, SAMPLE_PAGES, Topology, locality};
use crate::plan::{Case, Plan};
use crate::slab::{Arena, Background, Design, Heap, HeapOptions, Populator, Stretch};
use crate::workload::generate::RankPosition;

/// The error of a kernel without populating in the background.
const UNSUPPORTED: &str = "slab.background = \"populate\" needs Linux 5.14 or later (MADV_POPULATE_WRITE); this kernel \
                           accepts \"off\"";

/// The equipment of one rank; made once per run, outside every timed region.
pub struct Equipment {
    rank: u32,
    seed: u64,
    design: Design,
    pool: WorkerPool,
    /// The PUs of the workers, in the workers' order; `pinned` says if they are pinned there.
    pus: Vec<u32>,
    pinned: bool,
    clock: Clock,
    prices: Prices,
    counters: NoiseCounters,
    /// `None` while a heap uses the arena, or when no case needs one.
    arena: Mutex<Option<Arena>>,
    violations: AtomicU64,
    node: Option<NodeId>,
    topology: Topology,
    place_on_host: (u32, u32),
    world: RankPosition,
}

impl Equipment {
    /// Pins the workers, reserves the arena and binds it before its first touch. Then every worker populates its share.
    ///
    /// # Errors
    /// When the kernel refuses to bind, has no memory, or cannot do what a case asks for.
    pub fn set_up(seat: &BoundRank, plan: &Plan) -> Result<Equipment> {
        let populates = plan.cases.iter().any(|case| case.background == Background::Populate);
        if populates && !Populator::is_supported() {
            return Err(Error::Environment(UNSUPPORTED.to_owned()));
        }
        let placement = &seat.placement;
        let binds = placement.how.binds();
        let pus = &placement.pus[..plan.workers as usize];
        let pinned = placement.how != How::Unbound;
        let pool = WorkerPool::start(placement.rank, &seat.topology, pus, pinned)?;
        let node = placement.node;
        let clock = Clock::start();
        let (prices, counters) = (Prices::measure(&clock), NoiseCounters::survey(pinned.then_some(pus)));
        let arena = match plan.arena_bytes {
            0 => None,
            bytes => Some(populated(bytes, seat, binds.then_some(node).flatten(), &pool, clock)?),
        };
        let topology = seat.topology.clone();
        Ok(Equipment {
            rank: placement.rank,
            seed: plan.seed,
            design: plan.design,
            pool,
            pus: pus.to_vec(),
            pinned,
            clock,
            prices,
            counters,
            arena: Mutex::new(arena),
            violations: AtomicU64::new(0),
            node,
            topology,
            place_on_host: (seat.host_world.rank, most_on_a_host(&seat.host_world)),
            world: world(placement.rank, &seat.host_world),
        })
    }

    /// Index of the rank.
    pub fn rank(&self) -> u32 {
        self.rank
    }

    /// Index of the rank on its host, and the largest number of ranks on any host.
    pub fn place_on_host(&self) -> (u32, u32) {
        self.place_on_host
    }

    /// The workers.
    pub fn pool(&self) -> &WorkerPool {
        &self.pool
    }

    /// Starts a second pool of `workers` workers, on the PUs of the rank's first workers.
    ///
    /// # Errors
    /// When a thread cannot be started, or its binding read back is wrong.
    pub fn start_pool(&self, workers: usize) -> Result<WorkerPool> {
        WorkerPool::start(self.rank, &self.topology, &self.pus[..workers], self.pinned)
    }

    /// The rank's place among all ranks.
    pub fn world(&self) -> RankPosition {
        self.world
    }

    /// The clock of all workers.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The instruments of a repetition.
    pub fn instruments(&self) -> Instruments<'_> {
        Instruments { clock: self.clock, prices: self.prices, counters: &self.counters }
    }

    /// Runs `work` with a fresh heap over `stretch` of the arena (`None`: all of it), set up by the case's parameters.
    ///
    /// # Errors
    /// The errors of `work`; also when the heap's options are out of range.
    pub fn with_heap<T>(
        &self,
        case: &Case,
        stretch: Option<Stretch>,
        work: impl FnOnce(&Heap) -> Result<T>,
    ) -> Result<T> {
        let mut kept = self.arena.lock().expect("the rank's own thread is the only one that comes here");
        let arena = kept.take().expect("the plan sized an arena for every case that has a heap");
        let options = HeapOptions {
            design: self.design,
            batch: case.batch,
            hardening: case.hardening,
            seed: mix_words(&[self.seed, u64::from(self.rank)]),
            stretch,
            ..HeapOptions::new(case.workers, self.clock)
        };
        let heap = Heap::new(arena, options)?;
        let result = work(&heap);
        self.violations.fetch_add(heap.violations(), Ordering::Relaxed);
        *kept = Some(heap.into_arena());
        result
    }

    /// Has every worker fault in its share of the memory of a heap that [`Equipment::with_heap`] made.
    ///
    /// # Errors
    /// When the node has no memory.
    pub fn populate(&self, heap: &Heap) -> Result<()> {
        populate(heap, &self.pool)
    }

    /// Number of freed pointers, over all heaps so far, that were not live objects.
    pub fn violations(&self) -> u64 {
        // Relaxed: only the rank's own thread writes and reads the count.
        self.violations.load(Ordering::Relaxed)
    }

    /// Asks the kernel on which node the arena's pages are.
    pub fn locality(&self) -> PageCounts {
        let arena = self.arena.lock().expect("the rank's own thread is the only one that comes here");
        match (&*arena, self.node) {
            (None, _) => PageCounts::unverified("no case uses the arena"),
            (Some(_), None) => PageCounts::unverified("the rank is not bound to a node"),
            (Some(arena), Some(node)) => {
                let base = arena.base().as_ptr().cast_const();
                locality(&self.topology, base, arena.bytes(), node, SAMPLE_PAGES)
            }
        }
    }
}

fn world(rank: u32, hosts: &HostWorld) -> RankPosition {
    RankPosition {
        rank,
        ranks: u32::try_from(hosts.host_of_rank.len()).expect("ranks are counted in 32 bits"),
        host: hosts.host_index,
        rank_on_host: hosts.rank,
        ranks_on_host: hosts.size,
    }
}

fn most_on_a_host(world: &HostWorld) -> u32 {
    let mut counts = vec![0; world.hosts.len()];
    world.host_of_rank.iter().for_each(|host| counts[*host as usize] += 1);
    counts.into_iter().max().unwrap_or(1)
}

/// Makes a fully populated arena, bound to `node` if there is one. The workers touch it first, in parallel.
fn populated(
    bytes: u64,
    seat: &BoundRank,
    node: Option<NodeId>,
    pool: &WorkerPool,
    clock: Clock,
) -> Result<Arena> {
    let bytes = usize::try_from(bytes).expect("the plan held it against the memory of the node");
    let reservation = Reservation::new(bytes)?;
    if let Some(node) = node {
        reservation.bind(&seat.topology, node)?;
    }
    let workers = pool.workers();
    let heap = Heap::new(Arena::bound(reservation)?, HeapOptions::new(workers, clock))?;
    populate(&heap, pool)?;
    Ok(heap.into_arena())
}

/// Has every worker fault in its share of the heap's memory.
fn populate(heap: &Heap, pool: &WorkerPool) -> Result<()> {
    let workers = pool.workers();
    let outcomes = pool.run(workers as usize, |worker| {
        heap.populate(u32::try_from(worker).expect("below the number of workers"), workers)
    });
    outcomes.into_iter().collect()
}
