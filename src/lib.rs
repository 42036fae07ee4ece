//! numamark measures how fast each NUMA node of a cluster generates data and allocates memory.
//!
//! The modules form floors: a file uses lower floors or its own directory, and nothing above.
//! From the bottom up:
//!
//! | floor | module | owns |
//! |---|---|---|
//! | 0 | [`cgroup`], [`error`], [`hash`], [`mix`], [`units`], [`word`] | where control groups are; one error enum; hashes of bytes; 64-bit mixing; byte sizes and durations; closed sets of words |
//! | 1 | [`numa`], [`comm`], [`measure`], [`stats`] | topology and binding; ranks talking; clock and histograms; pure statistics |
//! | 2 | [`generator`], [`slab`] | the byte stream; the rank-local allocator |
//! | 3 | [`workload`] | what happens inside a timed region |
//! | 4 | [`job`] | the job file; its words are the enums of the rooms below |
//! | 5 | [`plan`] | job x world x topology -> every number resolved and checked |
//! | 6 | [`results`] | the run directory |
//! | 7 | [`rank`] | one rank's life |
//! | 8 | [`report`] | what a person looks at |
//! | 9 | [`cli`] | argv, exit codes, the only place that prints an error |
//!
//! `docs/architecture.md` follows one chunk through all of them.
#![deny(unsafe_code)]

pub mod cgroup;
pub mod error;
pub mod hash;
pub mod mix;
pub mod units;
pub mod word;

pub mod comm;
pub mod measure;
pub mod numa;
pub mod stats;

pub mod generator;
pub mod slab;

pub mod workload;

pub mod job;

pub mod plan;

pub mod results;

pub mod rank;

pub mod report;

pub mod cli;
