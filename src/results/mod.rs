//! The run directory: the files that a run leaves behind, and their proof.
//!
//! A rank writes [`record`]s to its [`Part`]. [`Evidence`] combines the records of all ranks, gathered during the run
//! or read from the parts. Only [`aggregate()`] makes [`Run`], the contents of `run.json`, from it.

pub mod aggregate;
pub mod compare;
pub mod directory;
mod durable;
pub mod ending;
pub mod environment;
mod evidence;
pub mod gate;
pub mod histograms;
pub mod live;
pub mod name;
pub mod part;
pub mod record;
pub mod resume;
pub mod run;
pub mod samples;
pub mod schema;
mod suspects;
pub mod verify;

pub use aggregate::{aggregate, of_repetition};
pub use compare::{Compared, compare_arms, compare_runs};
pub use directory::{RunDirectory, to_json};
pub use ending::ended_by;
pub use environment::Environment;
pub use evidence::{Evidence, Totals};
pub use gate::{Against, Bound, Gate, GateResult, Level, Outcome, resolve_gates};
pub use name::{default_path, utc_now};
pub use part::{Part, PartReader};
pub use record::{
    Begin, CheckRecord, End, HistogramRecord, LimitKernel, LimitTiming, Line, LocalityRecord, Measuring,
    Noise, Repetition, Row, When, With, WorkerNoise, decode, encode,
};
pub use resume::Done;
pub use run::{
    CaseHeader, CaseLimits, CaseResult, Comparison, Disturbance, DropRule, Dropped, EndedBy, Expected,
    GroupLimit, Header, HistogramSummary, Interval, Measure, Metric, Parameter, RankResult, Run, Stop,
    Straggler, Total,
};
pub use schema::run_schema;
pub use verify::{Verified, recover, verify};
