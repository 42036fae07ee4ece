//! Pure functions of numbers: what a set of repetitions, and a sampled distribution, have to say.
//!
//! Nothing here draws a random number: every interval and every test is counted, so that `verify` derives the same bits.

mod coincidence;
mod drift;
mod effect;
mod grid;
mod holm;
mod interval;
mod judgement;
mod power;
mod quantile;
mod signed_rank;
mod stop;
mod straggler;
mod student;
mod summary;

pub use coincidence::{Coincidence, coincidence, slow_repetitions};
pub use drift::{Drift, drift};
pub use effect::{Effect, Pair, Scope, effect, effect_within};
pub use holm::holm;
pub use interval::{ENOUGH, Interval, LEVEL, half_width, median_interval};
pub use judgement::{Better, Judgement, judge, reach};
pub use power::{POWER, pairs_needed, smallest_detectable};
pub use quantile::{Stratum, quantile};
pub use stop::{Decision, StopRule, stop};
pub use straggler::{Straggling, Watched, cost, stragglers};
pub use summary::{median, relative_range};
