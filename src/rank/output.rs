//! The files of a run: each rank's part, and on rank 0 the results computed from all parts.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::seat::all_gather;
use crate::aggregate::aggregate;
use crate::aggregate::{Evidence, Totals, ended_by};
use crate::comm::{Comm, distinct_hosts};
use crate::error::{Error, ExitCode, Result};
use crate::plan::{Case, Plan};
use crate::record::line::longest_ns;
use crate::record::run::{Partial, PartialState};
use crate::record::{Begin, Done, End, EndedBy, Header, Part, Repetition, Row, Run, decode, encode};
use crate::results::RunDirectory;
use crate::results::live::{LiveFile, State};

/// Most rows of a stopped run that are shown at its end, a row for each rank and repetition: about two seconds of work.
const ROWS_SHOWN_MAX: usize = 40_000;

/// One rank's part; on rank 0 also the other files of the run directory and the evidence for them.
pub struct Output {
    directory: RunDirectory,
    part: Part,
    /// The counters of this rank. At the end they are added to those of its host.
    totals: Totals,
    /// Repetitions that an earlier session of this run had completed.
    done: Done,
    /// The limit or signal that stops this run.
    stopped_by: Option<String>,
    rank_0: Option<RankZero>,
}

struct RankZero {
    /// Held as long as the run is going on: readers look at the lock.
    _lock: Option<File>,
    header: Header,
    evidence: Evidence,
    live: LiveFile,
}

impl Output {
    /// Makes the run directory on rank 0, proves on every other rank that it sees the same directory, and begins the
    /// parts. Only rank 0 uses `path` and `header`. Collective.
    ///
    /// # Errors
    /// When the directory exists, cannot be written, or is not shared by all hosts.
    pub fn create(
        comm: &Comm,
        path: &Path,
        header: impl FnOnce(&[Begin]) -> Header,
        begin: &Begin,
    ) -> Result<Output> {
        let created = comm.agree(match comm.world().rank {
            0 => RunDirectory::create(path).map(Some),
            _ => Ok(None),
        })?;
        let mine = created
            .as_ref()
            .map(|(directory, token)| (directory.path().to_owned(), token.clone(), Done::new()));
        let (directory, _) = meet(comm, mine)?;
        let begins = all_gather(comm, begin)?;
        let rank_0 = comm.agree(match created {
            Some(_) => RankZero::begin(&directory, begins, header).map(Some),
            None => Ok(None),
        })?;
        let part = comm.agree(directory.part(begin))?;
        let (totals, done) = Default::default();
        Ok(Output { directory, part, totals, done, stopped_by: None, rank_0 })
    }

    /// Continues a stopped run in its directory, from the repetitions that all ranks had finished. Collective.
    ///
    /// # Errors
    /// As `create`; also when the run is complete, had another number of ranks, or ran in another place.
    pub fn resume(comm: &Comm, path: &Path, begin: &Begin) -> Result<Output> {
        let reopened = comm.agree(match comm.world().rank {
            0 => RunDirectory::open(path).and_then(|directory| directory.reopen(comm.world().size)).map(Some),
            _ => Ok(None),
        })?;
        let mine = reopened.as_ref().map(|(_, done, token)| (path.to_owned(), token.clone(), done.clone()));
        let (directory, done) = meet(comm, mine)?;
        let (part, totals) = comm.agree(directory.continue_part(begin, &done))?;
        // Rank 0 reads the parts only after all ranks have truncated theirs: the agreement above is a barrier.
        let rank_0 = comm.agree(match reopened {
            Some((header, ..)) => directory
                .evidence()
                .and_then(|evidence| RankZero::new(&directory, header, evidence))
                .map(Some),
            None => Ok(None),
        })?;
        Ok(Output { directory, part, totals, done, stopped_by: None, rank_0 })
    }

    /// Path of the run directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// True when an earlier session of this run has completed this repetition.
    pub fn has(&self, case: &str, round: u32) -> bool {
        self.done.contains(&(case.to_owned(), round))
    }

    /// The ranks of the run, one entry per rank; empty on every rank but 0.
    pub fn begins(&self) -> &[Begin] {
        self.rank_0.as_ref().map_or(&[], |rank_0| rank_0.evidence.begins())
    }

