//! The watchdog: ends the job when a rank stays in one stage beyond its limit.
//!
//! One thread a rank. It wakes once a second and counts only the seconds it was awake to see, so that a job which is
//! suspended (Ctrl-Z, `scontrol suspend`) and continued is not taken for a hung one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ending::{Speaker, end_job};
use super::waiting::Waiting;
use crate::error::{Error, ExitCode, Result};

/// The longest sleep of the watchdog's thread.
const TICK: Duration = Duration::from_secs(1);

/// A tick that lasts longer than this was a suspended process, not a busy machine.
const LONGEST_TICK: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    stage: Mutex<Option<Stage>>,
    changed: Condvar,
}

/// What a rank is doing; `None` in its place ends the watchdog.
#[derive(Debug)]
struct Stage {
    name: String,
    limit: Duration,
    /// Time seen in this stage.
    elapsed: Duration,
    /// Tells a stage from the one before, however they are named.
    number: u64,
}

impl Watchdog {
    /// Starts the thread in its first stage.
    pub fn start(speaker: Speaker, waiting: Arc<Waiting>, stage: &str, limit: Duration) -> Result<Watchdog> {
        let first = Stage { name: stage.into(), limit, elapsed: Duration::ZERO, number: 0 };
        let shared = Arc::new(Shared { stage: Mutex::new(Some(first)), changed: Condvar::new() });
        let rank = speaker.rank.unwrap_or(0);
        let watched = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("rank {rank} watchdog"))
            .spawn(move || {
                if let Some(stage) = watched.watch(&waiting, grace(rank)) {
                    speaker.say(&report(&stage, waiting.missing().as_deref()));
                    end_job(ExitCode::Failed)
                }
            })
            .map_err(|why| Error::Environment(format!("cannot start the watchdog's thread: {why}")))?;
        Ok(Watchdog { shared, thread: Some(thread) })
    }

    /// From now on the rank is in the stage `name` and may stay there for `limit`.
    pub fn stage(&self, name: &str, limit: Duration) {
        let mut stage = self.shared.lock();
        let number = stage.as_ref().map_or(0, |before| before.number + 1);
        *stage = Some(Stage { name: name.into(), limit, elapsed: Duration::ZERO, number });
        drop(stage);
        self.shared.changed.notify_one();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.shared.lock() = None;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _it_cannot_panic = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Stage>> {
        // A stage is replaced in one assignment: it is whole even if a holder of the lock panicked.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the stage that expired, or `None` when the rank is done.
    ///
    /// A rank that waits for others is given `grace` on top, so that the rank which hangs, or rank 0 which knows who is
    /// missing, speaks first.
    fn watch(&self, waiting: &Waiting, grace: Duration) -> Option<Stage> {
        let mut current = self.lock();
        loop {
            let stage = current.as_ref()?;
            let number = stage.number;
            let allowed = if waiting.missing().is_some() { stage.limit + grace } else { stage.limit };
            let left = allowed.saturating_sub(stage.elapsed);
            if left.is_zero() {
                return current.take();
            }
            let asleep = Instant::now();
            let (woken, _) =
                self.changed.wait_timeout(current, left.min(TICK)).unwrap_or_else(PoisonError::into_inner);
            current = woken;
            if let Some(stage) = current.as_mut().filter(|stage| stage.number == number) {
                stage.elapsed += seen(asleep.elapsed());
            }
        }
    }
}

/// The part of a tick that counts.
fn seen(tick: Duration) -> Duration {
    if tick > LONGEST_TICK { TICK } else { tick }
}

/// How much later than its limit a waiting rank speaks.
fn grace(rank: u32) -> Duration {
    Duration::from_secs(u64::from(rank.min(2)) + 1)
}

fn report(stage: &Stage, missing: Option<&str>) -> String {
    let Stage { name, limit, elapsed, .. } = stage;
    let (seconds, limit) = (elapsed.as_secs_f64(), limit.as_secs_f64());
    match missing {
        Some(who) => {
            format!("waited {seconds:.1} s (limit {limit:.1} s) in '{name}' for {who}; ending the job")
        }
        None => format!("hung: still in '{name}' after {seconds:.1} s (limit {limit:.1} s); ending the job"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(limit: Duration) -> Shared {
        let stage = Stage { name: "round 3".into(), limit, elapsed: Duration::ZERO, number: 0 };
        Shared { stage: Mutex::new(Some(stage)), changed: Condvar::new() }
    }

    #[test]
    fn a_stage_expires_after_its_limit_and_not_before() {
        let limit = Duration::from_millis(30);
        let begin = Instant::now();
        let stage = shared(limit).watch(&Waiting::new(1), Duration::ZERO).expect("expired");
        assert!(begin.elapsed() >= limit);
        let line = report(&stage, None);
        assert!(line.starts_with("hung: still in 'round 3' after 0.0"), "{line}");
    }

    #[test]
    fn a_rank_that_waits_for_others_lets_them_speak_first() {
        let (limit, grace) = (Duration::from_millis(10), Duration::from_millis(40));
        let waiting = Waiting::new(4);
        waiting.wait_for(2);
        let begin = Instant::now();
        let stage = shared(limit).watch(&waiting, grace).expect("expired");
        assert!(begin.elapsed() >= limit + grace);
        let line = report(&stage, waiting.missing().as_deref());
        assert!(line.ends_with("in 'round 3' for rank 2; ending the job"), "{line}");
    }

    #[test]
    fn a_new_stage_starts_from_zero_and_dropping_ends_the_thread() {
        let speaker = Speaker { host: "alpha".into(), rank: None };
        let waiting = Arc::new(Waiting::new(1));
        let watchdog = Watchdog::start(speaker, waiting, "a", Duration::from_secs(3600)).expect("a thread");
        // Far more stages than time: were one stage's time carried over, or a limit mixed up, this process would end.
        for number in 0..10_000 {
            watchdog.stage(&format!("stage {number}"), Duration::from_secs(3600));
        }
        drop(watchdog);
    }

    #[test]
    fn a_suspended_process_is_not_a_hung_one() {
        assert_eq!(seen(Duration::from_secs(3600)), TICK);
        assert_eq!(seen(Duration::from_millis(1500)), Duration::from_millis(1500));
    }
}
