//! What happens inside a timed region.

pub mod allocate;
pub mod barrier;
pub mod limit;