    /// The values that each rank measured in an added repetition; empty on every rank but 0.
    pub fn rows(&self, case: &str, round: u32) -> &[Row] {
        self.rank_0.as_ref().map_or(&[], |rank_0| rank_0.evidence.rows(case, round))
    }

    /// The reason to end the run after `rounds` whole rounds, judged only by its values. `None` when it does not end,
    /// and on every rank but 0.
    pub fn ended_by(&self, rounds: u32) -> Option<EndedBy> {
        let rank_0 = self.rank_0.as_ref()?;
        ended_by(&rank_0.header, &rank_0.evidence, rounds)
    }

    /// Time of the kept repetitions with their warm-ups and limits, in nanoseconds, and their number of rounds; both 0
    /// on every rank but 0.
    pub fn spent(&self, plan: &Plan) -> (u64, u32) {
        let Some(RankZero { header, evidence, .. }) = &self.rank_0 else { return (0, 0) };
        let of_case = |case: &Case| {
            let around_ns = plan.warmup_ns.saturating_add(plan.limit_measuring_ns_of(case));
            let each = evidence.rounds(&case.id);
            let each = each.map(|(_, round)| longest_ns(&round.rows).saturating_add(around_ns));
            each.fold(0, u64::saturating_add)
        };
        let spent_ns = plan.cases.iter().map(of_case).fold(0, u64::saturating_add);
        let rounds = header.planned.iter().map(|case| evidence.rounds(&case.id).count()).min();
        (spent_ns, rounds.and_then(|rounds| u32::try_from(rounds).ok()).unwrap_or(0))
    }

    /// Notes in the live file that a repetition begins.
    pub fn begin(&mut self, case: &str, round: u32) {
        if let Some(rank_0) = &mut self.rank_0 {
            rank_0.live.begin(case, round);
        }
    }

    /// Notes the limit or signal that stops this run.
    pub fn stopped_by(&mut self, what: &str) {
        self.stopped_by = Some(what.to_owned());
    }

    /// Notes in the live file that the run ended early. Returns the result so far, on rank 0, for a run that was stopped
    /// after a repetition; `None` also when the figures would take longer than a launcher waits after TERM.
    pub fn give_up(self, why: &Error, elapsed_s: f64) -> Option<Run> {
        let RankZero { header, evidence, mut live, .. } = self.rank_0?;
        let stopped = why.exit_code() == ExitCode::Incomplete;
        let (state, why) = match self.stopped_by.filter(|_| stopped) {
            Some(by) => (State::Stopped, by),
            None => (State::Failed, why.to_string()),
        };
        live.end(state, Some(why.clone()));
        let repetitions: usize = header.planned.iter().map(|case| evidence.rounds(&case.id).count()).sum();
        let rows = repetitions.saturating_mul(evidence.begins().len());
        let shown = stopped && (1..=ROWS_SHOWN_MAX).contains(&rows);
        // The result is written by nobody, so a defect in it is no reason to fail.
        let run = aggregate(&header, &evidence, Some(elapsed_s)).ok().filter(|_| shown)?;
        let partial = Some(Partial { state: PartialState::Stopped, why: Some(why) });
        Some(Run { partial, ..run })
    }

    /// Writes a repetition that every rank has finished into the parts, and sums it on rank 0. Collective.
    ///
    /// # Errors
    /// When a part cannot be written.
    pub fn add(&mut self, comm: &Comm, repetition: &Repetition) -> Result<()> {
        comm.agree(self.part.repetition(repetition).and_then(|()| self.totals.add(repetition)))?;
        let rows = comm.gather(&encode(&repetition.row(comm.world().rank)))?;
        let mut counters = repetition.dense();
        comm.sum(&mut counters)?;
        comm.agree(match (rows, &mut self.rank_0) {
            (Some(rows), Some(rank_0)) => {
                let rows: Result<_> = rows.iter().map(|bytes| decode(bytes)).collect();
                rows.and_then(|rows| rank_0.add(rows, &counters))
            }
            _ => Ok(()),
        })
    }

