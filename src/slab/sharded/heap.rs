//! State that the workers of a rank share: the arena, the records, the pool, the mailboxes, the orphans.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64 as Counter, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guards::Guards;
use super::mailbox::Mailbox;
use super::object_links::{NO_LIST, ObjectLinks};
use super::orphans::Orphans;
use super::table::RecordTable;
use crate::error::{Error, Result};
use crate::measure::Clock;
use crate::slab::arena::Arena;
use crate::slab::class::SUPERSLAB_BYTES;
use crate::slab::design::Design;
use crate::slab::hardening::Hardening;
use crate::slab::misuse::{Misuse, Violation};
use crate::slab::pool::Pool;
use crate::units::{count, index};

/// Valid batch sizes: below, refills cost more than the work; above, no slab has that many free objects.
pub const BATCH_OBJECTS: std::ops::RangeInclusive<u32> = 8..=512;
/// The most workers a heap can have: each mailbox takes memory.
pub const WORKERS_MAX: u32 = 1 << 16;

/// Options of a heap.
#[derive(Clone, Copy, Debug)]
pub struct HeapOptions {
    /// Layout of slabs and caches.
    pub design: Design,
    /// Checks against misuse.
    pub hardening: Hardening,
    /// Objects that are carved at a time, within `BATCH_OBJECTS`; never more than a page of 4 KiB of them, or a quarter
    /// of what the slab has so far, whichever is more, and never more than 256 KiB, unless it is one object. A refill from free objects takes all of a slab.
    pub batch: u32,
    /// Number of caches, 1 to `WORKERS_MAX`.
    pub workers: u32,
    /// On average, one fast refill in this many is timed; 1 to 2^30.
    pub sample_gap: u32,
    /// Clock that times refills.
    pub clock: Clock,
    /// Seed of the random gaps between timed refills.
    pub seed: u64,
    /// The part of the arena that the heap may use; `None`: all of it.
    pub stretch: Option<Stretch>,
}

/// A part of an arena. The place of memory (its pages, its sets of a cache) affects a program's speed. This effect
/// shows only when the place changes from one heap to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Distance from the arena's first byte to the first byte of the stretch, a multiple of 2 MiB.
    pub offset_bytes: u64,
    /// Length in bytes, a multiple of 2 MiB and not 0.
    pub bytes: u64,
}

impl HeapOptions {
    /// The defaults: batches of 64, one fast refill in 64 timed.
    pub fn new(workers: u32, clock: Clock) -> HeapOptions {
        HeapOptions {
            design: Design::Sharded,
            hardening: Hardening::Cheap,
            batch: 64,
            workers,
            sample_gap: 64,
            clock,
            seed: 0,
            stretch: None,
        }
    }
}

impl Stretch {
    /// Numbers of the arena's superslabs in the stretch.
    fn superslabs(self, arena: &Arena) -> Result<Range<u32>> {
        let whole = |bytes: u64| {
            let superslabs = bytes / count(SUPERSLAB_BYTES);
            u32::try_from(superslabs).ok().filter(|_| bytes.is_multiple_of(count(SUPERSLAB_BYTES)))
        };
        let (first, count) = (whole(self.offset_bytes), whole(self.bytes).filter(|count| *count > 0));
        let end = first.zip(count).and_then(|(first, count)| first.checked_add(count));
        first
            .zip(end)
            .filter(|(_, end)| *end <= arena.superslabs())
            .map(|(first, end)| first..end)
            .ok_or_else(|| {
                Error::Usage(format!(
                    "{} bytes from byte {} on; expected whole superslabs of 2 MiB in an arena of {} bytes",
                    self.bytes,
                    self.offset_bytes,
                    arena.bytes()
                ))
            })
    }
}

/// The rank-local allocator. Workers use it through their caches.
#[derive(Debug)]
pub struct Heap {
    arena: Arena,
    links: ObjectLinks,
    table: RecordTable,
    pool: Mutex<Pool>,
    /// One for each worker, and one for the slabs of the orphanage.
    mailboxes: Box<[Mailbox]>,
    orphans: Orphans,
    guards: Guards,
    /// By worker: true while its cache exists.
    present: Box<[AtomicBool]>,
    violations: Counter,
    first_violation: Mutex<Option<Violation>>,
    options: HeapOptions,
}

