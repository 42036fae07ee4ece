//! The populator: a thread that faults in superslabs before the workers take them.
//!
//! It asks the pool which superslabs are taken next, and populates the first [`LEAD_PER_WORKER`] for each worker that it
//! has not populated before. Populating changes no contents, so a superslab that a worker takes meanwhile needs no lock.
//! While nothing is left to do it sleeps, and looks again after [`PAUSE`]. A worker does nothing for it: it takes
//! superslabs from the pool as it does without a populator.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::heap::Heap;
use crate::error::{Error, Result};
use crate::measure::noise::thread_cpu_ns;
use crate::slab::arena::{NO_POPULATE, can_populate_in_use};
use crate::slab::background::Background;
use crate::units::index;

/// Superslabs that are kept populated ahead of each worker: the most that one takes in a pause, if it does nothing but
/// allocate and write one line of each object.
const LEAD_PER_WORKER: usize = 8;
/// The most superslabs that are kept populated ahead of all workers together, 256 MiB: the populator could not keep
/// more of them ahead of so many workers.
const LEAD_MAX: usize = 128;
/// Populated superslabs in front of one that is not, below which a worker is about to reach that one.
const CLOSE: usize = 2;
/// Time between two looks at the pool while the lead is complete. A look takes some microseconds.
const PAUSE: Duration = Duration::from_millis(1);

/// The thread, as long as its heap is in use.
///
/// ```
/// use numamark::measure::Clock;
/// use numamark::numa::Reservation;
/// use numamark::slab::{Arena, Heap, HeapOptions, Populator};
///
/// # fn main() -> numamark::error::Result<()> {
/// # if !Populator::is_supported() { return Ok(()); }
/// let arena = Arena::bound(Reservation::new(64 << 20)?)?;
/// let heap = Heap::new(arena, HeapOptions::new(1, Clock::start()))?;
/// let report = std::thread::scope(|scope| {
///     let populator = Populator::start(scope, &heap)?;
///     let mut cache = heap.cache(0)?;
///     let object = cache.allocate(std::alloc::Layout::new::<[u64; 6]>()).expect("64 MiB have room");
///     // SAFETY: allocated with this layout just before, and not used any more.
///     unsafe { cache.deallocate(object, std::alloc::Layout::new::<[u64; 6]>()) }.expect("a live object");
///     populator.finish()
/// })?;
/// println!("{} superslabs in {} ns of CPU time", report.superslabs, report.cpu_ns);
/// # Ok(())
/// # }
/// ```
///
/// It runs on the CPUs of the thread that starts it. It ends when it is dropped; only `finish` tells if it failed.
#[derive(Debug)]
pub struct Populator<'scope> {
    thread: Option<ScopedJoinHandle<'scope, Result<PopulatorReport>>>,
    over: Arc<AtomicBool>,
}

/// The work of a populator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopulatorReport {
    /// Superslabs of 2 MiB that it populated, each counted once.
    pub superslabs: u32,
    /// CPU time of the thread from its beginning to its end, in nanoseconds.
    pub cpu_ns: u64,
}

impl<'scope> Populator<'scope> {
    /// True when the system can populate memory that is in use: Linux 5.14 and later.
    pub fn is_supported() -> bool {
        can_populate_in_use()
    }

