//! Allocator workloads, each generic over the allocator.

pub mod larson;
mod session;

pub use larson::Larson;
pub use session::{Allocator, Parameters, Session, Span, WorkerRecord};
