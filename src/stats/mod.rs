//! Pure functions of numbers: what a set of repetitions, and a sampled distribution, have to say, and how sure it is.
//!
//! Nothing here draws a random number, and logarithms are those of `libm`: every confidence interval and every test is
//! counted, so that `verify` derives the same bits on any machine. How often each rule is wrong is simulated in
//! `tests/statistics`.
//!
//! **Which confidence interval.** A 95 % confidence interval needs six independent values unless their law is known; with
//! fewer the range is given, with the level that it has (50, 75, 87.5, 93.75 %), and no verdict follows from it.
//! - [`median_confidence_interval`], for a figure of a run: skewed repetitions, so only order statistics, interpolated.
//!   Covers 94 to 95.5 % from 6 to 100 repetitions, with up to 30 % of them disturbed.
//! - [`effect`], for two arms: pairing makes differences symmetric, whatever the law of the values is, so that the
//!   signed-rank test can be inverted. Covers 94 to 96 % on 1 to 64 hosts; A/A below 5.6 % for one metric, 4.5 % for four
//!   under [`holm`]. A bootstrap has 70 % on two hosts and 85 to 88 % on four; Student's t loses its power to a few disturbed
//!   pairs and trusts five that happen to agree; without interpolation six replicates cover 96.9 %.
//!
//! **Of what it speaks.** Nodes of a host, and hosts in a round, share disturbances: they are condensed, never pooled. From six
//! hosts on the hosts are the replicates ([`Scope::HostsLikeThese`]); below, the rounds of [`Scope::TheseHosts`]. What rounds
//! have in common on all hosts is added where a test finds it: with little in common 95 % stay, with as much as a
//! host's own noise 87 to 90 % (67 to 86 % without).
//!
//! **What it cannot see.** Rounds are taken for independent. Twenty rounds that follow the one before with a correlation of
//! 0.3 cover 88 %, of 0.6 only 74 %, instead of 95: a drift that lasts for several rounds asks for arms that
//! alternate (it cancels in pairs), for longer rounds, or for several runs. Values that are equal to the last digit, as of
//! a coarse clock, make confidence intervals longer, never shorter.

mod coincidence;
mod confidence;
mod drift;
mod effect;
mod grid;
mod holm;
mod judgement;
mod power;
mod quantile;
mod signed_rank;
mod stop;
mod straggler;
mod student;
mod summary;

pub use coincidence::{Coincidence, coincidence, slow_repetitions};
pub use confidence::{ConfidenceInterval, ENOUGH, LEVEL, half_width, median_confidence_interval};
pub use drift::{Drift, drift};
pub use effect::{Effect, Pair, Scope, effect, effect_within};
pub use holm::holm;
pub use judgement::{Better, Judgement, judge, reach};
pub use power::{POWER, pairs_needed, smallest_detectable};
pub use quantile::{Stratum, quantile};
pub use stop::{Decision, StopRule, looks_after, stop};
pub use straggler::{NodeRates, Straggling, cost, stragglers};
pub use summary::{median, relative_range};
