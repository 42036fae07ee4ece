//! The miniature of a run, really run: ranks as threads of this process, real workers, a real arena, a real run directory
//! in the temporary folder. It measures what the plan cannot know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{JobText, Origin, Progress, Request, SETTING_UP, Step, WRITING, live};
use crate::comm::{Comm, StopFlag, threads};
use crate::error::{Error, Result};
use crate::measure::resident_peak_bytes;
use crate::numa;
use crate::plan::{Plan, Probed, ProbedCase};
use crate::record::{Begin, Repetition, Row, Run, With};
use crate::results;

/// Runs the miniature of the plans that a job has for the ranks of this host, and measures it. A few seconds.
///
/// # Errors
/// When this host cannot run the job, the temporary folder cannot be written, or a signal asks to stop.
pub fn probe(source: &JobText, plans: &[&Plan]) -> Result<Probed> {
    let ranks = u32::try_from(plans.len()).expect("ranks are counted in 32 bits");
    let folder = Folder::new()?;
    let stop = StopFlag::listen()?;
    let started = Instant::now();
    let request = Request {
        source: Origin::Read(source.clone()),
        miniature: true,
        out: Some(folder.run()),
        command: vec!["numamark".to_owned(), "plan".to_owned()],
        mpi_library: Err("not asked".to_owned()),
        started,
        time: None,
    };
    let one_rank = |comm: &Comm| {
        let mut watched = Watched::default();
        live(comm, &request, &mut watched)?;
        Ok(watched)
    };
    let watched =
        threads::run(ranks, &numa::host_name(), &stop, one_rank).map_err(|why| match stop.requested() {
            Some(signal) => Error::Incomplete(format!("stopped by {}: nothing was predicted", signal.name())),
            None => why,
        })?;
    let finished = Instant::now();
    let rank_0 = watched.first().expect("a run has a rank");
    let here = plans[0].miniature(ranks).plan;
    let arenas: u64 = plans.iter().map(|plan| plan.miniature(ranks).plan.arena_bytes).sum();
    let (set_up_ns, first, last) = rank_0.stages();
    Ok(Probed {
        begin_ns: nanoseconds(started, first) - set_up_ns,
        set_up_ns,
        finish_ns: nanoseconds(last, finished),
        cases: (0..here.cases.len()).map(|index| case_of(&here, index, rank_0)).collect(),
        ranks,
        parts_bytes: bytes_in(&folder.run().join("parts"))?,
        rest_bytes: bytes_in(&folder.run())?,
        resident_bytes: resident_peak_bytes().map(|peak| peak.saturating_sub(arenas)),
    })
}

/// The times at which rank 0 reports progress; empty on the other ranks.
#[derive(Default)]
struct Watched {
    /// When each stage outside the rounds began.
    stages: Vec<(String, Instant)>,
    /// When the latest repetition began.
    began: Option<Instant>,
    /// The repetitions of each case, in the order of their rounds.
    turns: BTreeMap<String, Vec<TurnSeen>>,
}

/// One repetition of one case, on all ranks.
struct TurnSeen {
    began: Instant,
    wall_ns: f64,
    rows: Vec<Row>,
}

impl Watched {
    /// Duration of the set-up, the beginning of the first repetition, and the end of the last.
    fn stages(&self) -> (f64, Instant, Instant) {
        let index = |name: &str| self.stages.iter().position(|stage| stage.0 == name);
        let set_up = index(SETTING_UP).expect("every run is set up");
        let [began, ended] = [set_up, set_up + 1].map(|index| self.stages[index].1);
        let first = self.turns.values().flatten().map(|turn| turn.began).min().expect("a plan has a turn");
        let last = self.stages[index(WRITING).expect("every run writes its result")].1;
        (nanoseconds(began, ended), first, last)
    }
}

impl Progress for Watched {
    fn stage(&mut self, name: &str) {
        self.stages.push((name.to_owned(), Instant::now()));
    }

    fn bound(&mut self, _: &[Begin]) {}

    fn begin(&mut self, _: &Step<'_>) {
        self.began = Some(Instant::now());
    }

    fn end(&mut self, step: &Step<'_>, rows: &[Row]) {
        let began = self.began.take().expect("a repetition begins before it ends");
        let seen = TurnSeen { began, wall_ns: nanoseconds(began, Instant::now()), rows: rows.to_vec() };
        self.turns.entry(step.case.to_owned()).or_default().push(seen);
    }

    fn finish(&mut self) {}

    fn stopped(&mut self, _: &Run) {}
}

/// The means over the rounds of one case, of the slowest rank in each round.
///
/// The first round also hashes a data set and measures the limits of one rank at a time: it does not count for the time
/// around a repetition.
fn case_of(plan: &Plan, index: usize, rank_0: &Watched) -> ProbedCase {
    let case = &plan.cases[index];
    let turns = &rank_0.turns[&case.id];
    let around = |turn: &TurnSeen| turn.wall_ns - turn.slowest().elapsed_ns as f64;
    let around_ns = mean(&turns[1..], around);
    let timed_ns = mean(turns, |turn| turn.slowest().elapsed_ns as f64);
    let chunks =
        mean(turns, |turn| turn.slowest().histograms.get("chunk_ns").map_or(0.0, |h| h.count as f64));
    let hashes = turns[0].slowest().digest.is_some();
    // Cases with the same footprint share one measurement, made before the first of them.
    let measured = plan.cases[..index].iter().all(|other| other.footprint() != case.footprint());
    let alone_ns = if measured { turns[0].alone_ns() } else { 0.0 };
    let digest_ns = around(&turns[0]) - alone_ns - around_ns;
    ProbedCase {
        around_ns,
        timed_ns,
        chunk_ns: if chunks > 0.0 { timed_ns / chunks } else { 0.0 },
        bytes: mean(turns, |turn| turn.slowest().bytes as f64),
        digest_ns: if hashes { digest_ns.max(0.0) } else { 0.0 },
    }
}

impl TurnSeen {
    fn slowest(&self) -> &Repetition {
        let records = self.rows.iter().map(|row| &row.repetition);
        records.max_by_key(|record| record.elapsed_ns).expect("a run has a rank")
    }

    /// Time of the limits of one rank at a time.
    fn alone_ns(&self) -> f64 {
        let limits = self.rows.iter().flat_map(|row| &row.repetition.limits);
        limits.filter(|limit| limit.with == With::Alone).map(|limit| limit.elapsed_ns as f64).sum()
    }
}

fn mean(turns: &[TurnSeen], figure: impl Fn(&TurnSeen) -> f64) -> f64 {
    turns.iter().map(figure).sum::<f64>() / turns.len() as f64
}

/// A temporary folder that is removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder> {
        let path = results::default_path(&std::env::temp_dir(), "numamark-plan");
        fs::create_dir(&path).map_err(|why| unusable(&path, &why))?;
        Ok(Folder(path))
    }

    /// The run directory of the miniature.
    fn run(&self) -> PathBuf {
        self.0.join("run")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is left to the system's own cleaning of temporary folders.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes of the files that stand directly in a folder.
fn bytes_in(folder: &Path) -> Result<u64> {
    let unreadable = |why: std::io::Error| unusable(folder, &why);
    let mut bytes = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let metadata = entry.and_then(|entry| entry.metadata()).map_err(unreadable)?;
        bytes += if metadata.is_file() { metadata.len() } else { 0 };
    }
    Ok(bytes)
}

fn unusable(path: &Path, why: &std::io::Error) -> Error {
    Error::Environment(format!("cannot write a run in miniature to {}: {why}; set TMPDIR", path.display()))
}

fn nanoseconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_nanos() as f64
}
