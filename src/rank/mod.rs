//! One rank's life: take a seat, set up, run the rounds, write the results.
//!
//! The code is the same for ranks that are processes and ranks that are threads. All ranks agree (`comm.agree`) on
//! every step that can fail on one rank, so that every rank ends in the same way with the same exit code.

mod begin;
mod crew;
mod ending;
mod equipment;
mod fault;
mod header;
mod job;
mod limits;
mod output;
mod pool;
mod probe;
mod repetition;
mod rounds;
mod seat;

pub use job::JobText;
pub use probe::probe;
pub use seat::described;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::comm::Comm;
use crate::error::{Error, Result};
use crate::job::Setting;
use crate::measure::resident_peak_bytes;
use crate::plan::Plan;
use crate::record::{Begin, End, Measure, Row, Run, When};
use crate::results;
use crate::units::Nanoseconds;
use begin::begin;
use equipment::Equipment;
use limits::OneAtATime;
use output::Output;
use rounds::TimeLimit;
use seat::BoundRank;

/// The request of the command line, equal on every rank.
#[derive(Clone, Debug)]
pub struct Request {
    /// The place from which rank 0 reads the job.
    pub source: Origin,
    /// True when every case is only run for a moment: see [`Plan::miniature`].
    pub miniature: bool,
    /// The run directory; with `None`, rank 0 chooses a name under `results/`.
    pub out: Option<PathBuf>,
    /// The whole command line.
    pub command: Vec<String>,
    /// Version text of the MPI library, or the reason why there is none.
    pub mpi_library: Result<String, String>,
    /// Start of the program.
    pub started: Instant,
    /// Time limit of the run, counted from `started`: a repetition that would not end in time is not begun.
    pub time: Option<Nanoseconds>,
}

/// The origin of a job.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file, `-` for standard input, and `--set` and `--sweep` arguments.
    File(PathBuf, Vec<Setting>),
    /// A job that was read before.
    Read(JobText),
    /// The run directory of a stopped run.
    Resume(PathBuf),
}

