//! The words of a run directory: the lines of a part, and the shape of `run.json`. Plain data with its checks.
//!
//! A rank writes [`Line`]s to its [`Part`]; [`PartReader`] reads them back one at a time. [`Run`] is the contents of
//! `run.json`, which `aggregate` makes from the parts.
// A number that does not fit would be a wrong result.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub mod durable;
pub mod line;
pub mod part;
pub mod run;
mod text;

pub use line::{
    Begin, End, HistogramRecord, LimitKernel, LimitTiming, Line, LocalityRecord, Measuring, Noise,
    Repetition, Row, SampleFindings, When, With, WorkerNoise, decode, encode,
};
pub use part::{Done, Part, PartReader};
pub use run::{
    Against, AllocatorBuild, Bound, CaseHeader, CaseLimits, CaseResult, Comparison, ConfidenceInterval,
    Disturbance, DropRule, Dropped, EndedBy, Expected, Gate, GateResult, GroupLimit, Header,
    HistogramSummary, Level, Measure, Metric, Outcome, Parameter, RankResult, Run, Stop, Straggler, Total,
};
pub use text::json_text;
