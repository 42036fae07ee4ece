//! Requests to stop by signal: INT, TERM or USR1.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::error::{Error, Result};

/// The flag that says if this process was asked to stop. The first signal sets the flag, which is read between rounds.
/// A second signal, any of the three, has its default effect: it ends the process.
#[derive(Clone, Debug)]
pub struct StopFlag {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// The signal that asked this process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// Sent by launchers and schedulers, which soon send KILL.
    Terminate,
    /// Sent ahead of a time limit (`sbatch --signal=USR1@60`).
    User1,
}

impl Signal {
    const ALL: [(i32, Signal); 3] =
        [(SIGINT, Signal::Interrupt), (SIGTERM, Signal::Terminate), (SIGUSR1, Signal::User1)];

    /// The name with `SIG` in front: "SIGINT".
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::User1 => "SIGUSR1",
        }
    }

    /// The inverse of `name`, for names sent between ranks.
    pub(super) fn named(name: &str) -> Option<Signal> {
        Signal::ALL.into_iter().map(|(_, signal)| signal).find(|signal| signal.name() == name)
    }
}

impl StopFlag {
    /// Installs handlers for the three signals.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn listen() -> Result<StopFlag> {
        let (asked, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for (number, _) in Signal::ALL {
            // The order matters: the first signal finds `asked` unset and sets it; the second finds it set.
            let value = usize::try_from(number).expect("signals are positive");
            signal_hook::flag::register_conditional_default(number, Arc::clone(&asked))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&asked)))
                .and_then(|_| signal_hook::flag::register_usize(number, Arc::clone(&signal), value))
                .map_err(|why| Error::Environment(format!("cannot handle signal {number}: {why}")))?;
        }
        Ok(StopFlag { asked, signal })
    }

    /// A request that never comes: signals keep their default effect.
    pub fn never() -> StopFlag {
        StopFlag { asked: Arc::default(), signal: Arc::default() }
    }

    /// Makes the next signal count as the first again; called when the run has ended and this process is about to
    /// leave. `srun --kill-on-bad-exit` and `mpirun` send TERM to all ranks as soon as one has left with a failure.
    /// TERM would kill a rank that was asked to stop before, and the launcher would report that instead of the agreed
    /// exit code.
    pub fn forgive(&self) {
        // Relaxed: a signal that arrives at this moment may count as first or as second; both are acceptable.
        self.asked.store(false, Ordering::Relaxed);
    }

    /// The signal that asked this process to stop. Ranks agree on it with [`super::Comm::stop_requested`].
    pub fn requested(&self) -> Option<Signal> {
        // Relaxed: only the number itself is read; it publishes no other data.
        let number = self.signal.load(Ordering::Relaxed);
        Signal::ALL
            .into_iter()
            .find_map(|(known, signal)| (usize::try_from(known) == Ok(number)).then_some(signal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_keep_their_names_on_the_way() {
        for (_, signal) in Signal::ALL {
            assert_eq!(Signal::named(signal.name()), Some(signal));
        }
        assert_eq!((Signal::named(""), StopFlag::never().requested()), (None, None));
    }
}
