//! numamark measures how fast each NUMA node of a cluster generates data and allocates memory.
//!
//! The modules form floors: a file uses lower floors or its own directory, and nothing above.
//! From the bottom up:
//!
//! | floor | module | owns |
//! |---|---|---|
//! | 0 | [`cgroup`], [`error`], [`hash`], `made_up`, [`mix`], [`screen`], [`units`], [`word`] | where control groups are; one error enum; hashes of bytes; files of a made-up machine, for tests; 64-bit mixing; line breaks; byte sizes and durations; closed sets of words |
//! | 1 | [`stats`], [`metric`] | pure statistics; every metric once |
//! | 2 | [`numa`], [`comm`], [`measure`], [`generator`] | topology and binding; ranks talking; clock and histograms; the byte stream |
//! | 3 | [`slab`], [`environment`] | the rank-local allocator; the machine as far as it changes a benchmark |
//! | 4 | [`workload`] | what happens inside a timed region |
//! | 5 | [`record`] | the lines of a part and the shape of `run.json` |
//! | 6 | [`job`] | the job file, whose words are the enums of the rooms below |
//! | 7 | [`plan`], [`aggregate`] | job x world x topology -> every number resolved and checked; evidence -> figures |
//! | 8 | [`results`] | the run directory: files, verify, resume, recover |
//! | 9 | [`rank`], [`compare`] | one rank's life; differences between runs |
//! | 10 | [`report`] | what a person looks at |
//! | 11 | [`cli`] | argv, exit codes, the only place that prints an error |
//!
//! `docs/architecture.md` follows one chunk through all of them.
//!
//! Without the feature `cli` this crate is a library: [`generator`] and [`slab`] with the rooms below them. All other rooms
//! belong to the program.
#![deny(unsafe_code)]
#![cfg_attr(not(feature = "cli"), allow(rustdoc::broken_intra_doc_links))] // the table above names rooms of the program

pub mod cgroup;
pub mod error;
pub mod generator;
pub mod hash;
#[cfg(test)]
mod made_up;
pub mod measure;
pub mod mix;
pub mod numa;
pub mod slab;
pub mod units;
pub mod word;

// The program.
#[cfg(feature = "cli")]
pub mod aggregate;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod comm;
#[cfg(feature = "cli")]
pub mod compare;
#[cfg(feature = "cli")]
pub mod environment;
#[cfg(feature = "cli")]
pub mod job;
#[cfg(feature = "cli")]
pub mod metric;
#[cfg(feature = "cli")]
pub mod plan;
#[cfg(feature = "cli")]
pub mod rank;
#[cfg(feature = "cli")]
pub mod record;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod results;
#[cfg(feature = "cli")]
pub mod screen;
#[cfg(feature = "cli")]
pub mod stats;
#[cfg(feature = "cli")]
pub mod workload;
