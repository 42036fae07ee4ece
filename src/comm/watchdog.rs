//! The watchdog: ends the job when a rank stays in one stage beyond the stage's time limit.
//!
//! One thread per rank. It wakes once a second and counts only the time it observed itself, so that a job that was
//! suspended (Ctrl-Z, `scontrol suspend`) and continued does not count as hung. In the second half of a time limit it also
//! asks how many tasks share each CPU of the host: where there are five, a second counts as a fifth. A rank that hardly gets a CPU
//! is slow, and a rank that hangs is found all the same.
//!
//! After TERM the time limit for waiting is short: when one rank has died, launchers send TERM to the remaining ranks.
//! A rank that waits for the dead rank would otherwise wait until its stage's time limit, or until the KILL that Slurm
//! sends 30 s later. The short limit still leaves time for the rank that knows the cause to end the job first.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::crowd::tasks_per_cpu;
use super::ending::{Speaker, end_job, speak_first};
use super::stop::{Signal, StopFlag};
use super::waiting::Waiting;
use crate::error::{Error, ExitCode, Result};

/// The longest sleep of the watchdog's thread.
const TICK: Duration = Duration::from_secs(1);

/// A tick longer than this means a suspended process, not a busy machine.
const LONGEST_TICK: Duration = Duration::from_secs(3);

/// Time for a rank to report and end the job before the next one does: on a busy machine `MPI_Abort` takes seconds.
const GRACE_STEP: Duration = Duration::from_secs(5);

/// Longest time that a rank waits for others after TERM.
const PATIENCE_AFTER_TERM: Duration = Duration::from_secs(5);

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

/// The stage that a rank is in. `None` instead of a stage ends the watchdog.
#[derive(Debug)]
struct Stage {
    name: String,
    time_limit: Duration,
    /// Time counted in this stage: what was observed, less where tasks shared a CPU.
    elapsed: Duration,
    /// Time observed in this stage and not counted.
    uncounted: Duration,
    /// The part of `elapsed` after TERM in which this rank has waited for others without a break.
    doomed: Duration,
    /// Distinguishes a stage from the one before, even if both have the same name.
    number: u64,
}

impl Stage {
    fn new(name: &str, time_limit: Duration, number: u64) -> Stage {
        Stage {
            name: name.into(),
            time_limit,
            elapsed: Duration::ZERO,
            uncounted: Duration::ZERO,
            doomed: Duration::ZERO,
            number,
        }
    }
}

impl Stage {
    /// The part of a tick that counts towards the time limit. `crowd` is asked in the second half only: most stages never
    /// reach it, and nothing is read beside them.
    fn counted(&self, tick: Duration, crowd: impl Fn() -> f64) -> Duration {
        if self.elapsed < self.time_limit / 2 { tick } else { tick.div_f64(crowd().max(1.0)) }
    }
}

/// The reason why the job is ended.
#[derive(Debug)]
enum Expired {
    Limit(Stage),
    Doomed(Stage),
}

impl Watchdog {
    /// Starts the thread in its first stage.
    pub fn start(
        speaker: Speaker,
        waiting: Arc<Waiting>,
        stop: StopFlag,
        stage: &str,
        time_limit: Duration,
    ) -> Result<Watchdog> {
        let first = Stage::new(stage, time_limit, 0);
        let shared = Arc::new(Shared { stage: Mutex::new(Some(first)), changed: Condvar::new() });
        let rank = speaker.rank.unwrap_or(0);
        let watched = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("rank {rank} watchdog"))
            .spawn(move || {
                if let Some(expired) = watched.watch(&waiting, &stop, grace(rank)) {
                    let (code, line) = report(&expired, waiting.missing().as_deref());
                    speak_first();
                    speaker.say(&line);
                    end_job(code)
                }
            })
            .map_err(|why| Error::Environment(format!("cannot start the watchdog's thread: {why}")))?;
        Ok(Watchdog { shared, thread: Some(thread) })
    }

    /// The rank enters the stage `name` and may stay in it for `time_limit`.
    pub fn stage(&self, name: &str, time_limit: Duration) {
        let mut stage = self.shared.lock();
        let number = stage.as_ref().map_or(0, |before| before.number + 1);
        *stage = Some(Stage::new(name, time_limit, number));
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
        // A stage is replaced in one assignment, so it is complete even if a holder of the lock panicked.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the stage that expired, or `None` when the rank is done.
    ///
    /// A rank that waits for others gets `grace` in addition, so that the rank that hangs, or rank 0, which knows the
    /// missing ranks, reports first.
    fn watch(&self, waiting: &Waiting, stop: &StopFlag, grace: Duration) -> Option<Expired> {
        let mut current = self.lock();
        loop {
            let waits = waiting.missing().is_some();
            let doomed = waits && stop.requested() == Some(Signal::Terminate);
            let grace = if waits { grace } else { Duration::ZERO };
            let stage = current.as_mut()?;
            let number = stage.number;
            let left = match doomed {
                true => (PATIENCE_AFTER_TERM + grace).saturating_sub(stage.doomed),
                false => (stage.time_limit + grace).saturating_sub(stage.elapsed),
            };
            if left.is_zero() {
                return current.take().map(if doomed { Expired::Doomed } else { Expired::Limit });
            }
            let asleep = Instant::now();
            let woken = self.changed.wait_timeout(current, left.min(TICK));
            current = woken.unwrap_or_else(PoisonError::into_inner).0;
            if let Some(stage) = current.as_mut().filter(|stage| stage.number == number) {
                let seen = seen(asleep.elapsed());
                let counted = stage.counted(seen, tasks_per_cpu);
                stage.elapsed += counted;
                stage.uncounted += seen - counted;
                stage.doomed = if doomed { stage.doomed + seen } else { Duration::ZERO };
            }
        }
    }
}

