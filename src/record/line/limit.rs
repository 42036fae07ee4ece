//! One timing of plain stores, or of triad, over the pages of a case.

use serde::{Deserialize, Serialize};

/// What one rank's workers together did in one loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitTiming {
    /// Before or after what is judged by it.
    pub when: When,
    /// Who else was at it.
    pub with: With,
    /// The loop.
    pub kernel: LimitKernel,
    /// Bytes stored, or moved by triad as STREAM counts.
    pub bytes: u64,
    /// From the first worker's start to the last one's end.
    pub elapsed_ns: u64,
}

/// When a limit was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the warm-up.
    Before,
    /// After the timed region.
    After,
}

/// Who else of the run was at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum With {
    /// All ranks.
    All,
    /// No other rank of the host.
    Alone,
}

/// Which loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKernel {
    /// The C library's.
    Memset,
    /// The widest stores, through the caches.
    Ordinary,
    /// The widest stores, around them.
    NonTemporal,
    /// `a = b + scale * c`.
    Triad,
}
