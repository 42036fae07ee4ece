//! Binding to CPUs, with a check of each binding. The kernel binds threads; a process is bound thread by thread.
//!
//! A raw system call with a mask of any length: `cpu_set_t` ends at 1024 CPUs.
#![allow(unsafe_code)]

use std::io;

use super::affinity::{affinity, affinity_of, mask_words};
use super::placement::{How, Placement};
use super::pu_set::PuSet;
use super::topology::Topology;
use crate::error::{Error, Result};

/// Binds every thread of this process to the placement's PUs and reads each binding back. Used for a rank that is a
/// process. Does nothing for a placement that leaves the binding as it is.
///
/// # Errors
/// When the kernel refuses, when the binding read back differs from the request, or when the topology is not this
/// machine's.
pub fn bind_process(topology: &Topology, placement: &Placement) -> Result<()> {
    let Some(pus) = pus_to_bind(topology, placement)? else { return Ok(()) };
    let threads = |why| Error::Environment(format!("cannot list the threads of this process: {why}"));
    // Threads inherit the binding of the thread that starts them, so the second pass finds every thread that an unbound
    // thread started during the first.
    for _ in 0..2 {
        for entry in std::fs::read_dir("/proc/self/task").map_err(threads)? {
            let name = entry.map_err(threads)?.file_name();
            let Some(thread) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            match bind(thread, &pus) {
                Err(why) if why.raw_os_error() == Some(libc::ESRCH) => {} // The thread has ended in the meantime.
                outcome => outcome.map_err(|why| refused(&pus, &placement.place_name(), &why))?,
            }
        }
    }
    Ok(())
}

/// Binds the calling thread to the placement's PUs and reads the binding back. Used for a rank that is a thread; the
/// threads that it starts inherit the binding. Does nothing for a placement that leaves the binding as it is.
///
/// # Errors
/// As [`bind_process`].
pub fn bind_rank_thread(topology: &Topology, placement: &Placement) -> Result<()> {
    let Some(pus) = pus_to_bind(topology, placement)? else { return Ok(()) };
    bind(0, &pus).map_err(|why| refused(&pus, &placement.place_name(), &why))
}

/// Binds the calling worker's thread to one PU and reads the binding back.
///
/// # Errors
/// As [`bind_process`].
pub fn bind_thread(topology: &Topology, pu_os_index: u32) -> Result<()> {
    topology.require_this_system("bind a worker")?;
    let pus = PuSet::from_iter([pu_os_index]);
    bind(0, &pus).map_err(|why| refused(&pus, "a worker", &why))
}

fn pus_to_bind(topology: &Topology, placement: &Placement) -> Result<Option<PuSet>> {
    match placement.how {
        How::Inherited | How::Unbound => Ok(None),
        How::Adopted | How::Chosen | How::Shared => {
            topology.require_this_system("bind a rank")?;
            Ok(Some(placement.pus.iter().copied().collect()))
        }
    }
}

fn refused(pus: &PuSet, whom: &str, why: &io::Error) -> Error {
    let mask = affinity().map_or_else(|_| "unknown".to_string(), |mask| mask.to_string());
    Error::Environment(format!(
        "cannot bind {whom} to PUs {pus}: {why}; PUs {mask} are this process's now. A batch system that changed the \
         cpuset, or a sandbox, can cause this; --set rank.bind=inherit leaves the binding as it is"
    ))
}

/// Binds a thread and compares the resulting mask with the request: the kernel silently drops PUs outside the cpuset.
fn bind(thread: i32, pus: &PuSet) -> io::Result<()> {
    // An adopted rank is already bound, and its container may forbid binding.
    if affinity_of(thread)? == *pus {
        return Ok(());
    }
    let words = mask_words(pus);
    // SAFETY: `words` is readable for the passed length; the kernel copies it and keeps no pointer to it.
    let outcome = unsafe {
        libc::syscall(libc::SYS_sched_setaffinity, thread, size_of_val(words.as_slice()), words.as_ptr())
    };
    if outcome != 0 {
        return Err(io::Error::last_os_error());
    }
    match affinity_of(thread)? {
        now if now == *pus => Ok(()),
        now => Err(io::Error::other(format!("the kernel bound it to PUs {now} instead"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numa::{Bind, PlacementRequest, place_all};

    /// Runs in its own thread, so that the test runner's threads keep their mask.
    fn in_thread<T: Send>(body: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(body).join()).expect("no panic in the thread")
    }

    #[test]
    fn a_bound_worker_runs_on_its_pu_alone_and_its_threads_with_it() {
        let topology = Topology::of_this_machine().expect("this machine");
        for pu in affinity().expect("mask").iter() {
            let (own, child) = in_thread(|| {
                bind_thread(&topology, pu).expect("an allowed PU");
                (affinity().expect("mask"), in_thread(|| affinity().expect("mask")))
            });
            assert_eq!(own, PuSet::from_iter([pu]));
            assert_eq!(child, own);
        }
    }

    #[test]
    fn a_pu_that_is_not_there_is_refused_with_the_pus_that_are() {
        let topology = Topology::of_this_machine().expect("this machine");
        let (mask, message) = in_thread(|| {
            let refusal = bind_thread(&topology, 60_000).expect_err("no such PU");
            (affinity().expect("mask"), refusal.to_string())
        });
        assert!(message.contains("PUs 60000") && message.contains(&format!("PUs {mask} are")), "{message}");
    }

    #[test]
    fn a_rank_that_is_a_thread_gets_the_pus_of_its_placement() {
        let topology = Topology::of_this_machine().expect("this machine");
        let allowed = affinity().expect("mask");
        let requests = PlacementRequest::alike(0..1, Bind::Numa, false, &allowed);
        let placement = place_all(&topology, &requests).expect("one rank").remove(0);
        let mask = in_thread(|| {
            bind_rank_thread(&topology, &placement).expect("its own node");
            affinity().expect("mask")
        });
        assert_eq!(mask, placement.pus.iter().copied().collect());
    }
}
