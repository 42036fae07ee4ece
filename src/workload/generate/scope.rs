//! Choice of the streams of each rank, so that copies lie where the job wants them: a pure function.

use super::Parameters;
use super::design::Scope;
use super::source::Streams;
use crate::generator::Shape;
use crate::workload::Amount;

/// A rank's place among all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankPosition {
    /// This rank.
    pub rank: u32,
    /// All ranks.
    pub ranks: u32,
    /// Its host, counted in the order of their lowest ranks.
    pub host: u32,
    /// Its index among the ranks of its host.
    pub rank_on_host: u32,
    /// Number of ranks of its host.
    pub ranks_on_host: u32,
}

impl Streams {
    /// The streams of one rank. Ranks of one scope have the same stream numbers and different parts of their copies;
    /// all other ranks have numbers of their own, so that their data has nothing in common.
    ///
    /// A data set is one stream, and every rank makes some chunks of it. Without dedup there are no copies to spread,
    /// and ranks of one scope would all make the same data: so each rank is a scope of its own.
    ///
    /// # Panics
    /// When the place does not lie in the world.
    pub fn of(seed: u64, parameters: &Parameters, amount: Amount, world: RankPosition) -> Streams {
        let shape = parameters.shape;
        let each = u64::from(parameters.streams.max(1));
        if matches!(amount, Amount::Dataset { .. }) {
            return Streams { seed, first: 0, shape };
        }
        let scope = if shape.dedup().is_some() { parameters.scope } else { Scope::Rank };
        let RankPosition { rank, ranks, host, rank_on_host, ranks_on_host } = world;
        let (group, member, members) = match scope {
            Scope::Rank => (rank, 0, 1),
            Scope::Host => (host, rank_on_host, ranks_on_host),
            Scope::All => (0, rank, ranks),
        };
        Streams { seed, first: u64::from(group) * each, shape: among(shape, member, members) }
    }
}

fn among(shape: Shape, member: u32, members: u32) -> Shape {
    let dedup = shape.dedup().map(|dedup| dedup.among(member, members));
    Shape::new(dedup, shape.compression().copied()).expect("units and granules are those of the shape it was")
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::generator::{Dedup, Kernel, Ratio, Stores};

    /// Ranks dealt to hosts unevenly.
    const HOST_OF_RANK: [u32; 5] = [0, 1, 0, 2, 0];

    fn world(rank: usize) -> RankPosition {
        let mine = HOST_OF_RANK[rank];
        let on_host = |ranks: &[u32]| ranks.iter().filter(|host| **host == mine).count() as u32;
        RankPosition {
            rank: rank as u32,
            ranks: HOST_OF_RANK.len() as u32,
            host: mine,
            rank_on_host: on_host(&HOST_OF_RANK[..rank]),
            ranks_on_host: on_host(&HOST_OF_RANK),
        }
    }

    fn parameters(scope: Scope, streams: u32, ratio: &str) -> Parameters {
        let dedup = Dedup::new(Ratio::parse(ratio).expect("a ratio"), 4 << 10, None).expect("a unit");
        let shape = Shape::new(Some(dedup), None).expect("no granule");
        let plain = Parameters::plain(1 << 20, 1 << 20, 1, Kernel::best(), Stores::Ordinary);
        Parameters { scope, streams, shape, ..plain }
    }

    /// The member and the number of members that a shape is for, found by trying all of them.
    fn part(found: &Shape, asked: &Shape) -> (u32, u32) {
        let mut parts = (1..=5).flat_map(|members| (0..members).map(move |member| (member, members)));
        let is = |part: &(u32, u32)| among(*asked, part.0, part.1) == *found;
        parts.find(is).expect("a member of at most five")
    }

    /// For each stream number, the members that have it and the number of members there should be.
    fn holders(scope: Scope, streams: u32, ratio: &str) -> BTreeMap<u64, BTreeSet<(u32, u32)>> {
        let mut holders: BTreeMap<u64, BTreeSet<(u32, u32)>> = BTreeMap::new();
        for rank in 0..HOST_OF_RANK.len() {
            let parameters = parameters(scope, streams, ratio);
            let own = Streams::of(3, &parameters, Amount::Duration(1), world(rank));
            let part = part(&own.shape, &parameters.shape);
            for number in own.first..own.first + u64::from(streams) {
                assert!(holders.entry(number).or_default().insert(part), "two ranks make the same data");
            }
        }
        holders
    }

    #[test]
    fn each_stream_has_all_members_of_its_scope_and_no_others() {
        for streams in [1, 7] {
            for (scope, members) in
                [(Scope::Rank, &[1; 5][..]), (Scope::Host, &[3, 1, 1]), (Scope::All, &[5])]
            {
                let holders = holders(scope, streams, "1.5");
                assert_eq!(holders.len(), members.len() * streams as usize, "{scope:?}, {streams} streams");
                for (number, found) in holders {
                    let members = members[(number / u64::from(streams)) as usize];
                    let expected: BTreeSet<(u32, u32)> =
                        (0..members).map(|member| (member, members)).collect();
                    assert_eq!(found, expected, "{scope:?}, stream {number} of {streams} a rank");
                }
            }
        }
    }

    #[test]
    fn without_copies_every_rank_has_streams_of_its_own_whatever_the_scope() {
        for scope in [Scope::Rank, Scope::Host, Scope::All] {
            assert_eq!(holders(scope, 2, "1").len(), 10, "{scope:?}");
        }
    }

    #[test]
    fn a_data_set_is_one_stream_on_every_rank() {
        let amount = Amount::Dataset { bytes: 1, rank: 3, ranks: 5, digest: false };
        let parameters = parameters(Scope::All, 1, "1.5");
        for rank in 0..HOST_OF_RANK.len() {
            let expected = Streams { seed: 3, first: 0, shape: parameters.shape };
            assert_eq!(Streams::of(3, &parameters, amount, world(rank)), expected);
        }
    }
}
