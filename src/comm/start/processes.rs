//! Running a program as ranks that are MPI processes.

use std::sync::Arc;
use std::time::Duration;

use super::Start;
use crate::comm::ending::{Speaker, end_job};
use crate::comm::panic_hook::install_panic_hook;
use crate::comm::waiting::Waiting;
use crate::comm::watchdog::Watchdog;
use crate::comm::wire::{self, mpi, mpi::Link};
use crate::comm::{Comm, StopFlag};
use crate::error::{Error, ExitCode, Result};

/// Time limit of `MPI_Finalize`: hundreds of processes on few cores need a minute.
const FINALIZE_TIME_LIMIT: Duration = Duration::from_secs(120);

/// Initialises MPI, runs `body` as this process's rank, ends the collectives and finalizes MPI. Installs the panic
/// hook.
///
/// To be called once, from the main thread. When a rank returns an error, the collectives of all other ranks end with
/// that error, so every process returns the same one; with more than one rank it is an [`Error::OnRank`]. Rank 0 calls
/// `report` with the number of ranks and the error while all other ranks still wait: as soon as one process exits with
/// a failure, Open MPI's `mpirun` kills the rest, perhaps before rank 0 has printed its report.
///
/// # Errors
/// The error that all ranks agreed on; or that MPI was already initialised.
pub(super) fn run<T>(
    start: &Start<'_>,
    stop: &StopFlag,
    body: impl FnOnce(&Comm) -> Result<T>,
    report: impl Fn(u32, &Error),
) -> Result<T> {
    let universe = initialize(start).inspect_err(|error| report(1, error))?;
    let link = Link::of_the_world();
    install_panic_hook(Speaker { host: start.host.into(), rank: Some(link.world().rank) });
    let unfinished = Unfinished;
    let comm = Comm::new(wire::Link::Mpi(link), start.host, stop);
    comm.stage("start", start.time_limit);
    let result = comm.introduce().and_then(|()| body(&comm));
    let result = comm.finish(result);
    comm.stop().forgive();
    if let Err(agreed) = &result {
        comm.star.leave_after(|| report(comm.world().size, agreed));
    }
    comm.stage("MPI_Finalize", FINALIZE_TIME_LIMIT);
    comm.star.waiting().wait_for_anybody();
    drop(universe);
    std::mem::forget(unfinished);
    result
}

/// Ends the job when `run` unwinds, because the other ranks would wait. Needed only when the panic hook, which ends the
/// job earlier, has been replaced.
struct Unfinished;

impl Drop for Unfinished {
    fn drop(&mut self) {
        end_job(ExitCode::Bug)
    }
}

fn initialize(start: &Start<'_>) -> Result<impl Sized + use<>> {
    let rank = start.launcher.and_then(|launcher| launcher.rank);
    let speaker = Speaker { host: start.host.into(), rank };
    let waiting = Arc::new(Waiting::new(0));
    waiting.wait_for_anybody();
    let watchdog = Watchdog::start(speaker, waiting, StopFlag::never(), "MPI_Init", start.time_limit)?;
    let initialized = mpi::initialize();
    drop(watchdog);
    initialized
}
