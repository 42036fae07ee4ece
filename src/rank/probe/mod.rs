//! The miniature of a run, really run: ranks as threads of this process, real workers, a real arena, a real run directory
//! in the temporary folder. It says what the plan cannot know.

mod folder;

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use self::folder::{Folder, files, log, size};
use super::equipment::Equipment;
use super::{Origin, Request, begin, locality_record, output, repetition, seat};
use crate::comm::{Comm, Stop, threads};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::measure::resident_peak_bytes;
use crate::numa;
use crate::plan::{LOG, Miniature, Plan, Probed, ProbedCase, ROUNDS};
use crate::record;

use crate::record::{End, EndedBy, Line, Repetition};

/// Runs the miniature of a job with so many ranks on this host, and measures what it takes. A few seconds.
///
/// # Errors
/// When this host cannot run the job, the temporary folder cannot be written, or somebody asks to stop.
pub fn probe(job: &Job, ranks: u32) -> Result<(Miniature, Probed)> {
    let folder = Folder::new()?;
    let stop = Stop::listen()?;
    let started = Instant::now();
    let request = Request {
        source: Origin::File(PathBuf::new(), Vec::new()),
        out: Some(folder.run()),
        command: vec!["numamark".to_owned(), "plan".to_owned()],
        mpi_library: Err("not asked".to_owned()),
        started,
        time: None,
    };
    let lives = threads::run(ranks, &numa::host_name(), &stop, |comm| live(comm, job, &request))?;
    let finished_ns = nanoseconds(started);
    let first = lives.first().ok_or_else(|| Error::Environment("there is no rank to try".to_owned()))?;
    let arenas: u64 = lives.iter().map(|life| life.miniature.plan.arena_bytes).sum();
    let cases = first.miniature.plan.cases.len();
    let records: f64 = lives.iter().flat_map(|life| &life.turns).map(|turn| turn.record_bytes).sum();
    let after_one = folder.after_one_round()?;
    let probed = Probed {
        begin_ns: first.began_ns - first.set_up_ns,
        set_up_ns: first.set_up_ns,
        finish_ns: finished_ns - first.rounds_ended_ns,
        cases: (0..cases).map(|case| case_of(&lives, case)).collect(),
        parts_frame_bytes: size(&folder.run().join("parts"))?.saturating_sub(records as u64),
        log: log(&folder.run().join(LOG))?,
        files: files(&folder.run(), &after_one)?,
        resident_bytes: resident_peak_bytes().map(|peak| peak.saturating_sub(arenas)),
    };
    Ok((first.miniature.clone(), probed))
}

/// What one rank saw.
struct Life {
    miniature: Miniature,
    set_up_ns: f64,
    began_ns: f64,
    rounds_ended_ns: f64,
    turns: Vec<TurnSeen>,
}

struct TurnSeen {
    case: usize,
    wall_ns: f64,
    record: Repetition,
    record_bytes: f64,
}

fn live(comm: &Comm, job: &Job, request: &Request) -> Result<Life> {
    let seat = seat::take(comm, job)?;
    let miniature = comm.agree(Plan::new(job, &seat.offer))?.miniature(comm.world().size);
    let plan = &miniature.plan;
    let set_up = Instant::now();
    let equipment = comm.agree(Equipment::set_up(&seat, plan))?;
    let set_up_ns = nanoseconds(set_up);
    let begin = begin(comm, job, &seat, plan, &equipment);
    let mut output = output(comm, request, job, plan, &seat, &equipment, &begin)?;
    let began_ns = nanoseconds(request.started);
    let stop = comm.stop().clone();
    let mut turns = Vec::with_capacity(plan.turns.len());
    for turn in &plan.turns {
        let case = &plan.cases[turn.case];
        comm.barrier()?;
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let outcome = repetition::run(comm, &equipment, plan, *turn, &|| stop.requested().is_some())?;
        if let Some(signal) = comm.stop_requested()? {
            return Err(Error::Incomplete(format!("stopped by {}: nothing was predicted", signal.name())));
        }
        let record = repetition::record(case, *turn, began_at, &outcome);
        output.add(comm, &record)?;
        let wall_ns = nanoseconds(began);
        let record_bytes = line_bytes(&record);
        turns.push(TurnSeen { case: turn.case, wall_ns, record, record_bytes });
    }
    let rounds_ended_ns = nanoseconds(request.started);
    let end = End {
        locality: locality_record(&equipment.locality()),
        violations: equipment.violations(),
        resident_peak_bytes: resident_peak_bytes(),
        rounds: plan.repetitions,
        ended_by: EndedBy::Repetitions,
        limits: [].into(),
    };
    output.finish(comm, &end, request.started.elapsed().as_secs_f64())?;
    Ok(Life { miniature, set_up_ns, began_ns, rounds_ended_ns, turns })
}

