//! State of a run without a whole result, and the sentence that says so.

use crate::units::{counted, grouped};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Run;

/// State of a run without a whole result, when that result was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Partial {
    /// State of the run.
    pub state: PartialState,
    /// Limit or signal that stopped the run, error that ended it, or host on which it may still run; null when none is
    /// known.
    pub why: Option<String>,
}

/// State of a run that has no whole result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartialState {
    /// A time limit or a signal stopped the run; it can be resumed.
    Stopped,
    /// An error ended the run.
    Failed,
    /// Rank 0 ended without a word, as a killed process does.
    Died,
    /// The run is still going on.
    Running,
    /// The run died or is still going on: this cannot be seen from another host.
    Unknown,
}

impl Run {
    /// Number of repetitions that every rank finished, over all cases.
    pub fn repetitions_done(&self) -> u64 {
        self.derived.cases.iter().map(|case| u64::from(case.total.repetitions)).sum()
    }

    /// `stopped by --time 20s after 3 of 12 repetitions`; `None` for a run that reached its end.
    pub fn standing(&self) -> Option<String> {
        let done = self.repetitions_done();
        let cases = u64::try_from(self.header.planned.len()).unwrap_or(u64::MAX);
        let planned = u64::from(self.header.repetitions).saturating_mul(cases);
        let at_most = if self.header.stop.is_some() { "at most " } else { "" };
        let count = format!("{} of {at_most}{}", grouped(done), counted(planned, "repetition"));
        match &self.partial {
            Some(partial) => Some(partial.sentence(&count)),
            None if self.complete => None,
            None => Some(format!("ended early, after {count}")),
        }
    }
}

impl Partial {
    /// The sentence for this count, such as `3 of 12 repetitions`.
    pub fn sentence(&self, count: &str) -> String {
        let why = self.why.as_deref();
        match self.state {
            PartialState::Stopped => format!("stopped by {} after {count}", why.unwrap_or("a request")),
            PartialState::Failed => {
                format!("failed after {count}{}", why.map_or(String::new(), |why| format!(" ({why})")))
            }
            PartialState::Died => format!("died after {count}, without a run.json"),
            PartialState::Running => format!("still running: {count} so far"),
            PartialState::Unknown => {
                let place = why.unwrap_or("another host");
                format!("died or still running on {place}, which cannot be seen from here: {count} so far")
            }
        }
    }
}
