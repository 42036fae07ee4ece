//! Allocator workloads and the allocators that serve them: each is a trait, a word and a file of its own.
//!
//! | file | owns |
//! |---|---|
//! | `pattern.rs` | the trait of a workload; below it one file per workload |
//! | `sizes.rs` | sizes of objects, and how they are drawn |
//! | `ring.rs` | a bounded queue of batches between two workers |
//! | `peer/` | the trait of an allocator; one file an allocator |
//! | `choice.rs` | the words, their defaults, and the `match` from words to types |
//! | `provenance.rs` | the build of an allocator, and the check that it is optimised |
//! | `region.rs` | one worker's way through a region: closed loop, open loop |
//! | `session.rs` | one repetition of any workload on any allocator |

mod burst;
mod choice;
mod cross_thread;
mod draws;
pub mod fifo;
mod grow;
pub mod larson;
mod larson_churn;
pub mod mixed_lifetime;
#[cfg(test)]
mod numbering;
pub mod pattern;
pub mod peer;
mod pingpong;
mod provenance;
mod region;
mod ring;
mod session;
mod sizes;
mod variable_size;

pub use choice::{Allocator, Knob, Parameters, Workload};
pub use provenance::Speed;
pub use session::{Role, Session, Span, WorkerRecord};
pub use sizes::Sizes;
