//! The hash of a job: equal for jobs that ask for the same, whatever their files look like.

use super::Job;
use crate::hash::hash;

impl Job {
    /// XXH3-128 of the effective job, in 32 hexadecimal digits.
    ///
    /// Comments, order of keys, notation of sizes and whether a default was written out do not change it.
    pub fn hash(&self) -> String {
        format!("{:032x}", hash(self.effective().as_bytes()))
    }
}
