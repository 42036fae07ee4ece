//! `live.json`: the progress of a run, for people and programs that watch it. It is always whole, because a rename
//! replaces it.
//!
//! Rank 0 writes it between repetitions, at most about once a second. It is no part of the result, so a run does not
//! fail because of it. A killed run leaves it in the state `running`, with the time of the last write.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::directory::RunDirectory;
use super::name::utc_now;
use crate::aggregate::evidence::Evidence;
use crate::aggregate::rate_of;
use crate::record::line::Row;
use crate::record::run::{CaseHeader, Header, SCHEMA};
use crate::stats::median;
use crate::word::Word;

/// The contents of `live.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Schema version, as in run.json.
    pub schema: u32,
    /// Name of the job.
    pub name: String,
    /// State of the run.
    pub state: State,
    /// Limit or signal that stopped the run, or error that ended it; null otherwise.
    #[serde(default)]
    pub why: Option<String>,
    /// Start of the run: RFC 3339, UTC.
    pub started: String,
    /// Time of this write: RFC 3339, UTC.
    pub updated: String,
    /// Number of ranks.
    pub ranks: u32,
    /// Names of the hosts.
    pub hosts: Vec<String>,
    /// Repetitions that every rank has finished, over all cases.
    pub repetitions_done: u32,
    /// Requested repetitions, over all cases; with a stop rule, the largest number until the run is over.
    pub repetitions_planned: u32,
    /// Seconds since the run, or its resumed session, prepared its first repetition.
    pub elapsed_s: f64,
    /// Estimated seconds until the last repetition ends, at the average pace of this session; null before its first
    /// repetition ends.
    pub remaining_s: Option<f64>,
    /// Repetition in progress; null between repetitions.
    pub now: Option<LiveRepetition>,
    /// Last repetition that ended.
    pub latest: Option<Latest>,
    /// Every case, in the order of the job.
    pub cases: Vec<CaseProgress>,
}

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The run is repeating its cases.
    Running,
    /// The run is over and `run.json` exists.
    Finished,
    /// The run was asked to stop; it can be resumed.
    Stopped,
    /// An error ended the run.
    Failed,
}

/// A repetition of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRepetition {
    /// Id of the case.
    pub case: String,
    /// The round, from 1.
    pub round: u32,
}

/// Result of the last repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latest {
    /// Id of the case.
    pub case: String,
    /// The round, from 1.
    pub round: u32,
    /// Rate over all ranks; null when nothing was finished.
    pub value: Option<f64>,
    /// Unit of the rate.
    pub unit: String,
}

/// Progress of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseProgress {
    /// Id of the case.
    pub id: String,
    /// Repetitions that every rank has finished.
    pub repetitions_done: u32,
    /// Median of their rates; null while there is no rate.
    pub value: Option<f64>,
    /// Unit of the rate.
    pub unit: String,
}

/// Shortest time between two writes while repetitions run.
const INTERVAL: Duration = Duration::from_secs(1);

impl Live {
    /// Reads the file of a run; `None` when there is none that this version can read.
    pub fn read(directory: &RunDirectory) -> Option<Live> {
        serde_json::from_slice(&fs::read(directory.live()).ok()?).ok()
    }
}

/// Keeps `live.json` up to date, on rank 0.
#[derive(Debug)]
pub struct LiveFile {
    path: PathBuf,
    live: Live,
    planned: Vec<CaseHeader>,
    rates: BTreeMap<String, Vec<f64>>,
    began: Instant,
    /// Repetitions of an earlier session; they do not count for the pace of this one.
    done_before: u32,
    written: Option<Instant>,
}

impl LiveFile {
    /// Starts from the repetitions that an earlier session of the run finished, and writes the file.
    pub fn new(directory: &RunDirectory, header: &Header, evidence: &Evidence) -> LiveFile {
        let cases = header.planned.iter().map(|case| CaseProgress {
            id: case.id.clone(),
            repetitions_done: 0,
            value: None,
            unit: unit(case).to_owned(),
        });
        let cases: Vec<CaseProgress> = cases.collect();
        let count = u32::try_from(cases.len()).unwrap_or(u32::MAX);
        let live = Live {
            schema: SCHEMA,
            name: header.name.clone(),
            state: State::Running,
            why: None,
            started: header.started.clone(),
            updated: utc_now(),
            ranks: header.ranks,
            hosts: header.hosts.clone(),
            repetitions_done: 0,
            repetitions_planned: header.repetitions.saturating_mul(count),
            elapsed_s: 0.0,
            remaining_s: None,
            now: None,
            latest: None,
            cases,
        };
        let (path, planned) = (directory.live(), header.planned.clone());
        let (rates, began) = (BTreeMap::new(), Instant::now());
        let mut file = LiveFile { path, live, planned, rates, began, done_before: 0, written: None };
        for case in &header.planned {
            for (_, round) in evidence.rounds(&case.id) {
                file.add(&round.rows);
            }
        }
        file.done_before = file.live.repetitions_done;
        file.live.latest = None;
        file.write();
        file
    }

    /// Records the start of a repetition.
    pub fn begin(&mut self, case: &str, round: u32) {
        self.live.now = Some(LiveRepetition { case: case.to_owned(), round });
        if self.written.is_none_or(|written| written.elapsed() >= INTERVAL) {
            self.write();
        }
    }

    /// Records a repetition that all ranks finished.
    pub fn add(&mut self, rows: &[Row]) {
        let Some(first) = rows.first() else { return };
        let (id, round) = (&first.repetition.case, first.repetition.round);
        let Some(place) = self.planned.iter().position(|case| case.id == *id) else { return };
        let (case, standing) = (&self.planned[place], &mut self.live.cases[place]);
        let value = rate_of(case.measure, &rows.iter().collect::<Vec<_>>());
        let rates = self.rates.entry(id.clone()).or_default();
        rates.extend(value);
        standing.repetitions_done += 1;
        standing.value = median(rates);
        self.live.repetitions_done += 1;
        let unit = standing.unit.clone();
        self.live.latest = Some(Latest { case: id.clone(), round, value, unit });
        self.live.now = None;
    }

    /// Records the end of the run, its final state, and the reason of an early end.
    pub fn end(&mut self, state: State, why: Option<String>) {
        (self.live.state, self.live.why, self.live.now) = (state, why, None);
        if state == State::Finished {
            // A stop rule may end the run before its largest number of repetitions.
            self.live.repetitions_planned = self.live.repetitions_done;
        }
        self.write();
    }

    fn write(&mut self) {
        let elapsed_s = self.began.elapsed().as_secs_f64();
        let done = self.live.repetitions_done - self.done_before;
        let left = self.live.repetitions_planned.saturating_sub(self.live.repetitions_done);
        let remaining = (done > 0).then(|| elapsed_s / f64::from(done) * f64::from(left));
        (self.live.elapsed_s, self.live.remaining_s) = (elapsed_s, remaining);
        self.live.updated = utc_now();
        self.written = Some(Instant::now());
        let text = serde_json::to_vec_pretty(&self.live).expect("numbers, strings and structs of them");
        let beside = self.path.with_extension("json.partial");
        // The file is not synced, because watchers read it from memory. A failed write harms only the watchers.
        if fs::write(&beside, text).and_then(|()| fs::rename(&beside, &self.path)).is_err() {
            let _ = fs::remove_file(&beside);
        }
    }
}

fn unit(case: &CaseHeader) -> &'static str {
    case.measure.rate().facts().unit.word()
}
