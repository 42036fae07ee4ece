//! `--format json` of `env`, `topo` and `plan`: one object each, with the keys that `docs/json.md` lists.
//!
//! A key keeps its name and its meaning while `schema` stays the same; new keys may come. A quantity has its unit in its name,
//! and null is a value that is not known.

mod machine;
mod planned;
mod ranks;

pub use machine::machine;
pub use planned::planned;
pub use ranks::ranks;

/// Version of the keys of all three objects.
const SCHEMA: u32 = 1;
