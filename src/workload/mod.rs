//! What happens inside a timed region.

pub mod allocate;
