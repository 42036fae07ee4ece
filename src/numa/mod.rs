//! Topology, binding, bound memory, and the proof that memory is local.

pub mod memory;

pub use memory::Reservation;
