//! Barrier for pinned workers, which meet many thousand times per second. A worker that fails frees all others.
//!
//! Sense-reversing: the word that waiters watch changes at every meeting, so the barrier is reused at once.
//! Source: John Mellor-Crummey and Michael Scott, "Algorithms for scalable synchronization on shared-memory
//! multiprocessors", ACM TOCS 9 (1991), section 3.1; the sense is a count here, because a word has room for it.

#[cfg(loom)]
use loom::{
    sync::atomic::{AtomicU32, Ordering},
    thread::yield_now,
};
#[cfg(not(loom))]
use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread::yield_now,
};

/// Reads of the word before a worker gives up the CPU: about 10 to 30 us of `pause`. Workers with a core each meet
/// within that time; when oversubscribed, the awaited worker needs this core.
#[cfg(not(loom))]
const SPINS: u32 = 256;
/// loom explores a spin only through its own `yield_now`.
#[cfg(loom)]
const SPINS: u32 = 0;

/// Set in the word when the barrier is poisoned; meetings are counted above it.
const POISON: u32 = 1;
/// One meeting.
const MEETING: u32 = 2;

/// On its own pair of lines (CPUs fetch neighbours together): arrivals must not disturb workers that watch the word.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

/// A barrier for a fixed number of workers. A worker that fails poisons it: workers that wait, or arrive later, get an
/// error and do not wait for ever.
///
/// Invariant: `arrived < parties` between meetings; the word's count rises by one when the last party arrives,
/// after `arrived` went back to 0.
#[derive(Debug)]
pub struct Barrier {
    parties: u32,
    arrived: Apart<AtomicU32>,
    word: Apart<AtomicU32>,
}

/// The barrier was poisoned: a worker failed, so the others cannot finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisoned;

impl std::fmt::Display for Poisoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another worker of this rank failed")
    }
}

impl std::error::Error for Poisoned {}

impl Barrier {
    /// A barrier at which `parties` workers meet.
    ///
    /// # Panics
    /// When `parties` is 0.
    pub fn new(parties: u32) -> Barrier {
        assert!(parties > 0, "a barrier needs somebody to wait for");
        Barrier { parties, arrived: Apart(AtomicU32::new(0)), word: Apart(AtomicU32::new(0)) }
    }

    /// Waits until all parties have arrived. Returns `true` to exactly one of them, the last.
    ///
    /// Everything that a party wrote before it is visible to all parties after it.
    ///
    /// # Errors
    /// When a party poisoned the barrier before this party was released.
    pub fn wait(&self) -> Result<bool, Poisoned> {
        self.wait_then(|| ())
    }

    /// Waits as [`Barrier::wait`] does; the last party runs `decide` before it releases the others. `decide` sees all
    /// that the parties wrote before the barrier, and all parties see after it what `decide` wrote.
    ///
    /// # Errors
    /// As [`Barrier::wait`].
    pub fn wait_then(&self, decide: impl FnOnce()) -> Result<bool, Poisoned> {
        match self.arrive(decide)? {
            None => Ok(true),
            Some(before) => self.watch(before).map(|()| false),
        }
    }

    /// Counts this party in. The last party runs `decide`, releases the others and gets `None`; the others get the word
    /// as it was.
    fn arrive(&self, decide: impl FnOnce()) -> Result<Option<u32>, Poisoned> {
        // Acquire: pairs with the Release of the last meeting, so that its reset of `arrived` is seen below.
        let before = self.word.0.load(Ordering::Acquire);
        if before & POISON != 0 {
            return Err(Poisoned);
        }
        // AcqRel: Release publishes this party's writes to the last party, which has seen all of them by Acquire.
        if self.arrived.0.fetch_add(1, Ordering::AcqRel) + 1 < self.parties {
            return Ok(Some(before));
        }
        decide();
        // Relaxed: no party arrives again before the Release below frees it.
        self.arrived.0.store(0, Ordering::Relaxed);
        // Release: publishes all parties' writes, gathered above, to the watchers. An addition keeps the poison bit.
        let last = self.word.0.fetch_add(MEETING, Ordering::Release);
        if last & POISON != 0 { Err(Poisoned) } else { Ok(None) }
    }

    /// Waits until the word is no longer `before`.
    fn watch(&self, before: u32) -> Result<(), Poisoned> {
        let mut spins = 0;
        loop {
            // Acquire: pairs with the Release of the last party.
            let now = self.word.0.load(Ordering::Acquire);
            if now & POISON != 0 {
                return Err(Poisoned);
            }
            if now != before {
                return Ok(());
            }
            if spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            } else {
                yield_now();
            }
        }
    }

    /// Frees all waiting workers, now and later. For a worker that cannot continue.
    #[cold]
    pub fn poison(&self) {
        // Release: the failing worker's writes (its error) are visible to the workers it frees, which load with
        // Acquire.
        self.word.0.fetch_or(POISON, Ordering::Release);
    }
}

