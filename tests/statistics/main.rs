//! Error rates of the statistics, by simulation, compared with the rates that the figures of a run claim.
//!
//! Every draw is from a fixed seed. The figures are printed: `cargo test --test statistics -- --nocapture`.
#![cfg(feature = "cli")]

mod comparisons;
mod medians;
mod stragglers;
mod world;
