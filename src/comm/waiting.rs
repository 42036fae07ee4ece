//! The ranks that a rank waits for: written by the rank inside a collective, read by its watchdog.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::units::index;

/// The ranks that a rank waits for, and their hosts. The watchdog uses it for messages and for the choice of a time
/// limit, and reads it again every second. So `Relaxed` is enough; a report may be one arrival behind.
#[derive(Debug)]
pub(super) struct Waiting {
    missing: Vec<AtomicBool>,
    /// True inside an MPI call in which all ranks wait for all ranks.
    anybody: AtomicBool,
    hosts: OnceLock<Vec<String>>,
}

/// A report names this many ranks and counts the rest.
const NAMED: usize = 3;

impl Waiting {
    pub fn new(ranks: u32) -> Waiting {
        let missing = (0..ranks).map(|_| AtomicBool::new(false)).collect();
        Waiting { missing, anybody: AtomicBool::new(false), hosts: OnceLock::new() }
    }

    /// Every rank's host, known once the ranks have introduced themselves.
    pub fn know_hosts(&self, hosts: Vec<String>) {
        assert_eq!(hosts.len(), self.missing.len(), "one host per rank");
        let _second_introduction = self.hosts.set(hosts);
    }

    /// The host of a rank, if it has introduced itself.
    pub fn host(&self, rank: u32) -> Option<&str> {
        self.hosts.get()?.get(index(rank)).map(String::as_str)
    }

    /// This rank begins to wait for `rank`.
    pub fn wait_for(&self, rank: u32) {
        self.missing[index(rank)].store(true, Ordering::Relaxed);
    }

    /// This rank waits for unknown other ranks from now until it ends.
    #[cfg(feature = "mpi")]
    pub fn wait_for_anybody(&self) {
        self.anybody.store(true, Ordering::Relaxed);
    }

    /// A message of `rank` has arrived.
    pub fn heard(&self, rank: u32) {
        self.missing[index(rank)].store(false, Ordering::Relaxed);
    }

    /// This rank no longer waits for any rank.
    pub fn end(&self) {
        self.missing.iter().for_each(|flag| flag.store(false, Ordering::Relaxed));
    }

    /// The missing ranks as text for a person; `None` outside a collective.
    pub fn missing(&self) -> Option<String> {
        let missing: Vec<u32> = (0..)
            .zip(&self.missing)
            .filter_map(|(rank, flag)| flag.load(Ordering::Relaxed).then_some(rank))
            .collect();
        let named: Vec<String> = missing.iter().take(NAMED).map(|rank| self.describe(*rank)).collect();
        match missing.len() {
            0 => self.anybody.load(Ordering::Relaxed).then(|| "the other ranks".into()),
            count if count > NAMED => Some(format!("{} and {} more", named.join(", "), count - NAMED)),
            _ => Some(named.join(", ")),
        }
    }

    fn describe(&self, rank: u32) -> String {
        match self.host(rank) {
            Some(host) => format!("rank {rank} on {host}"),
            None => format!("rank {rank}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_who_is_missing_and_counts_the_rest() {
        let waiting = Waiting::new(6);
        assert_eq!(waiting.missing(), None);
        waiting.wait_for(3);
        assert_eq!(waiting.missing().as_deref(), Some("rank 3"), "before anybody introduced itself");
        waiting.know_hosts((0..6).map(|rank| format!("h{}", rank / 2)).collect());
        (1..6).for_each(|rank| waiting.wait_for(rank));
        waiting.heard(2);
        let expected = "rank 1 on h0, rank 3 on h1, rank 4 on h2 and 1 more";
        assert_eq!(waiting.missing().as_deref(), Some(expected));
        waiting.end();
        assert_eq!(waiting.missing(), None);
    }
}
