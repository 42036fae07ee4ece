//! Allocator workloads, each generic over the allocator.

pub mod larson;

pub use larson::Larson;
