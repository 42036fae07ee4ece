//! The proof: on which node do the pages of a range really stand? Asked of the kernel, never assumed.
#![allow(unsafe_code)]

use std::io;

use super::numa_maps;
use super::place::NodeId;
use super::policy::is_forbidden;
use super::topology::Topology;
use crate::mix::mix64;

/// How many pages are asked about at least, unless the range has fewer: with all of them local, at most one page in a
/// thousand is remote with 98 % confidence.
pub const SAMPLE_PAGES: usize = 4096;

/// Where the pages of a range are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locality {
    /// Pages on the rank's own node.
    pub local_pages: u64,
    /// Pages on another node.
    pub remote_pages: u64,
    /// Pages with no memory behind them.
    pub absent_pages: u64,
    /// `None`: the kernel answered. Otherwise why it did not, and all counts are 0.
    pub unverified: Option<String>,
}

impl Locality {
    /// Without an answer, because of this.
    pub fn unverified(why: impl Into<String>) -> Locality {
        Locality { unverified: Some(why.into()), ..Locality::default() }
    }

    /// Counts one page.
    fn add(&mut self, found: Option<u32>, own: u32) {
        match found {
            Some(node) if node == own => self.local_pages += 1,
            Some(_) => self.remote_pages += 1,
            None => self.absent_pages += 1,
        }
    }
}

/// Asks the kernel on which node the pages of `base..base + bytes` are: all of them when there are at most
/// `sample_pages`, otherwise one at a random place in each of `sample_pages` equal stretches (equal steps would be
/// blind to memory that is interleaved over the nodes). Pages are OS pages; those of a huge page are asked singly.
///
/// Uses `move_pages`, which moves nothing without target nodes; where that is forbidden, `/proc/self/numa_maps`,
/// which always counts all pages.
pub fn locality(
    topology: &Topology,
    base: *const u8,
    bytes: usize,
    node: NodeId,
    sample_pages: usize,
) -> Locality {
    if !topology.is_this_system() {
        return Locality::unverified("the topology is not this machine's");
    }
    if !topology.knows_nodes() {
        return Locality::unverified("this numamark was built without hwloc and knows no nodes");
    }
    let page = page_bytes();
    let first = base as usize / page * page;
    let pages = (base as usize + bytes).saturating_sub(first).div_ceil(page);
    let mut locality = Locality::default();
    let sample: Vec<usize> = sample(pages, sample_pages).map(|index| first + index * page).collect();
    for addresses in sample.chunks(SAMPLE_PAGES) {
        match nodes_of(addresses) {
            Ok(nodes) => nodes.into_iter().for_each(|found| locality.add(found, node.os_index)),
            Err(why) if is_forbidden(&why) => {
                return numa_maps::locality(first, pages, page, node.os_index).unwrap_or_else(|| {
                    Locality::unverified(format!(
                        "the kernel refused move_pages ({why}) and has no numa_maps"
                    ))
                });
            }
            Err(why) => return Locality::unverified(format!("move_pages failed: {why}")),
        }
    }
    locality
}

/// Indices of the pages to ask about, ascending.
fn sample(pages: usize, limit: usize) -> impl Iterator<Item = usize> {
    let stretches = pages.min(limit.max(1));
    // Widened: pages x stretches can be more than 64 bits hold only in theory, but nothing here is in a hurry.
    let start = move |stretch: usize| (stretch as u128 * pages as u128 / stretches as u128) as usize;
    (0..stretches).map(move |stretch| {
        let (first, next) = (start(stretch), start(stretch + 1));
        first + (mix64(stretch as u64) % (next - first) as u64) as usize
    })
}

/// The node of each page, `None` where there is no page.
fn nodes_of(addresses: &[usize]) -> io::Result<Vec<Option<u32>>> {
    let mut status = vec![0; addresses.len()];
    let myself: libc::pid_t = 0;
    let no_targets: *const libc::c_int = std::ptr::null();
    // SAFETY: without target nodes the kernel moves nothing; it reads as many addresses and writes as many states as
    // the count says, and both arrays are that long.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_move_pages,
            myself,
            addresses.len(),
            addresses.as_ptr(),
            no_targets,
            status.as_mut_ptr(),
            0 as libc::c_int,
        )
    };
    match outcome {
        0 => Ok(status.into_iter().map(|state: libc::c_int| u32::try_from(state).ok()).collect()),
        _ => Err(io::Error::last_os_error()),
    }
}

pub(super) fn page_bytes() -> usize {
    // SAFETY: a question with a constant answer.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).expect("every system has a page size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numa::Reservation;

    #[test]
    fn a_sample_has_one_page_of_every_stretch_and_a_small_range_is_asked_whole() {
        for (pages, limit) in
            [(0, 10), (1, 10), (10, 10), (9, 10), (4096, 4096), (10_007, 100), (usize::MAX >> 12, 4096)]
        {
            let indices: Vec<usize> = sample(pages, limit).collect();
            assert_eq!(indices.len(), pages.min(limit));
            assert!(indices.is_sorted_by(|a, b| a < b) && indices.iter().all(|index| *index < pages));
            if pages <= limit {
                assert!(indices.into_iter().eq(0..pages));
            }
        }
    }

    /// Pages that alternate over 16 nodes look all alike to equal steps of 16, 32, ...; the sample must see them all.
    #[test]
    fn a_sample_is_not_blind_to_interleaving() {
        for stride in [2usize, 16, 64] {
            let pages = stride * 16 * 1024;
            let on_first = sample(pages, 1024).filter(|index| index % stride == 0).count() as f64 / 1024.0;
            let (expected, sigma) = (1.0 / stride as f64, (1.0 / stride as f64 / 1024.0f64).sqrt());
            assert!((on_first - expected).abs() < 4.0 * sigma, "stride {stride}: {on_first}");
        }
    }

    #[test]
    fn touched_pages_of_bound_memory_are_local_and_untouched_ones_are_absent() {
        let topology = Topology::of_this_machine().expect("this machine");
        for node in topology.usable_nodes() {
            let reservation = Reservation::new(8 << 20).expect("8 MiB");
            reservation.bind(&topology, node.id()).expect("a usable node");
            let (base, half) = (reservation.base().as_ptr(), 4 << 20);
            // SAFETY: the first half of a live reservation.
            unsafe { base.write_bytes(1, half) };
            let seen = |start: *const u8, bytes| locality(&topology, start, bytes, node.id(), usize::MAX);
            let (touched, untouched) = (seen(base, half), seen(base.wrapping_add(half), half));
            if let Some(why) = &touched.unverified {
                eprintln!("skipped on node {}: {why}", node.index);
                continue;
            }
            assert_eq!(touched.local_pages, (half / page_bytes()) as u64, "{touched:?}");
            assert_eq!((touched.remote_pages, touched.absent_pages), (0, 0));
            assert_eq!(untouched.absent_pages, touched.local_pages, "{untouched:?}");
        }
    }

    #[test]
    fn a_described_topology_proves_nothing() {
        let byte = 0u8;
        if let Ok(topology) = Topology::described("numa:2 core:2 pu:1") {
            let answer = locality(&topology, &raw const byte, 1, NodeId { index: 0, os_index: 0 }, 1);
            assert!(answer.unverified.is_some());
        }
    }
}