    /// Ends the parts; rank 0 aggregates them and renames `run.json` into place. Collective.
    ///
    /// # Errors
    /// When a file cannot be written, or the evidence contradicts itself.
    pub fn finish(mut self, comm: &Comm, end: &End, elapsed_s: f64) -> Result<Option<Run>> {
        let ends = comm.gather(&encode(end))?;
        comm.agree(self.part.end(end))?;
        let hosts = gather_hosts(comm, &self.totals, self.rank_0.as_mut().map(|rank_0| &mut rank_0.evidence));
        comm.agree(hosts)?;
        comm.agree(match (ends, self.rank_0) {
            (Some(ends), Some(rank_0)) => rank_0.finish(&self.directory, &ends, elapsed_s).map(Some),
            _ => Ok(None),
        })
    }
}

/// Sums the counters of each host's ranks on rank 0, one host after another, so that rank 0 never holds the counters of
/// all ranks. Collective.
fn gather_hosts(comm: &Comm, mine: &Totals, mut evidence: Option<&mut Evidence>) -> Result<()> {
    let mut undecodable = Ok(());
    for host in distinct_hosts((0..comm.world().size).map(|rank| comm.host_of(rank))) {
        let mine = if comm.host() == host { encode(mine) } else { Vec::new() };
        let gathered = comm.gather(&mine)?.unwrap_or_default();
        let mut sum = Totals::default();
        for bytes in gathered.iter().filter(|bytes| !bytes.is_empty()) {
            // The other ranks are already in the next gather, so an error is returned only at the end.
            undecodable = undecodable.and(decode(bytes).and_then(|totals| sum.merge(totals)));
        }
        if let Some(evidence) = &mut evidence {
            evidence.add_host(host, sum);
        }
    }
    undecodable
}

/// Opens rank 0's directory on every rank; the token proves that it is the same directory. Collective.
fn meet(comm: &Comm, mine: Option<(PathBuf, String, Done)>) -> Result<(RunDirectory, Done)> {
    let mut bytes = encode(&mine);
    comm.broadcast(&mut bytes)?;
    let shared: Option<(PathBuf, String, Done)> = comm.agree(decode(&bytes))?;
    let (path, token, done) = shared.expect("rank 0 has a directory: all ranks agreed on that");
    let directory = comm.agree(RunDirectory::join(&path, &token))?;
    Ok((directory, done))
}

impl RankZero {
    fn begin(
        directory: &RunDirectory,
        begins: Vec<Begin>,
        header: impl FnOnce(&[Begin]) -> Header,
    ) -> Result<RankZero> {
        let header = header(&begins);
        directory.write_header(&header)?;
        RankZero::new(directory, header, Evidence::new(begins)?)
    }

    fn new(directory: &RunDirectory, header: Header, evidence: Evidence) -> Result<RankZero> {
        let lock = directory.hold()?;
        let live = LiveFile::new(directory, &header, &evidence);
        Ok(RankZero { _lock: lock, header, evidence, live })
    }

    fn add(&mut self, rows: Vec<Row>, counters: &[u64]) -> Result<()> {
        self.live.add(&rows);
        self.evidence.add(rows, counters)
    }

    fn finish(mut self, directory: &RunDirectory, ends: &[Vec<u8>], elapsed_s: f64) -> Result<Run> {
        let result = self.write_results(directory, ends, elapsed_s);
        // After run.json is written: a reader of the live file that sees "finished" may read it.
        match &result {
            Ok(_) => self.live.end(State::Finished, None),
            Err(why) => self.live.end(State::Failed, Some(why.to_string())),
        }
        result
    }

    fn write_results(&mut self, directory: &RunDirectory, ends: &[Vec<u8>], elapsed_s: f64) -> Result<Run> {
        let ends: Result<Vec<End>> = ends.iter().map(|bytes| decode(bytes)).collect();
        self.evidence.finish((0u32..).zip(ends?));
        let run = aggregate(&self.header, &self.evidence, Some(elapsed_s))?;
        if !run.complete {
            return Err(Error::Failed(
                "repetitions are missing although every rank finished: a bug in numamark".to_owned(),
            ));
        }
        directory.write_results(&run, &self.evidence)?;
        Ok(run)
    }
}
