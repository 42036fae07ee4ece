//! Memory policy: `mbind` before first touch, and `get_mempolicy` to read it back.
#![allow(unsafe_code)]

use std::io;

use super::memory::Reservation;
use super::node::NodeId;
use super::topology::Topology;
use crate::error::{Error, Result};

/// Constants of `<linux/mempolicy.h>` that the crate libc lacks.
const MPOL_MF_STRICT: libc::c_ulong = 1;
const MPOL_F_ADDR: libc::c_ulong = 2;
/// Length of a node mask: 2048 nodes. Linux is built for at most 1024, and needs room for as many as it is built for.
const MASK_WORDS: usize = 32;
const WORD_BITS: u32 = u64::BITS;

impl Reservation {
    /// Binds the whole range strictly to one node and reads the policy back. To be called before the first touch: pages
    /// that are already on another node cause an error. The kernel kills a process that runs out of strictly bound
    /// memory, so the caller chooses the size of the range by [`Topology::free_memory`].
    ///
    /// On a machine with a single node a refusal by the kernel is not an error: memory can be on no other node.
    ///
    /// # Errors
    /// When the kernel refuses (a container's seccomp filter often does), or the topology is not this machine's.
    pub fn bind(&self, topology: &Topology, node: NodeId) -> Result<()> {
        topology.require_this_system("bind memory")?;
        if !topology.knows_nodes() {
            return Ok(());
        }
        let is_only_node = topology.nodes().len() == 1 && topology.nodes()[0].id() == node;
        match bind_range(self, node.os_index) {
            Err(_) if is_only_node => Ok(()),
            outcome => outcome.map_err(|why| refused(self, node, &why)),
        }
    }
}

/// True when the system call was refused regardless of its arguments: by seccomp, or by a kernel without NUMA.
pub(super) fn is_forbidden(why: &io::Error) -> bool {
    matches!(why.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
}

fn refused(reservation: &Reservation, node: NodeId, why: &io::Error) -> Error {
    let remedy = match why.raw_os_error() {
        _ if is_forbidden(why) => {
            "this container or sandbox forbids mbind; start it with --cap-add SYS_NICE (Docker, Podman), or leave \
             memory to first touch with --set rank.bind=inherit"
        }
        Some(libc::EIO) => "pages of it were touched before they were bound: a bug in numamark",
        _ => "check Mems_allowed_list in /proc/self/status",
    };
    Error::Environment(format!(
        "cannot bind {} bytes of memory to node {} (os {}): {why}; {remedy}",
        reservation.bytes(),
        node.index,
        node.os_index
    ))
}

fn bind_range(reservation: &Reservation, os_index: u32) -> io::Result<()> {
    let mask = mask_of(os_index)?;
    // SAFETY: a policy affects only the placement of this range's pages, never their contents; `mask` is readable for
    // the passed number of bits. The kernel reads one bit less than it is told (mm/mempolicy.c, get_nodes).
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            reservation.base().as_ptr(),
            reservation.bytes(),
            libc::MPOL_BIND,
            mask.as_ptr(),
            mask_bits() + 1,
            MPOL_MF_STRICT,
        )
    };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    for offset in [0, reservation.bytes() - 1] {
        let policy = policy_at(reservation.base().as_ptr() as usize + offset)?;
        if policy != (libc::MPOL_BIND, mask) {
            return Err(io::Error::other(format!("the kernel made it policy {} instead", policy.0)));
        }
    }
    Ok(())
}

fn policy_at(address: usize) -> io::Result<(libc::c_int, [u64; MASK_WORDS])> {
    let (mut mode, mut mask) = (0, [0u64; MASK_WORDS]);
    // SAFETY: `mode` is writable, and `mask` for the passed number of bits; the address is only looked up.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_get_mempolicy,
            &raw mut mode,
            mask.as_mut_ptr(),
            mask_bits() + 1,
            address,
            MPOL_F_ADDR,
        )
    };
    if outcome == 0 { Ok((mode, mask)) } else { Err(io::Error::last_os_error()) }
}

fn mask_of(os_index: u32) -> io::Result<[u64; MASK_WORDS]> {
    let mut mask = [0u64; MASK_WORDS];
    let word = mask.get_mut((os_index / WORD_BITS) as usize);
    *word.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))? |= 1 << (os_index % WORD_BITS);
    Ok(mask)
}

fn mask_bits() -> libc::c_ulong {
    MASK_WORDS as libc::c_ulong * libc::c_ulong::from(WORD_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_can_be_bound_to_every_usable_node_of_this_machine() {
        let topology = Topology::of_this_machine().expect("this machine");
        for node in topology.usable_nodes() {
            let reservation = Reservation::new(2 << 20).expect("2 MiB");
            reservation.bind(&topology, node.id()).expect("a usable node, or the only one");
        }
    }

    #[test]
    fn a_node_that_is_not_there_is_refused_by_both_its_indices() {
        let topology = Topology::of_this_machine().expect("this machine");
        if !topology.knows_nodes() {
            eprintln!("skipped: without hwloc there is one node");
            return;
        }
        let reservation = Reservation::new(2 << 20).expect("2 MiB");
        for os_index in [999, 5000] {
            match bind_range(&reservation, os_index) {
                Err(why) if is_forbidden(&why) => eprintln!("skipped: mbind is forbidden here: {why}"),
                outcome => {
                    outcome.expect_err("no such node");
                    let refusal = reservation.bind(&topology, NodeId { index: 7, os_index });
                    let message = refusal.expect_err("no such node").to_string();
                    assert!(message.contains(&format!("node 7 (os {os_index})")), "{message}");
                }
            }
        }
    }

    #[test]
    fn a_kernel_that_forbids_binding_is_told_from_one_that_disagrees() {
        for (errno, forbidden) in [(libc::EPERM, true), (libc::ENOSYS, true), (libc::EINVAL, false)] {
            assert_eq!(is_forbidden(&io::Error::from_raw_os_error(errno)), forbidden);
        }
        let reservation = Reservation::new(1).expect("2 MiB");
        let node = NodeId { index: 3, os_index: 4 };
        let message = refused(&reservation, node, &io::Error::from_raw_os_error(libc::EPERM)).to_string();
        assert!(message.contains("node 3 (os 4)") && message.contains("--cap-add SYS_NICE"), "{message}");
    }
}
