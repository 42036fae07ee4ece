//! One rank's life: take a seat, set up, run the rounds, write down what was measured.
//!
//! Written once for ranks that are processes and ranks that are threads. Whatever can fail on one rank is agreed on
//! by all (`comm.agree`), so that every rank takes the same way out with the same exit code.

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

pub use job::Source;
pub use probe::probe;
pub use seat::{bind, described};

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::comm::Comm;
use crate::error::Result;
use crate::job::Setting;
use crate::measure::resident_peak_bytes;
use crate::plan::Plan;
use crate::record::{Begin, End, Measure, Row, Run, When};
use crate::results;
use crate::units::Nanoseconds;
use begin::{begin, locality_record};
use equipment::Equipment;
use limits::OneAtATime;
use output::Output;
use rounds::TimeLimit;
use seat::Seat;

/// What the command line asks of every rank.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where rank 0 finds the job.
    pub source: Origin,
    /// The run directory; `None`: rank 0 names one under `results/`.
    pub out: Option<PathBuf>,
    /// The whole command line.
    pub command: Vec<String>,
    /// What the MPI library calls itself, or why there is none.
    pub mpi_library: Result<String, String>,
    /// When the program started.
    pub started: Instant,
    /// What the run may take from there: no repetition is begun that would not end in time.
    pub time: Option<Nanoseconds>,
}

/// Where a job comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file, `-` for standard input, and `--set` and `--sweep` arguments.
    File(PathBuf, Vec<Setting>),
    /// The run directory of a stopped run.
    Resume(PathBuf),
}

/// What is told on rank 0 alone, and only between timed regions.
pub trait Progress {
    /// A stage outside the rounds begins; the one before it is over.
    fn stage(&mut self, name: &str);
    /// Every rank is bound and has its memory; one entry a rank, in order.
    fn bound(&mut self, ranks: &[Begin]);
    /// A repetition begins.
    fn begin(&mut self, step: &Step<'_>);
    /// A repetition is over and written down; one row a rank, in order.
    fn end(&mut self, step: &Step<'_>, rows: &[Row]);
    /// The run is over and its result written.
    fn finish(&mut self);
}

/// One repetition among all of the run's.
#[derive(Clone, Copy, Debug)]
pub struct Step<'plan> {
    /// How many come before it, from 0.
    pub index: usize,
    /// How many there are; with a stop rule, the most that there can be.
    pub count: usize,
    /// Whether there may be fewer.
    pub at_most: bool,
    /// Id of the case.
    pub case: &'plan str,
    /// The case's repetition, from 0.
    pub round: u32,
    /// Repetitions of the case, or the most of them.
    pub rounds: u32,
    /// What the case's rate counts.
    pub measure: Measure,
    /// Limits, warm-up and timed region, where the job says how long they are.
    pub planned: Option<Duration>,
}

/// A run that went through to its end, as rank 0 sees it.
#[derive(Debug)]
pub struct Finished {
    /// The contents of `run.json`.
    pub run: Run,
    /// Where it stands.
    pub directory: PathBuf,
}

/// What reading a job and binding may take: nothing here depends on the job.
const SEATING_LIMIT: Duration = Duration::from_secs(60);

/// Runs the job as one rank. Collective; rank 0 gets the result.
///
/// # Errors
/// The same on all ranks.
pub fn live(comm: &Comm, request: &Request, progress: &mut dyn Progress) -> Result<Option<Finished>> {
    let rank_0 = comm.world().rank == 0;
    let stage = |name: &str, limit: Duration, progress: &mut dyn Progress| {
        comm.stage(name, limit);
        if rank_0 {
            progress.stage(name);
        }
    };
    stage("reading the job", SEATING_LIMIT, progress);
    let (_, job) = job::share(comm, request.source(comm.world().rank))?;
    stage("binding to a node", SEATING_LIMIT, progress);
    let seat = seat::take(comm, &job)?;
    let plan = comm.agree(Plan::new(&job, &seat.offer))?;
    stage("setting up workers and memory", plan.limits.set_up, progress);
    let equipment = comm.agree(Equipment::set_up(&seat, &plan))?;
    let begin = begin(comm, &job, &seat, &plan, &equipment);
    stage("making the run directory", plan.limits.set_up, progress);
    let mut output = output(comm, request, &job, &plan, &seat, &equipment, &begin)?;
    if rank_0 {
        progress.bound(output.begins());
    }
    let time = request.time.map(|limit| TimeLimit { started: request.started, limit });
    let ending = match rounds::run(comm, &plan, &equipment, time, &mut output, progress) {
        Ok(ending) => ending,
        Err(why) => {
            output.give_up(&why);
            return Err(why);
        }
    };
    let stop = comm.stop().clone();
    let stopping = || stop.requested().is_some();
    let limits = match OneAtATime::new(comm, &equipment, &plan, When::After, &stopping).of_all() {
        Ok(limits) => limits,
        Err(why) => {
            output.give_up(&why);
            return Err(why);
        }
    };
    stage("writing the result", plan.limits.finish, progress);
    let end = End {
        locality: locality_record(&equipment.locality()),
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

/// The run directory: a new one, or that of the run to go on with. Collective.
fn output(
    comm: &Comm,
    request: &Request,
    job: &crate::job::Job,
    plan: &Plan,
    seat: &Seat,
    equipment: &Equipment,
    begin: &Begin,
) -> Result<Output> {
    if let Origin::Resume(directory) = &request.source {
        return Output::resume(comm, directory, begin);
    }
    let path = request.out.clone().unwrap_or_else(|| results::default_path("results".as_ref(), &job.name));
    let environments = header::environments(comm, seat, equipment, request)?;
    let gates = header::gates(comm, job, plan)?;
    let header = |begins: &[Begin]| header::header(request, job, plan, begins, gates, environments);
    Output::create(comm, &path, header, begin)
}

impl Request {
    fn source(&self, rank: u32) -> Result<Option<Source>> {
        match &self.source {
            Origin::File(path, settings) if rank == 0 => Source::read(path, settings).map(Some),
            Origin::Resume(directory) if rank == 0 => Source::of_run(directory).map(Some),
            Origin::File(..) | Origin::Resume(_) => Ok(None),
        }
    }
}