/// The means over the rounds of one case; of ranks the slowest in each round.
fn case_of(lives: &[Life], case: usize) -> ProbedCase {
    let ranks: Vec<Vec<&TurnSeen>> =
        lives.iter().map(|life| life.turns.iter().filter(|turn| turn.case == case).collect()).collect();
    let rounds = ROUNDS as usize;
    let slowest = |round: usize| {
        let records = ranks.iter().map(|turns| &turns[round].record);
        records.max_by_key(|record| record.elapsed_ns).expect("there is a rank")
    };
    let mean = |figure: &dyn Fn(usize) -> f64| (0..rounds).map(figure).sum::<f64>() / rounds as f64;
    // The first round hashes a data set as well.
    let hashes = ranks.iter().any(|turns| turns[0].record.digest.is_some());
    let around = |round: usize| ranks[0][round].wall_ns - slowest(round).elapsed_ns as f64;
    let later_ns = (1..rounds).map(around).sum::<f64>() / (rounds - 1) as f64;
    let around_ns = if hashes { later_ns } else { mean(&around) };
    let chunks = mean(&|round| slowest(round).histograms.get("chunk_ns").map_or(0.0, |h| h.count as f64));
    let timed_ns = mean(&|round| slowest(round).elapsed_ns as f64);
    let written = ranks.iter().map(|turns| Written::of(turns));
    let written = written.fold(Written::default(), Written::add);
    ProbedCase {
        around_ns,
        timed_ns,
        chunk_ns: if chunks > 0.0 { timed_ns / chunks } else { 0.0 },
        bytes: mean(&|round| slowest(round).bytes as f64),
        digest_ns: if hashes { (around(0) - later_ns).max(0.0) } else { 0.0 },
        record_bytes: written.record_bytes,
        counter_bytes: written.counter_bytes,
        ranks: lives.len() as f64,
    }
}

/// Bytes of one repetition's records, as they stand in the parts.
#[derive(Clone, Copy, Default)]
struct Written {
    record_bytes: f64,
    counter_bytes: [f64; 2],
}

impl Written {
    /// Of one rank, for the data of one round and of all: counters are merged as one longer repetition would have filled
    /// them.
    fn of(turns: &[&TurnSeen]) -> Written {
        let bare = |record: &Repetition| {
            let mut bare = record.clone();
            bare.intervals.clear();
            bare.histograms.values_mut().for_each(|histogram| histogram.counters.clear());
            line_bytes(&bare)
        };
        let record_bytes = turns.iter().map(|turn| bare(&turn.record)).sum::<f64>() / turns.len() as f64;
        let one_round = turns.chunks(1).map(counters_of).sum::<f64>() / turns.len() as f64;
        let counter_bytes = [one_round, counters_of(turns)];
        Written { record_bytes, counter_bytes }
    }

    fn add(self, other: Written) -> Written {
        let counter_bytes =
            std::array::from_fn(|index| self.counter_bytes[index] + other.counter_bytes[index]);
        Written { record_bytes: self.record_bytes + other.record_bytes, counter_bytes }
    }
}

/// Bytes of the counters of these repetitions as if they were one.
fn counters_of(turns: &[&TurnSeen]) -> f64 {
    let first = &turns[0].record;
    let names = first.histograms.keys();
    let merged = names.map(|name| {
        let mut counters = std::collections::BTreeMap::new();
        for turn in turns {
            for (index, count) in turn.record.histograms.get(name).map_or(&[][..], |h| &h.counters) {
                *counters.entry(*index).or_insert(0) += count;
            }
        }
        counters.into_iter().collect::<Vec<(u32, u64)>>()
    });
    // An empty list is two brackets, which the record without counters has as well.
    merged.map(|counters| record::encode(&counters).len() as f64 - 2.0).sum()
}

fn line_bytes(record: &Repetition) -> f64 {
    record::encode(&Line::Repetition(record.clone())).len() as f64 + 1.0
}

fn nanoseconds(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}
