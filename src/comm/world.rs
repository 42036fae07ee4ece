//! The place of a rank among all ranks.

/// A rank's place among all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Index of this rank, from 0.
    pub rank: u32,
    /// Number of ranks.
    pub size: u32,
}
