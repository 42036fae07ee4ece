//! Allocator workloads and the allocators that serve them: each is a trait, a word and a file of its own.
//!
//! | file | owns |
//! |---|---|
//! | `pattern.rs` | the trait of a workload; below it one file a workload |
//! | `peer/` | the trait of an allocator; one file an allocator |
//! | `choice.rs` | the words, and the `match` from words to types |
//! | `provenance.rs` | the build of an allocator, and the check that it is optimised |
//! | `session.rs` | one repetition of any workload on any allocator |

mod choice;
mod fifo;
pub mod larson;
pub mod pattern;
pub mod peer;
mod provenance;
mod session;

pub use choice::{Allocator, Parameters, Workload};
pub use provenance::Speed;
pub use session::{Session, Span, WorkerRecord};
