//! Statistics as pure functions: medians, effects and quantiles of repetitions, with their confidence intervals.
//!
//! No function draws a random number, and logarithms are those of `libm`, so `verify` derives the same bits on any
//! machine. `tests/statistics` simulates the error rate of each rule.
//!
//! **Which confidence interval.** A 95 % confidence interval needs six independent values unless their distribution is
//! known. With fewer values the range is given, with its own level (50, 75, 87.5, 93.75 %), and no verdict is based on
//! it.
//! - [`median_confidence_interval`], for a figure of a run: interpolated order statistics, because repetitions are
//!   skewed. Covers 94 to 95.5 % from 6 to 100 repetitions, with up to 30 % of them disturbed.
//! - [`effect`], for two arms: an inverted signed-rank test. Pairing makes the differences symmetric for any
//!   distribution of the values. Covers 94 to 96 % on 1 to 64 hosts. Identical arms: false positives below 5.6 % for
//!   one metric, 4.5 % for four under [`holm`]. Rejected: a bootstrap covers 70 % on two hosts and 85 to 88 % on four.
//!   Student's t loses its power with a few disturbed pairs, and is too certain about five pairs that agree by chance.
//!   Without interpolation six replicates cover 96.9 %.
//!
//! **Replicates.** Nodes of a host, and hosts in a round, share disturbances. Their values are therefore condensed to
//! one value and never pooled. From six hosts on the hosts are the replicates ([`Scope::HostsLikeThese`]); below six,
//! the rounds are ([`Scope::TheseHosts`]). Where a test finds that rounds share an effect on all hosts, its variance is
//! added: the coverage stays at 95 % for a small shared effect, and is 87 to 90 % for one as large as a host's own
//! noise (67 to 86 % without the addition).
//!
//! **Limitation.** Rounds are assumed to be independent. If each of twenty rounds correlates with the one before, the
//! coverage is 88 % (correlation 0.3) or 74 % (0.6) instead of 95 %. Remedies for a drift over several rounds: arms
//! that alternate (the drift cancels in pairs), longer rounds, or several runs. Ties, such as those of a coarse clock,
//! make confidence intervals longer, never shorter.

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
