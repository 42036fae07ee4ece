//! Reading time and keeping what was read: the clock and the histogram.

pub mod clock;
pub mod histogram;

pub use clock::{Clock, Ticks, thread_cpu_ns};
pub use histogram::Histogram;
