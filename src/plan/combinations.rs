//! Combinations of the keys of a workload with those of all workloads.

use crate::job::{Job, RankKnobs, SlabKnobs};

/// Every combination of workers, of a workload's own keys and of batches, in the order of the job file.
pub(super) fn combinations<'a, K: Copy>(
    job: &'a Job,
    own: &'a [K],
) -> impl Iterator<Item = (RankKnobs, K, SlabKnobs)> + 'a {
    let slab = job.slab.combinations();
    let pairs = move |rank: RankKnobs| {
        let slab = slab.clone();
        own.iter().flat_map(move |own| slab.clone().into_iter().map(move |slab| (rank, *own, slab)))
    };
    job.rank.combinations().into_iter().flat_map(pairs)
}
