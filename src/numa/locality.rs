//! The proof of locality: the kernel's answer on which node the pages of a range are.
#![allow(unsafe_code)]

use std::io;

use super::node::NodeId;
use super::numa_maps;
use super::page::{PageCounts, page_bytes};
use super::policy::is_forbidden;
use super::topology::Topology;
use crate::mix::mix64;

/// Smallest number of pages to sample, unless the range has fewer. If all of them are local, at most one page in a
/// thousand is remote, with 98 % confidence.
pub const SAMPLE_PAGES: usize = 4096;

/// Asks the kernel on which node the pages of `base..base + bytes` are. It asks about all pages if there are at most
/// `sample_pages`, otherwise about one page at a random place in each of `sample_pages` equal stretches: equal steps
/// would miss memory that is interleaved over the nodes. Pages are OS pages; each OS page of a huge page counts alone.
///
/// Uses `move_pages`, which moves nothing without target nodes. If that is forbidden, uses `/proc/self/numa_maps`,
/// which always counts all pages.
pub fn locality(
    topology: &Topology,
    base: *const u8,
    bytes: usize,
    node: NodeId,
    sample_pages: usize,
) -> PageCounts {
    if !topology.is_this_system() {
        return PageCounts::unverified("the topology is not this machine's");
    }
    if !topology.knows_nodes() {
        return PageCounts::unverified("this numamark was built without hwloc and knows no nodes");
    }
    let page = page_bytes();
    let first = base as usize / page * page;
    let pages = (base as usize + bytes).saturating_sub(first).div_ceil(page);
    let mut locality = PageCounts::default();
    let sample: Vec<usize> = sample(pages, sample_pages).map(|index| first + index * page).collect();
    for addresses in sample.chunks(SAMPLE_PAGES) {
        match nodes_of(addresses) {
            Ok(nodes) => nodes.into_iter().for_each(|found| locality.add(found, node.os_index)),
            Err(why) if is_forbidden(&why) => {
                return numa_maps::locality(first, pages, page, node.os_index).unwrap_or_else(|| {
                    PageCounts::unverified(format!(
                        "the kernel refused move_pages ({why}) and has no numa_maps"
                    ))
                });
            }
            Err(why) => return PageCounts::unverified(format!("move_pages failed: {why}")),
        }
    }
    locality
}

/// Indices of the sampled pages, ascending.
fn sample(pages: usize, limit: usize) -> impl Iterator<Item = usize> {
    let stretches = pages.min(limit.max(1));
    // Widened, because pages * stretches could in theory overflow 64 bits. Speed does not matter here.
    let start = move |stretch: usize| (stretch as u128 * pages as u128 / stretches as u128) as usize;
    (0..stretches).map(move |stretch| {
        let (first, next) = (start(stretch), start(stretch + 1));
        first + (mix64(stretch as u64) % (next - first) as u64) as usize
    })
}

/// The node of each page; `None` for a page without memory behind it.
fn nodes_of(addresses: &[usize]) -> io::Result<Vec<Option<u32>>> {
    let mut status = vec![0; addresses.len()];
    let myself: libc::pid_t = 0;
    let no_targets: *const libc::c_int = std::ptr::null();
    // SAFETY: without target nodes the kernel moves nothing. It reads `addresses.len()` addresses and writes as many
    // states, and both arrays have that length.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numa::{Availability, Reservation, affinity};

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

    /// For pages that alternate over 16 nodes, equal steps of 16, 32, ... would see one node; the sample must see all.
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

    #[test]
    fn numa_maps_and_move_pages_agree_on_real_memory() {
        let topology = Topology::of_this_machine().expect("this machine");
        let node = topology.usable_nodes().next().expect("a usable node").id();
        let reservation = Reservation::new(SAMPLE_PAGES * 4096).expect("16 MiB");
        reservation.bind(&topology, node).expect("a usable node");
        let (base, bytes) = (reservation.base(), reservation.bytes());
        // SAFETY: the first quarter of a live reservation.
        unsafe {
            base.as_ptr().write_bytes(1, bytes / 4);
        }
        let asked = locality(&topology, base.as_ptr(), bytes, node, usize::MAX);
        match numa_maps::locality(base.as_ptr() as usize, bytes / 4096, 4096, node.os_index) {
            Some(read) if asked.unverified.is_none() => assert_eq!(read, asked),
            read => eprintln!("skipped: numa_maps {read:?}, move_pages {asked:?}"),
        }
    }

    #[test]
    fn without_hwloc_there_is_one_node_made_of_the_affinity_mask() {
        let description = affinity::of_affinity_mask().expect("mask");
        let topology = Topology::assemble(description, None).expect("one node");
        let [node] = topology.nodes() else { panic!("one node") };
        assert_eq!((node.index, node.os_index, node.standing), (0, 0, Availability::Usable));
        assert_eq!(node.pu_set(), affinity::affinity().expect("mask"));
        assert!(topology.is_this_system() && !topology.knows_nodes());
        let byte = 0u8;
        let locality = locality(&topology, &raw const byte, 1, node.id(), 1);
        assert!(locality.unverified.is_some_and(|why| why.contains("without hwloc")));
    }
}
