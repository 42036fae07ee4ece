//! Pure functions of numbers: what a set of repetitions, and a sampled distribution, have to say.

mod quantile;
mod summary;

pub use quantile::{Stratum, quantile};
pub use summary::{median, relative_range};
