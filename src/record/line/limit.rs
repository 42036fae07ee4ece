//! One timing of plain stores, or of triad, over the pages of a case.

use serde::{Deserialize, Serialize};

/// One loop, run by all workers of a rank together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitTiming {
    /// Before or after the timed region that this limit is compared with.
    pub when: When,
    /// Other ranks that ran the loop at the same time.
    pub with: With,
    /// Loop that was timed.
    pub kernel: LimitKernel,
    /// Bytes stored, or moved by triad as STREAM counts.
    pub bytes: u64,
    /// Time from the first worker's start to the last worker's end.
    pub elapsed_ns: u64,
}

/// Time at which a limit was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the warm-up.
    Before,
    /// After the timed region.
    After,
}

/// Ranks that run the loop at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum With {
    /// All ranks of the run.
    All,
    /// One rank at a time on each host.
    Alone,
}

/// Loop that measures a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKernel {
    /// `memset` of the C library.
    Memset,
    /// The widest store instructions, through the caches.
    Ordinary,
    /// The widest store instructions, bypassing the caches.
    NonTemporal,
    /// `a = b + scale * c`.
    Triad,
}
