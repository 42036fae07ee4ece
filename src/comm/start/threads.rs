//! Ranks as threads of one process: no launcher, no MPI, the same collectives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use crate::comm::panic_hook::message_of;
use crate::comm::star::Star;
use crate::comm::wire::{self, threads::Link};
use crate::comm::{Comm, StopFlag, World};
use crate::error::{Error, ExitCode, Result};
use crate::units::counted;

/// Above the number of nodes of any host. A limit is needed because each rank has two threads and a sender to every
/// rank.
pub const RANKS_MAX: u32 = 1024;

/// Runs `body` once per rank, each on its own thread named `rank N`, and returns their values in rank order.
///
/// When a rank returns an error or panics, the collectives of all other ranks end with that error, so no rank hangs.
/// This function returns the same error; with more than one rank it is an [`Error::OnRank`].
///
/// # Errors
/// The error that all ranks agreed on; a thread that cannot be started; a number of ranks outside `1..=RANKS_MAX`.
pub fn run<T: Send>(
    ranks: u32,
    host: &str,
    stop: &StopFlag,
    body: impl Fn(&Comm) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if !(1..=RANKS_MAX).contains(&ranks) {
        let message =
            format!("{} in one process; give a number from 1 to {RANKS_MAX}", counted(ranks.into(), "rank"));
        return Err(Error::Usage(message));
    }
    let slots: Vec<Slot> = Link::all(ranks).into_iter().map(|link| Mutex::new(Some(link))).collect();
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (rank, slot) in slots.iter().enumerate() {
            let thread = Builder::new()
                .name(format!("rank {rank}"))
                .spawn_scoped(scope, || live(take(slot), host, stop, &body));
            match thread {
                Ok(thread) => threads.push(thread),
                Err(why) => {
                    let error = Error::Environment(format!("cannot start the thread of rank {rank}: {why}"));
                    return Err(speak_for(&slots[rank..], host, &error));
                }
            }
        }
        threads.into_iter().map(|thread| thread.join().expect("a rank catches its panics")).collect()
    })
}

/// Holds the link of one rank until the rank's thread takes it.
type Slot = Mutex<Option<Link>>;

fn take(slot: &Slot) -> Link {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    slot.take().expect("a link is taken by one thread, or by nobody when there is none")
}

/// One rank's life.
fn live<T>(link: Link, host: &str, stop: &StopFlag, body: impl Fn(&Comm) -> Result<T>) -> Result<T> {
    let World { rank, .. } = link.world();
    let comm = Comm::new(wire::Link::Threads(link), host, stop);
    let result = comm.introduce().and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| body(&comm))).unwrap_or_else(|payload| {
            let message = format!("a bug in numamark: it panicked: {}", message_of(&*payload));
            Err(Error::OnRank { rank, host: host.into(), code: ExitCode::Bug, message })
        })
    });
    comm.finish(result)
}

/// Fails in the name of the ranks that have no thread, because the started ranks would wait for them. Returns the error
/// that all ranks agreed on.
fn speak_for(slots: &[Slot], host: &str, error: &Error) -> Error {
    let mut agreed = error.clone();
    for link in slots.iter().map(take) {
        if link.world().rank == 0 {
            break; // no rank was started, so none waits
        }
        agreed = Star::new(wire::Link::Threads(link), host).fail(error.clone());
    }
    agreed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_could_not_be_started_end_those_that_were() {
        let slots: Vec<Slot> = Link::all(5).into_iter().map(|link| Mutex::new(Some(link))).collect();
        std::thread::scope(|scope| {
            let started = slots[..2].iter().map(|slot| {
                scope.spawn(|| live(take(slot), "alpha", &StopFlag::never(), |comm| comm.barrier()))
            });
            let started: Vec<_> = started.collect();
            let error = speak_for(&slots[2..], "alpha", &Error::Environment("no threads left".into()));
            assert_eq!(error.to_string(), "rank 2 on alpha: no threads left");
            for thread in started {
                let seen = thread.join().expect("no panic").expect_err("the world is not complete");
                assert_eq!(seen.to_string(), error.to_string());
                assert_eq!(seen.exit_code(), ExitCode::Environment);
            }
        });
    }
}
