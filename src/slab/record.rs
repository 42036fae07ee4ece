//! Cost of refills: exact counts, and times of all slow refills and of a random sample of the fast ones.

use super::class::CLASS_COUNT;
use crate::measure::{Events, Histogram};
use crate::units::count;

/// The steps of a refill. A step may be visited more than once; the times of its visits are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Search in the cache: the slab in hand, the class's list; for a run, the pool.
    Find,
    /// Getting a free slab or superslab: from an own superslab, an orphan, or the pool.
    Map,
    /// Preparing the record of a new slab.
    Initialise,
    /// Making the batch: carving new objects, promising objects to the cache.
    Carve,
    /// Taking back objects that other workers have freed.
    Drain,
}

impl Stage {
    /// All stages, in the order of `Stratum::stages`.
    pub const ALL: [Stage; 5] = [Stage::Find, Stage::Map, Stage::Initialise, Stage::Carve, Stage::Drain];

    /// Its place in `Stage::ALL`.
    pub(super) const fn index(self) -> usize {
        match self {
            Stage::Find => 0,
            Stage::Map => 1,
            Stage::Initialise => 2,
            Stage::Carve => 3,
            Stage::Drain => 4,
        }
    }

    /// Its name in records and tables.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Find => "find",
            Stage::Map => "map",
            Stage::Initialise => "initialise",
            Stage::Carve => "carve",
            Stage::Drain => "drain",
        }
    }
}

const _: () = {
    let mut index = 0;
    while index < Stage::ALL.len() {
        assert!(Stage::ALL[index].index() == index);
        index += 1;
    }
};

/// Rows in `Stratum::classes`: one for each size class, and one for runs.
pub const CLASS_ROWS: usize = CLASS_COUNT + 1;
/// The row of objects above 1 MiB.
pub const RUN_ROW: usize = CLASS_COUNT;

/// The refills of one size class in one stratum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassTotals {
    /// Number of refills.
    pub count: u64,
    /// Number of timed refills.
    pub timed: u64,
    /// Sum of the timed refills, in nanoseconds.
    pub sum_ns: u64,
    /// Longest timed refill, in nanoseconds.
    pub max_ns: u64,
}

impl ClassTotals {
    fn add(&mut self, other: &ClassTotals) {
        self.count += other.count;
        self.timed += other.timed;
        self.sum_ns += other.sum_ns;
        self.max_ns = self.max_ns.max(other.max_ns);
    }
}

/// Refills that are timed with the same probability.
///
/// Invariants: `timed = total.count() = stages[s].count()` for every stage; the sums of the stages add up to the
/// sum of `total`, in nanoseconds, exactly; `count` and `timed` are the sums over `classes`.
#[derive(Clone, Debug)]
pub struct Stratum {
    /// Number of refills, exact.
    pub count: u64,
    /// Number of timed refills.
    pub timed: u64,
    /// Times of the timed refills, from entry until the batch is ready, in nanoseconds.
    pub total: Histogram,
    /// Times of their stages, in the order of `Stage::ALL`; 0 for a stage that was not visited.
    pub stages: [Histogram; 5],
    /// The same refills by size class.
    pub classes: [ClassTotals; CLASS_ROWS],
}

impl Stratum {
    fn new() -> Stratum {
        Stratum {
            count: 0,
            timed: 0,
            total: Histogram::new(),
            stages: std::array::from_fn(|_| Histogram::new()),
            classes: [ClassTotals::default(); CLASS_ROWS],
        }
    }

    /// Adds another stratum: exact, in any order.
    pub fn add(&mut self, other: &Stratum) {
        self.count += other.count;
        self.timed += other.timed;
        self.total.add(&other.total);
        self.stages.iter_mut().zip(&other.stages).for_each(|(mine, theirs)| mine.add(theirs));
        self.classes.iter_mut().zip(&other.classes).for_each(|(mine, theirs)| mine.add(theirs));
    }

    /// The histogram of one stage.
    pub fn stage(&self, stage: Stage) -> &Histogram {
        &self.stages[stage.index()]
    }

    pub(super) fn count_one(&mut self, row: usize) {
        self.count += 1;
        self.classes[row].count += 1;
    }

    pub(super) fn time_one(&mut self, row: usize, total_ns: u64, stages_ns: &[u64; 5]) {
        self.timed += 1;
        self.total.record(total_ns);
        self.stages.iter_mut().zip(stages_ns).for_each(|(stage, ns)| stage.record(*ns));
        let class = &mut self.classes[row];
        class.timed += 1;
        class.sum_ns += total_ns;
        class.max_ns = class.max_ns.max(total_ns);
    }

    fn clear(&mut self) {
        (self.count, self.timed) = (0, 0);
        self.total.clear();
        self.stages.iter_mut().for_each(Histogram::clear);
        self.classes = [ClassTotals::default(); CLASS_ROWS];
    }
}

/// All refills of one cache, or of several added up.
#[derive(Clone, Debug)]
pub struct RefillRecord {
    /// Refills that reached beyond the cache's own slabs: they took a superslab or a run from the arena, adopted an
    /// orphan, or carved memory that no object had used. All of them are timed.
    pub slow: Stratum,
    /// All others. A random sample of them is timed, because reading the clock costs more than such a refill.
    pub fast: Stratum,
    /// Readings of the clock for this record: at the beginning of a timed refill, and after each stage. Includes
    /// refills that might have been slow, were not, and are in no stratum's times.
    pub clock_reads: u64,
}

impl Default for RefillRecord {
    fn default() -> Self {
        RefillRecord::new()
    }
}

impl RefillRecord {
    /// An empty record with all the memory it will ever need: about 3 MB.
    pub fn new() -> RefillRecord {
        RefillRecord { slow: Stratum::new(), fast: Stratum::new(), clock_reads: 0 }
    }

    /// Adds another record: exact, in any order.
    pub fn add(&mut self, other: &RefillRecord) {
        self.slow.add(&other.slow);
        self.fast.add(&other.fast);
        self.clock_reads += other.clock_reads;
    }

    /// Number of measuring operations: a timed refill is recorded once, and once for each stage.
    pub fn events(&self) -> Events {
        let timed = self.slow.timed + self.fast.timed;
        Events { clock_reads: self.clock_reads, records: timed * (1 + count(Stage::ALL.len())) }
    }

    /// Clears the record; keeps the memory.
    pub fn clear(&mut self) {
        self.slow.clear();
        self.fast.clear();
        self.clock_reads = 0;
    }
}
