//! Measurement of time, memory and noise, and storage of the values: the clock, the histogram, the kernel's counters,
//! and the cost of measuring.

pub mod clock;
mod core_clock;
mod cost;
pub mod histogram;
mod instruments;
#[cfg(feature = "cli")]
pub mod log;
pub mod noise;
mod resident;

pub use clock::{Clock, Ticks};
pub use core_clock::core_clock_probe_ns;
pub use cost::{Events, Measuring, Prices};
pub use histogram::Histogram;
pub use instruments::Instruments;
pub use noise::{Noise, NoiseCounters, ThreadLife, WorkerNoise, thread_cpu_ns};
pub use resident::resident_peak_bytes;
