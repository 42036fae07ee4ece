//! The hash of a job: equal for jobs that ask for the same, whatever their files look like.

use super::Job;
use crate::hash::hash;

impl Job {
    /// XXH3-128 of the effective job, in 32 hexadecimal digits.
    ///
    /// Comments, order of keys, notation of sizes and whether a default was written out do not change it.
    pub fn hash(&self) -> String {
        hash_of(&self.effective())
    }
}

/// The hash of a job by its effective text.
pub fn hash_of(effective: &str) -> String {
    format!("{:032x}", hash(effective.as_bytes()))
}
