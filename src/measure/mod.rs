//! Reading time and memory, and keeping what was read: the clock, the resident peak and the histogram.

pub mod clock;
pub mod histogram;
pub mod log;
mod resident;

pub use clock::{Clock, Ticks, thread_cpu_ns};
pub use histogram::Histogram;
pub use resident::resident_peak_bytes;
