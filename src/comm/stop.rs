//! A polite request to stop: INT, TERM or USR1.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::error::{Error, Result};

/// Whether this process was asked to stop. The first signal sets a flag that is looked at between rounds; a second one
/// of any of the three does what it would do to any program: it ends the process.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

/// Which signal asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// Sent by launchers and schedulers, who soon send KILL.
    Terminate,
    /// Sent ahead of a time limit (`sbatch --signal=USR1@60`).
    User1,
}

impl Signal {
    const ALL: [(i32, Signal); 3] =
        [(SIGINT, Signal::Interrupt), (SIGTERM, Signal::Terminate), (SIGUSR1, Signal::User1)];

    /// As `kill -l` says it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::User1 => "SIGUSR1",
        }
    }

    /// The signal with this name, for names that travel between ranks.
    pub(super) fn named(name: &str) -> Option<Signal> {
        Signal::ALL.into_iter().map(|(_, signal)| signal).find(|signal| signal.name() == name)
    }
}

impl Stop {
    /// Listens to the three signals from now on.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn listen() -> Result<Stop> {
        let (asked, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for (number, _) in Signal::ALL {
            // In this order: the first signal finds `asked` unset and sets it; the second finds it set.
            let value = usize::try_from(number).expect("signals are positive");
            signal_hook::flag::register_conditional_default(number, Arc::clone(&asked))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&asked)))
                .and_then(|_| signal_hook::flag::register_usize(number, Arc::clone(&signal), value))
                .map_err(|why| Error::Environment(format!("cannot handle signal {number}: {why}")))?;
        }
        Ok(Stop { asked, signal })
    }

    /// Never asked: signals do what they do to any program.
    pub fn never() -> Stop {
        Stop { asked: Arc::default(), signal: Arc::default() }
    }

    /// The run has ended and this process is about to leave: the next signal counts as the first again. `srun
    /// --kill-on-bad-exit` and `mpirun` send TERM to all as soon as one has left with a failure; a rank that was asked to
    /// stop before would die of it, and the launcher would report that instead of the exit code all ranks agreed on.
    pub fn forgive(&self) {
        // Relaxed: whether a signal that arrives in this instant is the second or the first does not matter.
        self.asked.store(false, Ordering::Relaxed);
    }

    /// The signal that asked this process. Ranks agree about it with [`super::Comm::stop_requested`].
    pub fn requested(&self) -> Option<Signal> {
        // Relaxed: the number is all there is to know; nothing else is published by it.
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
        assert_eq!((Signal::named(""), Stop::never().requested()), (None, None));
    }
}
