//! The start of a run: without a launcher, or with the launcher of the right MPI library. All else is refused.

use std::time::Duration;

pub mod launcher;
#[cfg(feature = "mpi")]
mod processes;
pub mod threads;

#[cfg(feature = "mpi")]
use super::mpi_library;
use super::{Comm, Speaker, StopFlag, install_panic_hook};
use crate::error::{Error, Result};
use crate::units::counted;
use launcher::{Family, Launcher};

/// The settings of a run before it has ranks.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// This host's name, as used in messages.
    pub host: &'a str,
    /// The launcher that started this process: [`launcher::detect`].
    pub launcher: Option<&'a Launcher>,
    /// Number of ranks to run as threads when no launcher has started many processes.
    pub ranks_in_process: u32,
    /// `--expect-ranks`: any other number is refused.
    pub ranks_expected: Option<u32>,
    /// Time limit for the processes to become ranks, and of `body`'s first stage. [`Start::TIME_LIMIT`] is a good value.
    pub time_limit: Duration,
}

impl Start<'_> {
    /// Default time limit: hundreds of processes on a few cores, with a cold file system, need minutes.
    pub const TIME_LIMIT: Duration = Duration::from_secs(300);

    /// Runs `body` once per rank: as MPI processes under a launcher, as threads without one. Returns the value of
    /// `body` on this process's rank, which is rank 0 when this process holds all ranks. Installs the panic hook and
    /// the handlers of the signals that ask to stop. To be called once, from the main thread.
    ///
    /// If there is an error, exactly one of the processes that were started together calls `report` with it; the error
    /// is printed only there. The other processes leave later, so that the launcher does not kill the reporting one
    /// early.
    ///
    /// # Errors
    /// The error that all ranks agreed on; or, before `body` runs, that the started processes are not the ranks of one
    /// world.
    pub fn run<T: Send>(
        &self,
        body: impl Fn(&Comm) -> Result<T> + Sync,
        report: impl Fn(&Error),
    ) -> Result<T> {
        match self.launcher.filter(|launcher| makes_ranks(launcher)) {
            Some(launcher) => self.run_as_processes(launcher, body, report),
            None => self.run_as_threads(body).inspect_err(report),
        }
    }

    fn run_as_threads<T: Send>(&self, body: impl Fn(&Comm) -> Result<T> + Sync) -> Result<T> {
        let ranks = self.ranks_in_process;
        if let Some(expected) = self.ranks_expected.filter(|expected| *expected != ranks) {
            return Err(Error::Environment(format!(
                "--expect-ranks {expected}, but without a launcher this process has {}; start it with mpirun or srun",
                counted(ranks.into(), "rank")
            )));
        }
        install_panic_hook(Speaker { host: self.host.into(), rank: None });
        threads::run(ranks, self.host, &StopFlag::listen()?, body)
            .map(|values| values.into_iter().next().expect("rank 0 is the first"))
    }

    #[cfg(feature = "mpi")]
    fn run_as_processes<T>(
        &self,
        started: &Launcher,
        body: impl FnOnce(&Comm) -> Result<T>,
        report: impl Fn(&Error),
    ) -> Result<T> {
        let library = mpi_library().expect("this is a build with MPI");
        let report = |ranks, error: &Error| report_as_one(started, ranks, error, &report);
        let checked = started.check_before_init(Some(&library)).map_err(|error| self.on_rank(started, error));
        checked.inspect_err(|error| report(1, error))?;
        let body = |comm: &Comm| {
            let checked = launcher::check(Some(started), comm.world(), &library, self.ranks_expected);
            comm.agree(checked.map_err(|error| self.on_rank(started, error)))?;
            body(comm)
        };
        let stop = StopFlag::listen().inspect_err(|error| report(1, error))?;
        processes::run(self, &stop, body, report)
    }

    #[cfg(not(feature = "mpi"))]
    fn run_as_processes<T: Send>(
        &self,
        started: &Launcher,
        body: impl Fn(&Comm) -> Result<T> + Sync,
        report: impl Fn(&Error),
    ) -> Result<T> {
        let checked = started.check_before_init(None).map_err(|error| self.on_rank(started, error));
        checked.inspect_err(|error| report_as_one(started, 1, error, &report))?;
        // mpirun started one process: all ranks are its threads.
        self.run_as_threads(body).inspect_err(report)
    }

    /// Adds the rank that the launcher gave this process; MPI's own rank is 0 in every process that found itself alone.
    fn on_rank(&self, started: &Launcher, error: Error) -> Error {
        let (rank, code) = (started.rank.unwrap_or(0), error.exit_code());
        Error::OnRank { rank, host: self.host.into(), code, message: error.to_string() }
    }
}

