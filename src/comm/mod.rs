//! Communication between ranks: MPI processes (`mpi`) or threads of one process ([`threads`]), with one contract.
//!
//! **The contract.** All ranks call the collectives in the same order, outside timed regions, on the thread that was
//! given the [`Comm`]. When one rank fails, the collectives of all ranks end: every rank returns the same error, which
//! names the rank and the host of the failure, and so the same exit code. A rank that hangs is ended by its own
//! watchdog, or by the watchdog of a rank that waits for it. A rank that panics ends the job through the panic hook. A
//! rank that is killed is noticed by the launcher or by the watchdogs of the waiting ranks. Nothing waits for ever.
//!
//! | file | contents |
//! |---|---|
//! | [`launcher`] | the launcher that started this process, and the check that it fits the MPI library |
//! | `start`, [`threads`] | running a program as ranks |
//! | `star`, `message` | the protocol of the collectives; its messages |
//! | `wire` | the wire: threads or MPI |
//! | `watchdog`, `waiting` | stages and their time limits; the missing ranks |
//! | `ending`, `panic_hook`, `stop` | ending the job at once; panics; signals |
// A number that does not fit would be a wrong result.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

mod crowd;
mod ending;
mod hosts;
mod message;
mod panic_hook;
mod star;
mod start;
mod stop;
mod waiting;
mod watchdog;
mod wire;
mod world;

use std::sync::Arc;
use std::time::Duration;

pub use ending::{Speaker, end_job};
pub use hosts::{HostWorld, distinct_hosts};
pub use panic_hook::{install_panic_hook, worker_thread_name};
pub use start::{Start, launcher, speak_as_one, threads};
pub use stop::{Signal, StopFlag};
pub use world::World;

use crate::error::{Error, ExitCode, Result};
use message::{MessageKind, decode_error, decode_texts, encode_error, encode_texts};
use star::Star;
use watchdog::Watchdog;

/// Version text of the MPI library that this program is linked to; `None` in a build without MPI.
pub fn mpi_library() -> Option<String> {
    #[cfg(feature = "mpi")]
    return Some(wire::mpi::library());
    #[cfg(not(feature = "mpi"))]
    None
}

/// One rank's connection to the other ranks. Stays on the thread it was made for.
pub struct Comm {
    /// An error is kept until the introduction, which reports it to all ranks.
    watchdog: Result<Watchdog>,
    star: Star,
    stop: StopFlag,
}

impl Comm {
    /// Not collective. The caller continues with `introduce`.
    fn new(link: wire::Link, host: &str, stop: &StopFlag) -> Comm {
        let star = Star::new(link, host);
        let speaker = Speaker { host: host.into(), rank: Some(star.world().rank) };
        let waiting = Arc::clone(star.waiting());
        let watchdog = Watchdog::start(speaker, waiting, stop.clone(), "start", Start::TIME_LIMIT);
        Comm { watchdog, star, stop: stop.clone() }
    }

    /// Collective: learns every rank's host and checks that all ranks run the same version of this program.
    fn introduce(&self) -> Result<()> {
        if let Err(error) = &self.watchdog {
            return Err(self.fail(error.clone()));
        }
        let mine = encode_texts([env!("CARGO_PKG_VERSION"), self.star.host()]);
        let all = self.star.up(MessageKind::Introduction, mine)?.unwrap_or_default();
        let introductions: Option<Vec<[String; 2]>> =
            all.iter().map(|payload| decode_texts(payload)?.try_into().ok()).collect();
        let verdict = introductions
            .ok_or_else(|| Error::Environment("a rank runs another version of numamark".into()))
            .and_then(one_version);
        let hosts = match verdict {
            Ok(hosts) => hosts,
            Err(error) => return Err(self.star.fail(error)),
        };
        let hosts =
            self.star.down(MessageKind::Introduction, encode_texts(hosts.iter().map(String::as_str)))?;
        self.star.waiting().know_hosts(self.texts(&hosts)?);
        Ok(())
    }

    /// This rank's place among all ranks.
    pub fn world(&self) -> World {
        self.star.world()
    }

    /// True when the ranks are threads of one process.
    pub fn in_process(&self) -> bool {
        self.star.in_process()
    }

    /// The name of this rank's host, as given to `run`.
    pub fn host(&self) -> &str {
        self.star.host()
    }

    /// The name of `rank`'s host, as given to `run` on that rank.
    ///
    /// # Panics
    /// When there is no such rank.
    pub fn host_of(&self, rank: u32) -> &str {
        self.star.waiting().host(rank).expect("ranks are below the world's size")
    }

    /// Not collective: this rank enters the stage `name`. Its watchdog ends the job if the rank is still in this stage
    /// after `time_limit`.
    ///
    /// A stage in which ranks wait for each other needs at least the time limit of the stage before it, so that the
    /// rank that hangs is the one that reports.
    pub fn stage(&self, name: &str, time_limit: Duration) {
        if let Ok(watchdog) = &self.watchdog {
            watchdog.stage(name, time_limit);
        }
    }

    /// Collective: returns when all ranks have arrived.
    ///
    /// # Errors
    /// As in every collective: the error of a rank that failed in the meantime, the same on all ranks.
    pub fn barrier(&self) -> Result<()> {
        self.star.round(MessageKind::Barrier, vec![], |_| vec![]).map(|_| ())
    }

