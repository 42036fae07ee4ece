//! cross-thread: one worker allocates, another frees.
//!
//! The pattern of a pipeline, and of xmalloc-test (C. Lever and D. Boreham, "malloc() performance in a multithreaded Linux
//! environment", USENIX 2000): no object is freed where it was allocated. Workers 0 and 1, 2 and 3, and so on are pairs. The
//! first of a pair allocates, and sends batches of 64 objects, or of at most 1 MiB, through a ring of 16 batches; the second frees them. A worker
//! without a partner (the last of an odd number, or the only one) does both in turn through a ring of its own; its frees
//! are not foreign, so an even number of workers is what to measure with.
//!
//! Sizes are uniform, 64 bytes unless the job sets `sizes`. One operation is one object freed, and with it one allocated:
//! the first of a pair does none by itself. A worker that finds the ring full, or empty, spins, gives the CPU to another
//! thread, and soon returns without having done all that was asked: it never waits for its partner, so that the end of the
//! session, or the end of its partner, ends it as well.

use super::draws::Draws;
use super::pattern::{Dimensions, Fault, Pattern, WorkerSetup, give_back, take};
use super::ring::{Position, Ring};
use super::sizes::Sizes;
use crate::slab::{Allocate, Demand};

/// Sizes unless the job sets `sizes`.
pub const SIZES: Sizes = Sizes::new(64, 64);
/// Objects that change hands at once, unless they are large.
const BATCH: u32 = 64;
/// Bytes of a batch that has more than one object, at most.
const BATCH_BYTES: u32 = 1 << 20;
/// Batches that are under way at most.
const BATCHES: usize = 16;
/// Looks at a ring that is not ready before the worker gives up its CPU: about a microsecond.
const SPINS: u32 = 64;

/// The part of a worker in its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Allocates,
    Frees,
    Both,
}

/// Objects of a batch.
fn batch(sizes: Sizes) -> usize {
    BATCH.min(BATCH_BYTES / sizes.max) as usize
}

/// One worker of a pair.
#[derive(Debug)]
pub struct CrossThread<O> {
    part: Part,
    /// Objects of a batch.
    batch: usize,
    /// The pair.
    pair: usize,
    sizes: Sizes,
    random: Draws,
    /// Objects on their way into the ring.
    outgoing: Vec<O>,
    sender: Position,
    /// Objects out of the ring.
    incoming: Vec<O>,
    receiver: Position,
}

impl<A: Allocate<Object: Send>> Pattern<A> for CrossThread<A::Object> {
    /// By pair.
    type Shared = Box<[Ring<A::Object>]>;

    fn demand(dimensions: Dimensions) -> Demand {
        // In the ring and in both hands; and as many that are free already, and that the allocator has not yet
        // brought back to the worker that allocates.
        dimensions.demand(2 * (BATCHES as u64 + 2) * batch(dimensions.sizes) as u64)
    }

    fn share(dimensions: Dimensions, workers: u32) -> Box<[Ring<A::Object>]> {
        (0..workers.div_ceil(2)).map(|_| Ring::new(BATCHES, batch(dimensions.sizes))).collect()
    }

    fn new(
        _allocator: &mut A,
        setup: WorkerSetup<'_, Self::Shared>,
    ) -> Result<CrossThread<A::Object>, Fault> {
        let batch = batch(setup.dimensions.sizes);
        let is_last = setup.worker + 1 == setup.workers;
        Ok(CrossThread {
            part: match setup.worker % 2 {
                0 if is_last => Part::Both,
                0 => Part::Allocates,
                _ => Part::Frees,
            },
            batch,
            pair: setup.worker as usize / 2,
            sizes: setup.dimensions.sizes,
            random: Draws::new(setup.seed),
            outgoing: Vec::with_capacity(batch),
            sender: Position::default(),
            incoming: Vec::with_capacity(batch),
            receiver: Position::default(),
        })
    }

    #[inline]
    fn run_for(&mut self, allocator: &mut A, shared: &Self::Shared, operations: u64) -> Result<u64, Fault> {
        let ring = &shared[self.pair];
        match self.part {
            Part::Allocates => self.allocate(allocator, ring, operations).map(|()| 0),
            Part::Frees => self.free(allocator, ring, operations),
            Part::Both => {
                let mut freed = 0;
                while freed < operations {
                    let objects = (operations - freed).min(self.batch as u64);
                    self.allocate(allocator, ring, self.batch as u64)?;
                    freed += self.free(allocator, ring, objects)?;
                }
                Ok(freed)
            }
        }
    }