/// True when the started processes are the ranks. A single process in a Slurm step is most often an interactive shell
/// (`srun --pty bash`, `salloc`): its ranks are threads, as without a launcher. `mpirun -n 1` asks for one rank.
fn makes_ranks(launcher: &Launcher) -> bool {
    launcher.size > 1 || (launcher.serves_mpi && launcher.family != Family::Slurm)
}

/// Extra time that the other processes stay after the reporting process, when each found itself alone.
const LINGER: Duration = Duration::from_secs(1);

/// Reports `error`; called once in every world of `ranks` ranks. If `ranks` is not the number of started processes,
/// there are many such worlds, and only one of them reports.
fn report_as_one(started: &Launcher, ranks: u32, error: &Error, report: impl Fn(&Error)) {
    if ranks == started.size { report(error) } else { speak_as_one(Some(started), || report(error)) }
}

/// Calls `say` in one of the processes that were started together; the other processes leave later. For errors that
/// every process finds by itself before there are ranks, such as a wrong command line.
pub fn speak_as_one(started: Option<&Launcher>, say: impl FnOnce()) {
    if started.is_none_or(Launcher::speaks) {
        return say();
    }
    // The launcher may send TERM to all processes as soon as the reporting one has left. The handlers keep TERM from
    // ending this process, so that its own exit code counts.
    let _without_handlers_that_wins = StopFlag::listen();
    std::thread::sleep(LINGER);
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn one_of_the_processes_that_were_started_together_reports() {
        let started = |rank| Launcher { family: Family::Hydra, size: 2, rank: Some(rank), serves_mpi: true };
        let said = RefCell::new(Vec::new());
        let error = Error::Environment("why".into());
        for (rank, ranks) in [(0, 2), (0, 1), (1, 1)] {
            report_as_one(&started(rank), ranks, &error, |_| said.borrow_mut().push((rank, ranks)));
        }
        assert_eq!(said.into_inner(), [(0, 2), (0, 1)], "rank 0 of both; rank 0 of the first of two worlds");
    }

    #[test]
    fn an_interactive_shell_under_slurm_is_no_launch() {
        let alone = |family, serves_mpi| Launcher { family, size: 1, rank: Some(0), serves_mpi };
        assert!(!makes_ranks(&alone(Family::Slurm, false)) && !makes_ranks(&alone(Family::Slurm, true)));
        assert!(makes_ranks(&alone(Family::OpenMpi, true)) && makes_ranks(&alone(Family::Hydra, true)));
        assert!(makes_ranks(&Launcher { size: 2, ..alone(Family::Slurm, false) }), "to be refused, or ranks");
    }

    #[test]
    fn the_number_of_ranks_can_be_demanded_without_a_launcher() {
        let start = Start {
            host: "alpha",
            launcher: None,
            ranks_in_process: 2,
            ranks_expected: Some(16),
            time_limit: Start::TIME_LIMIT,
        };
        let error = start.run(|_| -> Result<()> { panic!("must not run") }, |_| ()).expect_err("2 is not 16");
        assert_eq!(error.exit_code(), crate::error::ExitCode::Environment);
        assert!(error.to_string().contains("this process has 2 ranks"), "{error}");
    }

    #[cfg(not(feature = "mpi"))]
    #[test]
    fn many_processes_are_refused_by_a_build_without_mpi() {
        let launcher = Launcher { family: Family::OpenMpi, size: 4, rank: Some(0), serves_mpi: true };
        let start = Start {
            host: "alpha",
            launcher: Some(&launcher),
            ranks_in_process: 2,
            ranks_expected: None,
            time_limit: Start::TIME_LIMIT,
        };
        let error = start
            .run(|_| -> Result<()> { panic!("must not run") }, |_| ())
            .expect_err("four times the same run");
        assert!(error.to_string().contains("built without MPI"), "{error}");
    }

    #[cfg(feature = "mpi")]
    #[test]
    fn a_step_that_would_stop_open_mpi_is_refused_before_mpi_starts() {
        let launcher = Launcher { family: Family::Slurm, size: 4, rank: Some(0), serves_mpi: false };
        let refused = launcher.check_before_init(mpi_library().as_deref());
        assert_eq!(refused.is_err(), mpi_library().is_some_and(|library| library.starts_with("Open MPI")));
    }
}
