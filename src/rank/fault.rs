//! Faults on demand, in builds with debug assertions alone: how the tests see what a bug in here would do.
//!
//! `NUMAMARK_FAULT=panic:RANK`, `panic:RANK:WORKER`, `hang:RANK` or `hang:RANK:WORKER` strikes in the first repetition
//! of that rank, on its own thread or on that worker's. A release build has none of this.

/// Where a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The rank.
    pub rank: u32,
    /// One of its workers, or its own thread.
    pub worker: Option<usize>,
}

/// Panics or hangs if that was asked for here.
#[cfg(debug_assertions)]
pub fn strike(here: Place) {
    let Ok(wanted) = std::env::var("NUMAMARK_FAULT") else { return };
    let mut fields = wanted.split(':');
    let fault = fields.next().unwrap_or_default();
    let place = Place {
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

/// Nothing: this is not a build for tests.
#[cfg(not(debug_assertions))]
#[inline]
pub fn strike(_here: Place) {}
