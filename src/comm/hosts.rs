//! The ranks grouped by host.

use crate::units::index;

/// A rank's place on its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostWorld {
    /// Index of this rank among the ranks of its host, in world order.
    pub rank: u32,
    /// Ranks on this host.
    pub size: u32,
    /// Index of this rank's host in `hosts`.
    pub host_index: u32,
    /// The identity of every host, ordered by the host's lowest rank.
    pub hosts: Vec<String>,
    /// The host index of every rank of the world.
    pub host_of_rank: Vec<u32>,
}

impl HostWorld {
    /// Groups the world's ranks by the identity of their hosts. Hosts may have unequal numbers of ranks, and the ranks
    /// of different hosts may interleave.
    ///
    /// # Panics
    /// When `rank` has no identity in the list.
    pub(super) fn of(rank: u32, identities: &[String]) -> HostWorld {
        let hosts = distinct_hosts(identities.iter().map(String::as_str));
        let index_of = |identity: &String| {
            let index =
                hosts.iter().position(|host| host == identity).expect("every identity is in the list");
            u32::try_from(index).expect("there are no more hosts than ranks")
        };
        let host_of_rank: Vec<u32> = identities.iter().map(index_of).collect();
        let mine = host_of_rank[index(rank)];
        let count = |ranks: &[u32]| {
            u32::try_from(ranks.iter().filter(|host| **host == mine).count())
                .expect("a rank's number is 32 bits")
        };
        HostWorld {
            rank: count(&host_of_rank[..index(rank)]),
            size: count(&host_of_rank),
            host_index: mine,
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            host_of_rank,
        }
    }
}

/// The hosts among those of all ranks, each once, ordered by the host's lowest rank.
pub fn distinct_hosts<'a>(hosts_of_ranks: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut hosts = Vec::new();
    for host in hosts_of_ranks {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_on_their_own_host_however_they_are_dealt() {
        let identities = ["b", "a", "b", "c", "b", "a"].map(String::from);
        let place = |rank| {
            let host = HostWorld::of(rank, &identities);
            assert_eq!(host.hosts, ["b", "a", "c"]);
            assert_eq!(host.host_of_rank, [0, 1, 0, 2, 0, 1]);
            (host.host_index, host.rank, host.size)
        };
        assert_eq!([0, 1, 2].map(place), [(0, 0, 3), (1, 0, 2), (0, 1, 3)]);
        assert_eq!([3, 4, 5].map(place), [(2, 0, 1), (0, 2, 3), (1, 1, 2)]);
    }
}