    /// Collective: replaces `bytes` by rank 0's bytes, after all ranks have arrived.
    ///
    /// # Errors
    /// As [`Comm::barrier`].
    pub fn broadcast(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let mine = std::mem::take(bytes);
        *bytes = self.star.round(MessageKind::Broadcast, vec![], |_| mine)?;
        Ok(())
    }

    /// Collective: rank 0 gets every rank's bytes, in rank order; the other ranks get `None` and do not wait.
    ///
    /// # Errors
    /// As [`Comm::barrier`].
    pub fn gather(&self, bytes: &[u8]) -> Result<Option<Vec<Vec<u8>>>> {
        self.star.up(MessageKind::Gather, bytes.to_vec())
    }

    /// Collective: on rank 0 each value becomes its sum over all ranks; on the other ranks `values` stay unchanged.
    /// Sums wrap at 64 bits.
    ///
    /// # Errors
    /// As [`Comm::barrier`], or when the ranks disagree about the number of values.
    pub fn sum(&self, values: &mut [u64]) -> Result<()> {
        self.star.sum(values)
    }

    /// Collective: true on all ranks when `yes` is true on at least one.
    ///
    /// # Errors
    /// As [`Comm::barrier`].
    pub fn any(&self, yes: bool) -> Result<bool> {
        let anybody = |all: Vec<Vec<u8>>| vec![u8::from(all.iter().any(|one| *one == [1]))];
        Ok(self.star.round(MessageKind::Any, vec![u8::from(yes)], anybody)? == [1])
    }

    /// Not collective: the stop flag of this process, for workers that check it between collectives.
    pub fn stop(&self) -> &StopFlag {
        &self.stop
    }

    /// Collective: the signal that asked a rank to stop, if one was asked; the same answer on all ranks.
    ///
    /// # Errors
    /// As [`Comm::barrier`].
    pub fn stop_requested(&self) -> Result<Option<Signal>> {
        let mine = self.stop.requested().map_or("", Signal::name);
        let first = |all: Vec<Vec<u8>>| all.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let name = self.star.round(MessageKind::Any, mine.into(), first)?;
        Ok(std::str::from_utf8(&name).ok().and_then(Signal::named))
    }

    /// Collective: returns `Ok` when `result` is `Ok` on all ranks. Otherwise all ranks return the error of the lowest
    /// rank that has one, as an [`Error::OnRank`]. Collectives still work afterwards. A single rank gets `result` back.
    ///
    /// # Errors
    /// That error, or as [`Comm::barrier`].
    pub fn agree<T>(&self, result: Result<T>) -> Result<T> {
        let World { rank, size } = self.world();
        if size == 1 {
            return result;
        }
        let mine =
            result.as_ref().err().map(|error| encode_error(error, rank, self.host())).unwrap_or_default();
        let lowest = |all: Vec<Vec<u8>>| all.into_iter().find(|error| !error.is_empty()).unwrap_or_default();
        let verdict = self.star.round(MessageKind::Agree, mine, lowest)?;
        if verdict.is_empty() {
            return result;
        }
        Err(decode_error(&verdict).unwrap_or_else(|| self.unreadable()))
    }

    /// Collective: groups the ranks by host. Ranks are on the same host when their `identity` texts are equal.
    ///
    /// # Errors
    /// As [`Comm::barrier`].
    pub fn host_world(&self, identity: &str) -> Result<HostWorld> {
        let join = |all: Vec<Vec<u8>>| {
            encode_texts(all.iter().map(|one| std::str::from_utf8(one).unwrap_or_default()))
        };
        let all = self.star.round(MessageKind::Gather, identity.into(), join)?;
        Ok(HostWorld::of(self.world().rank, &self.texts(&all)?))
    }

    /// Not collective: ends the collectives of all ranks with `error`, as if the body of `run` had returned it.
    /// Returns the error that all ranks agreed on: `error`, or an earlier error of another rank.
    pub fn fail(&self, error: Error) -> Error {
        self.star.fail(error)
    }

    /// Not collective: ends the whole job at once, from any state.
    pub fn abort(&self, code: ExitCode) -> ! {
        end_job(code)
    }

    /// The last collective: all ranks succeed, or all return the same error.
    fn finish<T>(&self, result: Result<T>) -> Result<T> {
        let value = result.map_err(|error| self.fail(error))?;
        self.star.round(MessageKind::Finish, vec![], |_| vec![]).map(|_| value)
    }

    fn texts(&self, bytes: &[u8]) -> Result<Vec<String>> {
        decode_texts(bytes).ok_or_else(|| self.fail(self.unreadable()))
    }

    fn unreadable(&self) -> Error {
        Error::Failed("a message of rank 0 is unreadable: the network or its library corrupts data".into())
    }
}

/// Returns every rank's host if all ranks run the same version.
fn one_version(introductions: Vec<[String; 2]>) -> Result<Vec<String>> {
    let first = introductions.first().map(|[version, _]| version.clone());
    for (rank, [version, host]) in introductions.iter().enumerate() {
        if Some(version) != first.as_ref() {
            return Err(Error::Environment(format!(
                "rank {rank} on {host} runs numamark {version}, rank 0 runs {}; install one version everywhere",
                first.unwrap_or_default()
            )));
        }
    }
    Ok(introductions.into_iter().map(|[_, host]| host).collect())
}
