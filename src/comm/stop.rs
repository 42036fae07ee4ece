//! A polite request to stop: INT, TERM or USR1.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::error::{Error, Result};

/// Whether this process was asked to stop. The first signal sets a flag that is looked at between rounds; a second one
/// of any of the three does what it would do to any program: it ends the process.
#[derive(Clone, Debug)]
pub struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens to the three signals from now on.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn listen() -> Result<Stop> {
        let (asked, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in [SIGINT, SIGTERM, SIGUSR1] {
            // In this order: the first signal finds `asked` unset and sets it; the second finds it set.
            let value = usize::try_from(number).expect("signals are positive");
            signal_hook::flag::register_conditional_default(number, Arc::clone(&asked))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&asked)))
                .and_then(|_| signal_hook::flag::register_usize(number, Arc::clone(&signal), value))
                .map_err(|why| Error::Environment(format!("cannot handle signal {number}: {why}")))?;
        }
        Ok(Stop { signal })
    }

    /// The name of the signal that asked this process to stop. Ranks agree about it with `Comm::any`.
    pub fn requested(&self) -> Option<&'static str> {
        // Relaxed: the number is all there is to know; nothing else is published by it.
        match i32::try_from(self.signal.load(Ordering::Relaxed)) {
            Ok(SIGINT) => Some("SIGINT"),
            Ok(SIGTERM) => Some("SIGTERM"),
            Ok(SIGUSR1) => Some("SIGUSR1"),
            _ => None,
        }
    }
}