/// Use of the arena, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the arena that the heap may use.
    pub arena_bytes: usize,
    /// Bytes in superslabs of the pool.
    pub pooled_bytes: usize,
    /// The most bytes in superslabs outside the pool at one time.
    pub peak_bytes: usize,
}

impl Heap {
    /// Creates a heap over the arena and takes ownership of the arena.
    ///
    /// # Errors
    /// When an option is out of its range, or the stretch does not lie in the arena; at the level `full` also when there
    /// is no memory.
    pub fn new(arena: Arena, options: HeapOptions) -> Result<Heap> {
        let HeapOptions { batch, workers, sample_gap, .. } = options;
        let (smallest, largest) = (BATCH_OBJECTS.start(), BATCH_OBJECTS.end());
        if !BATCH_OBJECTS.contains(&batch) {
            let message = format!("batch is {batch}; expected {smallest} to {largest} objects");
            return Err(Error::Usage(message));
        }
        if workers == 0 || workers > WORKERS_MAX {
            return Err(Error::Usage(format!("a heap for {workers} workers; expected 1 to {WORKERS_MAX}")));
        }
        if sample_gap == 0 || sample_gap > 1 << 30 {
            return Err(Error::Usage(format!("sample gap is {sample_gap}; expected 1 to 2^30 refills")));
        }
        let superslabs = match options.stretch {
            None => 0..arena.superslabs(),
            Some(stretch) => stretch.superslabs(&arena)?,
        };
        match options.design {
            Design::Sharded => {}
        }
        let key = if options.hardening == Hardening::Off { 0 } else { random_key() };
        let heap = Heap {
            guards: Guards::new(&arena, options.hardening, superslabs.start)?,
            // Superslabs keep their numbers in the arena: the records in front of the stretch are never touched.
            table: RecordTable::new(superslabs.end),
            pool: Mutex::new(Pool::new(superslabs)),
            mailboxes: (0..=workers).map(|_| Mailbox::new()).collect(),
            orphans: Orphans::new(),
            present: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            violations: Counter::new(0),
            first_violation: Mutex::new(None),
            links: ObjectLinks::new(arena.base(), key),
            arena,
            options,
        };
        heap.table.no_slab().set_local(NO_LIST);
        Ok(heap)
    }

    /// Reserves the place of a worker's cache.
    ///
    /// # Errors
    /// When there is no such worker, or its cache exists already.
    pub(super) fn claim(&self, worker: u32) -> Result<()> {
        let workers = self.options.workers;
        let present = self
            .present
            .get(index(worker))
            .ok_or_else(|| Error::Usage(format!("worker {worker} of a heap for {workers} workers")))?;
        // Acquire: the worker's previous cache, maybe on another thread, has finished with the mailbox.
        if present.swap(true, Ordering::Acquire) {
            return Err(Error::Usage(format!("worker {worker} has a cache already")));
        }
        Ok(())
    }

    /// Faults in this worker's share of the memory that the heap may use, so that first touch is not measured later.
    /// Superslabs in use are skipped. Every worker must call it, on its own PU, before the first allocation.
    ///
    /// # Errors
    /// When memory is short, if the kernel can report it (Linux 5.14 and later); an older kernel ends the process.
    pub fn populate(&self, worker: u32, workers: u32) -> Result<()> {
        let superslabs = self.pool().superslabs();
        let count = u64::from(superslabs.end - superslabs.start);
        let share = |worker: u32| {
            let before = count * u64::from(worker) / u64::from(workers);
            superslabs.start + u32::try_from(before).expect("at most all superslabs")
        };
        self.for_each_free(share(worker)..share(worker + 1), |first, count| self.arena.populate(first, count))
    }

