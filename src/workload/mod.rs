//! What happens inside a timed region.

pub mod barrier;
pub mod limit;