    fn finish(mut self, allocator: &mut A, shared: &Self::Shared) -> Result<(), Fault> {
        for object in self.outgoing.drain(..) {
            give_back(allocator, Some(object))?;
        }
        // The worker that frees empties the ring as well: its partner sends no more.
        while self.part != Part::Allocates {
            for object in self.incoming.drain(..) {
                give_back(allocator, Some(object))?;
            }
            if !shared[self.pair].receive(&mut self.receiver, &mut self.incoming) {
                break;
            }
        }
        Ok(())
    }
}

impl<O> CrossThread<O> {
    /// Allocates this many objects, fewer when the ring is full for long.
    #[inline]
    fn allocate<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        ring: &Ring<O>,
        objects: u64,
    ) -> Result<(), Fault> {
        let mut left = objects;
        while left > 0 {
            if self.outgoing.len() < self.batch {
                let bytes = self.sizes.uniform(&mut self.random);
                self.outgoing.push(take(allocator, bytes, self.outgoing.len())?);
                left -= 1;
            } else if !patiently(|| ring.send(&mut self.sender, &mut self.outgoing)) {
                break;
            }
        }
        // A batch that is full is under way, so that the last of the objects are as far as the others.
        if self.outgoing.len() == self.batch {
            ring.send(&mut self.sender, &mut self.outgoing);
        }
        Ok(())
    }

    /// Frees this many objects, fewer when the ring is empty for long. Returns the number.
    #[inline]
    fn free<A: Allocate<Object = O>>(
        &mut self,
        allocator: &mut A,
        ring: &Ring<O>,
        objects: u64,
    ) -> Result<u64, Fault> {
        let mut freed = 0;
        while freed < objects {
            if let Some(object) = self.incoming.pop() {
                give_back(allocator, Some(object))?;
                freed += 1;
            } else if !patiently(|| ring.receive(&mut self.receiver, &mut self.incoming)) {
                break;
            }
        }
        Ok(freed)
    }
}

/// Tries for a while. Then the CPU goes to another thread, which may be the partner, for one more attempt.
#[inline]
fn patiently(mut attempt: impl FnMut() -> bool) -> bool {
    for _ in 0..SPINS {
        if attempt() {
            return true;
        }
        std::hint::spin_loop();
    }
    std::thread::yield_now();
    attempt()
}

#[cfg(test)]
mod tests {
    use super::super::numbering::{Numbered, Numbering, check};
    use super::*;

    const DIMENSIONS: Dimensions = Dimensions { objects: 1, sizes: SIZES };

    type Worker = CrossThread<Numbered>;

    fn worker(worker: u32, workers: u32, shared: &<Worker as Pattern<Numbering>>::Shared) -> Worker {
        let setup = WorkerSetup { worker, workers, seed: 7, dimensions: DIMENSIONS, shared };
        CrossThread::new(&mut Numbering::with_room_for(0), setup).expect("it allocates nothing")
    }

    #[test]
    fn it_keeps_its_demand_and_gives_everything_back() {
        // A pair, a worker alone, and a pair with a third worker.
        for workers in [2, 1, 3] {
            check::<Worker>(DIMENSIONS, workers);
            check::<Worker>(Dimensions { objects: 1, sizes: Sizes::new(1, 4096) }, workers);
            check::<Worker>(Dimensions { objects: 1, sizes: Sizes::new(1, 1 << 20) }, workers);
        }
    }

    #[test]
    fn no_object_is_freed_by_the_worker_that_allocated_it_and_the_memory_is_bounded() {
        let shared = <Worker as Pattern<Numbering>>::share(DIMENSIONS, 2);
        let (mut first, mut second) = (worker(0, 2, &shared), worker(1, 2, &shared));
        let (mut here, mut there) = (Numbering::with_room_for(10_000), Numbering::with_room_for(0));
        // Nobody frees: the first worker stops by itself when the ring and its hand are full.
        assert_eq!(first.run_for(&mut here, &shared, 10_000), Ok(0));
        assert_eq!((here.sizes.len(), here.returned.len()), ((BATCHES + 1) * batch(SIZES), 0));
        // Nobody allocates: the second worker stops by itself as well.
        assert_eq!(second.run_for(&mut there, &shared, 10_000), Ok((BATCHES * batch(SIZES)) as u64));
        assert_eq!((there.sizes.len(), there.returned.len()), (0, BATCHES * batch(SIZES)));
        first.finish(&mut here, &shared).expect("live objects");
        second.finish(&mut there, &shared).expect("live objects");
        assert_eq!(here.returned.len() + there.returned.len(), here.sizes.len());
    }

    #[test]
    fn the_odd_worker_has_both_parts() {
        let shared = <Worker as Pattern<Numbering>>::share(DIMENSIONS, 3);
        let parts = [0, 1, 2].map(|index| worker(index, 3, &shared).part);
        assert_eq!(parts, [Part::Allocates, Part::Frees, Part::Both]);
    }
}
