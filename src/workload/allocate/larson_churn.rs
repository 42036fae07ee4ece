//! larson-churn: larson with threads that end and start, and with objects that change hands.
//!
//! After P. Larson and M. Krishnan, "Memory allocation for long-running server applications", ISMM 1998: their server
//! hands its objects on from thread to thread. Three things differ from `larson`:
//!
//! - The first objects come from one thread, and are dealt to the tables of all workers in a shuffled order. So neighbours
//!   in a cache line belong to different workers ("passive false sharing").
//! - After 65,536 operations a worker's thread ends, and a new one on the same CPU takes its place, with a new front end
//!   of the allocator: the cache of the slab allocator is given up and made again.
//! - Each thread takes another table than the thread before it. There is one table more than there are workers, so tables
//!   go round among all workers, and most objects are freed by another thread than the one that allocated them.
//!
//! One operation is one object given back and one allocated. The end and the start of threads are part of the time. Refills
//! are not recorded: a record takes megabytes, and each thread would need one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, empty, give_back, take};
use super::sizes::Sizes;
use crate::mix::{Random, scaled};
use crate::slab::{Allocate, Demand};
use crate::units::{high_32, low_32};

/// Places of a table unless the job sets `slots`.
pub const SLOTS: u32 = 1024;
/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(8, 128);
/// Operations of a thread, about half a millisecond.
const OPERATIONS: u64 = 65_536;

type Table<O> = Box<[Option<O>]>;

/// Tables that no thread has.
#[derive(Debug)]
pub struct Tables<O> {
    waiting: Mutex<VecDeque<Table<O>>>,
    count: u32,
}

/// One worker's choices, and the table of the thread that is the worker now.
#[derive(Debug)]
pub struct LarsonChurn<O> {
    /// `None` until the thread's first operation.
    table: Option<Table<O>>,
    /// Number of places.
    slots: u32,
    sizes: Sizes,
    random: Draws,
}

impl<O> Tables<O> {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Table<O>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Allocate<Object: Send>> Pattern<A> for LarsonChurn<A::Object> {
    type Shared = Tables<A::Object>;

    const LIFE: Option<u64> = Some(OPERATIONS);

    fn demand(dimensions: Dimensions) -> Demand {
        // Two tables per worker, because there is one more than workers; and twice that, for the places in slabs that
        // ended threads left behind and that the next ones have not yet adopted.
        dimensions.demand(4 * u64::from(dimensions.objects))
    }

    fn share(_dimensions: Dimensions, workers: u32) -> Tables<A::Object> {
        let count = workers + 1;
        Tables { waiting: Mutex::new(VecDeque::with_capacity(count as usize)), count }
    }

    fn new(
        allocator: &mut A,
        setup: WorkerSetup<'_, Tables<A::Object>>,
    ) -> Result<LarsonChurn<A::Object>, Fault> {
        let Dimensions { objects, sizes } = setup.dimensions;
        let mut random = Draws::new(setup.seed);
        if setup.worker == 0 {
            deal(allocator, setup.shared, setup.dimensions, &mut random)?;
        }
        Ok(LarsonChurn { table: None, slots: objects, sizes, random })
    }

    #[inline]
    fn run_for(
        &mut self,
        allocator: &mut A,
        shared: &Tables<A::Object>,
        operations: u64,
    ) -> Result<u64, Fault> {
        let table = self
            .table
            .get_or_insert_with(|| shared.waiting().pop_front().expect("there are more tables than workers"));
        for _ in 0..operations {
            let bits = self.random.bits();
            let slot = scaled(high_32(bits), self.slots) as usize;
            let bytes = self.sizes.chosen(low_32(bits));
            give_back(allocator, table[slot].take())?;
            table[slot] = Some(take(allocator, bytes, slot)?);
        }
        Ok(operations)
    }

    fn end_of_life(&mut self, shared: &Tables<A::Object>) {
        shared.waiting().extend(self.table.take());
    }

