//! The run directory: its files, and the proof that they follow from the parts.

pub mod directory;
pub mod histograms;
pub mod live;
pub mod name;
mod partial;
pub mod resume;
pub mod samples;
mod stored_gate;
mod suspects;
pub mod verify;

pub use directory::{RunDirectory, to_json};
pub use name::{default_path, utc_now};
pub use partial::{from_parts, read};
pub use stored_gate::resolve_gates;
pub use verify::{Verified, recover, verify};