/// Poisons the barrier unless it is defused: a worker that leaves early, by an error or a panic, frees the others.
#[must_use]
pub struct PoisonOnDrop<'a>(&'a Barrier);

impl<'a> PoisonOnDrop<'a> {
    /// Arms the guard.
    pub fn new(barrier: &'a Barrier) -> PoisonOnDrop<'a> {
        PoisonOnDrop(barrier)
    }

    /// Disarms the guard: the worker finished.
    pub fn defuse(self) {
        std::mem::forget(self);
    }
}

impl Drop for PoisonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.poison();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    const MEETINGS: u64 = if cfg!(miri) { 20 } else { 5_000 };

    /// Every party adds to a plain sum (made of Relaxed halves) before each meeting and checks it after.
    fn meet(parties: u32) -> u64 {
        let (barrier, sum, leaders) = (Barrier::new(parties), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..parties {
                scope.spawn(|| {
                    for meeting in 1..=MEETINGS {
                        sum.fetch_add(1, Ordering::Relaxed);
                        let leader = barrier.wait().expect("nobody fails");
                        leaders.fetch_add(u64::from(leader), Ordering::Relaxed);
                        assert_eq!(sum.load(Ordering::Relaxed), meeting * u64::from(parties));
                        barrier.wait().expect("nobody fails");
                    }
                });
            }
        });
        leaders.into_inner()
    }

    #[test]
    fn no_party_passes_before_all_have_arrived_and_one_is_the_last() {
        // One party, as many as the cores of a small machine, and many more than its cores.
        for parties in [1, 2, 3, 16] {
            assert_eq!(meet(parties), MEETINGS, "{parties} parties");
        }
    }

    #[test]
    fn a_failing_worker_frees_waiting_and_later_workers() {
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            let waiting = [scope.spawn(|| barrier.wait()), scope.spawn(|| barrier.wait())];
            barrier.poison();
            for waiter in waiting {
                assert_eq!(waiter.join().expect("no panic"), Err(Poisoned));
            }
        });
        assert_eq!(barrier.wait(), Err(Poisoned));
    }
}

/// Every interleaving, with every stale value that the orderings allow a load to return.
/// Run by `scripts/test-deep.sh loom`.
#[cfg(all(test, loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// A barrier, and one word a party that only the barrier orders.
    struct Shared {
        barrier: Barrier,
        words: Vec<AtomicU32>,
    }

    fn shared(parties: u32) -> Arc<Shared> {
        let words = (0..parties).map(|_| AtomicU32::new(0)).collect();
        Arc::new(Shared { barrier: Barrier::new(parties), words })
    }

    /// Writes its own word and reads the others', with a meeting in between; returns how often it was the last.
    fn work(shared: &Shared, own: usize, meetings: u32) -> u32 {
        let mut led = 0;
        for meeting in 1..=meetings {
            shared.words[own].store(meeting, Ordering::Relaxed);
            led += u32::from(shared.barrier.wait().expect("nobody fails"));
            for word in &shared.words {
                assert_eq!(word.load(Ordering::Relaxed), meeting);
            }
            led += u32::from(shared.barrier.wait().expect("nobody fails"));
        }
        led
    }

    #[test]
    fn two_parties_see_each_other_at_four_meetings() {
        loom::model(|| {
            let shared = shared(2);
            let other = thread::spawn({
                let shared = shared.clone();
                move || work(&shared, 1, 2)
            });
            assert_eq!(work(&shared, 0, 2) + other.join().expect("no panic"), 4);
        });
    }

    /// loom cannot end a model in which two threads spin, so two of the three parties only arrive.
    #[test]
    fn a_released_party_sees_the_writes_of_all_three() {
        loom::model(|| {
            let shared = shared(3);
            let arriving = [0, 1].map(|own| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.words[own].store(1, Ordering::Relaxed);
                    let last = shared.barrier.arrive(|| ()).expect("nobody fails").is_none();
                    assert!(!last || shared.words.iter().all(|word| word.load(Ordering::Relaxed) == 1));
                    last
                })
            });
            shared.words[2].store(1, Ordering::Relaxed);
            let mut leaders = u32::from(shared.barrier.wait().expect("nobody fails"));
            assert!(shared.words.iter().all(|word| word.load(Ordering::Relaxed) == 1));
            for party in arriving {
                leaders += u32::from(party.join().expect("no panic"));
            }
            assert_eq!(leaders, 1);
        });
    }

    #[test]
    fn poison_frees_a_waiter_that_sees_what_was_written_before() {
        loom::model(|| {
            let shared = shared(2);
            let failing = thread::spawn({
                let shared = shared.clone();
                move || {
                    shared.words[1].store(7, Ordering::Relaxed);
                    shared.barrier.poison();
                }
            });
            assert_eq!(shared.barrier.wait(), Err(Poisoned));
            assert_eq!(shared.words[1].load(Ordering::Relaxed), 7);
            failing.join().expect("no panic");
        });
    }
}