    /// Gives the memory of all superslabs in the pool back to the operating system: a program then pays for its first
    /// touch again, as in a new arena. An arena of ordinary memory ([`Arena::plain`]) keeps its memory.
    ///
    /// # Errors
    /// When the kernel refuses, as it does for memory that is locked.
    pub fn discard(&self) -> Result<()> {
        let superslabs = self.pool().superslabs();
        self.for_each_free(superslabs, |first, count| self.arena.discard(first, count))
    }

    /// Calls `act` with the first number and the count of free superslabs until all of the range were given to it. It
    /// holds them meanwhile; those in use are skipped.
    fn for_each_free(&self, range: Range<u32>, act: impl Fn(u32, u32) -> Result<()>) -> Result<()> {
        /// In superslabs: 32 MiB is large enough to hide the cost of a call, and small enough to leave the pool to
        /// others.
        const SPAN: u32 = 16;
        let Range { start: mut first, end } = range;
        while first < end {
            let mut count = SPAN.min(end - first);
            if !self.pool().take_exactly(first, count) {
                count = 1;
                if !self.pool().take_exactly(first, 1) {
                    first += 1;
                    continue;
                }
            }
            let outcome = act(first, count);
            self.pool().give(first, count);
            outcome?;
            first += count;
        }
        Ok(())
    }

    /// Ends the heap and returns its arena for another heap. Live allocations are forgotten.
    pub fn into_arena(self) -> Arena {
        self.guards.end(&self.arena);
        self.arena
    }

    /// The arena.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// The options of this heap.
    pub fn options(&self) -> &HeapOptions {
        &self.options
    }

    /// Returns the current use of the arena.
    pub fn usage(&self) -> Usage {
        let pool = self.pool();
        Usage {
            arena_bytes: pool.superslabs().len() * SUPERSLAB_BYTES,
            pooled_bytes: index(pool.free_count()) * SUPERSLAB_BYTES,
            peak_bytes: index(pool.taken_count_max()) * SUPERSLAB_BYTES,
        }
    }

    /// Number of pointers handed back that were not live objects: must be 0.
    pub fn violations(&self) -> u64 {
        self.violations.load(Ordering::Relaxed)
    }

    /// The first violation.
    pub fn first_violation(&self) -> Option<Violation> {
        *self.first_violation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    pub(super) fn count_violation(&self, violation: Violation) -> Misuse {
        // Relaxed: a count, read after the workers are done.
        self.violations.fetch_add(1, Ordering::Relaxed);
        self.first_violation.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(violation);
        violation.misuse
    }

    /// The links of all free objects.
    pub(super) fn links(&self) -> ObjectLinks {
        self.links
    }

    /// The guards behind large objects.
    pub(super) fn guards(&self) -> &Guards {
        &self.guards
    }

    pub(super) fn table(&self) -> &RecordTable {
        &self.table
    }

    /// Locks the pool. A panic under the lock leaves it consistent: its assertions come before its changes.
    pub(super) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    pub(super) fn mailbox(&self, owner: u32) -> &Mailbox {
        &self.mailboxes[index(owner)]
    }

    /// The number that stands for the owner, and the mailbox, of slabs that a leaving worker gave up.
    pub(super) fn orphanage(&self) -> u32 {
        self.options.workers
    }

    /// True when no worker empties this mailbox. Relaxed: it decides which worker looks first, not ownership.
    pub(super) fn is_unattended(&self, mailbox: u32) -> bool {
        self.present.get(index(mailbox)).is_none_or(|present| !present.load(Ordering::Relaxed))
    }

    pub(super) fn worker_leaves(&self, worker: u32) {
        // Release pairs with the Acquire in `claim`.
        self.present[index(worker)].store(false, Ordering::Release);
    }
}

/// A key for links, random for each heap and unrelated to any seed: with it a link can be forged. Its highest bit is
/// set, so that a word of 0 never decodes to an address.
fn random_key() -> usize {
    let random = RandomState::new().build_hasher().finish();
    let key = usize::try_from(random | 1 << 63);
    key.expect("addresses of 64 bits: an arena needs them")
}
