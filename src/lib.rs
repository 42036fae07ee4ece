//! numamark measures how fast each NUMA node of a cluster generates data and allocates memory.
//!
//! The modules stand in floors: a file uses lower floors, or its own directory, and nothing above.
//! From the ground up:
//!
//! | floor | module | owns |
//! |---|---|---|
//! | 0 | [`cgroup`], [`error`], [`hash`], [`mix`], [`units`] | where control groups are; one error enum; hashes of bytes; 64-bit mixing; byte sizes and durations |
//! | 1 | [`numa`], [`comm`], [`measure`], [`stats`] | topology and binding; ranks talking; clock and histograms; pure statistics |
//! | 2 | [`generator`], [`slab`] | the byte stream; the rank-local allocator |
//! | 3 | [`job`], [`workload`] | the job file; what happens inside a timed region |
//! | 4 | [`plan`] | job x world x topology -> every number resolved and checked |
//! | 5 | [`results`] | the run directory |
//! | 6 | [`rank`] | one rank's life |
//! | 7 | [`report`] | what a person looks at |
//! | 8 | [`cli`] | argv, exit codes, the only place that prints an error |
//!
//! `docs/architecture.md` follows one chunk through all of them.
#![deny(unsafe_code)]

pub mod cgroup;
pub mod error;
pub mod hash;
pub mod mix;
pub mod units;

pub mod comm;
pub mod measure;
pub mod numa;
pub mod stats;

pub mod generator;
pub mod slab;

pub mod job;
pub mod workload;

pub mod plan;

pub mod results;

pub mod rank;

pub mod report;

pub mod cli;