/// Receiver of progress reports. It is called only on rank 0, and only between timed regions.
pub trait Progress {
    /// A stage outside the rounds begins; the one before it is over.
    fn stage(&mut self, name: &str);
    /// Every rank is bound and has its memory; `ranks` has one entry per rank, in order.
    fn bound(&mut self, ranks: &[Begin]);
    /// A repetition begins.
    fn begin(&mut self, step: &Step<'_>);
    /// A repetition is over and written; `rows` has one row per rank, in order.
    fn end(&mut self, step: &Step<'_>, rows: &[Row]);
    /// The run is over and its result is written.
    fn finish(&mut self);
    /// The run was stopped; `run` has what is complete, and nothing of it is written.
    fn stopped(&mut self, run: &Run);
}

/// One repetition among all of the run's.
#[derive(Clone, Copy, Debug)]
pub struct Step<'plan> {
    /// Index of the repetition in the run, from 0.
    pub index: usize,
    /// Number of repetitions in the run; with a stop rule, the largest possible number.
    pub count: usize,
    /// True when the run may have fewer repetitions than `count`.
    pub at_most: bool,
    /// Id of the case.
    pub case: &'plan str,
    /// The round, from 1: the number of the case's repetition.
    pub round: u32,
    /// Repetitions of the case, or their largest possible number.
    pub rounds: u32,
    /// The unit that the case's rate counts.
    pub measure: Measure,
    /// Planned time of limits, warm-up and timed region, if the job fixes it.
    pub planned: Option<Duration>,
}

/// The result of a finished run, on rank 0.
#[derive(Debug)]
pub struct Finished {
    /// The contents of `run.json`.
    pub run: Run,
    /// The run directory.
    pub directory: PathBuf,
}

/// Time limit for reading the job and for binding; it does not depend on the job.
const SEATING_TIME_LIMIT: Duration = Duration::from_secs(60);
/// The stage in which workers start and arenas are populated.
const SETTING_UP: &str = "setting up workers and memory";
/// The stage after the last repetition.
const WRITING: &str = "writing the result";

/// Runs the job as one rank. Collective; rank 0 gets the result.
///
/// # Errors
/// The same on all ranks.
pub fn live(comm: &Comm, request: &Request, progress: &mut dyn Progress) -> Result<Option<Finished>> {
    let rank_0 = comm.world().rank == 0;
    let stage = |name: &str, time_limit: Duration, progress: &mut dyn Progress| {
        comm.stage(name, time_limit);
        if rank_0 {
            progress.stage(name);
        }
    };
    stage("reading the job", SEATING_TIME_LIMIT, progress);
    let (_, job) = job::share(comm, request.source(comm.world().rank))?;
    stage("binding to a node", SEATING_TIME_LIMIT, progress);
    let seat = seat::take(comm, &job)?;
    let plan = comm.agree(Plan::new(&job, &seat.offer))?;
    let plan = if request.miniature { plan.miniature(comm.world().size).plan } else { plan };
    stage(SETTING_UP, plan.time_limits.set_up, progress);
    let equipment = comm.agree(Equipment::set_up(&seat, &plan))?;
    let begin = begin(comm, &job, &seat, &plan, &equipment);
    stage("making the run directory", plan.time_limits.set_up, progress);
    let mut output = output(comm, request, &job, &plan, &seat, &equipment, &begin)?;
    if rank_0 {
        progress.bound(output.begins());
    }
    let time = request.time.map(|longest| TimeLimit { started: request.started, longest });
    let ending = match rounds::run(comm, &plan, &equipment, time, &mut output, progress) {
        Ok(ending) => ending,
        Err(why) => return Err(give_up(comm, request, &plan, output, progress, why)),
    };
    let stop = comm.stop().clone();
    let stopping = || stop.requested().is_some();
    let limits = match OneAtATime::new(comm, &equipment, &plan, When::After, &stopping).of_all() {
        Ok(limits) => limits,
        Err(why) => return Err(give_up(comm, request, &plan, output, progress, why)),
    };
    stage(WRITING, plan.time_limits.finish, progress);
    let end = End {
        locality: equipment.locality(),
        violations: equipment.violations(),
        resident_peak_bytes: resident_peak_bytes(),
        rounds: ending.rounds,
        ended_by: ending.ended_by,
        limits,
    };
    let directory = output.path().to_owned();
    let run = output.finish(comm, &end, request.started.elapsed().as_secs_f64())?;
    if rank_0 {
        progress.finish();
    }
    Ok(run.map(|run| Finished { run, directory }))
}

/// Ends the run early; a run that was stopped shows what is complete. Not collective. Returns `why`.
fn give_up(
    comm: &Comm,
    request: &Request,
    plan: &Plan,
    output: Output,
    progress: &mut dyn Progress,
    why: Error,
) -> Error {
    comm.stage("ending early", plan.time_limits.finish);
    if let Some(run) = output.give_up(&why, request.started.elapsed().as_secs_f64()) {
        progress.stopped(&run);
    }
    why
}

/// Opens the run directory: a new one, or the directory of the run to continue. Collective.
fn output(
    comm: &Comm,
    request: &Request,
    job: &crate::job::Job,
    plan: &Plan,
    seat: &BoundRank,
    equipment: &Equipment,
    begin: &Begin,
) -> Result<Output> {
    if let Origin::Resume(directory) = &request.source {
        return Output::resume(comm, directory, begin);
    }
    let path = request.out.clone().unwrap_or_else(|| results::default_path("results".as_ref(), &job.name));
    let environments = header::environments(comm, seat, equipment, request)?;
    let gates = header::gates(comm, job, plan)?;
    let clock = equipment.clock();
    let header = |begins: &[Begin]| header::header(request, job, plan, begins, gates, &clock, environments);
    Output::create(comm, &path, header, begin)
}

impl Request {
    fn source(&self, rank: u32) -> Result<Option<JobText>> {
        match &self.source {
            Origin::File(path, settings) if rank == 0 => JobText::read(path, settings).map(Some),
            Origin::Resume(directory) if rank == 0 => JobText::of_run(directory).map(Some),
            Origin::Read(source) if rank == 0 => Ok(Some(source.clone())),
            Origin::File(..) | Origin::Read(_) | Origin::Resume(_) => Ok(None),
        }
    }
}
