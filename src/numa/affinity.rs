//! The affinity mask of a thread, and the one node that discovery without hwloc builds from it.
//!
//! Raw system calls with masks of any length: `cpu_set_t` ends at 1024 CPUs.
#![allow(unsafe_code)]

use std::io;

#[cfg(any(test, not(feature = "hwloc")))]
use super::description::{DescribedNode, Description};
use super::pu_set::PuSet;
use crate::error::{Error, Result};

const WORD_BITS: u32 = 64;
/// Length of the mask that is read: enough for 65,536 CPUs; Linux is built for at most 8192.
const MASK_WORDS: usize = 1024;

/// The affinity mask of the calling thread. In a process that has just started, with its only thread, this is the mask
/// that the launcher gave to the rank.
///
/// # Errors
/// When the kernel does not answer.
pub fn affinity() -> Result<PuSet> {
    affinity_of(0)
        .map_err(|why| Error::Environment(format!("cannot read this process's CPU affinity: {why}")))
}

/// The affinity mask of a thread of this process; thread 0 is the calling one.
pub(super) fn affinity_of(thread: i32) -> io::Result<PuSet> {
    let mut words = vec![0u64; MASK_WORDS];
    // SAFETY: `words` is writable for the passed length.
    let bytes = unsafe {
        libc::syscall(libc::SYS_sched_getaffinity, thread, size_of_val(words.as_slice()), words.as_mut_ptr())
    };
    if bytes < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(mask_pus(&words))
}

/// The mask of these PUs, as the kernel reads it.
pub(super) fn mask_words(pus: &PuSet) -> Vec<u64> {
    let words = pus.last().map_or(1, |last| last / WORD_BITS + 1);
    let mut mask = vec![0u64; words as usize];
    for pu in pus.iter() {
        mask[(pu / WORD_BITS) as usize] |= 1 << (pu % WORD_BITS);
    }
    mask
}

/// The inverse of [`mask_words`].
pub(super) fn mask_pus(words: &[u64]) -> PuSet {
    let bit = |(word, bits): (u32, &u64)| {
        let bits = *bits;
        (0..WORD_BITS).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * WORD_BITS + bit)
    };
    (0u32..).zip(words).flat_map(bit).collect()
}

#[cfg(any(test, not(feature = "hwloc")))]
/// One node, built from the affinity mask: without hwloc nothing else is known.
pub(super) fn of_affinity_mask() -> Result<Description> {
    let allowed_pus = affinity()?;
    let node = DescribedNode {
        os_index: 0,
        near_pus: allowed_pus.clone(),
        memory_bytes: super::free_memory::total_of_host().unwrap_or(0),
        subtype: None,
        memory_allowed: true,
    };
    Ok(Description {
        nodes: vec![node],
        cores: allowed_pus.iter().map(|pu| vec![pu]).collect(),
        allowed_pus,
        is_this_system: true,
        knows_nodes: false,
        origin: "the affinity mask (this numamark was built without hwloc)".to_string(),
        ..Description::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_any_length_come_back() {
        for list in ["", "0", "63", "64", "0,63-65,1023-1024,8191"] {
            let pus = PuSet::parse(list).expect(list);
            assert_eq!(mask_pus(&mask_words(&pus)), pus);
        }
    }
}
