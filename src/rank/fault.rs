//! Faults on demand, only in builds with debug assertions. With them the tests see the effect of a bug in numamark.
//!
//! `NUMAMARK_FAULT=panic:RANK`, `panic:RANK:WORKER`, `hang:RANK` or `hang:RANK:WORKER` takes effect in the first
//! repetition of that rank, on the rank's own thread or on that worker's thread. A release build has no faults.

/// A place where a fault can take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPoint {
    /// The rank.
    pub rank: u32,
    /// One of the rank's workers; `None` for the rank's own thread.
    pub worker: Option<usize>,
}

/// Panics or hangs if `NUMAMARK_FAULT` asks for it at this place.
#[cfg(debug_assertions)]
pub fn strike(here: FaultPoint) {
    let Ok(wanted) = std::env::var("NUMAMARK_FAULT") else { return };
    let mut fields = wanted.split(':');
    let fault = fields.next().unwrap_or_default();
    let place = FaultPoint {
        rank: fields.next().and_then(|rank| rank.parse().ok()).unwrap_or(u32::MAX),
        worker: fields.next().and_then(|worker| worker.parse().ok()),
    };
    match fault {
        _ if place != here => {}
        "panic" => panic!("NUMAMARK_FAULT={wanted}"),
        "hang" => loop {
            std::thread::park();
        },
        _ => {}
    }
}

/// Does nothing: this is not a build for tests.
#[cfg(not(debug_assertions))]
#[inline]
pub fn strike(_here: FaultPoint) {}
