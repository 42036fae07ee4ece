//! Work finished in each interval of a timed region, the basis of a soak's figures. The memory is taken before the
//! region.

/// Bytes or operations finished, by interval; their sum is the total.
#[derive(Clone, Debug)]
pub struct Intervals {
    width: u64,
    finished: Box<[u64]>,
}

/// Division of a timed region into intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Length of an interval in nanoseconds, at least 1.
    pub interval_ns: u64,
    /// Number of intervals at most, at least 1; the last one also counts everything later.
    pub count_max: usize,
}

impl Intervals {
    /// A table of intervals that are `width` units of time long, at least 1.
    pub fn new(width: u64, count_max: usize) -> Intervals {
        Intervals { width: width.max(1), finished: vec![0; count_max.max(1)].into() }
    }

    /// Counts work that was finished `elapsed` units of time after the beginning.
    #[inline]
    pub fn add(&mut self, elapsed: u64, finished: u64) {
        let last = self.finished.len() - 1;
        let index = usize::try_from(elapsed / self.width).map_or(last, |index| index.min(last));
        self.finished[index] += finished;
    }

    /// Sets all intervals to zero, for another region.
    pub fn clear(&mut self) {
        self.finished.fill(0);
    }

    /// Adds the work of another worker in the same intervals.
    ///
    /// # Panics
    /// When the other table is divided differently.
    pub fn merge(&mut self, other: &Intervals) {
        assert_eq!((self.width, self.finished.len()), (other.width, other.finished.len()));
        for (mine, theirs) in self.finished.iter_mut().zip(&other.finished) {
            *mine += theirs;
        }
    }

    /// The work by interval, up to the last interval that is not zero. Empty when nothing was finished.
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
    fn all_finished_work_is_in_exactly_one_interval() {
        let mut intervals = Intervals::new(10, 4);
        // Both edges of an interval, an empty interval, the end of the table and a time far beyond it.
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
