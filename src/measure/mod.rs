//! Reading time and keeping what was read: the clock and the histogram.

pub mod clock;
pub mod histogram;

pub use clock::{Clock, Ticks};
pub use histogram::Histogram;
