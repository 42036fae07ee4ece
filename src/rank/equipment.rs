//! What a rank works with: pinned workers, a clock, and an arena bound to its node and already populated.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::pool::Pool;
use super::seat::Seat;
use crate::comm::HostWorld;
use crate::error::Result;
use crate::measure::{Clock, Counters, Instruments, Prices};
use crate::mix::mix_words;
use crate::numa::{How, Locality, NodeId, Reservation, SAMPLE_PAGES, Topology, locality};
use crate::plan::{Case, Plan};
use crate::slab::{Arena, Heap, HeapOptions, Stretch};
use crate::workload::generate::World;

/// Made once a run, outside every timed region.
pub struct Equipment {
    rank: u32,
    seed: u64,
    pool: Pool,
    /// Where its workers are, in their order; pinned there or not.
    pus: Vec<u32>,
    pinned: bool,
    clock: Clock,
    prices: Prices,
    counters: Counters,
    /// Taken while a heap uses it.
    arena: Mutex<Option<Arena>>,
    violations: AtomicU64,
    node: Option<NodeId>,
    topology: Topology,
    place_on_host: (u32, u32),
    world: World,
}

impl Equipment {
    /// Pins the workers; reserves the arena, binds it before anything touches it, and has every worker populate its
    /// share.
    ///
    /// # Errors
    /// When the kernel refuses to bind or has no memory.
    pub fn set_up(seat: &Seat, plan: &Plan) -> Result<Equipment> {
        let placement = &seat.placement;
        let binds = placement.how.binds();
        let pus = &placement.pus[..plan.workers as usize];
        let pinned = placement.how != How::Unbound;
        let pool = Pool::start(placement.rank, &seat.topology, pus, pinned)?;
        let node = placement.node;
        let clock = Clock::start();
        let (prices, counters) = (Prices::measure(&clock), Counters::survey(pinned.then_some(pus)));
        let arena = match plan.arena_bytes {
            0 => None,
            bytes => Some(populated(bytes, seat, binds.then_some(node).flatten(), &pool, clock)?),
        };
        let topology = seat.topology.clone();
        Ok(Equipment {
            rank: placement.rank,
            seed: plan.seed,
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

    /// Index of the rank among those of its host, and how many ranks the host has that has most.
    pub fn place_on_host(&self) -> (u32, u32) {
        self.place_on_host
    }

    /// The workers.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A pool beside the rank's, of its first so many workers: on the same PUs.
    ///
    /// # Errors
    /// When a thread cannot be started, or is not where it was pinned.
    pub fn start_pool(&self, workers: usize) -> Result<Pool> {
        Pool::start(self.rank, &self.topology, &self.pus[..workers], self.pinned)
    }

    /// The rank's place among all ranks.
    pub fn world(&self) -> World {
        self.world
    }

    /// The clock of all workers.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// What a repetition is measured with.
    pub fn instruments(&self) -> Instruments<'_> {
        Instruments { clock: self.clock, prices: self.prices, counters: &self.counters }
    }

    /// Runs `work` with a fresh heap over a stretch of the arena, or all of it, set up as the case wants it.
    ///
    /// # Errors
    /// Those of `work`, or when the heap's options are out of range.
    pub fn with_heap<T>(
        &self,
        case: &Case,
        stretch: Option<Stretch>,
        work: impl FnOnce(&Heap) -> Result<T>,
    ) -> Result<T> {
        let mut kept = self.arena.lock().expect("the rank's own thread is the only one that comes here");
        let arena = kept.take().expect("the plan sized an arena for every case that has a heap");
        let options = HeapOptions {
            batch: case.batch,
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

    /// Pointers handed back, in all heaps so far, that were not live objects.
    pub fn violations(&self) -> u64 {
        // Relaxed: a count that the rank's own thread writes and reads.
        self.violations.load(Ordering::Relaxed)
    }

    /// Asks the kernel where the arena's pages are.
    pub fn locality(&self) -> Locality {
        let arena = self.arena.lock().expect("the rank's own thread is the only one that comes here");
        match (&*arena, self.node) {
            (None, _) => Locality::unverified("no case uses the arena"),
            (Some(_), None) => Locality::unverified("the rank is not bound to a node"),
            (Some(arena), Some(node)) => {
                let base = arena.base().as_ptr().cast_const();
                locality(&self.topology, base, arena.bytes(), node, SAMPLE_PAGES)
            }
        }
    }
}

fn world(rank: u32, hosts: &HostWorld) -> World {
    World {
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

/// An arena with memory behind all of it: on `node` if there is one, first touched by the workers side by side.
fn populated(bytes: u64, seat: &Seat, node: Option<NodeId>, pool: &Pool, clock: Clock) -> Result<Arena> {
    let bytes = usize::try_from(bytes).expect("the plan held it against the memory of the node");
    let reservation = Reservation::new(bytes)?;
    if let Some(node) = node {
        reservation.bind(&seat.topology, node)?;
    }
    let workers = pool.workers();
    let heap = Heap::new(Arena::bound(reservation)?, HeapOptions::new(workers, clock))?;
    let outcomes = pool.run(workers as usize, |worker| {
        heap.populate(u32::try_from(worker).expect("below the number of workers"), workers)
    });
    outcomes.into_iter().collect::<Result<()>>()?;
    Ok(heap.into_arena())
}