    fn finish(mut self, allocator: &mut A, shared: &Tables<A::Object>) -> Result<(), Fault> {
        Pattern::<A>::end_of_life(&mut self, shared);
        loop {
            // Not in the condition: the lock would be held while objects are freed.
            let table = shared.waiting().pop_front();
            let Some(mut table) = table else { return Ok(()) };
            empty(allocator, &mut table)?;
        }
    }
}

/// Allocates all objects in order, and deals them to the tables in a shuffled order.
fn deal<A: Allocate>(
    allocator: &mut A,
    tables: &Tables<A::Object>,
    dimensions: Dimensions,
    random: &mut Draws,
) -> Result<(), Fault> {
    let slots = dimensions.objects as usize;
    let count = slots * tables.count as usize;
    let mut objects: Box<[_]> = (0..count).map(|_| None).collect();
    for (number, place) in objects.iter_mut().enumerate() {
        let taken = take(allocator, dimensions.sizes.uniform(random), number);
        match taken {
            Ok(object) => *place = Some(object),
            Err(fault) => {
                empty(allocator, &mut objects)?;
                return Err(fault);
            }
        }
    }
    Random::new(random.bits()).shuffle(&mut objects);
    let mut objects = objects.into_iter();
    let table = |_| objects.by_ref().take(slots).collect();
    tables.waiting().extend((0..tables.count).map(table));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check};
    use super::*;

    type Worker = LarsonChurn<Numbered>;

    const DIMENSIONS: Dimensions = Dimensions { objects: SLOTS, sizes: SIZES };

    fn share(workers: u32) -> Tables<Numbered> {
        <Worker as Pattern<Numbering>>::share(DIMENSIONS, workers)
    }

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        for workers in [1, 2, 3] {
            check::<Worker>(DIMENSIONS, workers);
            check::<Worker>(Dimensions { objects: 1, sizes: Sizes::new(1, 1) }, workers);
        }
    }

    #[test]
    fn neighbours_of_the_first_thread_belong_to_different_workers() {
        let (shared, mut allocator) = (share(3), Numbering::with_room_for(4 * u64::from(SLOTS)));
        deal(&mut allocator, &shared, DIMENSIONS, &mut Draws::new(7)).expect("room");
        let mut table_of = vec![usize::MAX; 4 * SLOTS as usize];
        for (index, table) in shared.waiting().iter().enumerate() {
            assert_eq!(table.len(), SLOTS as usize);
            table.iter().flatten().for_each(|object| table_of[object.number] = index);
        }
        assert!(!table_of.contains(&usize::MAX), "every object is in a table");
        // Of four tables, three in four neighbours have another one.
        let apart = table_of.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((2800..3350).contains(&apart), "{apart} of 4095");
    }

    #[test]
    fn tables_go_round_among_the_workers() {
        let (shared, mut allocator) = (share(2), Numbering::with_room_for(3 * u64::from(SLOTS)));
        let mut workers = [0, 1].map(|worker| {
            let setup = WorkerSetup { worker, workers: 2, seed: 7, dimensions: DIMENSIONS, shared: &shared };
            Worker::new(&mut allocator, setup).expect("room")
        });
        // By worker: the tables it had, known by their addresses.
        let mut had = [const { std::collections::BTreeSet::new() }; 2];
        for _ in 0..3 {
            for (worker, had) in workers.iter_mut().zip(&mut had) {
                worker.run_for(&mut allocator, &shared, 1).expect("room");
                had.insert(worker.table.as_ref().map(|table| table.as_ptr().addr()));
            }
            for worker in &mut workers {
                Pattern::<Numbering>::end_of_life(worker, &shared);
            }
        }
        assert_eq!(had.map(|tables| tables.len()), [3, 3]);
    }

    #[test]
    fn a_deal_without_room_keeps_nothing() {
        let (shared, mut allocator) = (share(1), Numbering::with_room_for(100));
        let fault = deal(&mut allocator, &shared, DIMENSIONS, &mut Draws::new(7)).expect_err("too few");
        assert!(matches!(fault, Fault::NoRoom(_)));
        assert_eq!((allocator.sizes.len(), allocator.returned.len()), (100, 100));
    }
}
