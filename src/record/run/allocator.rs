//! The builds of a run's allocators.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One allocator of a run: its version, its build, and a check that the build is optimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllocatorBuild {
    /// The allocator, as the job names it.
    pub allocator: String,
    /// Version that the library reports, or that of the crate that builds it.
    pub version: String,
    /// Crate, compiler flags and options of the build, as far as they are known.
    pub build: String,
    /// Nanoseconds an operation of a short larson before the run, on rank 0; null for allocators that are not checked.
    pub larson_ns: Option<f64>,
    /// The same on the C library's allocator.
    pub system_larson_ns: Option<f64>,
    /// False when the allocator is so slow that it was built without optimisation; null when it was not checked.
    pub optimised: Option<bool>,
}
