//! How much was done in each interval of a timed region: what a soak is judged by, kept in memory taken before it.

/// Bytes or operations finished, by interval; their sum is all that was finished.
#[derive(Clone, Debug)]
pub struct Intervals {
    width: u64,
    finished: Box<[u64]>,
}

/// How a timed region is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Length of an interval in nanoseconds, at least 1.
    pub interval_ns: u64,
    /// How many there are at most, at least 1: the last one also gets whatever comes later.
    pub count_max: usize,
}

impl Intervals {
    /// A table in which time is counted in units of which an interval has `width`, at least 1.
    pub fn new(width: u64, count_max: usize) -> Intervals {
        Intervals { width: width.max(1), finished: vec![0; count_max.max(1)].into() }
    }

    /// Counts what was finished at this time after the beginning.
    #[inline]
    pub fn add(&mut self, elapsed: u64, finished: u64) {
        let last = self.finished.len() - 1;
        let index = usize::try_from(elapsed / self.width).map_or(last, |index| index.min(last));
        self.finished[index] += finished;
    }

    /// Forgets everything: what follows is another region.
    pub fn clear(&mut self) {
        self.finished.fill(0);
    }

    /// Adds what another worker finished in the same intervals.
    ///
    /// # Panics
    /// When the other table is divided differently.
    pub fn merge(&mut self, other: &Intervals) {
        assert_eq!((self.width, self.finished.len()), (other.width, other.finished.len()));
        for (mine, theirs) in self.finished.iter_mut().zip(&other.finished) {
            *mine += theirs;
        }
    }

    /// By interval, up to the last one in which anything was finished. Empty when nothing was.
    pub fn into_finished(self) -> Vec<u64> {
        let mut finished = self.finished.into_vec();
        let used = finished.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        finished.truncate(used);
        finished
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn everything_finished_stands_in_exactly_one_interval() {
        let mut intervals = Intervals::new(10, 4);
        // At both edges of an interval, with one left empty, at the end of the table and far beyond it.
        for (elapsed, finished) in [(0, 1), (9, 2), (10, 4), (39, 8), (40, 16), (u64::MAX, 32)] {
            intervals.add(elapsed, finished);
        }
        let mut other = Intervals::new(10, 4);
        other.add(25, 64);
        let mut both = intervals.clone();
        both.merge(&other);
        assert_eq!(intervals.into_finished(), [3, 4, 0, 56]);
        assert_eq!(both.into_finished(), [3, 4, 64, 56]);
    }

    #[test]
    fn a_table_ends_where_the_work_did() {
        let mut intervals = Intervals::new(10, 4);
        intervals.add(15, 1);
        assert_eq!(intervals.clone().into_finished(), [0, 1]);
        intervals.clear();
        assert_eq!(intervals.into_finished(), Vec::<u64>::new());
    }
}
