//! `numamark run`: the same run under a launcher and without one.

use std::time::Instant;

use super::arguments::RunArguments;
use super::print;
use super::progress::{Teller, Volume};
use crate::comm;
use crate::comm::Start;
use crate::comm::launcher;
use crate::comm::launcher::Launcher;
use crate::error::{Error, ExitCode, Result};
use crate::metric::CaseMetric;
use crate::numa;
use crate::numa::Topology;
use crate::rank;
use crate::rank::{Finished, Origin, Request};
use crate::record::run::{GateResult, Outcome};
use crate::report;
use crate::results::RunDirectory;
use crate::units::{count, counted};
use crate::word::Word;

/// Runs a job.
///
/// # Errors
/// Errors of this process alone. Errors that all ranks agreed on are printed here, once for all of them.
pub fn run(arguments: &RunArguments) -> Result<ExitCode> {
    let started = Instant::now();
    let launcher = launcher();
    if launcher.is_some_and(|launcher| launcher.size > 1) && arguments.ranks.is_some() {
        return Err(Error::Usage(
            "--ranks is only for a run without a launcher; here the launcher sets the number of ranks"
                .to_owned(),
        ));
    }
    let request = Request {
        source: origin(arguments),
        miniature: false,
        out: arguments.out.clone(),
        command: std::env::args().collect(),
        mpi_library: comm::mpi_library().ok_or_else(|| "built without MPI".to_owned()),
        started,
        time: arguments.time,
    };
    let start = Start {
        host: &numa::host_name(),
        launcher: launcher.as_ref(),
        ranks_in_process: ranks_in_process(arguments, launcher.as_ref())?,
        ranks_expected: arguments.expect_ranks,
        time_limit: Start::TIME_LIMIT,
    };
    let volume = Volume::asked(arguments);
    let ended = start.run(|comm| rank::live(comm, &request, &mut Teller::new(volume)), super::report);
    match ended {
        Ok(Some(finished)) => conclude(&finished),
        Ok(None) => Ok(ExitCode::Done),
        Err(reported) => Ok(reported.exit_code()),
    }
}

/// The launcher that started this process, as its environment tells; `None` without one.
pub fn launcher() -> Option<Launcher> {
    launcher::detect(|name| std::env::var(name).ok())
}

fn origin(arguments: &RunArguments) -> Origin {
    match (&arguments.resume, &arguments.job) {
        (Some(directory), _) => Origin::Resume(directory.clone()),
        (None, Some(job)) => Origin::File(job.clone(), arguments.change.settings()),
        (None, None) => unreachable!("clap requires one of the two"),
    }
}

/// Number of ranks in this process: the number asked for; else that of the run to be resumed, so that the command which a
/// stopped run prints needs no number; else one per node. Unused under a launcher.
fn ranks_in_process(arguments: &RunArguments, launcher: Option<&Launcher>) -> Result<u32> {
    match (arguments.ranks, &arguments.resume, launcher) {
        (Some(ranks), ..) => Ok(ranks),
        (None, Some(directory), None) => Ok(RunDirectory::open(directory)?.read_header()?.ranks),
        (None, ..) => nodes_in_mask(),
    }
}

/// One rank for each node with CPUs that this process may use.
fn nodes_in_mask() -> Result<u32> {
    let (topology, mask) = (Topology::of_this_machine()?, numa::affinity()?);
    Ok(topology.ranks_within(&mask))
}

/// Shows the result, then judges it: a gate that was not met decides the exit code.
fn conclude(finished: &Finished) -> Result<ExitCode> {
    print(&report::table_on(super::screen::of_stdout(), &finished.run, report::Detail::Summary));
    print(&format!("\nrun directory: {}\n", finished.directory.display()));
    let code = finished.run.verdict().map(|()| ExitCode::Done);
    // The run's second line says how far it can be trusted.
    let unmet = |result: &&GateResult| {
        result.outcome == Outcome::Warn && result.metric != CaseMetric::Trustworthy.word()
    };
    match finished.run.derived.gate_results.iter().filter(unmet).count() {
        0 => {}
        unmet => eprintln!("numamark: warning: {} not met", counted(count(unmet), "gate")),
    }
    code
}
