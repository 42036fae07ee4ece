//! For tests: an allocator that numbers its objects, and a law that every workload obeys on it.

use std::alloc::Layout;
use std::collections::BTreeSet;
use std::mem::MaybeUninit;

use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup};
use crate::slab::{Allocate, Misuse, OutOfMemory};

/// Allocator that numbers its objects, notes their sizes and the order in which they come back, and has room for only so
/// many at a time.
pub struct Numbering {
    room: u64,
    /// The size of each object, by its number.
    pub sizes: Vec<usize>,
    /// Numbers of the objects that came back, in this order.
    pub returned: Vec<usize>,
}

/// An object with its number.
#[derive(Debug)]
pub struct Numbered {
    /// Objects before it.
    pub number: usize,
    memory: Box<[MaybeUninit<u8>]>,
}

impl Numbering {
    /// An allocator with room for this many live objects.
    pub fn with_room_for(room: u64) -> Numbering {
        Numbering { room, sizes: Vec::new(), returned: Vec::new() }
    }
}

impl Allocate for Numbering {
    type Object = Numbered;

    fn take(&mut self, layout: Layout) -> Result<Numbered, OutOfMemory> {
        let number = self.sizes.len();
        if (number - self.returned.len()) as u64 == self.room {
            return Err(OutOfMemory);
        }
        self.sizes.push(layout.size());
        Ok(Numbered { number, memory: Box::new_uninit_slice(layout.size()) })
    }

    fn give_back(&mut self, object: Numbered) -> Result<(), Misuse> {
        self.returned.push(object.number);
        Ok(())
    }

    fn memory<'a>(&'a mut self, object: &'a mut Numbered) -> &'a mut [MaybeUninit<u8>] {
        &mut object.memory
    }
}

/// The first worker of a pattern.
pub fn setup<S>(dimensions: Dimensions, shared: &S) -> WorkerSetup<'_, S> {
    WorkerSetup { worker: 0, workers: 1, seed: 7, dimensions, shared }
}

/// Runs `workers` workers of a pattern in turns, on one allocator with room for exactly their demand, in calls of many
/// lengths. All sizes must lie in the demanded range, and each object must come back once.
///
/// # Panics
/// When the pattern breaks this law.
pub fn check<P: Pattern<Numbering>>(dimensions: Dimensions, workers: u32) {
    let demand = P::demand(dimensions);
    let mut allocator = Numbering::with_room_for(demand.live_per_worker * u64::from(workers));
    let shared = P::share(dimensions, workers);
    let mut patterns: Vec<P> = (0..workers)
        .map(|worker| {
            let setup =
                WorkerSetup { worker, workers, seed: 7 + u64::from(worker), dimensions, shared: &shared };
            P::new(&mut allocator, setup).expect("room for the demand")
        })
        .collect();
    let mut finished = 0;
    // One operation, as an open loop asks for; fewer and more than the objects; and many times all of them.
    for operations in [1, 1, 3, 4096, 4096, 1, 3 * u64::from(dimensions.objects), 4096] {
        for pattern in &mut patterns {
            if pattern.is_full() {
                pattern.start_anew(&mut allocator).expect("live objects");
            }
            finished += pattern.run_for(&mut allocator, &shared, operations).expect("room for the demand");
            if P::LIFE.is_some() {
                pattern.end_of_life(&shared);
            }
        }
    }
    assert!(finished > 0, "no operation was finished");
    let finish = |pattern: P| pattern.finish(&mut allocator, &shared);
    patterns.into_iter().try_for_each(finish).expect("live objects");
    let sizes = allocator.sizes.iter().map(|bytes| *bytes as u64);
    assert!(sizes.clone().all(|bytes| (demand.bytes_min..=demand.bytes_max).contains(&bytes)));
    assert!(sizes.count() > 0, "no object was allocated");
    let returned: BTreeSet<usize> = allocator.returned.iter().copied().collect();
    assert_eq!((returned.len(), allocator.returned.len()), (allocator.sizes.len(), allocator.sizes.len()));
    out_of_room::<P>(dimensions);
}

/// Without room for one object a pattern ends with the fault.
fn out_of_room<P: Pattern<Numbering>>(dimensions: Dimensions) {
    let (mut allocator, shared) = (Numbering::with_room_for(0), P::share(dimensions, 1));
    let new = P::new(&mut allocator, setup(dimensions, &shared));
    let fault = new.and_then(|mut pattern| pattern.run_for(&mut allocator, &shared, 1)).err();
    assert_eq!(fault, Some(Fault::NoRoom(OutOfMemory)));
}