    /// Starts the thread. It begins with the superslabs that the first requests take.
    ///
    /// # Errors
    /// When the system cannot populate memory that is in use, or cannot start a thread.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, heap: &'scope Heap) -> Result<Populator<'scope>> {
        if !Populator::is_supported() {
            return Err(Error::Environment(NO_POPULATE.to_owned()));
        }
        let over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&over);
        let thread =
            Builder::new().name("populator".to_owned()).spawn_scoped(scope, move || work(heap, &flag));
        let thread = thread
            .map_err(|why| Error::Environment(format!("cannot start the thread that populates: {why}")))?;
        Ok(Populator { thread: Some(thread), over })
    }

    /// True when the thread has ended by itself, which it does when it fails: `finish` returns the reason.
    pub fn has_failed(&self) -> bool {
        self.thread.as_ref().is_some_and(ScopedJoinHandle::is_finished)
    }

    /// Ends the thread and waits for its end.
    ///
    /// # Errors
    /// When the thread could not populate a superslab: memory is short.
    pub fn finish(mut self) -> Result<PopulatorReport> {
        self.stop();
        let thread = self.thread.take().expect("only this function takes it, and it consumes the populator");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn stop(&self) {
        // Relaxed: the flag publishes nothing. The thread sees it at the latest after its pause.
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Populator<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `work` beside what `background` asks for over this heap. Returns its result, and the report of a populator.
///
/// # Errors
/// The error of the populator, which may be the cause of the other one; otherwise that of `work`.
pub fn with_background<T>(
    background: Background,
    heap: &Heap,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Option<PopulatorReport>)> {
    match background {
        Background::Off => Ok((work()?, None)),
        Background::Populate => std::thread::scope(|scope| {
            let populator = Populator::start(scope, heap)?;
            let result = work();
            let report = populator.finish()?;
            Ok((result?, Some(report)))
        }),
    }
}

/// Populates until `over` is set, or until it fails.
fn work(heap: &Heap, over: &AtomicBool) -> Result<PopulatorReport> {
    let lead = (LEAD_PER_WORKER * index(heap.options().workers)).min(LEAD_MAX);
    let mut populated = BTreeSet::new();
    let mut next = Vec::with_capacity(2 * lead);
    // The workers move until a look finds the lead complete.
    let (mut front, mut moves) = (None, false);
    // Relaxed: see `Populator::stop`.
    while !over.load(Ordering::Relaxed) {
        heap.pool().next_taken(lead, &mut next);
        let before = std::mem::replace(&mut front, next.first().copied());
        moves |= before.is_some() && before != front;
        // One superslab, then the pool is asked again: the workers may be further by then.
        match choose(&next, moves, |number| populated.contains(&number)) {
            Some(number) => {
                heap.arena().populate_in_use(number)?;
                populated.insert(number);
            }
            None => {
                moves = false;
                std::thread::park_timeout(PAUSE);
            }
        }
    }
    let superslabs = u32::try_from(populated.len()).expect("superslabs are counted in 32 bits");
    Ok(PopulatorReport { superslabs, cpu_ns: thread_cpu_ns() })
}

/// Chooses the superslab to populate: the first one that is not populated, or the second one while the workers move and
/// are about to reach the first. A worker would fault that one in at the same time, and one of both would clear its pages
/// for nothing; so the two share the work instead.
fn choose(next: &[u32], moves: bool, is_populated: impl Fn(u32) -> bool) -> Option<u32> {
    let mut missing = next.iter().enumerate().filter(|(_, number)| !is_populated(**number));
    let (place, first) = missing.next()?;
    let is_close = moves && place < CLOSE;
    let second = is_close.then(|| missing.next()).flatten();
    Some(second.map_or(*first, |(_, number)| *number))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_superslab_is_next_unless_a_worker_is_about_to_fault_it_in() {
        let choose =
            |populated: &[u32], moves| choose(&[3, 4, 6, 7, 9], moves, |number| populated.contains(&number));
        assert_eq!(choose(&[], false), Some(3));
        assert_eq!(choose(&[], true), Some(4));
        assert_eq!(choose(&[4], true), Some(6));
        assert_eq!(choose(&[3], true), Some(6));
        assert_eq!(choose(&[3, 4], true), Some(6), "two are ready: it is ahead");
        assert_eq!(choose(&[3, 4, 6, 7], true), Some(9));
        assert_eq!(choose(&[4, 6, 7, 9], true), Some(3), "no other is left");
        assert_eq!(choose(&[3, 4, 6, 7, 9], true), None);
    }
}