/// The part of a tick that counts as observed.
fn seen(tick: Duration) -> Duration {
    if tick > LONGEST_TICK { TICK } else { tick }
}

/// Extra time after the time limit before a waiting rank reports: one step on rank 0, two on rank 1, three above.
fn grace(rank: u32) -> Duration {
    (rank.min(2) + 1) * GRACE_STEP
}

/// The exit code, and the line for a person.
fn report(expired: &Expired, missing: Option<&str>) -> (ExitCode, String) {
    let (Expired::Limit(stage) | Expired::Doomed(stage)) = expired;
    let Stage { name, time_limit, elapsed, uncounted, doomed, .. } = stage;
    let (seconds, time_limit) = (elapsed.as_secs_f64(), time_limit.as_secs_f64());
    let more = match uncounted.as_secs() {
        0 => String::new(),
        more => format!(", without {more} s more in which tasks shared the CPUs"),
    };
    let missing_now = missing.unwrap_or("others");
    match (expired, missing) {
        (Expired::Doomed(_), _) => {
            let waited = doomed.as_secs_f64();
            let line = format!(
                "SIGTERM, and {waited:.1} s later still waiting in '{name}' for {missing_now}; ending the job"
            );
            (ExitCode::Incomplete, line)
        }
        (Expired::Limit(_), Some(who)) => {
            let line = format!(
                "waited {seconds:.1} s (limit {time_limit:.1} s) in '{name}' for {who}{more}; ending the job"
            );
            (ExitCode::Failed, line)
        }
        (Expired::Limit(_), None) => {
            let line = format!(
                "hung: still in '{name}' after {seconds:.1} s (limit {time_limit:.1} s){more}; ending the job"
            );
            (ExitCode::Failed, line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(time_limit: Duration) -> Shared {
        Shared { stage: Mutex::new(Some(Stage::new("round 3", time_limit, 0))), changed: Condvar::new() }
    }

    #[test]
    fn a_stage_expires_after_its_limit_and_not_before() {
        let time_limit = Duration::from_millis(30);
        let begin = Instant::now();
        let stage =
            shared(time_limit).watch(&Waiting::new(1), &StopFlag::never(), Duration::ZERO).expect("expired");
        assert!(begin.elapsed() >= time_limit);
        let (code, line) = report(&stage, None);
        assert_eq!(code, ExitCode::Failed);
        assert!(line.starts_with("hung: still in 'round 3' after "), "{line}");
        assert!(line.ends_with(" s (limit 0.0 s); ending the job"), "{line}");
    }

    #[test]
    fn a_rank_that_waits_for_others_lets_them_speak_first() {
        let (time_limit, grace) = (Duration::from_millis(10), Duration::from_millis(40));
        let waiting = Waiting::new(4);
        waiting.wait_for(2);
        let begin = Instant::now();
        let stage = shared(time_limit).watch(&waiting, &StopFlag::never(), grace).expect("expired");
        assert!(begin.elapsed() >= time_limit + grace);
        let (_, line) = report(&stage, waiting.missing().as_deref());
        assert!(line.ends_with("in 'round 3' for rank 2; ending the job"), "{line}");
    }

    #[test]
    fn a_new_stage_starts_from_zero_and_dropping_ends_the_thread() {
        let speaker = Speaker { host: "alpha".into(), rank: None };
        let waiting = Arc::new(Waiting::new(1));
        let watchdog = Watchdog::start(speaker, waiting, StopFlag::never(), "a", Duration::from_secs(3600))
            .expect("a thread");
        // Many short stages: if the time of one were carried over, or a limit mixed up, this process would end.
        for number in 0..10_000 {
            watchdog.stage(&format!("stage {number}"), Duration::from_secs(3600));
        }
        drop(watchdog);
    }

    #[test]
    fn a_second_on_a_crowded_cpu_counts_less_in_the_second_half_of_a_limit() {
        let mut stage = Stage::new("round 3", Duration::from_secs(60), 0);
        let of_five = |stage: &Stage| stage.counted(TICK, || 5.0);
        assert_eq!(of_five(&stage), TICK);
        stage.elapsed = Duration::from_secs(30);
        assert_eq!(of_five(&stage), TICK / 5);
        assert_eq!(stage.counted(TICK, || 0.25), TICK, "an idle CPU makes no second longer");

        (stage.elapsed, stage.uncounted) = (Duration::from_secs(60), Duration::from_secs(90));
        let (_, line) = report(&Expired::Limit(stage), None);
        let expected = "hung: still in 'round 3' after 60.0 s (limit 60.0 s), without 90 s more in which tasks \
                        shared the CPUs; ending the job";
        assert_eq!(line, expected);
    }

    #[test]
    fn a_suspended_process_is_not_a_hung_one() {
        assert_eq!(seen(Duration::from_secs(3600)), TICK);
        assert_eq!(seen(Duration::from_millis(1500)), Duration::from_millis(1500));
    }
}
